import {mkdtempSync, rmSync} from "node:fs";
import {tmpdir} from "node:os";
import {join} from "node:path";
import {afterEach, expect, test} from "vitest";
import {prng} from "../sim/prng.ts";
import {CrashRig} from "./rig.ts";

const KILLS = Number(process.env["KILLS"] ?? 20);
const MS_PER_KILL = 10_000;

const dir = mkdtempSync(join(tmpdir(), "mvm-crash-"));
const rig = new CrashRig(dir, 0.05);
afterEach(() => {
  rig.stop();
  rmSync(dir, {recursive: true, force: true});
});

test(
  `validators that are killed ${KILLS} times while they vote never contradict themselves, and replay to the same state`,
  async () => {
    await rig.run(KILLS, prng(KILLS).unit);
    expect(rig.violations).toEqual([]);
    expect(rig.seen.kills).toBe(KILLS);
    expect(rig.seen.torn).toBeGreaterThan(0);
    expect(rig.seen.damaged).toBeGreaterThan(0);
    expect(rig.seen.height).toBeGreaterThan(KILLS);
    expect(rig.seen.signed).toBeGreaterThan(8 * KILLS);
  },
  KILLS * MS_PER_KILL,
);
