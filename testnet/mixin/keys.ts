import {createDecipheriv, createHash, createPublicKey, type KeyObject, verify} from "node:crypto";
import {ed25519, x25519} from "@noble/curves/ed25519.js";
import {blake3} from "@noble/hashes/blake3.js";
import {sha3_256} from "@noble/hashes/sha3.js";

/** Hashes, names and signatures of the Safe network. Hex is without 0x. */

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");
const bytesOf = (text: string) => new Uint8Array(Buffer.from(text, "hex"));

export const sha3Hex = (text: string) => hex(sha3_256(Buffer.from(text)));
export const sha3Bytes = (text: string) => sha3_256(Buffer.from(text));
export const blake3Bytes = (bytes: Uint8Array) => blake3(bytes);
export const sha256 = (...parts: readonly (Uint8Array | string)[]) =>
  parts.reduce<ReturnType<typeof createHash>>((hash, part) => hash.update(part), createHash("sha256")).digest();

/** The hash that names a set of members, in any order. */
export function membersHash(members: readonly string[]): string {
  return sha3Hex([...members].sort().join(""));
}

/** UUID of version 3 form from the MD5 of a text: ids of outputs. */
export function md5Uuid(text: string): string {
  const digest = createHash("md5").update(text).digest();
  digest[6] = ((digest[6] as number) & 0x0f) | 0x30;
  digest[8] = ((digest[8] as number) & 0x3f) | 0x80;
  return hex(digest).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

/** Ed25519 by OpenSSL, sixteen times faster than in JavaScript. False on anything that is no key or no signature of it. */
export function verifies(publicKey: string, message: Uint8Array, signature: Uint8Array): boolean {
  try {
    return verify(null, message, keyObject(publicKey), signature);
  } catch {
    return false;
  }
}

function keyObject(publicKey: string): KeyObject {
  const x = Buffer.from(publicKey, "hex").toString("base64url");
  return createPublicKey({key: {kty: "OKP", crv: "Ed25519", x}, format: "jwk"});
}

export function publicOf(seed: string): string {
  return hex(ed25519.getPublicKey(bytesOf(seed)));
}

/** Whether this is the one encoding of a point of the prime-order group. */
export function isPoint(publicKey: string): boolean {
  try {
    const point = ed25519.Point.fromHex(publicKey);
    point.assertValidity();
    return point.isTorsionFree() && !point.is0() && point.toHex() === publicKey;
  } catch {
    return false;
  }
}

/**
 * What `pin_base64` holds: 16 bytes iv, then AES-256-CBC of a 64-byte signature, seconds and iterator (u64 LE each) and padding,
 * under the x25519 secret of server and session key. null where it does not decrypt to that form.
 */
export function openPin(
  pin: Uint8Array,
  serverSeed: string,
  sessionPublic: string,
): {signature: Uint8Array; seconds: bigint; iterator: bigint} | null {
  if (pin.length !== 112) return null;
  const secret = x25519.getSharedSecret(
    ed25519.utils.toMontgomerySecret(bytesOf(serverSeed)),
    ed25519.utils.toMontgomery(bytesOf(sessionPublic)),
  );
  const decipher = createDecipheriv("aes-256-cbc", secret, pin.subarray(0, 16)).setAutoPadding(false);
  const plain = Buffer.concat([decipher.update(pin.subarray(16)), decipher.final()]);
  if (plain.subarray(80).some((byte) => byte !== 16)) return null;
  return {signature: new Uint8Array(plain.subarray(0, 64)), seconds: plain.readBigUInt64LE(64), iterator: plain.readBigUInt64LE(72)};
}
