import {sha256 as nobleSha256} from "@noble/hashes/sha2.js";
import {keccak_256, sha3_256} from "@noble/hashes/sha3.js";
import {concatBytes, type Hex, toHex} from "./bytes.ts";

/** A hash function that serves all calls from one hasher: making one costs as much as hashing a block. */
function reusing<T extends {update(part: Uint8Array): T; digestInto(out: Uint8Array): void; _cloneInto(to?: T): T}>(create: () => T) {
  const fresh = create();
  const hasher = create();
  return (parts: readonly Uint8Array[]): Uint8Array => {
    fresh._cloneInto(hasher);
    for (const part of parts) hasher.update(part);
    const digest = new Uint8Array(32);
    hasher.digestInto(digest);
    return digest;
  };
}

const keccakOf = reusing(() => keccak_256.create());
const sha256Of = reusing(() => nobleSha256.create());

/** keccak-256 as the EVM computes it, of all `parts` in order. */
export function keccak256(...parts: readonly Uint8Array[]): Uint8Array {
  return keccakOf(parts);
}

/** keccak-256 of all `parts` as 0x text. */
export function keccakHex(...parts: readonly Uint8Array[]): Hex {
  return toHex(keccak256(...parts));
}

/** SHA-256 of all `parts` in order. */
export function sha256(...parts: readonly Uint8Array[]): Uint8Array {
  return sha256Of(parts);
}

/** SHA3-256 (FIPS 202) of all `parts` in order. */
export function sha3(...parts: readonly Uint8Array[]): Uint8Array {
  return sha3_256(concatBytes(...parts));
}
