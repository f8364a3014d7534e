/**
 * Shorthand of the tests: a scenario is written and read as words.
 *
 * Validators are indices, values are letters, the height is `HEIGHT`, and with four equal seats validator i proposes rounds i, i + 4, …
 */

import {proposerOf, proposerSchedule} from "./proposer.ts";
import {initialState, step} from "./step.ts";
import type {Effect, Input, State, ValidatorSet} from "./types.ts";

export const HEIGHT = 8;

/** A set with these seats, in this order, and the schedule of the protocol. */
export function setOf(...seats: readonly number[]): ValidatorSet {
  const validators = seats.map((count, i) => ({id: `0x${`${i}`.padStart(40, "0")}`, seats: count}));
  return {epoch: 1, validators, schedule: proposerSchedule(validators)};
}

export const FOUR = setOf(1, 1, 1, 1);

export type Scenario = {readonly set?: ValidatorSet; readonly me?: number | null; readonly given: readonly string[]};

/** Feeds `start` and then each line; returns the effects of every input in words, without those of `start`, and the last state. */
export function play({set = FOUR, me = 1, given}: Scenario): {readonly state: State; readonly seen: readonly string[]} {
  let {state} = step(initialState(), {kind: "start", height: HEIGHT, set, me});
  const seen: string[] = [];
  for (const input of given.flatMap((line) => inputsOf(line, set))) {
    const next = step(state, input);
    state = next.state;
    seen.push(...next.effects.map(brief));
  }
  return {state, seen};
}

/**
 * `proposal 0 A`, `proposal 4 A pol 2 by 0`, `prevote 0 A by 1,2`, `precommit 0 nil by 3`, `valid A`, `invalid A`, `value 0 none`,
 * `polka 0 A by 1,2,3`, `commit 0 A by none`, `timeout prevote 0`. One input, or one per voter.
 */
export function inputsOf(line: string, set: ValidatorSet = FOUR): readonly Input[] {
  const [word = "", second = "", third = "", ...rest] = line.split(" ");
  const round = Number(second);
  const by = wordAfter(rest, "by")?.split(",").map(Number) ?? [];
  const value = third === "nil" || third === "none" ? null : third;
  switch (word) {
    case "valid":
    case "invalid":
      return [{kind: "verdict", value: second, verdict: word}];
    case "value":
      return [{kind: "value", round, value}];
    case "timeout":
      return [{kind: "timeout", step: second as "propose", height: HEIGHT, round: Number(third)}];
    case "polka":
    case "commit":
      return [{kind: word, height: HEIGHT, round, value: third, from: by.filter((from) => !Number.isNaN(from))}];
    case "prevote":
    case "precommit":
      return by.map((from) => ({kind: "vote", type: word, height: HEIGHT, round, value, from, id: `${word} ${round} ${third} by ${from}`}));
    case "proposal": {
      const polRound = Number(wordAfter(rest, "pol") ?? -1);
      const from = by[0] ?? proposerOf(set, HEIGHT, round);
      return [{kind: "proposal", height: HEIGHT, round, polRound, value: third, from, id: `proposal ${round} ${third} by ${from}`}];
    }
    default:
      throw new RangeError(`no such line: ${line}`);
  }
}

export function brief(effect: Effect): string {
  switch (effect.kind) {
    case "newRound":
      return `round ${effect.round}`;
    case "getValue":
      return `ask value ${effect.round}`;
    case "propose":
      return `propose ${effect.round} ${effect.value}${effect.polRound === -1 ? "" : ` pol ${effect.polRound}`}`;
    case "vote":
      return `${effect.type} ${effect.round} ${effect.value ?? "nil"}`;
    case "timer":
      return `timer ${effect.step} ${effect.round}`;
    case "decide":
      return `decide ${effect.round} ${effect.value}`;
    case "evidence":
      return `evidence: ${effect.first}, ${effect.second}`;
    case "ignored":
      return `ignored ${effect.code}`;
  }
}

function wordAfter(words: readonly string[], key: string): string | undefined {
  const at = words.indexOf(key);
  return at === -1 ? undefined : words[at + 1];
}
