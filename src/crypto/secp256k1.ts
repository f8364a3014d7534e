import secp256k1 from "secp256k1/bindings.js";
import {concatBytes, type Hex, toHex} from "../base/bytes.ts";
import {InvariantError} from "../base/errors.ts";
import {keccak256} from "../base/hash.ts";

/**
 * Consensus and operator keys: ECDSA on secp256k1 as the EVM recovers it. The native bindings are imported by name: the
 * package's main entry would fall back to JavaScript, thirty times slower, without a word; this import fails instead.
 */

/** Half of the group order: a valid s is not above it. [EIP-2] */
const HALF_ORDER = 0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0n;
const SIGNATURE_BYTES = 65;

/** Throws InvariantError where the library does not sign and recover as the EVM does. Call it once, at start. */
export function assertNativeSecp(): void {
  const secret = new Uint8Array(32).fill(1);
  const digest = keccak256(secret);
  if (recover(digest, sign(secret, digest)) !== "0x1a642f0e3c3af545e7acbd38b07251b3990914f1")
    throw new InvariantError("INVARIANT", {what: "secp256k1 does not give the known address"});
}

/** Address of a secret (32 bytes, 0 < secret < order; throws else), lower case. */
export function addressOf(secret: Uint8Array): Hex {
  return addressOfPublicKey(secp256k1.publicKeyCreate(secret, false));
}

/** r ‖ s ‖ v over a 32-byte digest: v 27 or 28, low s, deterministic (RFC 6979). Throws on a secret out of range. */
export function sign(secret: Uint8Array, digest: Uint8Array): Uint8Array {
  const {signature, recid} = secp256k1.ecdsaSign(digest, secret);
  return concatBytes(signature, Uint8Array.of(27 + recid));
}

/** Address whose signature this is (65 bytes, as `sign` makes it), or null: bad size, high s, v not 27 or 28, no such key. */
export function recover(digest: Uint8Array, signature: Uint8Array): Hex | null {
  if (digest.length !== 32 || signature.length !== SIGNATURE_BYTES) return null;
  const v = signature[64] as number;
  if (v !== 27 && v !== 28) return null;
  if (BigInt(toHex(signature.subarray(32, 64))) > HALF_ORDER) return null;
  try {
    return addressOfPublicKey(secp256k1.ecdsaRecover(signature.subarray(0, 64), v - 27, digest, false));
  } catch {
    return null;
  }
}

/** `publicKey`: 65 bytes, 0x04 ‖ x ‖ y. */
function addressOfPublicKey(publicKey: Uint8Array): Hex {
  return toHex(keccak256(publicKey.subarray(1)).subarray(12));
}
