import {fromHex} from "../base/bytes.ts";
import {InvariantError} from "../base/errors.ts";
import {addG1, addG2, type G1Point, type G2Point, negateG1, negateG2, trustedG1} from "./bls.ts";
import {invert, lagrangeAtZero, ORDER, smallLagrangeAtZero} from "./scalar.ts";

/**
 * Multiplication of points by scalars, built on the one thing the native library offers: a sum of many points in one
 * call. A window of three bits is one call, Σ = 8·Σ + terms, with Σ listed eight times. That is 0.5 ms for one point of
 * G1 and twice as fast as noble.
 */

const WINDOW = 3;
const DIGITS = Math.ceil(255 / WINDOW);

/** The generator of G1, compressed. [RFC 9380, BLS12-381] */
export const GENERATOR_BYTES = fromHex(
  "0x97f1d3a73197d7942695638c4fa9ac0fc3688c4f9774b905a14e3a3f171bac586c55e83ff97a1aeffb3af00adb22c6bb",
);
export const GENERATOR: G1Point = trustedG1(GENERATOR_BYTES);

const INFINITY: G1Point = trustedG1(Uint8Array.from({length: 48}, (_, i) => (i === 0 ? 0xc0 : 0)));

/**
 * scalar·point for a secret scalar (32 bytes, reduced): the same calls in the same order whatever the scalar is, each of
 * which adds without branches; only the place of the table entry that is read depends on it. That is regular, not proven
 * constant time: JavaScript gives no such promise.
 */
export function multiplySecret(point: G1Point, scalar: Uint8Array): G1Point {
  const table = [INFINITY, point];
  for (let i = 2; i < 1 << WINDOW; i++) table.push(addG1([table[i - 1] as G1Point, point]));
  let sum = INFINITY;
  for (let d = DIGITS - 1; d >= 0; d--) sum = addG1([sum, sum, sum, sum, sum, sum, sum, sum, table[digitOf(scalar, d)] as G1Point]);
  return sum;
}

/** Bits 3d … 3d+2 of a big-endian scalar of 32 bytes. */
function digitOf(scalar: Uint8Array, d: number): number {
  const bit = WINDOW * d;
  const at = 31 - (bit >> 3);
  const pair = ((at > 0 ? (scalar[at - 1] as number) : 0) << 8) | (scalar[at] as number);
  return (pair >> (bit & 7)) & 7;
}

interface Group<P> {
  readonly add: (points: P[]) => P;
  readonly negate: (point: P) => P;
}
const G1: Group<G1Point> = {add: addG1, negate: negateG1};
const G2: Group<G2Point> = {add: addG2, negate: negateG2};

/** Σ k_i·P_i in G1. Variable time: public values only. Throws InvariantError where every k is 0. */
export function combineG1(points: readonly G1Point[], scalars: readonly bigint[]): G1Point {
  return straus(points, reduced(scalars), addG1);
}

/**
 * What the polynomial in the exponent that has the value points_i at xs_i is at 0, in G1, for each of many polynomials (rows).
 * xs: distinct small whole numbers ≥ 1, the same for all; public.
 */
export function interpolateG1(rows: readonly (readonly G1Point[])[], xs: readonly number[]): G1Point[] {
  const at = coefficientsAt(xs);
  return rows.map((points) => interpolate(points, at, G1));
}

/** The same in G2, for one. */
export function interpolateG2(points: readonly G2Point[], xs: readonly number[]): G2Point {
  return interpolate(points, coefficientsAt(xs), G2);
}

/** Signed factors, then one division for all: both are short where few xs are missing below the largest. */
interface Coefficients {
  readonly factors: readonly bigint[];
  /** Reduced inverse of the common denominator; 1 where there is nothing to divide by. */
  readonly scale: bigint;
}

/** Factors longer than this cost as much as whole scalars do. */
const FACTOR_BITS_MAX = 190;

function coefficientsAt(xs: readonly number[]): Coefficients {
  const {numerators, denominator} = smallLagrangeAtZero(xs);
  const bits = Math.max(...numerators.map(bitsOf));
  if (bits > FACTOR_BITS_MAX) return {factors: lagrangeAtZero(xs.map(BigInt)), scale: 1n};
  return {factors: numerators, scale: denominator === 1n ? 1n : invert(denominator)};
}

