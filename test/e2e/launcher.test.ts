import {mkdtempSync, rmSync} from "node:fs";
import {tmpdir} from "node:os";
import {join} from "node:path";
import {afterAll, describe, expect, test} from "vitest";
import {isRunning, type Line, type Run, startLauncher} from "./processes.ts";

const dir = mkdtempSync(join(tmpdir(), "mvm-e2e-"));
const runs: Run[] = [];
afterAll(async () => {
  for (const run of runs) await run.clear();
  rmSync(dir, {recursive: true, force: true});
});

const launch = (...args: string[]): Run => {
  const run = startLauncher("--json", "--dir", dir, ...args);
  runs.push(run);
  return run;
};
const READY_MS = 60_000;
const isReady = (line: Line) => line.event === "ready";
const isDone = (line: Line) => line.event === "done";
const steps = (run: Run) => run.lines.flatMap((line) => (line.event === "step" ? [String(line["name"])] : []));
const stages = (run: Run, payment: string) => run.lines.filter((line) => line.event === "stage" && line["payment"] === payment);
const names = (lines: readonly Line[]) => lines.map((line) => line["stage"]);
const detailOf = (lines: readonly Line[], stage: string) => lines.find((line) => line["stage"] === stage)?.["detail"] as object;

const HASH = /^0x[0-9a-f]{64}$/;
const ADDRESS = /^0x[0-9a-f]{40}$/;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const URL = /^http:\/\/127\.0\.0\.1:\d+$/;
const KEY = /^[0-9a-f]{64}$/;
const like = (pattern: RegExp) => expect.stringMatching(pattern);
const KEYSTORE = {
  app_id: like(UUID),
  session_id: like(UUID),
  server_public_key: like(KEY),
  session_private_key: like(KEY),
  spend_private_key: like(KEY),
};

describe.sequential("npm run testnet -- --json", () => {
  let first: Line;
  let height = 0;

  test("--once: a payment goes to the contract and comes back, and nothing is left running", async () => {
    const run = launch("--once");
    first = await run.line(isReady, "the ready line", READY_MS);
    const nodes = first["nodes"] as {pid: number}[];
    expect(
      nodes.every(({pid}) => isRunning(pid)),
      "each validator is a process",
    ).toBe(true);
    const before = run.processes();
    expect(before.some(({command}) => command.includes("anvil"))).toBe(true);
    expect(before.some(({command}) => command.includes("mixin-devnet"))).toBe(true);

    expect(await run.ended(90_000)).toBe(0);
    await run.gone(5_000);
    expect(
      run.out.filter((line) => !line.startsWith("{")),
      "lines that are not JSON",
    ).toEqual([]);
    expect(run.text(), "nothing on standard error").toBe(run.out.map((line) => `${line}\n`).join(""));
    expect(run.lines.at(-1)).toMatchObject({event: "done", ok: true});
  }, 120_000);

  test("the ready line names everything that a program needs", () => {
    expect(first).toEqual({
      event: "ready",
      networkId: like(HASH),
      chain: {
        rpc: like(URL),
        chainId: 31_337,
        group: like(ADDRESS),
        staking: like(ADDRESS),
        accounts: expect.arrayContaining([{address: like(ADDRESS), privateKey: like(HASH)}]),
        apps: {echo: {process: like(UUID), address: like(ADDRESS)}},
      },
      mixin: {
        api: like(URL),
        group: {members: [1, 2, 3, 4].map(() => like(UUID)), threshold: 3, mix: like(/^MIX\w+$/)},
        developer: KEYSTORE,
        user: KEYSTORE,
        asset: {asset_id: like(UUID), symbol: "XIN", name: expect.any(String)},
      },
      nodes: [0, 1, 2, 3].map((i) => ({
        api: like(URL),
        peerId: like(/^12D3KooW\w+$/),
        dir: join(dir, `validator-${i}`),
        pid: expect.any(Number),
      })),
      explorer: like(/^http:\/\/127\.0\.0\.1:\d+\/$/),
      dir,
    });
    const {chain, mixin} = first as unknown as {chain: {apps: {echo: {process: string}}}; mixin: {developer: {app_id: string}}};
    expect(chain.apps.echo.process, "the app's process is its developer's id").toBe(mixin.developer.app_id);
  });

  test("stages come in the order of the journey, each with what belongs to it", () => {
    const [run] = runs as [Run];
    const order = run.lines.findIndex(isReady);
    expect(steps(run)).toEqual(
      expect.arrayContaining(["build", "chain", "users", "stake", "contracts", "nodes", "dkg deal", "dkg ack", "active"]),
    );
    expect(run.lines.slice(order).findIndex((line) => line.event === "stage")).toBeGreaterThan(0);

    const registration = stages(run, "register");
    expect(names(registration).filter((stage) => stage !== "observed")).toEqual(["sent", "registered"]);
    const payment = stages(run, "pay");
    const seen = names(payment).filter((stage) => stage !== "observed");
    expect(seen).toEqual(["sent", "decided", "certified", "submitted", "delivered", "returned"]);
    expect(detailOf(payment, "decided")).toMatchObject({height: expect.any(Number), nonce: "0", proposer: like(ADDRESS)});
    expect(detailOf(payment, "certified")).toMatchObject({round: expect.any(Number), certificate: like(/^0x[0-9a-f]{192}$/)});
    expect(detailOf(payment, "submitted")).toMatchObject({tx: like(HASH), gas: like(/^\d+$/)});
    expect(detailOf(payment, "returned")).toMatchObject({amount: "1.5", asset: "XIN", memo: "hello, contract"});
    const times = payment.map((line) => Number(line["ms"]));
    expect(times.every((ms) => ms >= 0 && ms < 60_000)).toBe(true);
    height = Number((detailOf(payment, "delivered") as {height: number}).height);
  });

  test("both have the money that they had", () => {
    const balances = runs[0]?.lines.filter((line) => line.event === "balance");
    expect(balances).toEqual([
      {event: "balance", who: "user", asset: "XIN", amount: "100"},
      {event: "balance", who: "developer", asset: "XIN", amount: "100"},
    ]);
  });

  test("the same directory goes on where it was, and SIGINT ends it with nothing left running", async () => {
    const run = launch();
    const done = await run.line(isDone, "the end of the demo", READY_MS);
    expect(done).toMatchObject({ok: true, demo: true});
    expect(steps(run)).toContain("resume");
    expect(steps(run)).not.toContain("stake");
    const {networkId, chain, mixin} = run.lines.find(isReady) as Line;
    expect({networkId, group: (chain as Line)["group"], members: ((mixin as Line)["group"] as Line)["members"]}).toEqual({
      networkId: first["networkId"],
      group: (first["chain"] as Line)["group"],
      members: ((first["mixin"] as Line)["group"] as Line)["members"],
    });
    expect(stages(run, "register"), "the app is registered already").toEqual([]);
    const payment = stages(run, "pay");
    expect(detailOf(payment, "decided"), "the next message of the app").toMatchObject({nonce: "1"});
    expect((detailOf(payment, "delivered") as {height: number}).height).toBeGreaterThan(height);
    expect(names(payment).at(-1)).toBe("returned");

    run.kill("SIGINT");
    expect(await run.ended(15_000)).toBe(0);
    await run.gone(1_000);
  }, 90_000);
});
