import fc from "fast-check";
import {describe, expect, test} from "vitest";
import {concatBytes, toHex} from "../base/bytes.ts";
import {blsPublicKey, blsSign, blsVerify} from "./bls.ts";
import {mod, ORDER, scalarToBytes} from "./scalar.ts";
import {combinePartials, evaluatePublicShares, type Partial, recoverSignature} from "./threshold.ts";

const message = new Uint8Array(32).fill(9);

/** A key in shares: 7 seats, any 5 sign. */
const SEATS = 7;
const THRESHOLD = 5;
const coefficients = [11n, ORDER - 3n, 1n << 250n, 5n, 123_456_789n];
const share = (x: number) => scalarToBytes(coefficients.reduceRight((sum, a) => mod(sum * BigInt(x) + a), 0n));
const groupKey = blsPublicKey(scalarToBytes(coefficients[0] as bigint));
const whole = blsSign(scalarToBytes(coefficients[0] as bigint), message);
const publicShares = evaluatePublicShares(
  coefficients.map((a) => blsPublicKey(scalarToBytes(a))),
  SEATS,
);
const publicShare = (seat: number) => publicShares[seat - 1] ?? new Uint8Array(48);
const partial = (seat: number): Partial => ({seat, signature: blsSign(share(seat), message)});
const all = [1, 2, 3, 4, 5, 6, 7].map(partial);
const some = fc.shuffledSubarray(all, {minLength: THRESHOLD, maxLength: SEATS});

describe("recovery", () => {
  test("public shares are the shares' public keys", () => {
    expect(publicShares).toEqual([1, 2, 3, 4, 5, 6, 7].map((seat) => blsPublicKey(share(seat))));
  });

  test("any five give the signature of the whole key", () => {
    fc.assert(
      fc.property(some, (chosen) => {
        expect(recoverSignature(chosen)).toEqual(whole);
      }),
      {numRuns: 30},
    );
    expect(blsVerify(groupKey, message, whole)).toBe(true);
  });

  test("any four give one that does not verify", () => {
    fc.assert(
      fc.property(fc.shuffledSubarray(all, {minLength: 1, maxLength: THRESHOLD - 1}), (chosen) => {
        expect(blsVerify(groupKey, message, recoverSignature(chosen))).toBe(false);
      }),
      {numRuns: 20},
    );
  });

  test("refuses none, one seat twice, seat 0", () => {
    for (const partials of [[], [partial(1), partial(1)], [{...partial(1), seat: 0}]])
      expect(() => recoverSignature(partials)).toThrow(expect.objectContaining({code: "INVARIANT"}));
  });
});

const infinity = Uint8Array.from({length: 96}, (_, i) => (i === 0 ? 0xc0 : 0));
/** x = (2, 0): on the twist, not in the subgroup. */
const outside = Uint8Array.from({length: 96}, (_, i) => (i === 0 ? 0x80 : i === 95 ? 2 : 0));
const spoil: {name: string; signature: (good: Partial) => Uint8Array}[] = [
  {name: "of another message", signature: ({seat}) => blsSign(share(seat), new Uint8Array(32))},
  {name: "of another seat", signature: ({seat}) => blsSign(share(seat + 10), message)},
  {name: "that is infinity", signature: () => infinity},
  {name: "outside the subgroup", signature: () => outside},
  {name: "that is no point", signature: () => new Uint8Array(96)},
  {name: "of 95 bytes", signature: ({signature}) => signature.subarray(1)},
  {name: "of 97 bytes", signature: ({signature}) => concatBytes(signature, new Uint8Array(1))},
];

describe("combination of partials that nobody has checked", () => {
  const combine = (partials: readonly Partial[]) =>
    combinePartials({partials, threshold: THRESHOLD, groupKey, publicShares: publicShare, message});

  test("good ones, in any order and number", () => {
    fc.assert(
      fc.property(some, (chosen) => {
        expect(combine(chosen)).toEqual({signature: whole, bad: []});
      }),
      {numRuns: 20},
    );
  });

  test.for(spoil)("a partial $name is found and left out", ({signature}) => {
    const at = (bad: readonly number[]) => all.map((p) => (bad.includes(p.seat) ? {...p, signature: signature(p)} : p));
    expect(combine(at([2]))).toEqual({signature: whole, bad: [2]});
    expect(combine(at([1, 5]))).toEqual({signature: whole, bad: [1, 5]});
    expect(combine(at([1, 4, 5]))).toEqual({signature: null, bad: [1, 4, 5]});
  });

  test("seats that do not exist are bad, one seat twice counts once", () => {
    const strangers = [0, -1, 1.5, 99].map((seat) => ({...partial(1), seat}));
    expect(combine([...strangers, ...all])).toEqual({signature: whole, bad: [-1, 0, 1.5, 99]});
    expect(combine([partial(1), partial(1), partial(2), partial(3), partial(4)]).signature).toBeNull();
    const second = [{seat: 1, signature: infinity}, ...all];
    expect(combine(second)).toEqual({signature: whole, bad: [1]});
  });

  test("without public shares nobody is blamed", () => {
    const wrong = [{...partial(1), signature: partial(2).signature}, ...all.slice(1)];
    expect(combinePartials({partials: wrong, threshold: THRESHOLD, groupKey, message})).toEqual({signature: null, bad: []});
    expect(combinePartials({partials: all, threshold: THRESHOLD, groupKey, message})).toEqual({signature: whole, bad: []});
  });

  test("too few", () => {
    expect(combine(all.slice(0, 4))).toEqual({signature: null, bad: []});
    expect(combine([])).toEqual({signature: null, bad: []});
  });
});

test("herumi's implementation shares and recovers alike", async () => {
  const {default: herumi} = await import("bls-eth-wasm");
  await herumi.init(herumi.BLS12_381);
  const idOf = (seat: number) => {
    const id = new herumi.Id();
    id.setInt(seat);
    return id;
  };
  const polynomial = coefficients.map((a) => herumi.deserializeHexStrToSecretKey(toHex(scalarToBytes(a)).slice(2)));
  for (const {seat} of all) {
    const theirs = new herumi.SecretKey();
    theirs.share(polynomial, idOf(seat));
    expect(theirs.serialize()).toEqual(share(seat));
    expect(theirs.sign(message).serialize()).toEqual(partial(seat).signature);
  }
  const chosen = [7, 2, 5, 1, 4];
  const recovered = new herumi.Signature();
  recovered.recover(
    chosen.map((seat) => herumi.deserializeHexStrToSignature(toHex(partial(seat).signature).slice(2))),
    chosen.map(idOf),
  );
  expect(recovered.serialize()).toEqual(whole);
});
