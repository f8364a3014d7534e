import {describe, expect, test} from "vitest";
import {brief, FOUR, HEIGHT, play, setOf} from "./scenario.ts";
import {initialState, step} from "./step.ts";
import type {State} from "./types.ts";

type Case = {name: string; me?: number | null; seats?: number[]; given: string[]; want: string[]; state?: Partial<State>};

const VALID_A = ["proposal 0 A", "valid A"];
/** Validator 1 has locked A in round 0 and precommitted it. */
const LOCKED_A = [...VALID_A, "prevote 0 A by 0,1,2"];
const AFTER_LOCK = ["prevote 0 A", "precommit 0 A"];
const TO_ROUND_2 = ["timeout precommit 0", "timeout precommit 1"];
/** As proposer of round 1, validator 1 proposes its locked value again. */
const ROUNDS_1_2 = ["round 1", "propose 1 A pol 0", "timer propose 1", "round 2", "timer propose 2"];
const lockedA = {round: 0, value: "A"};

const cases: Case[] = [
  {name: "L22 prevotes a valid proposal", given: VALID_A, want: ["prevote 0 A"], state: {stage: "prevote"}},
  {name: "L22 takes the verdict before the proposal too", given: ["valid A", "proposal 0 A"], want: ["prevote 0 A"]},
  {name: "L22 prevotes nil on an invalid one", given: ["proposal 0 A", "invalid A"], want: ["prevote 0 nil"], state: {stage: "prevote"}},
  {name: "L22 does nothing without a verdict", given: ["proposal 0 A"], want: [], state: {stage: "propose"}},
  {name: "L22 does nothing for a proposal of the next round", given: ["proposal 1 A by 1", "valid A"], want: [], state: {stage: "propose"}},
  {
    name: "L22 prevotes nil when another value is locked",
    given: [...LOCKED_A, ...TO_ROUND_2, "proposal 2 B", "valid B"],
    want: [...AFTER_LOCK, ...ROUNDS_1_2, "prevote 2 nil"],
    state: {locked: lockedA, valid: lockedA},
  },
  {
    name: "L22 prevotes the locked value when it is proposed afresh",
    given: [...LOCKED_A, ...TO_ROUND_2, "proposal 2 A"],
    want: [...AFTER_LOCK, ...ROUNDS_1_2, "prevote 2 A"],
  },
  {
    name: "L28 waits for the polka that the re-proposal names",
    given: ["timeout precommit 0", "timeout precommit 1", "proposal 2 A pol 0", "valid A"],
    want: ["round 1", "ask value 1", "timer propose 1", "round 2", "timer propose 2"],
    state: {stage: "propose"},
  },
  {
    name: "L28 prevotes a re-proposal once its polka is there as votes",
    given: [...TO_ROUND_2, "proposal 2 A pol 0", "valid A", "prevote 0 A by 0,2,3"],
    want: ["round 1", "ask value 1", "timer propose 1", "round 2", "timer propose 2", "prevote 2 A"],
  },
  {
    name: "L28 prevotes a re-proposal once its polka is there as a certificate",
    given: [...TO_ROUND_2, "proposal 2 A pol 0", "valid A", "polka 0 A by 0,2,3"],
    want: ["round 1", "ask value 1", "timer propose 1", "round 2", "timer propose 2", "prevote 2 A"],
  },
  {
    name: "L28 a polka of another round than the named one is not enough",
    given: [...TO_ROUND_2, "proposal 2 A pol 1", "valid A", "polka 0 A by 0,2,3"],
    want: ["round 1", "ask value 1", "timer propose 1", "round 2", "timer propose 2"],
  },
  {
    name: "L28 two thirds of the prevotes are no polka",
    given: [...TO_ROUND_2, "proposal 2 A pol 0", "valid A", "prevote 0 A by 0,2", "prevote 0 nil by 3"],
    want: ["round 1", "ask value 1", "timer propose 1", "round 2", "timer propose 2"],
  },
  {
    name: "L28 a polka of the very round of the lock opens it",
    given: [...LOCKED_A, ...TO_ROUND_2, "polka 0 B by 0,2,3", "proposal 2 B pol 0", "valid B"],
    want: [...AFTER_LOCK, ...ROUNDS_1_2, "prevote 2 B"],
  },
  {
    name: "L28 prevotes nil on an invalid re-proposal",
    given: [...TO_ROUND_2, "proposal 2 A pol 0", "polka 0 A by 0,2,3", "invalid A"],
    want: ["round 1", "ask value 1", "timer propose 1", "round 2", "timer propose 2", "prevote 2 nil"],
  },
  {
    name: "L28 a polka younger than the lock opens it",
    given: [...LOCKED_A, ...TO_ROUND_2, "polka 1 B by 0,2,3", "proposal 2 B pol 1", "valid B"],
    want: [...AFTER_LOCK, ...ROUNDS_1_2, "prevote 2 B"],
    state: {locked: lockedA},
  },
  {
    name: "L28 a polka older than the lock does not open it",
    given: [
      "timeout precommit 0",
      "proposal 1 A",
      "valid A",
      "prevote 1 A by 0,1,2",
      "timeout precommit 1",
      "polka 0 B by 0,2,3",
      "proposal 2 B pol 0",
      "valid B",
    ],
    want: ["round 1", "ask value 1", "timer propose 1", "prevote 1 A", "precommit 1 A", "round 2", "timer propose 2", "prevote 2 nil"],
    state: {locked: {round: 1, value: "A"}},
  },
  {
    name: "L28 the locked value is prevoted whatever polka it names",
    given: [
      "timeout precommit 0",
      "proposal 1 A",
      "valid A",
      "prevote 1 A by 0,1,2",
      "timeout precommit 1",
      "polka 0 A by 0,2,3",
      "proposal 2 A pol 0",
    ],
    want: ["round 1", "ask value 1", "timer propose 1", "prevote 1 A", "precommit 1 A", "round 2", "timer propose 2", "prevote 2 A"],
  },
  {
    name: "L34 starts the prevote timer once when a quorum prevoted, whatever for",
    given: ["timeout propose 0", "prevote 0 A by 0", "prevote 0 B by 2", "prevote 0 nil by 1", "prevote 0 nil by 3"],
    want: ["prevote 0 nil", "timer prevote 0"],
    state: {stage: "prevote"},
  },
  {name: "L34 not while still in propose", given: ["prevote 0 A by 0", "prevote 0 nil by 2,3"], want: []},
  {
    name: "L34 but as soon as propose is over",
    given: ["prevote 0 A by 0", "prevote 0 nil by 2,3", "timeout propose 0"],
    want: ["prevote 0 nil", "timer prevote 0"],
  },
  {
    name: "L36 locks and precommits on a polka",
    given: LOCKED_A,
    want: AFTER_LOCK,
    state: {locked: lockedA, valid: lockedA, stage: "precommit"},
  },
  {
    name: "L36 two thirds exactly is no polka",
    seats: [2, 2, 2],
    given: [...VALID_A, "prevote 0 A by 0,1"],
    want: ["prevote 0 A"],
    state: {locked: null},
  },
  {name: "L36 takes the polka as a certificate", given: [...VALID_A, "polka 0 A by 0,2,3"], want: AFTER_LOCK, state: {locked: lockedA}},
  {
    name: "L36 waits for the proposal",
    given: ["timeout propose 0", "prevote 0 A by 0,2,3", ...VALID_A],
    want: ["prevote 0 nil", "timer prevote 0", "precommit 0 A"],
  },
  {
    name: "L36 a late verdict still locks after a nil prevote",
    given: ["proposal 0 A", "prevote 0 A by 0,2,3", "timeout propose 0", "valid A"],
    want: ["prevote 0 nil", "timer prevote 0", "precommit 0 A"],
    state: {locked: lockedA},
  },
  {
    name: "L36 a newer polka moves the lock",
    given: [...LOCKED_A, ...TO_ROUND_2, "polka 1 B by 0,2,3", "proposal 2 B pol 1", "valid B", "prevote 2 B by 0,1,2"],
    want: [...AFTER_LOCK, ...ROUNDS_1_2, "prevote 2 B", "precommit 2 B"],
    state: {locked: {round: 2, value: "B"}, valid: {round: 2, value: "B"}},
  },
  {
    name: "L36 a polka of an earlier round locks nothing",
    given: ["proposal 0 A", "valid A", "timeout precommit 0", "prevote 0 A by 0,1,2,3"],
    want: ["prevote 0 A", "round 1", "ask value 1", "timer propose 1"],
    state: {locked: null, valid: null},
  },
  {
    name: "L42 a polka after a nil precommit is a valid value, no lock and no vote",
    given: [...VALID_A, "timeout prevote 0", "prevote 0 A by 0,1,2", "timeout precommit 0"],
    want: ["prevote 0 A", "precommit 0 nil", "round 1", "propose 1 A pol 0", "timer propose 1"],
    state: {locked: null, valid: lockedA},
  },
  {
    name: "L44 precommits nil on a nil polka",
    given: ["timeout propose 0", "prevote 0 nil by 0,1,2"],
    want: ["prevote 0 nil", "precommit 0 nil"],
    state: {stage: "precommit"},
  },
  {name: "L44 nil prevotes for the next round wait", given: ["timeout propose 0", "prevote 1 nil by 0"], want: ["prevote 0 nil"]},
  {
    name: "L47 starts the precommit timer once, in any step",
    given: ["precommit 0 A by 0", "precommit 0 nil by 2,3", "precommit 0 nil by 1"],
    want: ["timer precommit 0"],
    state: {stage: "propose"},
  },
  {name: "L49 decides", given: [...LOCKED_A, "precommit 0 A by 0,1,2"], want: [...AFTER_LOCK, "decide 0 A"], state: {stage: "decided"}},
  {
    name: "L49 decides when the proposal comes last",
    given: ["valid A", "precommit 0 A by 0,2,3", "proposal 0 A"],
    want: ["timer precommit 0", "decide 0 A"],
  },
  {
    name: "L49 decides when the verdict comes last",
    given: ["proposal 0 A", "precommit 0 A by 0,2,3", "valid A"],
    want: ["timer precommit 0", "decide 0 A"],
  },
  {
    name: "L49 not without a verdict, nor against it",
    given: ["proposal 0 A", "precommit 0 A by 0,2,3", "invalid A"],
    want: ["timer precommit 0", "prevote 0 nil"],
  },
  {
    name: "L49 not on a quorum of precommits that are not all for the value",
    given: [...VALID_A, "precommit 0 A by 0,2", "precommit 0 nil by 3", "precommit 0 B by 1"],
    want: ["prevote 0 A", "timer precommit 0"],
  },
  {
    name: "L49 decides an earlier round",
    given: [...VALID_A, ...TO_ROUND_2, "precommit 0 A by 0,2,3"],
    want: ["prevote 0 A", "round 1", "ask value 1", "timer propose 1", "round 2", "timer propose 2", "decide 0 A"],
  },
  {
    name: "L49 decides a later round",
    given: ["valid A", "proposal 1 A by 1", "precommit 1 A by 0", "precommit 1 A by 2,3"],
    want: ["round 1", "ask value 1", "timer propose 1", "prevote 1 A", "decide 1 A"],
  },
  {
    name: "L49 precommits of two rounds do not add up",
    given: [...VALID_A, "precommit 0 A by 0,2", "precommit 1 A by 3"],
    want: ["prevote 0 A"],
  },
  {
    name: "L55 more than a third ahead is followed",
    given: ["prevote 2 nil by 0", "precommit 2 A by 3"],
    want: ["round 2", "timer propose 2"],
    state: {round: 2, stage: "propose"},
  },
  {
    name: "L55 one of four is not, however much it says",
    given: ["prevote 2 nil by 3", "prevote 2 A by 3", "precommit 2 A by 3"],
    want: ["evidence: prevote 2 nil by 3, prevote 2 A by 3"],
    state: {round: 0},
  },
  {name: "L55 a third exactly is not", seats: [2, 2, 2], given: ["prevote 2 nil by 0"], want: [], state: {round: 0}},
  {name: "L55 different rounds do not add up", given: ["prevote 1 nil by 0", "prevote 2 nil by 3"], want: [], state: {round: 0}},
  {name: "L55 a polka certificate of a later round is a quorum ahead", given: ["polka 3 A by 0,2,3"], want: ["round 3", "timer propose 3"]},
  {
    name: "L57 prevotes nil when the proposal does not come",
    given: ["timeout propose 0"],
    want: ["prevote 0 nil"],
    state: {stage: "prevote"},
  },
  {name: "L57 not again after prevoting", given: [...VALID_A, "timeout propose 0"], want: ["prevote 0 A", "ignored staleTimeout"]},
  {
    name: "L61 precommits nil when no polka comes",
    given: [...VALID_A, "timeout prevote 0"],
    want: ["prevote 0 A", "precommit 0 nil"],
    state: {stage: "precommit", locked: null},
  },
  {
    name: "L61 not before prevoting, not after precommitting",
    given: ["timeout prevote 0", ...LOCKED_A, "timeout prevote 0"],
    want: ["ignored staleTimeout", ...AFTER_LOCK, "ignored staleTimeout"],
  },
  {
    name: "L65 enters the next round",
    given: ["timeout precommit 0"],
    want: ["round 1", "ask value 1", "timer propose 1"],
    state: {round: 1},
  },
  {
    name: "L65 not for a round that is over",
    given: [...TO_ROUND_2, "timeout precommit 1"],
    want: ["round 1", "ask value 1", "timer propose 1", "round 2", "timer propose 2", "ignored staleTimeout"],
  },
  {
    name: "what came early for a round counts when it begins",
    given: ["proposal 1 A by 1", "valid A", "prevote 1 A by 0", "timeout precommit 0", "prevote 1 A by 1,2"],
    want: ["round 1", "ask value 1", "timer propose 1", "prevote 1 A", "precommit 1 A"],
  },
  {
    name: "seats weigh, not heads",
    seats: [3, 1, 2, 1, 3],
    given: ["timeout propose 0", "prevote 0 nil by 0,4", "prevote 0 nil by 1"],
    want: ["prevote 0 nil", "precommit 0 nil"],
  },
  {
    name: "seats weigh for the skip",
    seats: [3, 1, 2, 1, 3],
    given: ["prevote 2 nil by 0", "prevote 2 nil by 3"],
    want: ["round 2", "timer propose 2"],
  },
];

