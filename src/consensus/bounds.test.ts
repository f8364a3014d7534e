import {describe, expect, test} from "vitest";
import {brief, FOUR, HEIGHT, inputsOf, play, setOf} from "./scenario.ts";
import {initialState, step} from "./step.ts";
import type {Input, State} from "./types.ts";

const rounds = (state: State) => state.rounds.map(({round}) => round);
const size = (state: State) => JSON.stringify(state).length;

function feed(state: State, inputs: readonly Input[]): State {
  return inputs.reduce((before, input) => step(before, input).state, state);
}

describe("bounds", () => {
  test("votes of the next round are kept beside any, of later ones only the highest of each validator", () => {
    const {state, seen} = play({
      given: ["prevote 1 nil by 3", "prevote 5 nil by 3", "precommit 5 nil by 3", "prevote 9 A by 3", "prevote 7 A by 3"],
    });
    expect(seen).toEqual(["ignored evicted", "ignored lowFutureRound"]);
    expect(rounds(state)).toEqual([1, 9]);
  });

  test("what one validator gives up, another keeps", () => {
    const {state} = play({set: setOf(1, 1, 1, 1, 1, 1, 1), given: ["prevote 5 A by 2,3", "precommit 5 A by 3", "prevote 6 A by 3"]});
    expect(rounds(state)).toEqual([5, 6]);
    expect(state.rounds[0]?.prevotes).toMatchObject({seats: 1, values: [{value: "A", seats: 1}]});
    expect(state.rounds[0]?.precommits).toMatchObject({seats: 0, values: []});
  });

  test("both votes of an equivocator go with its round", () => {
    const {state} = play({
      set: setOf(1, 1, 1, 1, 1, 1, 1),
      given: ["prevote 5 A by 2", "prevote 5 B by 3", "prevote 5 A by 3", "prevote 6 A by 3"],
    });
    expect(state.rounds[0]?.prevotes).toMatchObject({seats: 1, values: [{value: "A", seats: 1}]});
  });

  test("honest votes meet in one far round all the same", () => {
    expect(play({given: ["prevote 4 nil by 0", "prevote 6 nil by 0", "prevote 6 nil by 2"]}).seen).toEqual([
      "ignored evicted",
      "round 6",
      "timer propose 6",
    ]);
  });

  test("of far proposals only the highest of each proposer is kept, and it is there when its round begins", () => {
    const {state, seen} = play({given: ["proposal 4 A", "proposal 8 B", "proposal 4 C", "valid B", "prevote 8 nil by 2,3"]});
    expect(seen).toEqual(["ignored evicted", "ignored lowFutureRound", "round 8", "timer propose 8", "prevote 8 B"]);
    expect(rounds(state)).toEqual([8]);
  });

  test("a vote and a proposal of one sender do not displace each other", () => {
    expect(rounds(play({given: ["proposal 4 A", "prevote 6 A by 0"]}).state)).toEqual([4, 6]);
  });

  test("a flood of one liar over rounds and values keeps its size", () => {
    const {state} = play({given: []});
    const flood = (count: number) =>
      Array.from({length: count}, (_, i) => [
        ...inputsOf(`prevote ${2 + i} A${i} by 3`),
        ...inputsOf(`precommit ${2 + i} nil by 3`),
        ...inputsOf(`proposal ${3 + 4 * i} A${i}`),
        ...inputsOf(`prevote 0 B${i} by 3`),
        ...inputsOf(`precommit 1 B${i} by 3`),
        ...inputsOf(`proposal 3 C${i}`),
      ]).flat();
    expect(size(feed(state, flood(5_000)))).toBeLessThan(size(feed(state, flood(20))) + 200);
  });

  test("verdicts that no proposal needs are kept within a bound, the oldest go", () => {
    const {state} = play({given: ["valid A"]});
    const many = Array.from({length: 1_000}, (_, i): Input => ({kind: "verdict", value: `B${i}`, verdict: "valid"}));
    const flooded = feed(state, many);
    expect(flooded.verdicts.length).toBeLessThanOrEqual(64);
    const last = many.slice(-1).flatMap((input) => step(flooded, input).effects.map(brief));
    expect(last).toEqual(["ignored duplicate"]);
    expect(step(flooded, {kind: "verdict", value: "A", verdict: "valid"}).effects.map(brief)).toEqual(["ignored evicted"]);
  });

  test("the verdict on a kept proposal stays", () => {
    const {state} = play({given: ["proposal 1 A by 1", "valid A"]});
    const flooded = feed(
      state,
      Array.from({length: 200}, (_, i): Input => ({kind: "verdict", value: `B${i}`, verdict: "valid"})),
    );
    expect(inputsOf("timeout precommit 0").flatMap((input) => step(flooded, input).effects.map(brief))).toContain("prevote 1 A");
  });
});

