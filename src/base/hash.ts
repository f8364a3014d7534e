import {sha256 as nobleSha256} from "@noble/hashes/sha2.js";
import {keccak_256} from "@noble/hashes/sha3.js";
import {concatBytes, type Hex, toHex} from "./bytes.ts";

/** keccak-256 as the EVM computes it, of all `parts` in order. */
export function keccak256(...parts: readonly Uint8Array[]): Uint8Array {
  return keccak_256(parts.length === 1 ? (parts[0] as Uint8Array) : concatBytes(...parts));
}

/** keccak-256 of all `parts` as 0x text. */
export function keccakHex(...parts: readonly Uint8Array[]): Hex {
  return toHex(keccak256(...parts));
}

/** SHA-256 of all `parts` in order. */
export function sha256(...parts: readonly Uint8Array[]): Uint8Array {
  return nobleSha256(parts.length === 1 ? (parts[0] as Uint8Array) : concatBytes(...parts));
}
