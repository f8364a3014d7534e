import {invariant} from "../base/errors.ts";
import {blsVerify, type G2Point, parseG1, parseG2, uncheckedG2, verifyBatch} from "./bls.ts";
import {evaluateG1, interpolateG2} from "./points.ts";

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
  const first = attempt(of.partials, of, bad);
  if (first !== null || of.publicShares === undefined) return {signature: first, bad: ascending(bad)};
  const {publicShares, message} = of;
  const sets = of.partials.map((partial) => ({partial, publicKey: publicShares(partial.seat), signature: partial.signature}));
  const good = new Set(goodOnes(sets, message).map(({partial}) => partial));
  for (const partial of of.partials) if (!good.has(partial)) bad.add(partial.seat);
  return {signature: attempt([...good], of, bad), bad: ascending(bad)};
}

/**
 * σ where the first `threshold` partials that are points give one that verifies; seats of those that are none go to `bad`.
 * The group of the points is not looked at: whatever they are, a result that verifies is the one group signature.
 */
function attempt(
  partials: readonly Partial[],
  of: {threshold: number; groupKey: Uint8Array; message: Uint8Array},
  bad: Set<number>,
): Uint8Array | null {
  const points = new Map<number, G2Point>();
  for (const {seat, signature} of partials) {
    if (points.size === of.threshold) break;
    if (points.has(seat)) continue;
    const point = isSeat(seat) ? onCurve(signature) : null;
    if (point === null) bad.add(seat);
    else points.set(seat, point);
  }
  if (points.size === 0 || points.size < of.threshold) return null;
  const signature = interpolate(points);
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
  const points = new Map(partials.map(({seat, signature}) => [seat, parseG2(signature)]));
  invariant(points.size > 0 && points.size === partials.length && [...points.keys()].every(isSeat), "one partial for each of some seats");
  return interpolate(points);
}

function interpolate(points: ReadonlyMap<number, G2Point>): Uint8Array {
  return interpolateG2([...points.values()], [...points.keys()]).toBytes();
}

/**
 * Public keys of the shares of seats 1 … `seats` (48 bytes each, in seat order): A_j = Σ j^k·C_k by Horner's rule, whose
 * factors j are small.
 *
 * @param commitments  C_0 … C_{t-1}, 48 bytes each, t ≥ 1
 * @throws PointError
 */
export function evaluatePublicShares(commitments: readonly Uint8Array[], seats: number): Uint8Array[] {
  invariant(commitments.length > 0, "at least one commitment");
  const points = commitments.map(parseG1);
  return Array.from({length: seats}, (_, i) => evaluateG1(points, i + 1).toBytes());
}

function isSeat(seat: number): boolean {
  return Number.isSafeInteger(seat) && seat > 0;
}

function onCurve(signature: Uint8Array): G2Point | null {
  try {
    return uncheckedG2(signature);
  } catch {
    return null;
  }
}

function ascending(seats: ReadonlySet<number>): number[] {
  return [...seats].sort((a, b) => a - b);
}
