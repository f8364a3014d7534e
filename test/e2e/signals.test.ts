import {mkdtempSync, readFileSync, rmSync, writeFileSync} from "node:fs";
import {tmpdir} from "node:os";
import {join} from "node:path";
import {afterAll, describe, expect, test} from "vitest";
import {type Line, type Run, start, startLauncher} from "./processes.ts";

/** One validator: a whole network all the same, and up within a few seconds. */
const dir = mkdtempSync(join(tmpdir(), "mvm-e2e-"));
const again = ["--json", "--dir", dir];
const up = [...again, "--no-demo"];
const runs: Run[] = [];
afterAll(async () => {
  for (const run of runs) await run.clear();
  rmSync(dir, {recursive: true, force: true});
});

const keep = (run: Run): Run => {
  runs.push(run);
  return run;
};
const READY_MS = 60_000;
const STOP_MS = 15_000;
const isReady = (line: Line) => line.event === "ready";
const isUp = (run: Run) => run.line(isReady, "the ready line", READY_MS);

describe.sequential("whatever ends the launcher, nothing is left running", () => {
  test("a network of one validator does the demo", async () => {
    const run = keep(startLauncher(...again, "--validators", "1", "--once"));
    expect(await run.ended(60_000), run.text()).toBe(0);
    await run.gone(1_000);
  }, 80_000);

  test("the directory of one validator is not started with two", async () => {
    const run = keep(startLauncher(...again, "--validators", "2"));
    expect(await run.ended(STOP_MS), run.text()).toBe(1);
    expect(run.lines.map((line) => line.event)).toEqual(["error", "done"]);
    expect(run.lines[0]?.["message"]).toContain("leave the options out");
  });

  test("SIGTERM", async () => {
    const run = keep(startLauncher(...up));
    await isUp(run);
    run.kill("SIGTERM");
    expect(await run.ended(STOP_MS), run.text()).toBe(0);
    await run.gone(1_000);
  }, 80_000);

  test("SIGKILL of the launcher: validators, Mixin devnet and chain end by themselves", async () => {
    const run = keep(startLauncher(...up));
    await isUp(run);
    const names = ["anvil", "mixin-devnet", "mvm.mjs run"];
    expect(names.every((name) => run.processes().some(({command}) => command.includes(name)))).toBe(true);
    run.kill("SIGKILL");
    expect(await run.ended(STOP_MS)).toBe("SIGKILL");
    await run.gone(STOP_MS);
  }, 80_000);

  test("SIGKILL of the shell that started it", async () => {
    const script = `"$0" --import tsx testnet/main.ts "$@"; exit $?`;
    const run = keep(start("sh", ["-c", script, process.execPath, ...up]));
    await isUp(run);
    run.kill("SIGKILL");
    await run.gone(STOP_MS);
  }, 80_000);

  test("SIGKILL of npm, which leaves its shell and tsx behind", async () => {
    const run = keep(start("npm", ["run", "--silent", "testnet", "--", ...up]));
    await isUp(run);
    run.kill("SIGKILL");
    await run.gone(STOP_MS);
  }, 80_000);

  test("SIGTERM of npm", async () => {
    const run = keep(start("npm", ["run", "--silent", "testnet", "--", ...up]));
    await isUp(run);
    run.kill("SIGTERM");
    await run.gone(STOP_MS);
  }, 80_000);

  test("Ctrl-C under npm: every process of the terminal gets SIGINT", async () => {
    const run = keep(start("npm", ["run", "--silent", "testnet", "--", ...up]));
    await isUp(run);
    run.killGroup("SIGINT");
    expect([0, 130, "SIGINT"]).toContain(await run.ended(STOP_MS));
    await run.gone(STOP_MS);
  }, 80_000);

  test("a validator that cannot start ends it at once, with a word where to look", async () => {
    const password = join(dir, "password");
    const right = readFileSync(password);
    writeFileSync(password, "wrong");
    const run = keep(startLauncher(...up));
    expect(await run.ended(STOP_MS), run.text()).toBe(1);
    const message = String(run.lines.find((line) => line.event === "error")?.["message"]);
    expect(message).toMatch(/^validator 0: ended with 1 before it was ready; see .*stderr\.log$/);
    expect(readFileSync(message.split("see ")[1] ?? "", "utf8")).toContain("WRONG_PASSWORD");
    await run.gone(1_000);
    writeFileSync(password, right);
  }, 30_000);

  test("after all that the network goes on in its directory", async () => {
    const run = keep(startLauncher(...again, "--once"));
    expect(await run.ended(60_000), run.text()).toBe(0);
    const payment = run.lines.filter((line) => line["payment"] === "pay").map((line) => line["stage"]);
    expect(payment.at(-1)).toBe("returned");
    await run.gone(1_000);
  }, 80_000);
});

describe.sequential("stopped before it is up", () => {
  test("SIGINT", async () => {
    const run = keep(startLauncher("--json", "--validators", "1", "--dir", join(dir, "chain")));
    await run.line((line) => line["name"] === "chain", "step chain", READY_MS);
    run.kill("SIGINT");
    expect(await run.ended(STOP_MS), run.text()).toBe(0);
    expect(run.lines.some((line) => line.event === "error" || line.event === "ready")).toBe(false);
    await run.gone(1_000);
  }, 80_000);

  test("--once that is interrupted has not done what it was asked for; the next one begins anew", async () => {
    const once = ["--json", "--validators", "1", "--once", "--dir", join(dir, "once")];
    const cut = keep(startLauncher(...once));
    await cut.line((line) => line["name"] === "stake", "step stake", READY_MS);
    cut.kill("SIGTERM");
    expect(await cut.ended(STOP_MS), cut.text()).toBe(1);
    await cut.gone(1_000);

    const next = keep(startLauncher(...once));
    expect(await next.ended(60_000), next.text()).toBe(0);
    await next.gone(1_000);
  }, 120_000);
});
