import bls from "@chainsafe/bls/blst-native";
import blst from "@chainsafe/blst";
import {BoundedMap} from "../base/bounded.ts";
import {concatBytes, equalBytes, fromHex, toHex} from "../base/bytes.ts";
import {InvariantError, MvmError} from "../base/errors.ts";

/**
 * The one wrapper of @chainsafe/bls and @chainsafe/blst: BLS signatures on BLS12-381 with public keys in G1 and
 * signatures in G2, suite `BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_`, over 32-byte digests.
 *
 * Bytes from outside become points here and nowhere else: on the curve, in the subgroup, not infinity, and in their only
 * encoding. @chainsafe/bls given bytes skips the subgroup check of public keys, so it never gets bytes to verify.
 */

/** A point of G1, parsed. */
export type G1Point = blst.PublicKey;
/** A point of G2, parsed. */
export type G2Point = blst.Signature;

export const G1_BYTES = 48;
export const G2_BYTES = 96;
export const SCALAR_BYTES = 32;

export type PointCode = "BAD_POINT";

/** Bytes are not the canonical encoding of a point of the subgroup other than infinity. */
export class PointError extends MvmError<PointCode, {group: "G1" | "G2"; why: string}> {}

const KNOWN_SECRET = fromHex("0x263dbd792f5b1be47ed85f8938c0f29586af0d3ac7b977f21c278fe1462040e3");
const KNOWN_SIGNATURE = // of 32 zero bytes [ethereum/bls12-381-tests, sign]
  "0xb6ed936746e01f8ecf281f020953fbf1f01debd5657c4a383940b020b26507f6076334f91e2366c96e9ab279fb515809" +
  "0352ea1c5b0c9274504f4f0e7053af24802e51e4568d164fe986834f41e55c8e850ce1f98458c0cfc9ab380b55285a55";

/**
 * Throws InvariantError where signatures are not made by the native library under our domain tag. WASM would give equal
 * bytes six times slower, and other verdicts on bad ones. Call it once, at start.
 */
export function assertNative(): void {
  if (bls.implementation !== "blst-native") throw new InvariantError("INVARIANT", {what: `BLS runs on ${bls.implementation}`});
  if (toHex(blsSign(KNOWN_SECRET, new Uint8Array(32))) !== KNOWN_SIGNATURE)
    throw new InvariantError("INVARIANT", {what: "BLS does not give the known signature"});
}

/** Public key (48 bytes, compressed) of a secret (32 bytes, big-endian, 0 < secret < order; throws else). Constant time. */
export function blsPublicKey(secret: Uint8Array): Uint8Array {
  return bls.SecretKey.fromBytes(secret).toPublicKey().toBytes();
}

/** Signature (96 bytes, compressed) by `secret` on a 32-byte digest. Constant time. Throws on a secret out of range. */
export function blsSign(secret: Uint8Array, message: Uint8Array): Uint8Array {
  return bls.SecretKey.fromBytes(secret).sign(message).toBytes();
}

/** Whether `signature` (96 bytes) is `publicKey`'s (48 bytes) on `message` (32 bytes). False on any bad input; never throws. */
export function blsVerify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  try {
    return blst.verify(message, parseG1Cached(publicKey), parseG2(signature));
  } catch {
    return false;
  }
}

/** Whether `signature` is the sum of the keys' signatures, each on its own message. Messages must be distinct. */
export function verifyDistinct(keys: readonly G1Point[], messages: readonly Uint8Array[], signature: G2Point): boolean {
  return blst.aggregateVerify([...messages], [...keys], signature);
}

/**
 * Whether every signature is its key's on `message`, by one check of a random linear combination: a bad set passes with
 * probability 2^-64. False on any bad input; never throws.
 */
export function verifyBatch(message: Uint8Array, sets: readonly {publicKey: Uint8Array; signature: Uint8Array}[]): boolean {
  try {
    if (sets.length === 0) return true;
    const {pk, sig} = blst.aggregateWithRandomness(sets.map((s) => ({pk: parseG1Cached(s.publicKey), sig: canonicalSize(s.signature)})));
    return blst.verify(message, pk, sig);
  } catch {
    return false;
  }
}

/** A point of G1 from outside. Throws PointError. */
export function parseG1(bytes: Uint8Array): G1Point {
  if (bytes.length !== G1_BYTES) throw new PointError("BAD_POINT", {group: "G1", why: `${bytes.length} bytes`});
  try {
    const point = blst.PublicKey.fromBytes(bytes, true);
    if (equalBytes(point.toBytes(), bytes)) return point;
  } catch (error) {
    throw new PointError("BAD_POINT", {group: "G1", why: (error as Error).message});
  }
  throw new PointError("BAD_POINT", {group: "G1", why: "not canonical"});
}

