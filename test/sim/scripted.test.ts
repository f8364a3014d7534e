/** Two hazards, played out by hand with the machine alone. Validators 0, 1, 2 are honest, 3 lies or is silent; i proposes rounds i, i + 4, … */

import {describe, expect, test} from "vitest";
import {type Effect, type Input, initialState, type State, step} from "../../src/consensus/main.ts";
import {brief, FOUR, HEIGHT, inputsOf} from "../../src/consensus/scenario.ts";

const QUORUM = 3;

type Partial = {readonly from: number; readonly round: number; readonly value: string};

class Honest {
  readonly me: number;
  readonly partials: Partial[] = [];
  readonly effects: Effect[] = [];
  state: State = initialState();

  constructor(me: number) {
    this.me = me;
    this.take({kind: "start", height: HEIGHT, set: FOUR, me});
  }

  take(input: Input): readonly Effect[] {
    const next = step(this.state, input);
    this.state = next.state;
    this.effects.push(...next.effects);
    for (const effect of next.effects) {
      if (effect.kind !== "vote" || effect.type !== "precommit" || effect.value === null) continue;
      this.partials.push({from: this.me, round: effect.round, value: effect.value});
    }
    return next.effects;
  }

  read(...lines: string[]): string[] {
    return lines.flatMap((line) => inputsOf(line)).flatMap((input) => this.take(input).map(brief));
  }

  /** Nothing arrives in this round: nil, nil, next. */
  pass(round: number): void {
    this.read(`timeout propose ${round}`, `timeout prevote ${round}`, `timeout precommit ${round}`);
  }
}

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
  const ROUNDS = 40;

  /** 0 and 1 have locked v with the help of 3, which says nothing any more. 2 has seen a payment that v leaves out. */
  function afterOneLockedRound(verdictAt2: "invalid" | null): Honest[] {
    const [a, b, c] = [new Honest(0), new Honest(1), new Honest(2)];
    for (const node of [a, b]) node.read("valid v", "proposal 0 v", "prevote 0 v by 0,1,3");
    c.read("proposal 0 v", ...(verdictAt2 === null ? [] : [`${verdictAt2} v`]), "timeout propose 0", "timeout prevote 0");
    return [a, b, c];
  }

  /** Every message and every timer, in order, with a network that loses nothing: what could be better? */
  function run(nodes: readonly Honest[], verdictAt2: (value: string) => "valid" | "invalid"): string[] {
    const inbox: [Honest, Input][] = nodes.map((node) => [node, {kind: "timeout", step: "precommit", height: HEIGHT, round: 0}]);
    const timers: [Honest, Input][] = [];
    const everybody = (input: Input) => inbox.push(...nodes.map((node): [Honest, Input] => [node, input]));
    const decided: string[] = [];
    for (let next = inbox.shift() ?? timers.shift(); next !== undefined; next = inbox.shift() ?? timers.shift()) {
      const [node, input] = next;
      if (node.state.round > ROUNDS) break;
      if (input.kind === "proposal")
        inbox.push([node, {kind: "verdict", value: input.value, verdict: node.me === 2 ? verdictAt2(input.value) : "valid"}]);
      for (const effect of node.take(input)) {
        const {me} = node;
        if (effect.kind === "getValue") inbox.push([node, {kind: "value", round: effect.round, value: `w${effect.round}`}]);
        else if (effect.kind === "vote") everybody({...effect, from: me, id: `${me} ${brief(effect)}`});
        else if (effect.kind === "timer") timers.push([node, {...effect, kind: "timeout"}]);
        else if (effect.kind === "decide") decided.push(effect.value);
        else if (effect.kind === "propose") {
          if (effect.polRound === 0) everybody({kind: "polka", height: HEIGHT, round: 0, value: "v", from: [0, 1, 3]});
          everybody({...effect, kind: "proposal", from: me, id: `${me} ${brief(effect)}`});
        }
      }
    }
    return decided;
  }

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
