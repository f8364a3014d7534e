import {inspectLog, type LogReport, repairLog} from "../node/repair.ts";
import {CommandError} from "./errors.ts";
import type {DirOption} from "./program.ts";

/** Says what is wrong with the log of a stopped node, and with `yes` mends it; without, it changes nothing. */
export async function repair({dir, yes, json}: DirOption & {yes: boolean; json: boolean}): Promise<void> {
  const report = yes ? await repairLog(dir) : await inspectLog(dir);
  const isSound = report.state === "sound";
  if (json) process.stdout.write(`${JSON.stringify({...report, repaired: yes && !isSound})}\n`);
  else process.stdout.write(`${[...describe(report), ...(yes && !isSound ? ["repaired"] : [])].join("\n")}\n`);
  if (!isSound && !yes)
    throw new CommandError("NOT_REPAIRED", {file: report.file, advice: "nothing was changed; repeat it with --yes to do this"});
}

function describe(report: LogReport): string[] {
  const {file, state, offset, keptRecords, lostBytes, lostRecords, height, votesFrom, backup} = report;
  if (state === "sound") return [`${file}: sound, ${keptRecords} records; nothing to do`];
  const what =
    state === "missing"
      ? [`${file}: missing, although blocks up to ${height} are stored`]
      : [
          `${file}: damaged at byte ${offset}`,
          `kept: ${keptRecords} records before it`,
          `lost: ${lostBytes} bytes from there to the end, in which ${lostRecords} records can still be read`,
        ];
  return [
    ...what,
    "what is lost may hold votes that have left this validator, and to vote again could contradict them, which is slashed",
    `so it does not vote at height ${votesFrom - 1} and below: it listens until the others have decided them, and votes from ${votesFrom} on`,
    "where more than a third of the seats are silent at one height, nothing is decided there: repair one validator at a time",
    ...(backup === null ? [] : [`the old file is kept as ${backup}`]),
  ];
}
