import {bls12_381} from "@noble/curves/bls12-381.js";
import {concat, dataSlice, toBeHex} from "ethers";

const {Fp, Fp2} = bls12_381.fields;
const P = Fp.ORDER;

/** A point of G2's curve that is not in the subgroup of order r, EIP-2537. */
export function g2OutsideSubgroup(): string {
  for (let c0 = 1n; c0 < 100n; c0++) {
    const x = {c0, c1: 0n};
    const y = root(() => Fp2.sqrt(Fp2.add(Fp2.mul(Fp2.sqr(x), x), {c0: 4n, c1: 4n})));
    if (y === null || bls12_381.G2.Point.fromAffine({x, y}).isTorsionFree()) continue;
    return concat([x.c0, x.c1, y.c0, y.c1].map((element) => toBeHex(element, 64)));
  }
  throw new Error("no such point");
}
/** The same of G1's. */
export function g1OutsideSubgroup(): string {
  for (let x = 1n; x < 100n; x++) {
    const y = root(() => Fp.sqrt(Fp.add(Fp.pow(x, 3n), 4n)));
    if (y === null || bls12_381.G1.Point.fromAffine({x, y}).isTorsionFree()) continue;
    return concat([x, y].map((element) => toBeHex(element, 64)));
  }
  throw new Error("no such point");
}
/** null where there is none. */
function root<T>(compute: () => T): T | null {
  try {
    return compute();
  } catch {
    return null;
  }
}

/** Ways to write a signature or key (EIP-2537) that are not its one encoding, or no point at all. */
export function malformed(good: string): [string, string][] {
  const words = (good.length - 2) / 128;
  const at = (i: number) => dataSlice(good, 64 * i, 64 * i + 64);
  const withWord = (i: number, word: string) => concat(Array.from({length: words}, (_, k) => (k === i ? word : at(k))));
  const first = BigInt(at(0));
  return [
    ["nothing", "0x"],
    ["the identity", `0x${"00".repeat(64 * words)}`],
    ["a byte less", dataSlice(good, 0, 64 * words - 1)],
    ["a byte more", concat([good, "0x00"])],
    ["twice", concat([good, good])],
    ["x + p", withWord(0, toBeHex(first + P, 64))],
    ["padding that is not zero", withWord(0, concat(["0x01", dataSlice(at(0), 1)]))],
    ["x of p", withWord(0, toBeHex(P, 64))],
    ["all ones", `0x${"ff".repeat(64 * words)}`],
    ["halves swapped", concat([dataSlice(good, 32 * words), dataSlice(good, 0, 32 * words)])],
    ["another y", withWord(words - 1, toBeHex(1n, 64))],
    ["the generator's negative, or so", withWord(words - 1, toBeHex(P - BigInt(at(words - 1)), 64))],
  ];
}
