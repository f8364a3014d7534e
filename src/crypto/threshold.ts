import {InvariantError} from "../base/errors.ts";
import {blsVerify, type G2Point, parseG1, parseG2, uncheckedG2, verifyBatch} from "./bls.ts";
import {combineG2, multiplySmallAdd} from "./points.ts";
import {lagrangeAtZero} from "./scalar.ts";

/** A signature by the share of one seat; the evaluation point of seat j is j, from 1. `signature`: 96 bytes. */
export interface Partial {
  readonly seat: number;
  readonly signature: Uint8Array;
}

export interface Combined {
  /** 96 bytes, verified under the group key; null where fewer than `threshold` good partials are there. */
  readonly signature: Uint8Array | null;
  /** Seats that gave a partial which is known to be bad, ascending. */
  readonly bad: number[];
}

/**
 * The group signature on `message` from partial signatures that nobody has checked: interpolates the first `threshold`
 * and verifies once; only if that fails looks for the bad ones, by halves, and tries again without them.
 *
 * @param partials      any order; of several of one seat the first good one counts
 * @param groupKey      48 bytes
 * @param publicShares  public key of a seat, 48 bytes; without it nobody can be blamed and a failure is final
 * @param message       the 32-byte digest
 */
export function combinePartials(of: {
  partials: readonly Partial[];
  threshold: number;
  groupKey: Uint8Array;
  publicShares?: (seat: number) => Uint8Array;
  message: Uint8Array;
}): Combined {
  const bad = new Set<number>();
  const candidates = of.partials.filter((partial) => {
    const shaped = Number.isSafeInteger(partial.seat) && partial.seat > 0 && isOnCurve(partial.signature);
    if (!shaped) bad.add(partial.seat);
    return shaped;
  });
  const first = attempt(firstPerSeat(candidates), of);
  if (first !== null || of.publicShares === undefined) return {signature: first, bad: ascending(bad)};
  const {publicShares, message} = of;
  const good = goodOnes(
    candidates.map((partial) => ({partial, publicKey: publicShares(partial.seat), signature: partial.signature})),
    message,
  ).map(({partial}) => partial);
  for (const partial of candidates) if (!good.includes(partial)) bad.add(partial.seat);
  return {signature: attempt(firstPerSeat(good), of), bad: ascending(bad)};
}

/** σ where the first `threshold` partials give one that verifies. */
function attempt(partials: readonly Partial[], of: {threshold: number; groupKey: Uint8Array; message: Uint8Array}): Uint8Array | null {
  if (partials.length < of.threshold) return null;
  const used = partials.slice(0, of.threshold);
  // Unchecked points are enough: whatever they are, a result that verifies is the one group signature.
  const signature = interpolate(used, (bytes) => uncheckedG2(bytes));
  return blsVerify(of.groupKey, of.message, signature) ? signature : null;
}

/** Those whose signature is their key's on `message`: a batch that fails is halved until it is one. */
function goodOnes<T extends {publicKey: Uint8Array; signature: Uint8Array}>(sets: readonly T[], message: Uint8Array): T[] {
  if (verifyBatch(message, sets)) return [...sets];
  if (sets.length === 1) return [];
  const half = sets.length >> 1;
  return [...goodOnes(sets.slice(0, half), message), ...goodOnes(sets.slice(half), message)];
}

/**
 * Group signature from exactly the partials given: σ = Σ λ_i·σ_i with Lagrange coefficients at 0. Any `threshold` good ones
 * give the same σ. [Boldyreva, PKC 2003]
 *
 * @param partials  distinct seats, at least one; signatures of 96 bytes
 * @returns         96 bytes, not checked against the group key
 * @throws          PointError on a bad signature, InvariantError where a seat is there twice or none is given
 */
export function recoverSignature(partials: readonly Partial[]): Uint8Array {
  if (partials.length === 0) throw new InvariantError("INVARIANT", {what: "no partials"});
  return interpolate(partials, parseG2);
}

function interpolate(partials: readonly Partial[], parse: (bytes: Uint8Array) => G2Point): Uint8Array {
  const lambdas = lagrangeAtZero(partials.map((p) => BigInt(p.seat)));
  return combineG2(
    partials.map((p) => parse(p.signature)),
    lambdas,
  ).toBytes();
}

/**
 * Public keys of the shares of seats 1 … `seats` (48 bytes each, in seat order): A_j = Σ j^k·C_k by Horner's rule, whose
 * factors j are small.
 *
 * @param commitments  C_0 … C_{t-1}, 48 bytes each, t ≥ 1
 * @throws PointError
 */
export function evaluatePublicShares(commitments: readonly Uint8Array[], seats: number): Uint8Array[] {
  const points = commitments.map(parseG1);
  const highest = points.pop();
  if (highest === undefined) throw new InvariantError("INVARIANT", {what: "no commitments"});
  points.reverse();
  return Array.from({length: seats}, (_, i) => points.reduce((sum, c) => multiplySmallAdd(sum, i + 1, c), highest).toBytes());
}

function firstPerSeat(partials: readonly Partial[]): Partial[] {
  const seen = new Set<number>();
  return partials.filter((p) => !seen.has(p.seat) && seen.add(p.seat));
}

function isOnCurve(signature: Uint8Array): boolean {
  try {
    uncheckedG2(signature);
    return true;
  } catch {
    return false;
  }
}

function ascending(seats: ReadonlySet<number>): number[] {
  return [...seats].sort((a, b) => a - b);
}