describe("garbage", () => {
  const vote = {kind: "vote", type: "prevote", height: HEIGHT, round: 0, value: "A", from: 0, id: "x"};
  const proposal = {kind: "proposal", height: HEIGHT, round: 0, polRound: -1, value: "A", from: 0, id: "x"};
  const start = {kind: "start", height: HEIGHT + 1, set: FOUR, me: 0};
  const sparse = [0, 1, 2, 3];
  delete sparse[1];
  const garbage: readonly unknown[] = [
    undefined,
    null,
    7,
    "vote",
    [],
    {},
    () => vote,
    {kind: "votes"},
    {kind: "__proto__"},
    {...vote, type: "postvote"},
    {...vote, value: undefined},
    {...vote, value: ""},
    {...vote, value: 5},
    {...vote, value: "A".repeat(1_000)},
    {...vote, round: -1},
    {...vote, round: 0.5},
    {...vote, round: 2 ** 32},
    {...vote, round: Number.NaN},
    {...vote, round: "0"},
    {...vote, round: 0n},
    {...vote, height: Number.POSITIVE_INFINITY},
    {...vote, from: "0"},
    {...vote, from: 0.5},
    {...vote, id: 5},
    {...proposal, polRound: null},
    {...proposal, value: null},
    {...proposal, from: {}},
    {kind: "verdict", value: "A", verdict: "unknown"},
    {kind: "verdict", value: null, verdict: "valid"},
    {kind: "value", round: 0},
    {kind: "value", value: "A"},
    {kind: "polka", height: HEIGHT, round: 0, value: "A", from: null},
    {kind: "polka", height: HEIGHT, round: 0, value: null, from: [0, 1, 2]},
    {kind: "commit", height: HEIGHT, round: 0, value: "A", from: ["0", "1", "2"]},
    {kind: "commit", height: HEIGHT, round: 0, value: "A", from: sparse},
    {kind: "timeout", step: "commit", height: HEIGHT, round: 0},
    {kind: "timeout", step: "propose", height: HEIGHT},
    {...start, me: undefined},
    {...start, me: 0.5},
    {...start, height: -1},
    {...start, set: null},
    {...start, set: {...FOUR, schedule: []}},
    {...start, set: {...FOUR, schedule: [4]}},
    {...start, set: {...FOUR, schedule: ["0"]}},
    {...start, set: {...FOUR, validators: []}},
    {...start, set: {...FOUR, validators: [null, ...FOUR.validators.slice(1)]}},
    {...start, set: {...FOUR, validators: FOUR.validators.map((validator) => ({...validator, seats: 0}))}},
    {...start, set: {...FOUR, validators: FOUR.validators.map((validator) => ({...validator, seats: Number.MAX_SAFE_INTEGER}))}},
    {...start, set: {...FOUR, epoch: -1}},
  ];

  test.for(garbage.map((input, i) => ({i, input})))("$i is malformed in a height, before one and after", ({input}) => {
    const {state} = play({given: ["proposal 0 A", "prevote 0 A by 0,2"]});
    const decided = play({given: ["commit 0 A by none"]}).state;
    for (const before of [initialState(), state]) {
      const after = step(before, input as Input);
      expect(after.effects.map(brief)).toEqual(["ignored malformed"]);
      expect(after.state).toBe(before);
    }
    expect(step(decided, input as Input).effects.map(brief)).toEqual(["ignored decided"]);
  });

  test("nothing of the caller's objects lives on in the state", () => {
    const extra = {
      ...start,
      height: HEIGHT,
      set: {...FOUR, validators: FOUR.validators.map((validator) => ({...validator, run: () => 0}))},
    };
    const {state} = step(initialState(), extra as Input);
    expect(structuredClone(state)).toEqual(play({me: 0, given: []}).state);
  });

  test("names of object properties are values like any other", () => {
    const names = ["__proto__", "constructor", "toString"];
    for (const name of names) {
      const given = [`proposal 0 ${name}`, `valid ${name}`, `prevote 0 ${name} by 0,1,2`, `precommit 0 ${name} by 0,1,2`];
      expect(play({given}).seen.at(-1)).toBe(`decide 0 ${name}`);
    }
  });
});
