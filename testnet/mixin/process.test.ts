import {type ChildProcess, spawn} from "node:child_process";
import {once} from "node:events";
import {mkdtempSync, readFileSync, rmSync, writeFileSync} from "node:fs";
import {tmpdir} from "node:os";
import {join} from "node:path";
import {createInterface} from "node:readline";
import {fileURLToPath} from "node:url";
import {afterAll, afterEach, expect, test} from "vitest";
import {createAsset, createDevnetUser, type DevnetUser, mint, pay, sdkOf, unspentOutputs} from "./client.ts";

const MAIN = fileURLToPath(new URL("./main.ts", import.meta.url));
const root = mkdtempSync(join(tmpdir(), "mixin-devnet-"));
let running: ChildProcess[] = [];
afterEach(() => {
  for (const child of running) child.kill("SIGKILL");
  running = [];
});
afterAll(() => rmSync(root, {recursive: true}));

/** The program with a channel to us, as the launcher starts it. */
function spawnDevnet(...args: string[]): ChildProcess {
  const child = spawn(process.execPath, ["--import", "tsx", MAIN, ...args], {stdio: ["ignore", "pipe", "pipe", "ipc"]});
  running.push(child);
  return child;
}
/** Started: its ready line. */
async function up(...args: string[]): Promise<{child: ChildProcess; url: string; pid: number}> {
  const child = spawnDevnet(...args);
  if (child.stdout === null) throw new Error("no output");
  const [line] = (await once(createInterface(child.stdout), "line")) as [string];
  const ready = JSON.parse(line) as {event: string; url: string; pid: number};
  expect(ready).toEqual({event: "ready", url: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/), pid: child.pid});
  return {child, url: ready.url, pid: ready.pid};
}
async function ended(child: ChildProcess): Promise<{code: number | null; errors: string}> {
  let errors = "";
  child.stderr?.on("data", (chunk: Buffer) => {
    errors += chunk.toString();
  });
  const drained = once(child.stderr ?? child, "end");
  const [code] = (await once(child, "exit")) as [number | null]; // "close" does not come after a disconnect
  await drained;
  return {code, errors};
}

test("stops with 0 on SIGTERM, on SIGINT, and when its channel closes", async () => {
  for (const stop of [(c: ChildProcess) => c.kill("SIGTERM"), (c: ChildProcess) => c.kill("SIGINT"), (c: ChildProcess) => c.disconnect()]) {
    const {child, url} = await up("--port", "0");
    await createAsset(url, {symbol: "XIN", name: "Mixin"});
    const end = ended(child);
    stop(child);
    expect(await end).toEqual({code: 0, errors: ""});
  }
});

test.for([["--port", "65536"], ["--dir", ""], ["--multi-sign", "maybe"], ["--other"]])("%j is answered with the usage", async (args) => {
  const {code, errors} = await ended(spawnDevnet(...args));
  expect([code, errors]).toEqual([2, expect.stringMatching(/^usage: mixin-devnet /)]);
});

test("a port in use, a directory in use and a damaged journal are said in one line", async () => {
  const dir = join(root, "one");
  const {url, child} = await up("--dir", dir);
  const port = new URL(url).port;
  const taken = await ended(spawnDevnet("--port", port));
  expect([taken.code, taken.errors]).toEqual([1, expect.stringMatching(/^mixin-devnet: .*EADDRINUSE.*\n$/)]);
  const second = await ended(spawnDevnet("--dir", dir));
  expect([second.code, second.errors]).toEqual([1, expect.stringMatching(/^mixin-devnet: .*lock.*\n$/i)]);
  for (const symbol of ["A", "B", "C"]) await createAsset(url, {symbol, name: symbol});
  child.kill("SIGKILL");
  await once(child, "exit");
  const journal = join(dir, "journal");
  const bytes = readFileSync(journal);
  bytes[40] = (bytes[40] as number) ^ 1;
  writeFileSync(journal, bytes);
  const damaged = await ended(spawnDevnet("--dir", dir));
  expect([damaged.code, damaged.errors]).toEqual([1, expect.stringMatching(/^mixin-devnet: CORRUPT .*\n$/)]);
});

test("killed at any moment, it has all that it has told when it is back", {timeout: 60_000}, async () => {
  const dir = join(root, "killed");
  let {child, url} = await up("--dir", dir);
  const asset = await createAsset(url, {symbol: "XIN", name: "Mixin"});
  const [a, b] = (await Promise.all(["a", "b"].map((name) => createDevnetUser(url, name)))) as [DevnetUser, DevnetUser];
  await mint(url, {receivers: [a.app_id], asset, amount: "1000"});
  const told: {requestId: string; hash: string}[] = [];
  for (let round = 0; round < 4; round++) {
    const before = told.length;
    const paying = (async () => {
      for (;;) told.push(await pay(url, a, {members: [b.app_id], threshold: 1, asset, amount: "0.1", memo: `${told.length}`}));
    })().catch(() => {}); // until the server is gone
    const enough = async () => {
      while (told.length < before + 3 + round) await new Promise((done) => setTimeout(done, 1));
    };
    await enough();
    await new Promise((done) => setTimeout(done, 7 * round)); // at different moments of a payment
    child.kill("SIGKILL");
    await Promise.all([once(child, "exit"), paying]);
    const reading = await up("--dir", dir);
    ({child, url} = reading);
    const sdk = sdkOf(url, a);
    for (const {requestId, hash} of told)
      expect(await sdk.utxo.fetchTransaction(requestId)).toMatchObject({state: "spent", transaction_hash: hash});
    const received = await unspentOutputs(url, b, asset);
    expect(received.length - told.length).toBeGreaterThanOrEqual(0);
    expect(received.length - told.length).toBeLessThanOrEqual(round + 1); // sent, but the answer did not come
    const total = [...received, ...(await unspentOutputs(url, a, asset))].reduce((sum, o) => sum + Math.round(Number(o.amount) * 1e8), 0);
    expect(total).toBe(1000 * 1e8);
  }
  const before = await unspentOutputs(url, b, asset);
  const end = ended(child);
  child.kill("SIGTERM");
  expect((await end).code).toBe(0);
  ({child, url} = await up("--dir", dir));
  expect(await unspentOutputs(url, b, asset)).toEqual(before);
  await pay(url, a, {members: [b.app_id], threshold: 1, asset, amount: "0.1", memo: ""});
  const last = (await unspentOutputs(url, b, asset)).at(-1);
  expect(last?.sequence).toBeGreaterThan(before.at(-1)?.sequence ?? 0);
  expect((last?.created_at ?? "") > (before.at(-1)?.created_at ?? "")).toBe(true);
});
