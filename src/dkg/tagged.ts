import {hkdf} from "@noble/hashes/hkdf.js";
import {sha256 as nobleSha256} from "@noble/hashes/sha2.js";
import {bigToBytes, bytesToBig, concatBytes, fromHex, type Hex, utf8} from "../base/bytes.ts";
import {sha256} from "../base/hash.ts";
import {ORDER} from "../crypto/scalar.ts";

/**
 * Hashes of the DKG: an ASCII tag, then fields of fixed width, so that no two uses share an input. Nobody signs 32 bytes
 * that another hands it: every signer builds its digest here or in types/digests.
 */

export type Tag = "SID" | "EKPOP" | "ENC" | "BODY" | "POP0" | "POP1" | "DLEQ" | "TRS" | "POLY" | "EPHEMERAL" | "NOISE" | "NONCE" | "MIX";

/** "MVM/DKG/V1/<tag>" and the parts, in order. */
export function taggedBytes(tag: Tag, ...parts: readonly Uint8Array[]): Uint8Array {
  return concatBytes(utf8(`MVM/DKG/V1/${tag}`), ...parts);
}

/** SHA-256 of taggedBytes. */
export function taggedHash(tag: Tag, ...parts: readonly Uint8Array[]): Uint8Array {
  return sha256(taggedBytes(tag, ...parts));
}

/** A scalar from HKDF-SHA256: 48 bytes modulo the order, which leaves a bias below 2^-128. [RFC 5869; RFC 9380 section 5] */
export function taggedScalar(of: {ikm: Uint8Array; salt?: Uint8Array; tag: Tag; info: readonly Uint8Array[]}): bigint {
  return bytesToBig(hkdf(nobleSha256, of.ikm, of.salt, taggedBytes(of.tag, ...of.info), 48)) % ORDER;
}

export function u16(value: number): Uint8Array {
  return Uint8Array.of(value >> 8, value & 0xff);
}

export function u64(value: number | bigint): Uint8Array {
  return bigToBytes(BigInt(value), 8);
}

/** validatorId: 12 zero bytes ‖ operator address. */
export function validatorId(operator: Hex): Uint8Array {
  return concatBytes(new Uint8Array(12), fromHex(operator, "operator", 20));
}
