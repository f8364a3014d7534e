/** Hazards that halted or split other engines, played out by hand with the machine alone, in the bad design and in ours. Validators 0, 1, 2 are honest, 3 lies or is silent; i proposes rounds i, i + 4, … */

import {describe, expect, test} from "vitest";
import {step} from "../../src/consensus/main.ts";
import {brief} from "../../src/consensus/scenario.ts";
import {Honest, type Partial, runOn} from "./by-hand.ts";
import type {StepFunction} from "./world.ts";

const QUORUM = 3;

describe("why the round is in the certificate's digest", () => {
  const a = new Honest(0);
  const b = new Honest(1);
  const c = new Honest(2);

  // Round 0: a alone sees the polka for v.
  for (const node of [a, b, c]) node.read("valid v", "valid w", "proposal 0 v");
  a.read("prevote 0 v by 0,1,2");
  for (const node of [b, c]) node.read("timeout prevote 0");
  for (const node of [a, b, c]) node.read("timeout precommit 0");
  // Round 1: b proposes w afresh, the liar completes its polka at c alone.
  b.read("value 1 w");
  for (const node of [a, b, c]) node.read("proposal 1 w");
  c.read("prevote 1 w by 1,2,3");
  for (const node of [a, b]) node.read("timeout prevote 1");
  for (const node of [a, b, c]) node.read("timeout precommit 1");
  for (const node of [a, b, c]) for (const round of [2, 3]) node.pass(round);
  // Round 4: a proposes v again; b follows the polka of round 0, and the liar completes the new one at b alone.
  for (const node of [a, b, c]) node.read("polka 0 v by 0,1,2", "proposal 4 v pol 0");
  b.read("prevote 4 v by 0,1,3");
  for (const node of [a, c]) node.read("timeout prevote 4");
  for (const node of [a, b, c]) node.read("timeout precommit 4");
  for (const node of [a, b, c]) node.pass(5);
  // Round 6: c proposes w again; its polka of round 1 opens a's lock of round 0.
  for (const node of [a, b, c]) node.read("polka 1 w by 1,2,3", "proposal 6 w pol 1", "prevote 6 w by 0,2,3", "precommit 6 w by 0,2,3");

  const partials = [a, b, c].flatMap((node) => node.partials);
  const liars = [0, 1, 2, 3, 4, 5, 6].flatMap((round) => ["v", "w"].map((value) => ({from: 3, round, value})));
  const signers = (fits: (partial: Partial) => boolean) => new Set([...partials, ...liars].filter(fits).map(({from}) => from)).size;

  test("all honest nodes decide w, by normal rules", () => {
    expect([a, b, c].map((node) => node.effects.map(brief).at(-1))).toEqual(["decide 6 w", "decide 6 w", "decide 6 w"]);
    expect(partials.filter(({value}) => value === "v")).toEqual([
      {from: 0, round: 0, value: "v"},
      {from: 1, round: 4, value: "v"},
    ]);
  });

  test("a digest without the round has a quorum of partials for w, and for v as well", () => {
    expect(signers(({value}) => value === "w")).toBeGreaterThanOrEqual(QUORUM);
    expect(signers(({value}) => value === "v")).toBeGreaterThanOrEqual(QUORUM);
  });

  test("a digest with the round has one for w in the decided round, and for v in none", () => {
    expect(signers(({value, round}) => value === "w" && round === 6)).toBeGreaterThanOrEqual(QUORUM);
    for (let round = 0; round <= 6; round++) expect(signers((one) => one.value === "v" && one.round === round)).toBeLessThan(QUORUM);
  });
});

