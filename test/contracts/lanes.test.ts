import {afterAll, beforeAll, beforeEach, describe, expect, test} from "vitest";
import {type Chain, type Deployed, GAS_MAX, type Receipt, startChain} from "./support/chain.ts";
import {activeGroup, BTC, certificateArgs, type Group, PARK, register, STRICT, uuid} from "./support/group.ts";

/** As in UnrulyReceiver. */
const MODES = ["accept", "revert", "burnAll", "revertBomb", "returnBomb", "wrongReturn", "sendThenWrongReturn", "reenter", "halfTheGas"];

let chain: Chain;
let group: Group;
let app: Deployed;
const strict = uuid("strict");
const other = uuid("other");
beforeAll(async () => {
  chain = await startChain();
});
beforeEach(async () => {
  group = await activeGroup(chain);
  app = await chain.deploy("UnrulyReceiver", [group.contract.address]);
  const noop = await chain.deploy("NoopReceiver", []);
  await group.deliver({system: [register(strict, app.address, STRICT), register(other, noop.address)]});
});
afterAll(() => chain.stop());

const mode = (name: string) => app.send("setMode", [MODES.indexOf(name)]);
const reasonOf = (receipt: Receipt): string => receipt.logs.find((log) => log.name === "MessageState")?.args["reason"] ?? "";
const receivedNonces = async () => {
  const logs = await chain.rpc<{topics: string[]; data: string}[]>("eth_getLogs", {address: app.address, fromBlock: "0x0"});
  return logs.flatMap((log) => {
    const parsed = app.abi.parseLog(log);
    return parsed?.name === "Received" ? [parsed.args["message"]] : [];
  });
};

describe("a failing app", () => {
  test.for(["revert", "burnAll", "revertBomb", "returnBomb", "wrongReturn", "sendThenWrongReturn"])(
    "%s: its message parks with its value, other lanes go on",
    async (how) => {
      await mode(how);
      const a = group.event(strict, {amount: 500n});
      const b = group.event(other, {amount: 7n});
      const c = group.event(strict, {amount: 1n});
      const receipt = await group.deliver({events: [a, b, c]});
      expect(await group.statesOf(strict)).toEqual(["parked", "queued"]);
      expect(await group.statesOf(other)).toEqual(["delivered"]);
      expect(await group.balanceOf(strict)).toBe(0n);
      expect(await group.balanceOf(other)).toBe(7n);
      expect((reasonOf(receipt).length - 2) / 2).toBeLessThanOrEqual(132);
      expect(receipt.logs.some((log) => log.name === "Outbound")).toBe(false);

      await mode("accept");
      expect((await group.contract.reverts("retry", [strict, 1n, c])).name).toBe("NotWaiting"); // not its turn
      await group.contract.send("retry", [strict, 0n, a], {from: chain.accounts[7] ?? ""});
      expect(await group.balanceOf(strict)).toBe(500n);
      await group.contract.send("retry", [strict, 1n, c]);
      expect(await group.statesOf(strict)).toEqual(["delivered", "delivered"]);
      expect(await group.balanceOf(strict)).toBe(501n);
      expect((await receivedNonces()).map((m) => [m.nonce, m.previous])).toEqual([
        [0n, 2n ** 64n - 1n],
        [1n, 0n],
      ]);
    },
  );

  test("its reason is what it said", async () => {
    await mode("revert");
    const receipt = await group.deliver({events: [group.event(strict)]});
    expect(app.abi.decodeErrorResult("Error", reasonOf(receipt))[0]).toBe("told to fail");
    expect(receipt.logs.map((log) => [log.name, log.args["state"]])).toContainEqual(["MessageState", 3n]);
  });

  test("a strict lane queues what comes later, and takes it in order", async () => {
    await mode("revert");
    const list = Array.from({length: 4}, () => group.event(strict, {amount: 10n}));
    for (const event of list) await group.deliver({events: [event]});
    expect(await group.statesOf(strict)).toEqual(["parked", "queued", "queued", "queued"]);
    expect((await group.contract.read("nextNonce", strict))[0]).toBe(4n);
    await mode("accept");
    await group.contract.send("retry", [strict, 0n, list[0]]);
    await mode("revert");
    await group.contract.send("retry", [strict, 1n, list[1]]); // its first turn: it parks
    expect(await group.statesOf(strict)).toEqual(["delivered", "parked", "queued", "queued"]);
    expect((await group.contract.reverts("retry", [strict, 1n, list[1]])).name).toBe("RetryFailed"); // a parked one reverts
    await mode("accept");
    for (const i of [1, 2, 3]) await group.contract.send("retry", [strict, BigInt(i), list[i]]);
    await group.deliver({events: [group.event(strict)]}); // the lane is free again
    expect(await group.statesOf(strict)).toEqual(Array(5).fill("delivered"));
    expect((await receivedNonces()).map((m) => m.previous)).toEqual([2n ** 64n - 1n, 0n, 1n, 2n, 3n]);
    expect(await group.balanceOf(strict)).toBe(40n);
  });

  test("what failed is released once", async () => {
    await mode("revert");
    const event = group.event(strict, {amount: 10n});
    await group.deliver({events: [event]});
    await mode("accept");
    await group.contract.send("retry", [strict, 0n, event]);
    for (const nonce of [0n, 1n]) expect((await group.contract.reverts("retry", [strict, nonce, event])).name).toBe("NotWaiting");
    expect(await group.balanceOf(strict)).toBe(10n);
  });

  test("a retry takes only the event that was certified", async () => {
    await mode("revert");
    const event = group.event(strict, {amount: 10n});
    await group.deliver({events: [event]});
    const richer = group.event(strict, {nonce: 0n, amount: 10n ** 9n});
    expect((await group.contract.reverts("retry", [strict, 0n, richer])).name).toBe("EventMismatch");
    expect((await group.contract.reverts("retry", [other, 0n, event])).name).toBe("NotWaiting");
    expect((await group.contract.reverts("retry", [uuid("nobody"), 0n, event])).name).toBe("NotWaiting");
  });

  test("a retry may use more gas than the process promises", async () => {
    await mode("halfTheGas"); // 400,000 of a limit of 300,000
    const event = group.event(strict, {amount: 10n});
    await group.deliver({events: [event]});
    expect(await group.statesOf(strict)).toEqual(["parked"]);
    expect((await group.contract.reverts("retry", [strict, 0n, event], {gas: 400_000})).name).toBe("RetryFailed");
    expect((await group.contract.reverts("retry", [strict, 0n, event], {gas: 300_000})).name).toBe("GasTooLow");
    await group.contract.send("retry", [strict, 0n, event], {gas: 1_000_000});
    expect(await group.statesOf(strict)).toEqual(["delivered"]);
  });
});

