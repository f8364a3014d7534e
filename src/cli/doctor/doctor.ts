import {MvmError} from "../../base/errors.ts";
import type {DirOption} from "../program.ts";
import {examine} from "./checks.ts";

/** Something that a node needs is missing or broken. */
export class DoctorError extends MvmError<"NOT_WELL", {failed: readonly string[]}> {}

const MARKS = {ok: "✔", warning: "!", failed: "✖", skipped: "–"} as const;

/** Examines a node's directory and everything it depends on. Throws DoctorError where a check failed. */
export async function doctor({dir, json}: DirOption & {json: boolean}): Promise<void> {
  const findings = await examine(dir);
  if (json) process.stdout.write(`${JSON.stringify(findings)}\n`);
  else
    for (const {check, result, text, advice} of findings) {
      process.stdout.write(`${MARKS[result]} ${check.padEnd(10)} ${text}\n`);
      if (advice !== undefined) process.stdout.write(`  ${"".padEnd(10)} → ${advice}\n`);
    }
  const failed = findings.filter((f) => f.result === "failed").map((f) => f.check);
  if (failed.length > 0) throw new DoctorError("NOT_WELL", {failed});
}