describe("why an omission is not invalid", () => {
  /** 0 and 1 have locked v with the help of 3, which says nothing any more. 2 has seen a payment that v leaves out. */
  function afterOneLockedRound(verdictAt2: "invalid" | null): Honest[] {
    const [a, b, c] = [new Honest(0), new Honest(1), new Honest(2)];
    for (const node of [a, b]) node.read("valid v", "proposal 0 v", "prevote 0 v by 0,1,3");
    c.read("proposal 0 v", ...(verdictAt2 === null ? [] : [`${verdictAt2} v`]), "timeout propose 0", "timeout prevote 0");
    return [a, b, c];
  }

  const polka = (round: number) => (round === 0 ? [0, 1, 3] : null);
  const run = (nodes: readonly Honest[], verdictAt2: (value: string) => "valid" | "invalid") =>
    runOn(nodes, {polka, verdict: (me, value) => (me === 2 ? verdictAt2(value) : "valid")});

  test("were it invalid, one late payment and one silent validator would halt the others for ever", () => {
    const nodes = afterOneLockedRound("invalid");
    expect(run(nodes, (value) => (value === "v" ? "invalid" : "valid"))).toEqual([]);
    expect(nodes.map(({state}) => state.locked?.value ?? null)).toEqual(["v", "v", null]);
  });

  test("a verdict that is only withheld, and that the polka lifts, decides in the next round", () => {
    const nodes = afterOneLockedRound(null);
    expect(run(nodes, () => "valid")).toEqual(["v", "v", "v"]);
    expect(nodes.map(({state}) => state.round)).toEqual([1, 1, 1]);
  });

  test("a verdict once valid stays valid, so a payment seen later changes nothing either", () => {
    const nodes = afterOneLockedRound(null);
    expect(nodes[2]?.read("valid v", "invalid v")).toContain("ignored verdictFinal");
    expect(run(nodes, (value) => (value === "v" ? "invalid" : "valid"))).toEqual(["v", "v", "v"]);
  });
});

describe("a lock that nobody knows of", () => {
  /** 0 alone hears the liar's prevote for v, and locks. From then on the liar is silent, and nothing is lost. */
  function afterTheLock(design: StepFunction = step): Honest[] {
    const nodes = [0, 1, 2].map((me) => new Honest(me, design));
    for (const node of nodes) node.read("valid v", "proposal 0 v", "prevote 0 v by 0,1");
    nodes[0]?.read("prevote 0 v by 3");
    for (const node of nodes.slice(1)) node.read("prevote 0 nil by 2", "timeout prevote 0");
    expect(nodes.map(({state}) => state.locked?.value ?? null)).toEqual(["v", null, null]);
    return nodes;
  }
  const shown = (round: number) => (round === 0 ? [0, 1, 3] : null);

  test("opens nobody's eyes where a re-proposal comes without its polka: a halt for ever", () => {
    const nodes = afterTheLock();
    expect(runOn(nodes, {polka: () => null})).toEqual([]);
    expect(nodes[0]?.state.locked?.value).toBe("v");
  });

  test("halts for ever where who is locked proposes something else", () => {
    const forgetful: StepFunction = (state, input) => {
      const next = step(state, input);
      return {...next, state: {...next.state, valid: null}};
    };
    expect(runOn(afterTheLock(forgetful), {polka: shown})).toEqual([]);
  });

  test("is a decision as soon as the locked one proposes again and shows the polka", () => {
    const nodes = afterTheLock();
    expect(runOn(nodes, {polka: shown})).toEqual(["v", "v", "v"]);
    expect(nodes.map(({state}) => state.round)).toEqual([4, 4, 4]);
  });
});

describe("a third proposal, with a quorum behind it", () => {
  /** Keeps no more than two proposals of a round, whoever stands behind a third. */
  const keepingTwo: StepFunction = (state, input) => {
    const record = input.kind === "proposal" ? state.rounds.find(({round}) => round === input.round) : undefined;
    return (record?.proposals.length ?? 0) < 2 ? step(state, input) : {state, effects: []};
  };

  /** The liar proposed x and y to 1, and z to the others, who decided it; none of them says anything more about it. */
  function at1(design: StepFunction): string[] {
    const node = new Honest(1, design);
    for (const round of [0, 1, 2]) node.pass(round);
    node.read("proposal 3 x", "valid x", "proposal 3 y", "valid y");
    return node.read("prevote 3 z by 0,2,3", "precommit 3 z by 0,2,3", "proposal 3 z", "valid z");
  }

  test("is lost where two are all that is kept: who has heard of it too late never decides", () => {
    expect(at1(keepingTwo).filter((effect) => effect.startsWith("decide"))).toEqual([]);
  });
  test("is taken", () => expect(at1(step)).toContain("decide 3 z"));

  test("a third with nobody behind it is not", () => {
    const node = new Honest(1);
    for (const round of [0, 1, 2]) node.pass(round);
    expect(node.read("proposal 3 x", "proposal 3 y", "proposal 3 z")).toContain("ignored proposalsFull");
  });
});
