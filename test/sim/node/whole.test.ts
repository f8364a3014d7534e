import {describe, expect, test} from "vitest";
import {simulate} from "./simulate.ts";

const SEEDS = Number(process.env["SEEDS"] ?? 40);

async function failures(seeds: readonly number[], options: Parameters<typeof simulate>[1] = {}): Promise<string[]> {
  const failed: string[] = [];
  for (const seed of seeds) {
    const {failure} = await simulate(seed, options);
    if (failure !== null) failed.push(`seed ${seed}: ${failure}`);
  }
  return failed;
}

const range = (first: number, count: number) => Array.from({length: count}, (_, i) => first + i);

describe("whole validators: safe after every event, and done with every payment after the heal", () => {
  test("four, with every fault", async () => expect(await failures(range(1, SEEDS))).toEqual([]), 30_000 + 1_500 * SEEDS);
  test("seven", async () => expect(await failures(range(1, Math.ceil(SEEDS / 10)), {seats: [1, 1, 1, 1, 1, 1, 1]})).toEqual([]), 60_000);
  test("from genesis on, with the DKG", async () => {
    expect(await failures(range(1, Math.ceil(SEEDS / 20)), {from: "genesis"})).toEqual([]);
  }, 60_000);

  test("without faults every payment is done within the second round", async () => {
    for (const seed of range(1, 3)) {
      const outcome = await simulate(seed, {faults: []});
      expect(outcome.failure).toBeNull();
      // a proposer whose poll comes later than another's timer has nothing to propose yet
      expect(outcome.roundMax).toBeLessThanOrEqual(1);
      expect(outcome.heights).toBeGreaterThan(1);
    }
  });
});

test("one seed is one run, byte for byte", async () => {
  for (const seed of [3, 7, 11]) {
    const [one, two] = [await simulate(seed), await simulate(seed, {isTraced: true})];
    expect(one.events).toBeGreaterThan(200);
    expect(two.digest, "tracing changes nothing either").toBe(one.digest);
  }
  expect((await simulate(1)).digest).not.toBe((await simulate(2)).digest);
});

test("the faults do happen: crashes, rounds, re-proposals, invented facts, bad blocks and signatures, and what lets a node into a round", async () => {
  const lines: string[] = [];
  let roundMax = 0;
  for (const seed of range(100, 30)) {
    const outcome = await simulate(seed, {isTraced: true});
    lines.push(...outcome.trace);
    roundMax = Math.max(roundMax, outcome.roundMax);
  }
  const has = (text: RegExp) => lines.filter((line) => text.test(line)).length;
  expect(roundMax).toBeGreaterThan(1);
  for (const text of [
    /dies at (send|append)/,
    /caught up/,
    /contradicts itself/,
    /proposes .* of round \d/,
    /sends \d's precommit/,
    /not a valid block/,
    /contradicts own sources/,
    /bad partial signature/,
  ])
    expect(has(text), `${text}`).toBeGreaterThan(0);
});
