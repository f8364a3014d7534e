import type {FaultName} from "./faults.ts";
import {type Options, type Outcome, simulate} from "./simulate.ts";

/** The run of a failing seed with as few faults as still make it fail in the same way, with its trace. */
export async function shrink(seed: number, options: Partial<Options> & {faults: readonly FaultName[]}, failure: string): Promise<Outcome> {
  let faults = options.faults;
  for (const fault of options.faults) {
    const fewer = faults.filter((name) => name !== fault);
    const outcome = await simulate(seed, {...options, faults: fewer});
    if (outcome.failure !== null && kindOf(outcome.failure) === kindOf(failure)) faults = fewer;
  }
  return simulate(seed, {...options, faults, isTraced: true});
}

function kindOf(failure: string): string {
  return failure.startsWith("liveness") ? "liveness" : "safety";
}
