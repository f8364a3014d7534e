import {spawn} from "node:child_process";
import {cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync} from "node:fs";
import {tmpdir} from "node:os";
import {join} from "node:path";
import {parseArgs} from "node:util";
import {core} from "./core.ts";
import type {Group, Mutant, Trial} from "./mutant.ts";
import {around} from "./node.ts";

const GROUPS: readonly Group[] = [core, ...around];
const USAGE = `npm run mutants -- [--only text] [--quick] [--group ${GROUPS.map(({name}) => `"${name}"`).join("|")}]

Plants one mistake at a time in a copy of the sources, runs the tests that are to notice it, and prints which did. The exit code is 1
where a mutant survives. --quick runs the fastest tests of each only.
`;
const TRIAL_MS = 240_000;
const ROOT = new URL("../..", import.meta.url).pathname;
const COPIED = ["src", "test", "testnet", "contracts", "scripts", "package.json", "tsconfig.json", "vitest.config.ts"];

type Fate = {readonly by: string | null; readonly ms: number};

async function main(): Promise<number> {
  const {values} = parseArgs({
    options: {
      only: {type: "string", default: ""},
      quick: {type: "boolean", default: false},
      group: {type: "string"},
      help: {type: "boolean", default: false},
    },
  });
  if (values.help) {
    say(USAGE);
    return 2;
  }
  const chosen = GROUPS.filter(({name}) => values.group === undefined || name === values.group);
  const groups = values.quick ? chosen.map((group) => ({...group, trials: group.trials.slice(0, 1)})) : chosen;
  const dir = mkdtempSync(join(tmpdir(), "mvm-mutants-"));
  try {
    for (const name of COPIED) cpSync(join(ROOT, name), join(dir, name), {recursive: true});
    for (const name of ["node_modules", "build"]) symlinkSync(join(ROOT, name), join(dir, name));
    const survivors: string[] = [];
    let killed = 0;
    for (const group of groups) {
      const mutants = group.mutants.filter(({name, file}) => `${file} ${name}`.includes(values.only));
      if (mutants.length === 0) continue;
      await expectSound(dir, group);
      for (const mutant of mutants) {
        const {by, ms} = await fateOf(dir, mutant, group.trials);
        if (by === null) survivors.push(mutant.name);
        else killed++;
        say(`${by === null ? "SURVIVED" : "killed  "}  ${mutant.file}  ${mutant.name}  ${by ?? ""}  ${Math.round(ms / 1_000)} s\n`);
      }
    }
    say(`\n${killed} killed, ${survivors.length} survived${survivors.map((name) => `\n  ${name}`).join("")}\n`);
    return survivors.length === 0 ? 0 : 1;
  } finally {
    rmSync(dir, {recursive: true, force: true});
  }
}

/** Without a mistake the tests pass, or what they say of mistakes is worth nothing. */
async function expectSound(dir: string, {name, trials}: Group): Promise<void> {
  for (const trial of trials) if (await fails(dir, trial)) throw new Error(`${name}: "${trial.name}" fails without any mutant`);
}

async function fateOf(dir: string, {name, file, from, to}: Mutant, trials: readonly Trial[]): Promise<Fate> {
  const path = join(dir, file);
  const sound = readFileSync(path, "utf8");
  if (sound.split(from).length !== 2) throw new Error(`${name}: what it replaces does not stand in ${file} exactly once`);
  writeFileSync(
    path,
    sound.replace(from, () => to),
  );
  const began = performance.now();
  try {
    for (const trial of trials) if (await fails(dir, trial)) return {by: trial.name, ms: performance.now() - began};
    return {by: null, ms: performance.now() - began};
  } finally {
    writeFileSync(path, sound);
  }
}

/** Whether a test of the trial fails; one that does not end has noticed something too. */
function fails(dir: string, {tests, only, env}: Trial): Promise<boolean> {
  const args = [
    join(dir, "node_modules/vitest/vitest.mjs"),
    "run",
    "--bail",
    "1",
    "--reporter",
    "dot",
    ...(only === undefined ? [] : ["-t", only]),
    ...tests,
  ];
  const child = spawn(process.execPath, args, {cwd: dir, env: {...process.env, ...env}, stdio: "ignore", detached: true});
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
    }, TRIAL_MS);
    child.once("error", reject);
    child.once("exit", (code) => {
      clearTimeout(timer);
      resolve(code !== 0);
    });
  });
}

function say(text: string): void {
  process.stdout.write(text);
}

process.exitCode = await main();
