import {describe, expect, test} from "vitest";
import {brief, FOUR, HEIGHT, inputsOf, play, setOf} from "./scenario.ts";
import {initialState, step} from "./step.ts";
import type {Input, State} from "./types.ts";

type Case = {name: string; me?: number | null; given: string[]; want: string[]; state?: Partial<State>};

const OPENED = ["round 1", "ask value 1", "timer propose 1"];

const cases: Case[] = [
  {name: "the answer is proposed", given: ["timeout precommit 0", "value 1 A"], want: [...OPENED, "propose 1 A"]},
  {
    name: "nothing to propose is no effect, and a later value is proposed",
    given: ["timeout precommit 0", "value 1 none", "value 1 none", "value 1 A"],
    want: [...OPENED, "propose 1 A"],
  },
  {
    name: "a later value is proposed after the own nil prevote too",
    given: ["timeout precommit 0", "value 1 none", "timeout propose 1", "value 1 A"],
    want: [...OPENED, "prevote 1 nil", "propose 1 A"],
  },
  {
    name: "a round has one own proposal",
    given: ["timeout precommit 0", "value 1 A", "value 1 B"],
    want: [...OPENED, "propose 1 A", "ignored alreadyProposed"],
  },
  {
    name: "a re-proposal is the round's own proposal",
    given: ["proposal 0 A", "valid A", "prevote 0 A by 0,1,2", "timeout precommit 0", "value 1 B"],
    want: ["prevote 0 A", "precommit 0 A", "round 1", "propose 1 A pol 0", "timer propose 1", "ignored alreadyProposed"],
  },
  {
    name: "only the proposer proposes, in its round",
    given: ["value 0 A", "value 1 A"],
    want: ["ignored notProposer", "ignored otherRound"],
  },
  {
    name: "an observer goes along in silence",
    me: null,
    given: [
      "proposal 0 A",
      "valid A",
      "prevote 0 A by 0,1,2",
      "timeout precommit 0",
      "value 1 B",
      "timeout propose 1",
      "timeout prevote 1",
      "precommit 0 A by 0,1,2",
    ],
    want: ["round 1", "timer propose 1", "ignored notProposer", "decide 0 A"],
  },
  {
    name: "an observer locks like the others",
    me: null,
    given: ["proposal 0 A", "valid A", "prevote 0 A by 0,1,2"],
    want: [],
    state: {stage: "precommit", locked: {round: 0, value: "A"}},
  },
  {name: "a commit decides with nothing else known", given: ["commit 0 A by 0,2,3"], want: ["decide 0 A"], state: {stage: "decided"}},
  {
    name: "a commit decides against the own verdict",
    given: ["proposal 0 A", "invalid A", "commit 0 A by 0,2,3"],
    want: ["prevote 0 nil", "decide 0 A"],
  },
  {name: "a commit decides in any round", given: ["commit 7 A by 0,2,3"], want: ["decide 7 A"]},
  {name: "a commit under the group key names nobody", given: ["commit 2 A by none"], want: ["decide 2 A"]},
  {
    name: "a commit without a quorum is none",
    given: ["commit 0 A by 0,2", "commit 0 A by 0,2,2,2"],
    want: ["ignored noQuorum", "ignored noQuorum"],
    state: {stage: "propose"},
  },
  {
    name: "a polka without a quorum is none",
    given: ["polka 0 A by 0,2", "polka 0 A by none"],
    want: ["ignored noQuorum", "ignored noQuorum"],
  },
  {
    name: "a polka that is known adds nothing",
    given: ["prevote 0 A by 0,2,3", "polka 0 A by 0,2,3", "polka 0 B by 0,2,3", "polka 0 B by 0,1,2"],
    want: ["ignored duplicate", "ignored duplicate"],
  },
  {
    name: "after the decision everything is ignored",
    given: ["commit 0 A by none", "commit 0 A by none", "proposal 0 B", "timeout precommit 0", "valid A", "prevote 0 A by 9"],
    want: ["decide 0 A", ...Array.from({length: 5}, () => "ignored decided")],
  },
  {
    name: "a verdict is said once",
    given: ["valid A", "valid A", "invalid B", "invalid B"],
    want: ["ignored duplicate", "ignored duplicate"],
  },
  {name: "valid is final", given: ["valid A", "invalid A", "proposal 0 A"], want: ["ignored verdictFinal", "prevote 0 A"]},
  {
    name: "invalid may become valid, and then lock",
    given: ["proposal 0 A", "invalid A", "valid A", "prevote 0 A by 0,2,3"],
    want: ["prevote 0 nil", "precommit 0 A"],
  },
  {
    name: "a late valid verdict decides",
    given: ["proposal 0 A", "timeout precommit 0", "precommit 0 A by 0,2,3", "valid A"],
    want: [...OPENED, "decide 0 A"],
  },
  {
    name: "polRound lies below the round",
    given: ["proposal 2 A pol 2", "proposal 2 A pol 3", "proposal 2 A pol -2"],
    want: Array.from({length: 3}, () => "ignored badPolRound"),
  },
  {
    name: "a proposal out of turn",
    given: ["proposal 0 A by 1", "proposal 1 A by 0"],
    want: ["ignored wrongProposer", "ignored wrongProposer"],
  },
  {
    name: "an index outside the set",
    given: ["proposal 0 A by 4", "prevote 0 A by 4,-1", "precommit 0 A by 99", "polka 0 A by 0,1,2,4", "commit 0 A by 0,1,2,-1"],
    want: Array.from({length: 6}, () => "ignored unknownValidator"),
  },
  {
    name: "both votes of an equivocator count, each for its value",
    given: ["proposal 0 A", "valid A", "prevote 0 B by 3", "prevote 0 A by 3", "prevote 0 A by 0", "prevote 0 A by 1"],
    want: ["prevote 0 A", "evidence: prevote 0 B by 3, prevote 0 A by 3", "precommit 0 A"],
  },
  {
    name: "but it is one head in a quorum of any kind",
    given: ["timeout propose 0", "prevote 0 B by 3", "prevote 0 A by 3", "prevote 0 A by 0"],
    want: ["prevote 0 nil", "evidence: prevote 0 B by 3, prevote 0 A by 3"],
  },
  {
    name: "nil is a value to contradict",
    given: ["precommit 0 nil by 3", "precommit 0 A by 3"],
    want: ["evidence: precommit 0 nil by 3, precommit 0 A by 3"],
  },
  {
    name: "a third value of one slot is refused, the two stay",
    given: ["prevote 0 A by 3", "prevote 0 B by 3", "prevote 0 C by 3", "prevote 0 A by 3", "prevote 0 B by 3"],
    want: ["evidence: prevote 0 A by 3, prevote 0 B by 3", "ignored votesFull", "ignored duplicate", "ignored duplicate"],
  },
  {
    name: "a third value counts where it was proposed",
    given: [
      "proposal 0 A",
      "valid A",
      "prevote 0 nil by 3",
      "prevote 0 B by 3",
      "prevote 0 C by 3",
      "prevote 0 A by 0,1",
      "prevote 0 A by 3",
    ],
    want: ["prevote 0 A", "evidence: prevote 0 nil by 3, prevote 0 B by 3", "ignored votesFull", "timer prevote 0", "precommit 0 A"],
  },
  {
    name: "a third value of an earlier round counts where it is proposed again",
    given: [
      ...["prevote 0 nil by 3", "prevote 0 B by 3", "prevote 0 A by 0,1", "timeout precommit 0", "timeout precommit 1"],
      ...["proposal 2 A pol 0", "valid A", "prevote 0 A by 3"],
    ],
    want: ["evidence: prevote 0 nil by 3, prevote 0 B by 3", ...OPENED, "round 2", "timer propose 2", "prevote 2 A"],
  },
  {
    name: "votes of different types, rounds, voters contradict nothing",
    given: ["prevote 0 A by 3", "precommit 0 B by 3", "prevote 1 B by 3", "prevote 0 B by 2"],
    want: [],
  },
  {
    name: "two proposals of a round are evidence, and either may win",
    given: ["proposal 0 A", "proposal 0 B", "valid B", "prevote 0 B by 0,1,2"],
    want: ["evidence: proposal 0 A by 0, proposal 0 B by 0", "prevote 0 B", "precommit 0 B"],
  },
  {
    name: "a third proposal is refused",
    given: ["proposal 0 A", "proposal 0 B", "proposal 0 C", "proposal 0 A"],
    want: ["evidence: proposal 0 A by 0, proposal 0 B by 0", "ignored proposalsFull", "ignored duplicate"],
  },
  {
    name: "a third proposal with a polka is accepted",
    given: ["proposal 0 A", "proposal 0 B", "polka 0 C by 0,2,3", "proposal 0 C", "timeout propose 0", "valid C"],
    want: ["evidence: proposal 0 A by 0, proposal 0 B by 0", "prevote 0 nil", "timer prevote 0", "precommit 0 C"],
  },
  {
    name: "a third proposal with a quorum of precommits is accepted",
    given: ["proposal 0 A", "proposal 0 B", "precommit 0 C by 0,2,3", "valid C", "proposal 0 C"],
    want: ["evidence: proposal 0 A by 0, proposal 0 B by 0", "timer precommit 0", "decide 0 C"],
  },
  {
    name: "a third proposal with the polka of an earlier round is accepted",
    given: [
      "prevote 0 C by 0,2,3",
      "timeout precommit 0",
      "timeout precommit 1",
      "proposal 2 A",
      "proposal 2 B",
      "proposal 2 C pol 0",
      "valid C",
    ],
    want: [...OPENED, "round 2", "timer propose 2", "evidence: proposal 2 A by 2, proposal 2 B by 2", "prevote 2 C"],
  },
];

