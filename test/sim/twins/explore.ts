import {step} from "../../../src/consensus/main.ts";
import type {StepFunction} from "../world.ts";
import {Broken, type Moment, Player} from "./play.ts";
import {isFirst, proposerLists, ROUNDS, type Scenario, SPLITS, splitName} from "./scenarios.ts";

export interface Explored {
  /** Scenarios played. */
  scenarios: number;
  /** Highest round in which somebody decided. */
  roundMax: number;
  readonly failures: {readonly scenario: Scenario; readonly failure: string}[];
}

/**
 * Plays every scenario that is not the renaming of another, or those of each `every`th beginning of two rounds. Beginnings are shared,
 * for a moment is plain data. Stops at `failuresMax` that fail.
 */
export function explore(options: {every?: number; step?: StepFunction; failuresMax?: number; lists?: readonly number[][]} = {}): Explored {
  const {every = 1, failuresMax = 1} = options;
  const explored: Explored = {scenarios: 0, roundMax: 0, failures: []};
  for (const proposers of options.lists ?? proposerLists()) {
    const player = new Player(options.step ?? step, proposers);
    let count = 0;
    const visit = (before: Moment, splits: readonly number[]): void => {
      for (let s = 0; s < SPLITS.length && explored.failures.length < failuresMax; s++) {
        const next = [...splits, s];
        if (!isFirst(proposers, next)) continue;
        if (next.length === ROUNDS - 1 && count++ % every !== 0) continue;
        try {
          const after = player.round(before, splits.length, SPLITS[s] as (typeof SPLITS)[number]);
          if (next.length < ROUNDS) visit(after, next);
          else {
            explored.scenarios++;
            explored.roundMax = Math.max(explored.roundMax, player.heal(after));
          }
        } catch (error) {
          if (!(error instanceof Broken)) throw error;
          explored.failures.push({scenario: scenarioOf(proposers, next), failure: error.message});
        }
      }
    };
    visit(player.beginning(), []);
  }
  return explored;
}

/** One scenario again, with a line for every input that changed something. */
export function traceOf(scenario: Scenario, stepOf: StepFunction = step): string[] {
  const lines: string[] = [];
  const player = new Player(stepOf, scenario.proposers, (line) => lines.push(line));
  try {
    let moment = player.beginning();
    for (const [round, split] of scenario.splits.entries()) {
      lines.push(`round ${round}: ${splitName(split)}`);
      moment = player.round(moment, round, split);
    }
    player.heal(moment);
  } catch (error) {
    if (!(error instanceof Broken)) throw error;
    lines.push(error.message);
  }
  return lines;
}

function scenarioOf(proposers: readonly number[], splits: readonly number[]): Scenario {
  return {proposers, splits: splits.map((s) => SPLITS[s] as (typeof SPLITS)[number])};
}