function interpolate<P>(points: readonly P[], {factors, scale}: Coefficients, {add, negate}: Group<P>): P {
  const part = (sign: 1n | -1n) => {
    const chosen = factors.flatMap((k, i) => (k * sign > 0n ? [i] : []));
    return chosen.length === 0
      ? []
      : [
          straus(
            chosen.map((i) => points[i] as P),
            chosen.map((i) => (factors[i] as bigint) * sign),
            add,
          ),
        ];
  };
  const sum = add([...part(1n), ...part(-1n).map(negate)]);
  return scale === 1n ? sum : straus([sum], [scale], add);
}

function reduced(scalars: readonly bigint[]): readonly bigint[] {
  if (scalars.some((k) => k < 0n || k >= ORDER)) throw new InvariantError("INVARIANT", {what: "scalars are reduced"});
  return scalars;
}

function bitsOf(value: bigint): number {
  return (value < 0n ? -value : value).toString(2).length;
}

/** Σ k_i·P_i in G1 for small whole k_i > 0, all bits at once: for 16 bits a tenth of combineG1. Variable time. */
export function combineSmallG1(points: readonly G1Point[], factors: readonly number[]): G1Point {
  if (points.length === 0 || points.length !== factors.length || factors.some((k) => !Number.isSafeInteger(k) || k < 1))
    throw new InvariantError("INVARIANT", {what: "one small factor per point"});
  let sum: G1Point | null = null;
  for (let bit = 2 ** Math.floor(Math.log2(Math.max(...factors))); bit >= 1; bit /= 2) {
    const terms: G1Point[] = sum === null ? [] : [sum, sum];
    points.forEach((point, i) => {
      if (Math.floor((factors[i] as number) / bit) % 2 === 1) terms.push(point);
    });
    sum = addG1(terms);
  }
  return sum as G1Point;
}

/** Straus's method, k ≥ 0. [Bernstein, Lange et al., "Faster batch forgery identification", 2012, section 4] */
function straus<P>(points: readonly P[], scalars: readonly bigint[], add: (points: P[]) => P): P {
  if (points.length !== scalars.length) throw new InvariantError("INVARIANT", {what: "one scalar per point"});
  const bits = Math.max(0, ...scalars.map(bitsOf));
  const width = windowFor(bits, points.length);
  const tables = points.map((p) => {
    const table = [p, p];
    for (let i = 2; i < 1 << width; i++) table.push(add([table[i - 1] as P, p]));
    return table;
  });
  const count = Math.ceil(bits / width);
  const digits = scalars.map((k) => k.toString(1 << width).padStart(count, "0"));
  let sum: P | null = null;
  for (let d = 0; d < count; d++) {
    const terms: P[] = sum === null ? [] : new Array(1 << width).fill(sum);
    tables.forEach((table, i) => {
      const digit = (digits[i] as string).charCodeAt(d) - 48;
      if (digit !== 0) terms.push(table[digit] as P);
    });
    if (terms.length > 0) sum = add(terms);
  }
  if (sum === null) throw new InvariantError("INVARIANT", {what: "all coefficients are 0"});
  return sum;
}

/** Bits of a digit that make the fewest additions; one in a call of its own, as tables are made, counts for two. */
function windowFor(bits: number, points: number): number {
  const cost = (w: number) => 2 * points * (2 ** w - 2) + Math.ceil(bits / w) * (points * (1 - 2 ** -w) + 2 ** w);
  return [1, 2, 3].reduce((best, w) => (cost(w) < cost(best) ? w : best));
}

/** Σ x^k·P_k for a small public x, 1 ≤ x < 4096, by Horner's rule: k from 0, at least one point. */
export function evaluateG1(points: readonly G1Point[], x: number): G1Point {
  return points.reduceRight((sum, point) => multiplySmallAdd(sum, x, point));
}

/** x·point + addend. */
function multiplySmallAdd(point: G1Point, x: number, addend: G1Point): G1Point {
  let sum: G1Point | null = null;
  for (let shift = Math.floor(Math.log2(x) / WINDOW) * WINDOW; shift >= 0; shift -= WINDOW) {
    const terms: G1Point[] = sum === null ? [] : [sum, sum, sum, sum, sum, sum, sum, sum];
    for (let i = (x >> shift) & 7; i > 0; i--) terms.push(point);
    if (shift === 0) terms.push(addend);
    sum = addG1(terms);
  }
  return sum ?? addend;
}
