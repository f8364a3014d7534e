import {createDecipheriv, createHash} from "node:crypto";
import {ed25519, x25519} from "@noble/curves/ed25519.js";
import {blake3} from "@noble/hashes/blake3.js";
import {sha3_256} from "@noble/hashes/sha3.js";

/** Key arithmetic of the Safe network, on ed25519. Hex is without 0x. */

const {Point} = ed25519;
const ORDER = Point.Fn.ORDER;

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");
const bytesOf = (text: string) => new Uint8Array(Buffer.from(text, "hex"));

/** A scalar below the group order from any bytes. */
function scalarOf(...parts: readonly Uint8Array[]): bigint {
  const digest = createHash("sha512");
  for (const part of parts) digest.update(part);
  const value = BigInt(`0x${digest.digest().reverse().toString("hex")}`) % ORDER;
  return value === 0n ? 1n : value;
}

/** 32 bytes little-endian. */
function scalarHex(scalar: bigint): string {
  return hex(Buffer.from(scalar.toString(16).padStart(64, "0"), "hex").reverse());
}

export interface Ghost {
  readonly mask: string;
  readonly keys: readonly string[];
}

/** Who may receive: the server holds each user's view key, the user its spend key. */
export interface ReceiverKeys {
  readonly viewSeed: string;
  readonly spendPublic: string;
}

/** One-time keys of an output at `index`: mask R = rG, and P = Y + xG for each receiver, x from a·R. Equal seeds, equal keys. */
export function ghostOf(seed: string, receivers: readonly ReceiverKeys[], index: number): Ghost {
  const mask = Point.BASE.multiply(scalarOf(Buffer.from(seed)));
  const keys = receivers.map(({viewSeed, spendPublic}) => {
    const x = viewOf(viewSeed, mask.toHex(), index);
    return Point.fromHex(spendPublic).add(Point.BASE.multiply(x)).toHex();
  });
  return {mask: mask.toHex(), keys};
}

function viewOf(viewSeed: string, mask: string, index: number): bigint {
  const shared = Point.fromHex(mask).multiply(scalarOf(bytesOf(viewSeed)));
  return scalarOf(shared.toBytes(), Uint8Array.of(index >> 8, index & 0xff));
}

/** What a member adds to its spend key to sign for an output: 64 hex digits. */
export function viewHex(viewSeed: string, mask: string, index: number): string {
  return scalarHex(viewOf(viewSeed, mask, index));
}

/** False on anything that is no signature. */
export function verifies(publicKey: string, message: Uint8Array, signature: Uint8Array): boolean {
  try {
    return ed25519.verify(signature, message, bytesOf(publicKey), {zip215: false});
  } catch {
    return false;
  }
}

export function publicOf(seed: string): string {
  return hex(ed25519.getPublicKey(bytesOf(seed)));
}

export function isPoint(publicKey: string): boolean {
  try {
    Point.fromHex(publicKey).assertValidity();
    return /^[0-9a-f]{64}$/.test(publicKey);
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

export const sha3Hex = (text: string) => hex(sha3_256(Buffer.from(text)));
export const blake3Hex = (bytes: Uint8Array) => hex(blake3(bytes));
export const blake3Bytes = (bytes: Uint8Array) => blake3(bytes);
export const sha256 = (bytes: Uint8Array | string) => createHash("sha256").update(bytes).digest();
export const sha3Bytes = (text: string) => sha3_256(Buffer.from(text));

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