describe("beyond the paper", () => {
  test.for(cases)("$name", ({me = 1, given, want, state = {}}) => {
    const end = play({me, given});
    expect(end.seen).toEqual(want);
    expect(end.state).toMatchObject(state);
  });

  test("the same value signed twice is no evidence", () => {
    const {state} = play({given: ["prevote 0 A by 3", "proposal 0 A"]});
    const again: Input[] = inputsOf("prevote 0 A by 3")
      .concat(inputsOf("proposal 0 A"))
      .map((input) => ({...input, id: "other bytes"}) as Input);
    expect(again.flatMap((input) => step(state, input).effects.map(brief))).toEqual(["ignored duplicate", "ignored duplicate"]);
  });
});

describe("a height", () => {
  const start = (height: number, me: number | null = 1): Input => ({kind: "start", height, set: FOUR, me});
  const codes = (state: State, input: Input) => step(state, input).effects.map(brief);

  test("nothing is taken before the first start", () => {
    expect(inputsOf("prevote 0 A by 0").flatMap((input) => codes(initialState(), input))).toEqual(["ignored notStarted"]);
  });

  test("other heights are the driver's to keep", () => {
    const {state} = play({given: []});
    const votes = [HEIGHT - 1, HEIGHT + 1].map((height) => ({...inputsOf("prevote 0 A by 0")[0], height}) as Input);
    expect(votes.flatMap((vote) => codes(state, vote))).toEqual(["ignored otherHeight", "ignored otherHeight"]);
  });

  test("a start goes forward only, decided or not", () => {
    for (const {state} of [play({given: []}), play({given: ["commit 0 A by none"]})]) {
      expect([HEIGHT, HEIGHT - 1].flatMap((height) => codes(state, start(height)))).toEqual(["ignored staleStart", "ignored staleStart"]);
      expect(codes(state, start(HEIGHT + 3))).toEqual(["round 0", "timer propose 0"]);
    }
  });

  test("the own index is in the set or null", () => {
    expect([4, -1].flatMap((me) => codes(initialState(), start(1, me)))).toEqual(["ignored unknownValidator", "ignored unknownValidator"]);
  });

  test("a lone validator decides by itself", () => {
    const set = setOf(5);
    const given = ["value 0 A", "proposal 0 A", "valid A", "prevote 0 A by 0", "precommit 0 A by 0"];
    expect(play({set, me: 0, given}).seen).toEqual(["propose 0 A", "prevote 0 A", "precommit 0 A", "decide 0 A"]);
  });
});
