import {sha256 as nobleSha256} from "@noble/hashes/sha2.js";
import {keccak_256, sha3_256} from "@noble/hashes/sha3.js";
import {concatBytes, type Hex, toHex} from "./bytes.ts";

/** keccak-256 as the EVM computes it, of all `parts` in order. */
export function keccak256(...parts: readonly Uint8Array[]): Uint8Array {
  return keccak_256(parts.length === 1 ? (parts[0] as Uint8Array) : concatBytes(...parts));
}

/** keccak-256 of all `parts` as 0x text. */
export function keccakHex(...parts: readonly Uint8Array[]): Hex {
  return toHex(keccak256(...parts));
}

const fresh = nobleSha256.create();
const hasher = nobleSha256.create();

/** SHA-256 of all `parts` in order. One hasher serves all calls: making one costs as much as hashing a block. */
export function sha256(...parts: readonly Uint8Array[]): Uint8Array {
  fresh._cloneInto(hasher);
  for (const part of parts) hasher.update(part);
  const digest = new Uint8Array(32);
  hasher.digestInto(digest);
  return digest;
}

/** SHA3-256 (FIPS 202) of all `parts` in order. */
export function sha3(...parts: readonly Uint8Array[]): Uint8Array {
  return sha3_256(concatBytes(...parts));
}
