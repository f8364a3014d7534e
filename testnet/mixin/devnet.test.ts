import {mkdtempSync, rmSync} from "node:fs";
import {tmpdir} from "node:os";
import {join} from "node:path";
import {afterAll, afterEach, beforeEach, describe, expect, test, vi} from "vitest";
import {Devnet} from "./devnet.ts";
import {Failure} from "./failure.ts";

const root = mkdtempSync(join(tmpdir(), "devnet-"));
const asset = (symbol: string) => ({type: "asset" as const, asset_id: "c94ac88f-4671-3976-b60a-09064f1811e8", symbol, name: symbol});
const unlock = {type: "unlock" as const, at: "1", request_id: "none", user_id: "none"};
const mintAt = (at: string) => ({
  type: "mint" as const,
  at,
  hash: "ab".repeat(32),
  asset_id: "c94ac88f-4671-3976-b60a-09064f1811e8",
  amount: "1",
  ghost: {mask: "", keys: [""], views: [""], receivers: ["a"], index: 0},
  threshold: 1,
  extra: "",
});
let file = "";
let count = 0;
beforeEach(() => {
  file = join(root, `${count++}`, "journal");
});
afterEach(() => {
  vi.useRealTimers();
});
afterAll(() => rmSync(root, {recursive: true}));

async function started(): Promise<Devnet> {
  const devnet = new Devnet({file, multiSign: true});
  await devnet.start();
  return devnet;
}

describe("the journal", () => {
  test("holds what changed something, in order; a refused entry leaves those before it", async () => {
    const first = await started();
    expect(first.resumed).toBe(false);
    expect(() => first.commit(asset("A"), unlock, asset("B"))).toThrow(Failure);
    first.commit(asset("C"));
    await first.stop();
    const second = await started();
    expect([second.resumed, second.state.asset(asset("").asset_id).symbol]).toEqual([true, "C"]);
    await second.stop();
  });

  test("belongs to one devnet at a time", async () => {
    const first = await started();
    await expect(started()).rejects.toThrow();
    await first.stop();
    await (await started()).stop();
  });

  test("after a failed write nothing is told any more", async () => {
    const devnet = await started();
    await devnet.stop();
    devnet.commit(asset("A"));
    await expect(devnet.settled()).rejects.toMatchObject({code: "CLOSED"});
    await expect(devnet.settled()).rejects.toMatchObject({code: "CLOSED"});
  });
});

describe("times", () => {
  test("grow, with room for the outputs of a transaction, also where the clock stands or goes back over a restart", async () => {
    vi.useFakeTimers({now: 1_700_000_000_000, toFake: ["Date"]});
    const first = await started();
    const [a, b] = [BigInt(first.now()), BigInt(first.now())];
    expect([a, b - a]).toEqual([1_700_000_000_000_000_000n, 1_000n]);
    first.commit(asset("A"), mintAt(`${b}`));
    await first.stop();
    vi.setSystemTime(1_600_000_000_000);
    const second = await started();
    expect(BigInt(second.now()) - b).toBe(1_000n);
    await second.stop();
  });
});
