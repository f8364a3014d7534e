import {parseArgs} from "node:util";
import {FAULTS, type FaultName} from "./faults.ts";
import {type Options, simulate} from "./simulate.ts";

const USAGE = `npm run sim -- --seeds A..B [--nodes N] [--heights N] [--faults ${FAULTS.join(",")}] [--trace]`;

/** Runs the seeds; the first that fails is run again with a trace, printed, and makes the exit code 1. */
function main(): number {
  const options = readOptions();
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
    if (outcome.failure === null && !rest.isTraced) continue;
    console.log(simulate(seed, {...rest, isTraced: true}).trace.join("\n"));
    if (outcome.failure === null) continue;
    console.log(`seed ${seed}: ${outcome.failure}`);
    console.log(
      `again: npm run sim -- --seeds ${seed}..${seed} --nodes ${rest.nodes} --heights ${rest.heights} --faults ${rest.faults.join(",")}`,
    );
    return 1;
  }
  const seconds = (performance.now() - began) / 1_000;
  const runs = last - first + 1;
  console.log(`${runs} seeds hold: ${Math.round(runs / seconds)} runs/s, ${totals.events} events, highest round ${totals.roundMax}`);
  return 0;
}

type Wanted = Pick<Options, "nodes" | "heights" | "faults" | "isTraced"> & {readonly first: number; readonly last: number};

function readOptions(): Wanted | null {
  const {values} = parseArgs({
    options: {
      seeds: {type: "string", default: "1..1000"},
      nodes: {type: "string", default: "4"},
      heights: {type: "string", default: "1"},
      faults: {type: "string", default: FAULTS.join(",")},
      trace: {type: "boolean", default: false},
    },
  });
  const seeds = /^(\d+)(?:\.\.(\d+))?$/.exec(values.seeds);
  const names = values.faults === "none" ? [] : values.faults.split(",");
  const faults = names.filter((name): name is FaultName => FAULTS.some((known) => known === name));
  const [nodes, heights] = [Number(values.nodes), Number(values.heights)];
  if (seeds === null || faults.length !== names.length || !isPositive(nodes) || !isPositive(heights)) return null;
  const first = Number(seeds[1]);
  return {first, last: Number(seeds[2] ?? first), nodes, heights, faults, isTraced: values.trace};
}

function isPositive(n: number): boolean {
  return Number.isSafeInteger(n) && n > 0;
}

process.exitCode = main();
