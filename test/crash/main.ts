import {mkdtempSync, rmSync} from "node:fs";
import {tmpdir} from "node:os";
import {join} from "node:path";
import {parseArgs} from "node:util";
import {prng} from "../sim/prng.ts";
import {CrashRig} from "./rig.ts";

/** Kills validators on real disks hundreds of times: `--kills N --seed S --loss 0.05`. The directory stays where something is wrong. */
const {values} = parseArgs({
  options: {kills: {type: "string", default: "200"}, seed: {type: "string", default: "1"}, loss: {type: "string", default: "0.05"}},
});
const dir = mkdtempSync(join(tmpdir(), "mvm-crash-"));
const rig = new CrashRig(dir, Number(values.loss));
await rig.run(Number(values.kills), prng(Number(values.seed)).unit);
process.stdout.write(`${JSON.stringify(rig.seen)}\n`);
if (rig.violations.length === 0) rmSync(dir, {recursive: true, force: true});
else {
  process.stdout.write(`${rig.violations.join("\n")}\nwhat is on disk: ${dir}\n`);
  process.exitCode = 1;
}
