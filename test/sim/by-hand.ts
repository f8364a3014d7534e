import {type Effect, type Input, initialState, type State, step} from "../../src/consensus/main.ts";
import {brief, FOUR, HEIGHT, inputsOf} from "../../src/consensus/scenario.ts";
import type {StepFunction} from "./world.ts";

/** Rounds after which nobody will decide any more. */
const ROUNDS = 40;

export type Partial = {readonly from: number; readonly round: number; readonly value: string};

/** One of four equal validators, driven by hand. */
export class Honest {
  readonly me: number;
  readonly #step: StepFunction;
  readonly partials: Partial[] = [];
  readonly effects: Effect[] = [];
  state: State = initialState();

  constructor(me: number, design: StepFunction = step) {
    this.me = me;
    this.#step = design;
    this.take({kind: "start", height: HEIGHT, set: FOUR, me});
  }

  take(input: Input): readonly Effect[] {
    const next = this.#step(this.state, input);
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

export interface Surroundings {
  /** Who prevoted what is proposed again, as its proposer shows it; null: it shows nothing. */
  readonly polka: (round: number) => readonly number[] | null;
  readonly verdict?: (me: number, value: string) => "valid" | "invalid";
}

/**
 * From the end of round 0 on: every message and every timer, in order, with a network that loses nothing. What could be better?
 * Returns what was decided, in order; nothing where nobody decides in many rounds.
 */
export function runOn(nodes: readonly Honest[], {polka, verdict = () => "valid"}: Surroundings): string[] {
  const inbox: [Honest, Input][] = nodes.map((node) => [node, {kind: "timeout", step: "precommit", height: HEIGHT, round: 0}]);
  const timers: [Honest, Input][] = [];
  const everybody = (input: Input) => inbox.push(...nodes.map((node): [Honest, Input] => [node, input]));
  const decided: string[] = [];
  for (let next = inbox.shift() ?? timers.shift(); next !== undefined; next = inbox.shift() ?? timers.shift()) {
    const [node, input] = next;
    const {me} = node;
    if (node.state.round > ROUNDS) break;
    if (input.kind === "proposal") inbox.push([node, {kind: "verdict", value: input.value, verdict: verdict(me, input.value)}]);
    for (const effect of node.take(input)) {
      const id = `${me} ${brief(effect)}`;
      if (effect.kind === "getValue") inbox.push([node, {kind: "value", round: effect.round, value: `w${effect.round}`}]);
      else if (effect.kind === "vote") everybody({...effect, from: me, id});
      else if (effect.kind === "timer") timers.push([node, {...effect, kind: "timeout"}]);
      else if (effect.kind === "decide") decided.push(effect.value);
      else if (effect.kind === "propose") {
        const from = effect.polRound < 0 ? null : polka(effect.polRound);
        if (from !== null) everybody({kind: "polka", height: HEIGHT, round: effect.polRound, value: effect.value, from});
        everybody({...effect, kind: "proposal", from: me, id});
      }
    }
  }
  return decided;
}
