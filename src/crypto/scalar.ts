import {bigToBytes, bytesToBig} from "../base/bytes.ts";
import {InvariantError} from "../base/errors.ts";

/** Order of the groups of BLS12-381: scalars are numbers modulo this prime. [EIP-2333 `r`, RFC 9380 8.8] */
export const ORDER = 0x73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000001n;

/** `value` modulo the group order, 0 ≤ result < ORDER. */
export function mod(value: bigint): bigint {
  const rest = value % ORDER;
  return rest < 0n ? rest + ORDER : rest;
}

/** 32 big-endian bytes of a reduced scalar. */
export function scalarToBytes(value: bigint): Uint8Array {
  return bigToBytes(value, 32);
}

/** The scalar that 32 big-endian bytes say, or null where they are not reduced. */
export function scalarFromBytes(bytes: Uint8Array): bigint | null {
  const value = bytesToBig(bytes);
  return bytes.length === 32 && value < ORDER ? value : null;
}

/** 1/value modulo the order, by the extended Euclidean algorithm: variable time, for public values. Throws InvariantError at 0. */
export function invert(value: bigint): bigint {
  let [a, b] = [mod(value), ORDER];
  let [x, y] = [1n, 0n];
  if (a === 0n) throw new InvariantError("INVARIANT", {what: "inverse of 0"});
  while (a !== 1n) {
    const quotient = b / a;
    [a, b] = [b % a, a];
    [x, y] = [y - quotient * x, x];
    if (a === 0n) throw new InvariantError("INVARIANT", {what: "no inverse"});
  }
  return mod(x);
}

/**
 * λ of each x at 0: Π_{j≠i} x_j / (x_j − x_i) modulo the order. One inversion for all of them.
 * @param xs  distinct and not 0 modulo the order; public
 * @throws InvariantError where they are not
 */
export function lagrangeAtZero(xs: readonly bigint[]): bigint[] {
  const product = xs.reduce((acc, x) => (acc * x) % ORDER, 1n);
  // λ_i = Π x_j / (x_i · Π_{j≠i} (x_j − x_i)): the product over all j is the same for each i.
  const bottoms = xs.map((xi, i) => xs.reduce((acc, xj, j) => (j === i ? acc : mod(acc * (xj - xi))), xi));
  const before: bigint[] = [];
  let all = 1n;
  for (const bottom of bottoms) {
    before.push(all);
    all = (all * bottom) % ORDER;
  }
  let inverse = invert(all);
  const lambdas: bigint[] = new Array(xs.length);
  for (let i = xs.length - 1; i >= 0; i--) {
    lambdas[i] = (product * ((inverse * (before[i] as bigint)) % ORDER)) % ORDER;
    inverse = (inverse * (bottoms[i] as bigint)) % ORDER;
  }
  return lambdas;
}

/**
 * The same λ for small whole xs, as signed numerators over one positive denominator: λ_i = numerators_i / denominator in the
 * integers. Where the xs are 1 … t they are binomial coefficients, λ_i = (−1)^(i−1)·C(t, i), a third as long as a scalar even
 * at t = 86; each x that is missing below the largest lengthens them by its bits. [Shoup, EUROCRYPT 2000, for integer λ]
 *
 * @param xs  distinct whole numbers ≥ 1; public
 */
export function smallLagrangeAtZero(xs: readonly number[]): {numerators: bigint[]; denominator: bigint} {
  const n = Math.max(...xs);
  const there = new Set(xs);
  const missing = Array.from({length: n}, (_, i) => i + 1).filter((x) => !there.has(x));
  const binomials: bigint[] = [1n];
  for (let i = 1; i <= n; i++) binomials.push(((binomials[i - 1] as bigint) * BigInt(n - i + 1)) / BigInt(i));
  const numerators = xs.map((x) => missing.reduce((acc, m) => acc * BigInt(m - x), (x % 2 === 1 ? 1n : -1n) * (binomials[x] as bigint)));
  const denominator = missing.reduce((acc, m) => acc * BigInt(m), 1n);
  const common = numerators.reduce((g, value) => (g === 1n ? g : gcd(g, value)), denominator);
  return {numerators: numerators.map((value) => value / common), denominator: denominator / common};
}

/** Of a > 0 and any b: positive. */
function gcd(a: bigint, b: bigint): bigint {
  let [x, y] = [a, b < 0n ? -b : b];
  while (y !== 0n) [x, y] = [y, x % y];
  return x;
}