describe("algorithm 1", () => {
  test.for(cases)("$name", ({me = 1, seats = [1, 1, 1, 1], given, want, state = {}}) => {
    const end = play({set: setOf(...seats), me, given});
    expect(end.seen).toEqual(want);
    expect(end.state).toMatchObject(state);
  });
});

describe("L11 start", () => {
  const start = (me: number | null, height = HEIGHT) => step(initialState(), {kind: "start", height, set: FOUR, me}).effects.map(brief);

  test("the proposer is asked for a value", () => expect(start(0)).toEqual(["round 0", "ask value 0", "timer propose 0"]));
  test("the others wait", () => expect(start(1)).toEqual(["round 0", "timer propose 0"]));
  test("an observer waits", () => expect(start(null)).toEqual(["round 0", "timer propose 0"]));
  test("the schedule goes on with the height", () => expect(start(1, HEIGHT + 1)).toEqual(["round 0", "ask value 0", "timer propose 0"]));

  test("a new height forgets the one before", () => {
    const {state} = play({given: [...LOCKED_A, "precommit 0 A by 0,1,2"]});
    const next = step(state, {kind: "start", height: HEIGHT + 1, set: FOUR, me: 2});
    expect(next.state).toEqual(step(initialState(), {kind: "start", height: HEIGHT + 1, set: FOUR, me: 2}).state);
  });
});
