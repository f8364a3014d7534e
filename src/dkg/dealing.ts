import {BoundedMap} from "../base/bounded.ts";
import {bytesToBig, fromHex, type Hex, toHex} from "../base/bytes.ts";
import {sha256} from "../base/hash.ts";
import {blsPublicKey, type G1Point, parseG1, parseG2, trustedG1, verifyDistinct} from "../crypto/bls.ts";
import {mod, ORDER, scalarToBytes} from "../crypto/scalar.ts";
import {type Dealing, encodeDkgBody} from "../types/dkg.ts";
import {type Tag, taggedHash, taggedScalar, u16} from "./tagged.ts";
import {type Flaw, judgeOnce} from "./verdict.ts";

/** What dealer, receiver, complaint and admission must compute alike about one dealing. */

const PROOF_BYTES = 96;
const INFINITY: Hex = `0xc0${"00".repeat(47)}`;

/** The two digests that a dealing's proof signs, with a_0 and with r: both bind every byte before the proof. */
export function proofDigests(dealing: Dealing): [Uint8Array, Uint8Array] {
  const bytes = encodeDkgBody(dealing);
  const body = taggedHash("BODY", bytes.subarray(0, bytes.length - PROOF_BYTES));
  const digest = (tag: Tag) => taggedHash(tag, fromHex(dealing.sid), u16(dealing.dealer), u16(dealing.seat), body);
  return [digest("POP0"), digest("POP1")];
}

/** Points of dealings that have passed: what finalizing and opening shares would have to decompress again. */
const points = new BoundedMap<Hex, readonly G1Point[]>(256);

/**
 * Every curve check of a dealing whose sizes are right: points in the subgroup and canonical, scalars reduced, and the
 * proof that the dealer knows a_0 and r, without which it could cancel others' constants or reuse another's R.
 * @param body  its encoding
 * @returns null, or why not
 */
export function checkDealing(dealing: Dealing, body: Uint8Array): Flaw | null {
  return judgeOnce([body], () => {
    if (dealing.ciphertexts.some((c) => bytesToBig(c) >= ORDER)) return {code: "BAD_SCALAR", field: "ciphertexts"};
    const commitments = pointsOrNull(dealing.commitments, parseG1);
    if (commitments === null) return {code: "BAD_POINT", field: "commitments"};
    const [ephemeral] = pointsOrNull([dealing.ephemeral], parseG1) ?? [];
    if (ephemeral === undefined) return {code: "BAD_POINT", field: "ephemeral"};
    const [proof] = pointsOrNull([dealing.proof], parseG2) ?? [];
    if (proof === undefined) return {code: "BAD_POINT", field: "proof"};
    const constant = commitments[0] as G1Point;
    if (!verifyDistinct([constant, ephemeral], proofDigests(dealing), proof)) return {code: "BAD_PROOF", field: "proof"};
    points.set(keyOf(dealing), commitments);
    return null;
  });
}

function pointsOrNull<P>(all: readonly Uint8Array[], parse: (bytes: Uint8Array) => P): P[] | null {
  try {
    return all.map(parse);
  } catch {
    return null;
  }
}

/** Points of the commitments of a dealing that has been admitted. */
export function commitmentPoints(dealing: Dealing): readonly G1Point[] {
  return points.get(keyOf(dealing)) ?? dealing.commitments.map(trustedG1);
}

function keyOf(dealing: Dealing): Hex {
  return toHex(sha256(encodeDkgBody(dealing)));
}

/** The pad over one seat's value, from K = r·EK = d·R (48 bytes). `recipient`: the seat; `encKey`: its validator's EK. */
export function padOf(
  dealing: Pick<Dealing, "dealer" | "seat" | "ephemeral">,
  of: {sid: Hex; sharedKey: Uint8Array; recipient: number; encKey: Uint8Array},
): bigint {
  const info = [u16(dealing.dealer), u16(dealing.seat), u16(of.recipient), dealing.ephemeral, of.encKey];
  return taggedScalar({ikm: of.sharedKey, salt: fromHex(of.sid), tag: "ENC", info});
}

/** The value for `recipient` that the ciphertext holds under `pad`. */
export function openValue(dealing: Pick<Dealing, "ciphertexts">, recipient: number, pad: bigint): bigint {
  return mod(bytesToBig(dealing.ciphertexts[recipient - 1] as Uint8Array) - pad);
}

/** value·G1, compressed; infinity for 0. Constant time for any value but 0. */
export function commit(value: bigint): Uint8Array {
  return value === 0n ? fromHex(INFINITY) : blsPublicKey(scalarToBytes(value));
}