describe("a lane that parks", () => {
  const park = uuid("park");
  beforeEach(async () => {
    app = await chain.deploy("UnrulyReceiver", [group.contract.address]);
    await group.deliver({system: [register(park, app.address, PARK)]});
  });

  test("puts the failed one aside and goes on; it can be retried any time", async () => {
    const list = Array.from({length: 3}, () => group.event(park, {amount: 10n}));
    await group.deliver({events: list.slice(0, 1)});
    await mode("revert");
    await group.deliver({events: list.slice(1, 2)});
    await mode("accept");
    await group.deliver({events: list.slice(2)});
    expect(await group.statesOf(park)).toEqual(["delivered", "parked", "delivered"]);
    expect(await group.balanceOf(park)).toBe(20n);
    expect((await group.contract.reverts("retry", [park, 2n, list[2]])).name).toBe("NotWaiting");
    await group.contract.send("retry", [park, 1n, list[1]]);
    await group.deliver({events: [group.event(park)]});
    expect(await group.statesOf(park)).toEqual(Array(4).fill("delivered"));
    const seen = (await receivedNonces()).map((m) => [m.nonce, m.previous]);
    expect(seen).toEqual([
      [0n, 2n ** 64n - 1n],
      [2n, 0n],
      [1n, 2n],
      [3n, 1n],
    ]);
    expect((await group.contract.reverts("retry", [park, 1n, list[1]])).name).toBe("NotWaiting");
  });

  test("an outbox whose every message burns its gas fits into a transaction", async () => {
    await mode("burnAll");
    const receipt = await group.deliver({events: Array.from({length: 34}, () => group.event(park, {amount: 1n}))}, {gas: GAS_MAX});
    expect(await group.statesOf(park)).toEqual(Array(34).fill("parked"));
    expect(receipt.gasUsed).toBeGreaterThan(34 * 300_000);
    expect(await group.balanceOf(park)).toBe(0n);
  });
});

