import {parseArgs} from "node:util";
import {FAULTS, type FaultName} from "./faults.ts";
import {shrink} from "./shrink.ts";
import {type Options, simulate} from "./simulate.ts";

const USAGE = `npm run sim -- --nodes --seeds A..B [--seats 1,1,1,1] [--from key|genesis] [--faults ${FAULTS.join(",")}] [--trace] [--all]

Runs whole validators. The first seed that fails is run again with as few faults as still make it fail, its trace is printed, and
the exit code is 1; with --all the failing seeds are only listed.
`;

type Wanted = Pick<Options, "seats" | "faults" | "from" | "isTraced"> & {
  readonly first: number;
  readonly last: number;
  readonly isAll: boolean;
};

/** The exit code: 0 every seed holds, 1 one does not, 2 wrong usage. */
export async function main(args: readonly string[]): Promise<number> {
  const wanted = readOptions(args);
  if (wanted === null) {
    process.stderr.write(USAGE);
    return 2;
  }
  const {first, last, isAll, ...options} = wanted;
  await simulate(first, {...options, faults: []}); // makes what all runs start from
  const began = performance.now();
  const totals = {events: 0, heights: 0, roundMax: 0, failed: 0};
  for (let seed = first; seed <= last; seed++) {
    const outcome = await simulate(seed, options);
    totals.events += outcome.events;
    totals.heights += outcome.heights;
    totals.roundMax = Math.max(totals.roundMax, outcome.roundMax);
    if (options.isTraced) say(...outcome.trace);
    if (outcome.failure === null) continue;
    totals.failed++;
    say(`seed ${seed}: ${outcome.failure}`);
    if (isAll) continue;
    const least = await shrink(seed, options, outcome.failure);
    say(...least.trace, `seed ${seed}: ${least.failure}`);
    return 1;
  }
  const runs = last - first + 1;
  const perSecond = (runs / (performance.now() - began)) * 1_000;
  const {events, heights, roundMax, failed} = totals;
  say(
    `${runs - failed} of ${runs} seeds hold: ${perSecond.toFixed(1)} runs/s, ${events} events, ${heights} heights, highest round ${roundMax}`,
  );
  return failed === 0 ? 0 : 1;
}

function readOptions(args: readonly string[]): Wanted | null {
  const values = parsed(args);
  if (values === null || values.help) return null;
  const seeds = /^(\d+)(?:\.\.(\d+))?$/.exec(values.seeds);
  const seats = values.seats.split(",").map(Number);
  const names = values.faults === "none" ? [] : values.faults.split(",");
  const faults = names.filter((name): name is FaultName => FAULTS.some((known) => known === name));
  const {from} = values;
  if (seeds === null || faults.length !== names.length || !seats.every((n) => Number.isSafeInteger(n) && n > 0)) return null;
  if (from !== "key" && from !== "genesis") return null;
  const first = Number(seeds[1]);
  return {first, last: Number(seeds[2] ?? first), seats, faults, from, isTraced: values.trace, isAll: values.all};
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        seeds: {type: "string", default: "1..100"},
        seats: {type: "string", default: "1,1,1,1"},
        from: {type: "string", default: "key"},
        faults: {type: "string", default: FAULTS.join(",")},
        trace: {type: "boolean", default: false},
        all: {type: "boolean", default: false},
        help: {type: "boolean", default: false},
      },
    }).values;
  } catch (error) {
    process.stderr.write(`${String(error)}\n`);
    return null;
  }
}

function say(...lines: readonly string[]): void {
  process.stdout.write(`${lines.join("\n")}\n`);
}