/** A point of G2 from outside. Throws PointError. */
export function parseG2(bytes: Uint8Array): G2Point {
  if (bytes.length !== G2_BYTES) throw new PointError("BAD_POINT", {group: "G2", why: `${bytes.length} bytes`});
  try {
    const point = blst.Signature.fromBytes(bytes, true, true);
    if (equalBytes(point.toBytes(), bytes)) return point;
  } catch (error) {
    throw new PointError("BAD_POINT", {group: "G2", why: (error as Error).message});
  }
  throw new PointError("BAD_POINT", {group: "G2", why: "not canonical"});
}

/** A point of G1 that parseG1 has accepted before, in 48 or 96 bytes: without the subgroup check. */
export function trustedG1(bytes: Uint8Array): G1Point {
  return blst.PublicKey.fromBytes(bytes);
}

/** A point of G2 whose group does not matter because what is computed from it is checked. Throws PointError off the curve. */
export function uncheckedG2(bytes: Uint8Array): G2Point {
  if (bytes.length !== G2_BYTES) throw new PointError("BAD_POINT", {group: "G2", why: `${bytes.length} bytes`});
  try {
    return blst.Signature.fromBytes(bytes);
  } catch (error) {
    throw new PointError("BAD_POINT", {group: "G2", why: (error as Error).message});
  }
}

/** Sum of points of G1, at least one; equal points and opposite ones are fine. */
export function addG1(points: G1Point[]): G1Point {
  return blst.aggregatePublicKeys(points);
}

/** Sum of points of G2, at least one. */
export function addG2(points: G2Point[]): G2Point {
  return blst.aggregateSignatures(points);
}

/** −P. */
export function negateG1(point: G1Point): G1Point {
  return blst.PublicKey.fromBytes(withOtherSign(point.toBytes()));
}

/** −P. */
export function negateG2(point: G2Point): G2Point {
  return blst.Signature.fromBytes(withOtherSign(point.toBytes()));
}

/** The compressed form says with bit 5 of its first byte which of the two y it means; infinity has only one. */
function withOtherSign(bytes: Uint8Array): Uint8Array {
  const first = bytes[0] as number;
  if ((first & 0x40) === 0) bytes[0] = first ^ 0x20;
  return bytes;
}

/** Whether a sum came to infinity. */
export function isInfinity(point: G1Point | G2Point): boolean {
  return ((point.toBytes()[0] as number) & 0x40) !== 0;
}

/** EIP-2537 form of a public key: 128 bytes, x ‖ y, each 16 zero bytes ‖ 48. Throws PointError. */
export function g1ToEip2537(publicKey: Uint8Array): Uint8Array {
  const xy = parseG1(publicKey).toBytes(false);
  return concatBytes(PAD, xy.subarray(0, 48), PAD, xy.subarray(48));
}

/** Public key (48 bytes) of the EIP-2537 form. Throws PointError where that is not a point or not padded with zeros. */
export function g1FromEip2537(bytes: Uint8Array): Uint8Array {
  try {
    if (bytes.length === 128) {
      const point = blst.PublicKey.fromBytes(concatBytes(bytes.subarray(16, 64), bytes.subarray(80)), true);
      const compressed = point.toBytes();
      if (equalBytes(g1ToEip2537(compressed), bytes)) return compressed;
    }
  } catch (error) {
    throw new PointError("BAD_POINT", {group: "G1", why: (error as Error).message});
  }
  throw new PointError("BAD_POINT", {group: "G1", why: "not the EIP-2537 form"});
}

/**
 * EIP-2537 form of a signature: 256 bytes, x.c0 ‖ x.c1 ‖ y.c0 ‖ y.c1, each 16 zero bytes ‖ 48. The serialised form has c1
 * first. Throws PointError.
 */
export function g2ToEip2537(signature: Uint8Array): Uint8Array {
  const xy = parseG2(signature).toBytes(false);
  const part = (i: number) => xy.subarray(48 * i, 48 * (i + 1));
  return concatBytes(PAD, part(1), PAD, part(0), PAD, part(3), PAD, part(2));
}

const PAD = new Uint8Array(16);

/** Keys come again and again: the group key, the public shares of a set. */
const parsed = new BoundedMap<string, G1Point>(1_024);

function parseG1Cached(bytes: Uint8Array): G1Point {
  const key = toHex(bytes.subarray(0, G1_BYTES + 1));
  const point = parsed.get(key) ?? parseG1(bytes);
  parsed.set(key, point);
  return point;
}

function canonicalSize(signature: Uint8Array): Uint8Array {
  if (signature.length !== G2_BYTES) throw new PointError("BAD_POINT", {group: "G2", why: `${signature.length} bytes`});
  return signature;
}