describe("gas", () => {
  test("a call that cannot give the app what it was promised reverts as a whole", async () => {
    await mode("accept");
    const {block, deliveries} = group.block({events: [group.event(strict, {amount: 10n})]});
    const call = [...certificateArgs(block, group.certify(block)), deliveries];
    const full = await group.contract.reverts("deliver", call, {gas: 560_000});
    expect(full.name).toBe("GasTooLow");
    for (let gas = 250_000; gas < 640_000; gas += 13_000) {
      const receipt = await group.contract.attempt("deliver", call, {gas});
      const [state] = await group.statesOf(strict);
      expect(state, `${gas}`).toBe(receipt.status ? "delivered" : undefined); // never parked for want of gas
      if (receipt.status) return;
    }
    throw new Error("never delivered");
  });

  test("the app arrives with its whole limit, whatever the caller brings", async () => {
    for (const gas of [700_000, 2_000_000, GAS_MAX]) {
      const {block, deliveries} = group.block({events: [group.event(strict)]});
      await group.contract.send("deliver", [...certificateArgs(block, group.certify(block)), deliveries], {gas});
    }
    const logs = await chain.rpc<{topics: string[]; data: string}[]>("eth_getLogs", {address: app.address, fromBlock: "0x0"});
    const arrivals = logs.map((log) => app.abi.parseLog(log)).filter((log) => log?.name === "GasOnArrival");
    expect(arrivals).toHaveLength(3);
    for (const log of arrivals) {
      expect(log?.args["gas"]).toBeGreaterThan(299_000n);
      expect(log?.args["gas"]).toBeLessThanOrEqual(300_000n);
    }
  });
});

describe("re-entrance", () => {
  test.for(["deliver", "commit", "execute", "retry", "callApp"])("%s from inside a delivery is refused", async (fn) => {
    const {block, deliveries} = group.block({events: [group.event(strict, {amount: 3n})]});
    const next = group.block({events: [group.event(other)]});
    const certificate = certificateArgs(next.block, group.certify(next.block));
    const event = next.deliveries[0]?.events[0] ?? "";
    const calls: Record<string, unknown[]> = {
      deliver: [...certificate, next.deliveries],
      commit: [...certificate, [[]]],
      execute: [2n, event, []],
      retry: [other, 0n, event],
      callApp: [event, 0n, false],
    };
    await app.send("setReentry", [group.contract.abi.encodeFunctionData(fn, calls[fn])]);
    await mode("reenter");
    await group.contract.send("deliver", [...certificateArgs(block, group.certify(block)), deliveries]);
    expect(await group.statesOf(strict)).toEqual(["delivered"]); // the app survived the refusal
    const result = (await app.read("reentryResult"))[0] as string;
    expect(group.contract.abi.parseError(result)?.name).toBe(fn === "callApp" ? "OnlySelf" : "ReentrancyGuardReentrantCall");
  });
});

describe("an address that is no app", () => {
  test("nobody but the contract itself runs the frame around an app", async () => {
    expect((await group.contract.reverts("callApp", [group.event(strict), 0n, false])).name).toBe("OnlySelf");
  });

  test.for([
    ["an account without code", () => chain.accounts[9] ?? ""],
    ["the zero address", () => `0x${"00".repeat(20)}`],
    ["the group contract", () => group.contract.address],
    ["the staking contract", () => group.staking],
    ["a precompile", () => `0x${"00".repeat(19)}0f`],
    ["identity", () => `0x${"00".repeat(19)}04`],
  ] as const)("%s is never called; its messages park", async ([, target]) => {
    const process = uuid("odd");
    await group.deliver({system: [register(process, target(), PARK)]});
    const receipt = await group.deliver({events: [group.event(process, {amount: 5n}), group.event(other)]});
    expect(await group.statesOf(process)).toEqual(["parked"]);
    expect(await group.statesOf(other)).toEqual(["delivered"]);
    expect(group.contract.abi.parseError(reasonOf(receipt))?.name).toBe("NotCallable");
    expect(await group.balanceOf(process, BTC)).toBe(0n);
  });

  test("a process that was never registered has a lane without an app", async () => {
    const nobody = uuid("nobody");
    await group.deliver({events: [group.event(nobody, {amount: 5n}), group.event(nobody), group.event(other)]});
    expect(await group.statesOf(nobody)).toEqual(["parked", "queued"]);
    expect(await group.statesOf(other)).toEqual(["delivered"]);
  });

  test("code that comes later makes the message deliverable", async () => {
    const process = uuid("later");
    const address = `0x${"ab".repeat(20)}`;
    await group.deliver({system: [register(process, address)]});
    const event = group.event(process, {amount: 5n});
    await group.deliver({events: [event]});
    const noop = await chain.deploy("NoopReceiver", []);
    await chain.rpc("anvil_setCode", address, await chain.rpc("eth_getCode", noop.address, "latest"));
    await group.contract.send("retry", [process, 0n, event]);
    expect(await group.statesOf(process)).toEqual(["delivered"]);
    expect(await group.balanceOf(process)).toBe(5n);
  });
});
