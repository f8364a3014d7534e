import {parseArgs} from "node:util";
import {FAULTS, type FaultName} from "./faults.ts";
import {shrink} from "./shrink.ts";
import {type Options, simulate} from "./simulate.ts";

const USAGE = `npm run sim -- --seeds A..B [--validators N] [--heights N] [--faults ${FAULTS.join(",")}] [--trace]

Runs round machines alone; whole validators with --nodes. The first seed that fails is run again with as little as still makes it
fail, its trace is printed, and the exit code is 1.`;

type Wanted = Pick<Options, "nodes" | "heights" | "faults" | "isTraced"> & {readonly first: number; readonly last: number};

/** The exit code: 0 every seed holds, 1 one does not, 2 wrong usage. */
export function main(args: readonly string[]): number {
  const options = readOptions(args);
  if (options === null) {
    console.error(USAGE);
    return 2;
  }
  const {first, last, ...rest} = options;
  const began = performance.now();
  const totals = {events: 0, roundMax: 0};
  for (let seed = first; seed <= last; seed++) {
    const outcome = simulate(seed, rest);
    totals.events += outcome.events;
    totals.roundMax = Math.max(totals.roundMax, outcome.roundMax);
    if (rest.isTraced) console.log(outcome.trace.join("\n"));
    if (outcome.failure === null) continue;
    report(seed, outcome.failure, rest);
    return 1;
  }
  const seconds = (performance.now() - began) / 1_000;
  const runs = last - first + 1;
  console.log(`${runs} seeds hold: ${Math.round(runs / seconds)} runs/s, ${totals.events} events, highest round ${totals.roundMax}`);
  return 0;
}

function report(seed: number, failure: string, options: Omit<Wanted, "first" | "last">): void {
  const {outcome, options: least} = shrink(seed, options, failure);
  console.log(outcome.trace.join("\n"));
  console.log(`seed ${seed}: ${failure}`);
  if (outcome.seed !== seed || outcome.failure !== failure) console.log(`shortest, above: seed ${outcome.seed}: ${outcome.failure}`);
  const {nodes, heights, faults} = least;
  console.log(
    `again: npm run sim -- --seeds ${outcome.seed} --validators ${nodes} --heights ${heights} --faults ${faults.join(",") || "none"}`,
  );
}

function readOptions(args: readonly string[]): Wanted | null {
  const values = parsed(args);
  if (values === null || values.help) return null;
  const seeds = /^(\d+)(?:\.\.(\d+))?$/.exec(values.seeds);
  const names = values.faults === "none" ? [] : values.faults.split(",");
  const faults = names.filter((name): name is FaultName => FAULTS.some((known) => known === name));
  const [nodes, heights] = [Number(values.validators), Number(values.heights)];
  if (seeds === null || faults.length !== names.length || !isPositive(nodes) || !isPositive(heights)) return null;
  const first = Number(seeds[1]);
  return {first, last: Number(seeds[2] ?? first), nodes, heights, faults, isTraced: values.trace};
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        seeds: {type: "string", default: "1..1000"},
        validators: {type: "string", default: "4"},
        heights: {type: "string", default: "1"},
        faults: {type: "string", default: FAULTS.join(",")},
        trace: {type: "boolean", default: false},
        help: {type: "boolean", default: false},
      },
    }).values;
  } catch (error) {
    console.error(String(error));
    return null;
  }
}

function isPositive(n: number): boolean {
  return Number.isSafeInteger(n) && n > 0;
}
