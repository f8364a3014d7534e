import {afterAll, beforeAll, expect, test} from "vitest";
import {type Chain, startChain} from "../support/chain.ts";
import {fuzzAccounts} from "./accounts.ts";
import {fuzzStakes} from "./stakes.ts";

/** A slice of what `npm run fuzz:contracts` runs; FUZZ_STEPS and FUZZ_SEED choose another. */
const STEPS = Number(process.env["FUZZ_STEPS"] ?? 100);
const SEED = Number(process.env["FUZZ_SEED"] ?? 7);
const PER_STEP_MS = 500;

let chain: Chain;
beforeAll(async () => {
  chain = await startChain(["--balance", "1000000"]);
});
afterAll(() => chain.stop());

test("Staking keeps its invariants over random calls", {timeout: 30_000 + STEPS * PER_STEP_MS}, async () => {
  const {seen} = await fuzzStakes(chain, SEED, STEPS);
  for (const name of ["deposit", "removeSeats", "checkpoint"]) expect(seen[name]?.done, name).toBeGreaterThan(0);
});

test("MixinAccounts keeps its invariants over random payments", {timeout: 30_000 + STEPS * PER_STEP_MS}, async () => {
  const {seen} = await fuzzAccounts(chain, SEED, STEPS);
  expect(Object.keys(seen).length).toBeGreaterThan(3);
});
