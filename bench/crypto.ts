import {blsPublicKey, blsSign, blsVerify, parseG2} from "../src/crypto/bls.ts";
import {scalarToBytes} from "../src/crypto/scalar.ts";
import {combinePartials} from "../src/crypto/threshold.ts";
import {type Benchmark, resultOf, timed} from "./harness.ts";

const MESSAGE = new Uint8Array(32).fill(9);

/** Shares of a sharing with threshold `t`: f(x) = Σ (k + 1)·xᵏ, no secret. */
function committee(t: number): {groupKey: Uint8Array; partials: {seat: number; signature: Uint8Array}[]} {
  const f = (x: bigint) => Array.from({length: t}, (_, k) => BigInt(k + 1) * x ** BigInt(k)).reduce((sum, term) => sum + term, 0n);
  const order = 0x73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000001n;
  const share = (x: bigint) => scalarToBytes(f(x) % order);
  const partials = Array.from({length: t}, (_, i) => ({seat: i + 1, signature: blsSign(share(BigInt(i + 1)), MESSAGE)}));
  return {groupKey: blsPublicKey(share(0n)), partials};
}

/** Partial signature, then combination of t of them: what a certificate costs besides the network. Medians in ms. */
export async function certificateCost(t: number, n: number): Promise<{sign: number[]; combine: number[]; floor: number}> {
  const {groupKey, partials} = committee(t);
  const secret = new Uint8Array(32).fill(3);
  const [whole] = partials;
  const sign = await timed(n, () => blsSign(secret, MESSAGE));
  const combine = await timed(n, () => combinePartials({partials, threshold: t, groupKey, message: MESSAGE}));
  const decode = await timed(n, () => partials.map((p) => parseG2(p.signature)));
  const verify = await timed(n, () => blsVerify(groupKey, MESSAGE, whole?.signature ?? MESSAGE));
  return {sign, combine, floor: resultOf("", "ms", decode).median + resultOf("", "ms", verify).median};
}

export const cryptoBench: Benchmark = {
  name: "crypto",
  about: "partial signatures and their combination; bound of a combination: decoding t points and one verification",
  async run({n}) {
    const times = n ?? 100;
    const results = [];
    for (const t of [3, 11, 43]) {
      const {sign, combine, floor} = await certificateCost(t, times);
      if (t === 3) results.push(resultOf("sign a partial", "ms", sign));
      results.push(resultOf(`combine ${t} and verify`, "ms", combine, {bound: floor}));
    }
    return results;
  },
};
