import {bls12_381} from "@noble/curves/bls12-381.js";
import fc from "fast-check";
import {describe, expect, test} from "vitest";
import {addG1, blsPublicKey, blsSign, type G1Point, isInfinity, negateG1, parseG1, parseG2, trustedG1} from "./bls.ts";
import {combineG1, combineSmallG1, evaluateG1, GENERATOR, interpolateG1, interpolateG2, multiplySecret} from "./points.ts";
import {invert, lagrangeAtZero, mod, ORDER, scalarFromBytes, scalarToBytes, smallLagrangeAtZero} from "./scalar.ts";

const G1 = bls12_381.G1.Point;
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

  const seats = fc.oneof(
    fc.uniqueArray(fc.integer({min: 1, max: 16}), {minLength: 1, maxLength: 11}),
    fc.integer({min: 1, max: 20}).map((t) => Array.from({length: t}, (_, i) => i + 1)),
    fc.uniqueArray(fc.integer({min: 1, max: 900}), {minLength: 20, maxLength: 30}), // factors as long as scalars
  );

  test("give the value at 0 of a polynomial in the exponent, in both groups", () => {
    const message = new Uint8Array(32);
    fc.assert(
      fc.property(seats, fc.array(fc.bigInt({min: 1n, max: ORDER - 1n}), {minLength: 30, maxLength: 30}), (xs, coefficients) => {
        const used = coefficients.slice(0, xs.length);
        const values = xs.map((x) => used.reduceRight((sum, a) => mod(sum * BigInt(x) + a), 0n)).map(scalarToBytes);
        const secret = scalarToBytes(used[0] as bigint);
        const row = values.map((value) => parseG1(blsPublicKey(value)));
        const [got, twice] = interpolateG1([row, row.map((p) => addG1([p, p]))], xs) as [G1Point, G1Point];
        expect(got.toBytes()).toEqual(blsPublicKey(secret));
        expect(twice.toBytes()).toEqual(blsPublicKey(scalarToBytes(mod(2n * (used[0] as bigint)))));
        const signatures = values.map((value) => parseG2(blsSign(value, message)));
        expect(interpolateG2(signatures, xs).toBytes()).toEqual(blsSign(secret, message));
      }),
      {numRuns: 60},
    );
  });

  test("in whole numbers are those in the field", () => {
    fc.assert(
      fc.property(seats, (xs) => {
        const {numerators, denominator} = smallLagrangeAtZero(xs);
        const inverse = invert(denominator);
        expect(numerators.map((value) => mod(mod(value) * inverse))).toEqual(lagrangeAtZero(xs.map(BigInt)));
      }),
    );
    expect(smallLagrangeAtZero([1, 2, 3, 4])).toEqual({numerators: [4n, -6n, 4n, -1n], denominator: 1n});
    expect(smallLagrangeAtZero([1, 2, 4])).toEqual({numerators: [8n, -6n, 1n], denominator: 3n});
    expect(smallLagrangeAtZero([7])).toEqual({numerators: [1n], denominator: 1n});
  });

  test("for small factors are those for all", () => {
    const factors = fc.array(fc.tuple(point, fc.integer({min: 1, max: 65_536})), {minLength: 1, maxLength: 5});
    fc.assert(
      fc.property(factors, (terms) => {
        const points = terms.map(([p]) => parseG1(p));
        const want = combineG1(
          points,
          terms.map(([, k]) => BigInt(k)),
        );
        expect(
          combineSmallG1(
            points,
            terms.map(([, k]) => k),
          ).toBytes(),
        ).toEqual(want.toBytes());
      }),
      {numRuns: 40},
    );
    for (const bad of [[], [0], [1.5], [1, 2]])
      expect(() => combineSmallG1([GENERATOR], bad)).toThrow(expect.objectContaining({name: "InvariantError"}));
  });

  test("take the opposite of a point, and of none", () => {
    const p = parseG1(blsPublicKey(scalarToBytes(5n)));
    expect(isInfinity(addG1([p, negateG1(p)]))).toBe(true);
    expect(negateG1(negateG1(p)).toBytes()).toEqual(p.toBytes());
    const none = addG1([p, negateG1(p)]);
    expect(negateG1(none).toBytes()).toEqual(none.toBytes());
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
