import {describe, expect, test} from "vitest";
import {initialState, type State, step, type VoteType} from "../../src/consensus/main.ts";
import {simulate} from "./simulate.ts";
import type {StepFunction, Variant} from "./world.ts";

const SEEDS = Number(process.env["SEEDS"] ?? 600);

const failures = (count: number, options: Parameters<typeof simulate>[1] = {}, first = 1) =>
  Array.from({length: count}, (_, i) => simulate(first + i, options))
    .filter(({failure}) => failure !== null)
    .map(({seed, failure}) => `seed ${seed}: ${failure}`);

describe("safety after every event, and a decision at every honest node after the heal", () => {
  test("four nodes, one height, every fault", () => expect(failures(SEEDS)).toEqual([]));
  test("four nodes, a decision that nobody hears of in time, and a liar", () => {
    expect(failures(SEEDS, {faults: ["hide", "mute", "liar"]})).toEqual([]);
  });
  test("four nodes, five heights", () => expect(failures(SEEDS / 6, {heights: 5}, 10_000)).toEqual([]));
  test("seven nodes, two liars", () => expect(failures(SEEDS / 6, {nodes: 7}, 20_000)).toEqual([]));
  test("without faults nobody needs a second round", () => {
    const outcomes = Array.from({length: 50}, (_, i) => simulate(i, {heights: 3, faults: []}));
    expect(outcomes.map(({failure}) => failure)).toEqual(outcomes.map(() => null));
    expect(Math.max(...outcomes.map(({roundMax}) => roundMax))).toBe(0);
  });
});

test("one seed is one run, byte for byte", () => {
  for (const seed of [1, 2, 3, 42]) {
    const [one, two] = [simulate(seed, {isTraced: true, heights: 2}), simulate(seed, {isTraced: true, heights: 2})];
    expect(one.trace.length).toBeGreaterThan(20);
    expect(two.trace.join("\n")).toBe(one.trace.join("\n"));
  }
  expect(simulate(1, {isTraced: true}).trace).not.toEqual(simulate(2, {isTraced: true}).trace);
});

test("the faults do happen: the runs meet evidence, late rounds, forged messages, restarts and bounds", () => {
  const outcomes = Array.from({length: 200}, (_, i) => simulate(i, {isTraced: true}));
  const lines = outcomes.flatMap(({trace}) => trace);
  const has = (text: string) => lines.filter((line) => line.includes(text)).length;
  expect(has('"kind":"evidence"')).toBeGreaterThan(20);
  expect(has(" restarts with ")).toBeGreaterThan(20);
  expect(has('"polRound":0')).toBeGreaterThan(5);
  expect(outcomes.filter(({roundMax}) => roundMax >= 3).length).toBeGreaterThan(20);
  const codes = new Set(outcomes.flatMap(({ignored}) => [...ignored.keys()]));
  const expected = ["forged", "duplicate", "votesFull", "proposalsFull", "evicted", "lowFutureRound", "staleTimeout", "badPolRound"];
  expect(expected.filter((code) => !codes.has(code))).toEqual([]);
});

test("the inputs of a height replay to the very state", () => {
  for (let seed = 1; seed <= 100; seed++) {
    for (const node of simulate(seed).nodes) {
      const replayed = node.log.reduce((state: State, input) => step(state, input).state, initialState());
      expect(replayed, `seed ${seed}, node ${node.me}`).toEqual(node.state);
    }
  }
});

test("what is kept stays small through many rounds with a liar", () => {
  for (const {nodes, seed} of Array.from({length: 100}, (_, i) => simulate(i))) {
    for (const {state} of nodes) expect(state.rounds.length, `seed ${seed}`).toBeLessThanOrEqual(state.round + 2 + 4 + 4);
  }
});

describe("what a rule is there for: seeds that fail without it", () => {
  const NORMAL: Variant = {step, carriesPolka: true, repeats: "entry"};

  /** Keeps the first votes of a validator in a slot only. */
  const keepingOnly =
    (most: number): StepFunction =>
    (state, input) => {
      if (input.kind !== "vote" || input.height !== state.height) return step(state, input);
      const record = state.rounds.find(({round}) => round === input.round);
      return ballots(record, input.type, input.from) < most ? step(state, input) : {state, effects: []};
    };
  const ballots = (record: State["rounds"][number] | undefined, type: VoteType, from: number) =>
    (type === "prevote" ? record?.prevotes : record?.precommits)?.slots[from]?.length ?? 0;

  const outcome = (seed: number, variant: Variant) => simulate(seed, {variant, livenessMs: 30_000}).failure;

  /** The paper's gossip: every vote reaches everybody in the end, so a re-proposal needs no polka beside it. */
  const gossip: Variant = {...NORMAL, carriesPolka: false, repeats: "everything"};

  test.for([6, 8, 157])("seed %i: the first vote of an equivocator alone loses liveness for ever, both votes do not", (seed) => {
    expect(outcome(seed, {...gossip, step: keepingOnly(1)})).toContain("liveness");
    expect(outcome(seed, gossip)).toBeNull();
    expect(outcome(seed, NORMAL)).toBeNull();
  });

  test.for([194, 1549])("seed %i: the first two votes lose it too, when a third is for the value that is proposed", (seed) => {
    expect(outcome(seed, {...gossip, step: keepingOnly(2)})).toContain("liveness");
    expect(outcome(seed, gossip)).toBeNull();
    expect(outcome(seed, NORMAL)).toBeNull();
  });

  test.for([37, 72, 78])("seed %i: a re-proposal without its polka is refused for ever by who missed it", (seed) => {
    expect(outcome(seed, {...NORMAL, carriesPolka: false})).toContain("liveness");
    expect(outcome(seed, NORMAL)).toBeNull();
  });

  test.for([1350, 1848, 1981])("seed %i: nodes that repeat only their own messages leave others behind in a round for ever", (seed) => {
    expect(outcome(seed, {...NORMAL, repeats: "own"})).toContain("liveness");
    expect(outcome(seed, NORMAL)).toBeNull();
  });
});
