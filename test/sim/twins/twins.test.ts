import {describe, expect, test} from "vitest";
import {step} from "../../../src/consensus/main.ts";
import type {StepFunction} from "../world.ts";
import {explore, traceOf} from "./explore.ts";
import {ALL, INSTANCES, isFirst, proposerLists, ROUNDS, SPLITS} from "./scenarios.ts";

/** A prime, so that the beginnings played are no regular part of all. `npm run sim -- --twins` plays all. */
const EVERY = Number(process.env["TWINS_EVERY"] ?? 1_499);

describe("two instances with one key, among four validators, through three rounds of partitions", () => {
  test("never two values, and a decision after the heal, with the twins silent", () => {
    const {failures, scenarios} = explore({every: EVERY});
    expect(failures.map(({failure}) => failure)).toEqual([]);
    expect(scenarios).toBeGreaterThan(5_000 / EVERY);
  }, 120_000);

  test("52 partitions of five instances, and whoever may hear what in those with a quorum", () => {
    expect(SPLITS.filter(({hidesPrecommits, listener}) => !hidesPrecommits && listener === null)).toHaveLength(52);
    expect(SPLITS).toHaveLength(117);
    expect(ALL).toBe((4 * 117) ** ROUNDS);
    expect(SPLITS.every(({parts}) => parts.length === INSTANCES)).toBe(true);
  });

  test("each scenario is the renaming of exactly one that is played", () => {
    expect(proposerLists()).toHaveLength(15);
    const orbits = (proposers: readonly number[]) => SPLITS.filter((_, s) => isFirst(proposers, [s])).length;
    // 16 partitions of three like things and two other like ones; 7 of them have a quorum, and each of those one kind of listener
    expect(orbits([3, 3, 3])).toBe(16 + 7 + 7);
    expect(orbits([0, 1, 2]), "only the twins can be exchanged, and 41 do not change by it").toBe((117 + 41) / 2);
  });
});

describe("what it finds", () => {
  const without =
    (field: "locked" | "valid"): StepFunction =>
    (state, input) => {
      const next = step(state, input);
      return {...next, state: {...next.state, [field]: null}};
    };

  test.for([
    ["locked", "safety"],
    ["valid", "liveness"],
  ] as const)("a machine that forgets its %s value: %s", ([field, kind]) => {
    const [first] = explore({every: 101, step: without(field)}).failures;
    expect(first?.failure).toContain(kind);
    if (first !== undefined) expect(traceOf(first.scenario, without(field)).at(-1)).toBe(first.failure);
  });
});
