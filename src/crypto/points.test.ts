import {bls12_381} from "@noble/curves/bls12-381.js";
import fc from "fast-check";
import {describe, expect, test} from "vitest";
import {addG1, blsPublicKey, blsSign, isInfinity, parseG1, parseG2, trustedG1} from "./bls.ts";
import {combineG1, combineG2, evaluateG1, GENERATOR, multiplySecret} from "./points.ts";
import {invert, lagrangeAtZero, mod, ORDER, scalarFromBytes, scalarToBytes} from "./scalar.ts";

const G1 = bls12_381.G1.Point;
const G2 = bls12_381.G2.Point;
const scalar = fc.oneof(
  fc.bigInt({min: 0n, max: ORDER - 1n}),
  fc.constantFrom(0n, 1n, 2n, 7n, 8n, ORDER - 1n, ORDER - 2n, 1n << 254n, 1n << 252n),
);
const point = fc.bigInt({min: 1n, max: ORDER - 1n}).map((k) => blsPublicKey(scalarToBytes(k)));

describe("multiplication", () => {
  test("by a secret scalar is noble's", () => {
    fc.assert(
      fc.property(point, scalar, (bytes, k) => {
        expect(multiplySecret(parseG1(bytes), scalarToBytes(k)).toBytes()).toEqual(G1.fromBytes(bytes).multiplyUnsafe(k).toBytes());
      }),
      {numRuns: 60},
    );
  });

  test("two parties share a point", () => {
    const [a, b] = [scalarToBytes(12_345n << 200n), scalarToBytes(ORDER - 77n)];
    expect(multiplySecret(parseG1(blsPublicKey(a)), b).toBytes()).toEqual(multiplySecret(parseG1(blsPublicKey(b)), a).toBytes());
  });
});

describe("linear combinations", () => {
  test("in G1 are noble's", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(point, scalar), {minLength: 1, maxLength: 4}), (terms) => {
        fc.pre(terms.some(([, k]) => k !== 0n));
        const got = combineG1(
          terms.map(([p]) => parseG1(p)),
          terms.map(([, k]) => k),
        );
        const want = terms.reduce((sum, [p, k]) => sum.add(G1.fromBytes(p).multiplyUnsafe(k)), G1.ZERO);
        expect(got.toBytes()).toEqual(want.toBytes());
      }),
      {numRuns: 40},
    );
  });

  test("in G2 are noble's", () => {
    const points = [3n, 5n, 9n].map((k) => blsSign(scalarToBytes(k), new Uint8Array(32)));
    const scalars = [ORDER - 1n, 1n << 254n, 12_345_678_901_234_567_890n];
    const want = points.reduce((sum, p, i) => sum.add(G2.fromBytes(p).multiplyUnsafe(scalars[i] as bigint)), G2.ZERO);
    expect(combineG2(points.map(parseG2), scalars).toBytes()).toEqual(want.toBytes());
  });

  test("of a point and its negative is infinity", () => {
    expect(isInfinity(combineG1([GENERATOR, GENERATOR], [1n, ORDER - 1n]))).toBe(true);
    expect(isInfinity(addG1([GENERATOR]))).toBe(false);
  });

  test.for([{scalars: [0n]}, {scalars: [ORDER]}, {scalars: [-1n]}, {scalars: []}])("refuses $scalars", ({scalars}) => {
    expect(() => combineG1([GENERATOR], scalars)).toThrow(expect.objectContaining({code: "INVARIANT"}));
  });
});

test("evaluation at a small x is the sum of powers", () => {
  fc.assert(
    fc.property(
      fc.array(fc.bigInt({min: 1n, max: ORDER - 1n}), {minLength: 1, maxLength: 5}),
      fc.integer({min: 1, max: 300}),
      (coefs, x) => {
        const value = coefs.reduceRight((sum, a) => mod(sum * BigInt(x) + a), 0n);
        fc.pre(value !== 0n);
        const points = coefs.map((a) => trustedG1(blsPublicKey(scalarToBytes(a))));
        expect(evaluateG1(points, x).toBytes()).toEqual(blsPublicKey(scalarToBytes(value)));
      },
    ),
    {numRuns: 60},
  );
});

describe("scalars", () => {
  test("Lagrange coefficients at 0 give back the constant of any polynomial", () => {
    const xs = fc.uniqueArray(fc.integer({min: 1, max: 500}), {minLength: 1, maxLength: 12});
    fc.assert(
      fc.property(xs, fc.array(scalar, {minLength: 12, maxLength: 12}), (seats, coefs) => {
        const used = coefs.slice(0, seats.length);
        const at = (x: bigint) => used.reduceRight((sum, a) => mod(sum * x + a), 0n);
        const lambdas = lagrangeAtZero(seats.map(BigInt));
        expect(mod(seats.reduce((sum, x, i) => sum + at(BigInt(x)) * (lambdas[i] as bigint), 0n))).toBe(used[0]);
      }),
    );
  });

  test("an inverse undoes, and 0 has none", () => {
    fc.assert(fc.property(scalar, (k) => k === 0n || mod(invert(k) * k) === 1n));
    expect(() => invert(0n)).toThrow(expect.objectContaining({code: "INVARIANT"}));
    expect(() => lagrangeAtZero([4n, 4n])).toThrow(expect.objectContaining({code: "INVARIANT"}));
  });

  test("bytes are a scalar if they are reduced", () => {
    expect(scalarFromBytes(scalarToBytes(ORDER - 1n))).toBe(ORDER - 1n);
    expect(scalarFromBytes(scalarToBytes(ORDER))).toBeNull();
    expect(scalarFromBytes(new Uint8Array(31))).toBeNull();
  });
});
