import {toHex} from "../src/base/bytes.ts";
import {blsPublicKey, blsSign, blsVerify, parseG2} from "../src/crypto/bls.ts";
import {ORDER, scalarToBytes} from "../src/crypto/scalar.ts";
import {addressOf, recover, sign} from "../src/crypto/secp256k1.ts";
import {combinePartials, type Partial} from "../src/crypto/threshold.ts";
import {type Benchmark, medianOf, resultOf, timed} from "./harness.ts";

const MESSAGE = new Uint8Array(32).fill(9);
const SECRET = new Uint8Array(32).fill(3);
/** q of 4, 16, 64 and 128 seats. */
const THRESHOLDS = [3, 11, 43, 86];

/** Partial signatures of a sharing f(x) = Σ (k + 1)·xᵏ, which is no secret. */
function committee(t: number): {groupKey: Uint8Array; partials: Partial[]} {
  const f = (x: bigint) => Array.from({length: t}, (_, k) => BigInt(k + 1)).reduceRight((sum, a) => (sum * x + a) % ORDER, 0n);
  const share = (x: bigint) => scalarToBytes(f(x));
  const partials = Array.from({length: t}, (_, i) => ({seat: i + 1, signature: blsSign(share(BigInt(i + 1)), MESSAGE)}));
  return {groupKey: blsPublicKey(share(0n)), partials};
}

/** Times in ms of one partial signature and of the combination and verification of `t` of them, and the combination's bound. */
export async function certificateCost(t: number, n: number): Promise<{sign: number[]; combine: number[]; bound: number}> {
  const {groupKey, partials} = committee(t);
  const combined = combinePartials({partials, threshold: t, groupKey, message: MESSAGE}).signature;
  if (combined === null) throw new Error("the partials do not combine");
  const [made, combine, decode, verify] = [[], [], [], []] as [number[], number[], number[], number[]];
  // by turns, so that all meet the same neighbours on the machine
  for (let i = 0; i < n; i++) {
    made.push(...(await timed(1, () => blsSign(SECRET, MESSAGE))));
    combine.push(...(await timed(1, () => combinePartials({partials, threshold: t, groupKey, message: MESSAGE}))));
    decode.push(...(await timed(1, () => partials.map((p) => parseG2(p.signature)))));
    verify.push(...(await timed(1, () => blsVerify(groupKey, MESSAGE, combined))));
  }
  return {sign: made, combine, bound: medianOf(decode) + medianOf(verify)};
}

/**
 * What the node's signatures cost. The bound of a combination: decoding its t points, with the check that they are in the
 * group, and one verification; what remains above it is the interpolation. The others are single calls of native libraries
 * and have no bound here.
 */
export const cryptoBench: Benchmark = {
  name: "crypto",
  about: "BLS partial signatures and their combination, secp256k1 votes; bound of a combination: decoding t points and one verification",
  async run({n}) {
    const times = n ?? 100;
    const key = blsPublicKey(SECRET);
    const signature = blsSign(SECRET, MESSAGE);
    const vote = sign(SECRET, MESSAGE);
    const author = addressOf(SECRET);
    if (!blsVerify(key, MESSAGE, signature) || recover(MESSAGE, vote) !== author) throw new Error(`a signature is wrong: ${toHex(vote)}`);
    const results = [
      resultOf("vote: sign", "ms", await timed(times, () => sign(SECRET, MESSAGE))),
      resultOf("vote: recover its author", "ms", await timed(times, () => recover(MESSAGE, vote))),
      resultOf("partial: sign", "ms", await timed(times, () => blsSign(SECRET, MESSAGE))),
      resultOf("certificate: verify", "ms", await timed(times, () => blsVerify(key, MESSAGE, signature))),
    ];
    for (const t of THRESHOLDS) {
      const {combine, bound} = await certificateCost(t, times);
      results.push(resultOf(`certificate: combine ${t} and verify`, "ms", combine, {bound}));
    }
    return results;
  },
};
