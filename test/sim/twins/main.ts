import {parseArgs} from "node:util";
import {explore, traceOf} from "./explore.ts";
import {ALL, proposerLists, SPLITS, splitName} from "./scenarios.ts";

const USAGE = `npm run sim -- --twins [--every N]

Plays every scenario of four validators of which one runs twice with one key: three rounds, ${SPLITS.length} ways for the network to fall apart in
each, any proposer. --every N plays those of each Nth beginning of two rounds. The first that fails is shown with its inputs.
`;

/** The exit code: 0 every scenario holds, 1 one does not, 2 wrong usage. */
export function main(args: readonly string[]): number {
  const {values} = parseArgs({args: [...args], options: {every: {type: "string", default: "1"}, help: {type: "boolean", default: false}}});
  const every = Number(values.every);
  if (values.help || !Number.isSafeInteger(every) || every < 1) {
    process.stderr.write(USAGE);
    return 2;
  }
  const began = performance.now();
  const totals = {scenarios: 0, roundMax: 0};
  for (const proposers of proposerLists()) {
    const {scenarios, roundMax, failures} = explore({lists: [proposers], every});
    totals.scenarios += scenarios;
    totals.roundMax = Math.max(totals.roundMax, roundMax);
    const [first] = failures;
    if (first !== undefined) {
      const {scenario, failure} = first;
      process.stdout.write(`${traceOf(scenario).join("\n")}\n`);
      process.stdout.write(`proposers ${proposers.join()}, rounds ${scenario.splits.map(splitName).join(" ")}: ${failure}\n`);
      return 1;
    }
    process.stdout.write(`proposers ${proposers.join()}: ${scenarios} scenarios hold\n`);
  }
  const seconds = Math.round((performance.now() - began) / 1_000);
  process.stdout.write(
    `${totals.scenarios} scenarios hold in ${seconds} s, of ${ALL} before renamings are left out; last decision in round ${totals.roundMax}\n`,
  );
  return 0;
}
