import {afterAll, beforeAll, expect, test} from "vitest";
import {type Chain, startChain} from "./support/chain.ts";
import {Fuzz} from "./support/fuzz.ts";

/** A slice of what `npm run fuzz:contracts` runs; FUZZ_SEEDS=A..B and FUZZ_STEPS choose another. */
const [from = 1, to = 3] = (process.env["FUZZ_SEEDS"] ?? "1..3").split("..").map(Number);
const STEPS = Number(process.env["FUZZ_STEPS"] ?? 100);
const seeds = Array.from({length: to - from + 1}, (_, i) => from + i);

let chain: Chain;
beforeAll(async () => {
  chain = await startChain();
});
afterAll(() => chain.stop());

test.for(seeds)(
  "seed %i: money is conserved, nonces are consecutive, queues keep their order, a pause pauses",
  {timeout: 30_000 + STEPS * 1_000},
  async (seed) => {
    const {calls} = await Fuzz.run(chain, seed, STEPS);
    expect([...calls.values()].reduce((sum, [done]) => sum + done, 0)).toBeGreaterThan(STEPS / 10);
  },
);
