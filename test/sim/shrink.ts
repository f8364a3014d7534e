import type {FaultName} from "./faults.ts";
import {type Options, type Outcome, simulate} from "./simulate.ts";

/** Seeds that are tried with the faults that are left: the draws of a run follow from all of its faults, so another seed may show it sooner. */
const NEIGHBOURS = 60;
const SHORT_MS = 10_000;

type Shrinkable = Partial<Options> & {readonly faults: readonly FaultName[]; readonly heights: number; readonly nodes: number};

/**
 * The shortest run found that fails as this seed does, with its trace, and the options that make it: fewer heights and faults while
 * some seed near it still fails, and of those seeds the one with the fewest events.
 */
export function shrink<T extends Shrinkable>(seed: number, options: T, failure: string): {outcome: Outcome; options: T} {
  const seeds = [seed, ...Array.from({length: NEIGHBOURS}, (_, i) => i + 1)];
  const isAlike = (outcome: Outcome) => outcome.failure !== null && kindOf(outcome.failure) === kindOf(failure);
  const find = (tried: T): Outcome | undefined =>
    seeds.map((one) => simulate(one, {...tried, isTraced: false, livenessMs: SHORT_MS})).find(isAlike);
  let least = options;
  const offer = (fewer: T) => {
    if (find(fewer) !== undefined) least = fewer;
  };
  if (options.heights > 1) offer({...least, heights: 1});
  for (const fault of options.faults) offer({...least, faults: least.faults.filter((name) => name !== fault)});
  const found = seeds.map((one) => simulate(one, {...least, isTraced: false, livenessMs: SHORT_MS})).filter(isAlike);
  const shortest = found.sort((a, b) => a.events - b.events)[0]?.seed ?? seed;
  const outcome = simulate(shortest, {...least, isTraced: true, ...(found.length > 0 && {livenessMs: SHORT_MS})});
  return {outcome: {...outcome, trace: outcome.trace.filter(isWorthReading)}, options: least};
}

/** What a machine only ignored, the same message again above all, tells nobody anything. */
function isWorthReading(line: string): boolean {
  const effects = line.split("\n").slice(1);
  return effects.length === 0 || !effects.every((effect) => effect.includes('"kind":"ignored"'));
}

function kindOf(failure: string): string {
  return failure.startsWith("liveness") ? "liveness" : "safety";
}
