import {concat, toBeHex, toUtf8Bytes} from "ethers";
import {afterAll, beforeAll, beforeEach, describe, expect, test} from "vitest";
import {type Chain, type Deployed, type Receipt, startChain} from "./support/chain.ts";
import {ALICE, activeGroup, BTC, close, type Group, move, PARK, register, STRICT, uuid} from "./support/group.ts";

const strict = uuid("strict");
const NOBODY = `0x${"00".repeat(16)}`;
const DELAY = 10; // on the chain id of development chains

let chain: Chain;
let group: Group;
let app: Deployed;
beforeAll(async () => {
  chain = await startChain();
});
beforeEach(async () => {
  group = await activeGroup(chain);
  app = await chain.deploy("UnrulyReceiver", [group.contract.address]);
  await group.deliver({system: [register(strict, app.address, STRICT)]});
  await app.send("setMode", [1]); // reverts
});
afterAll(() => chain.stop());

const warp = () => chain.rpc("evm_increaseTime", DELAY).then(() => chain.rpc("evm_mine"));
const outbound = (receipt: Receipt) => receipt.logs.filter((log) => log.name === "Outbound").map((log) => [...log.args]);
const memo = (nonce: bigint) => concat([toUtf8Bytes("RETURN"), toBeHex(nonce, 8)]);
const refused = async (fn: string, args: readonly unknown[]) => (await group.contract.reverts(fn, args)).name;
const giveBack = (process: string, nonce: bigint, event: string) => group.contract.send("giveBack", [process, nonce, event]);

describe("a parked message", () => {
  test("is paid back to its sender by anyone, when the delay is over, once; and its lane goes on", async () => {
    const [a, b] = [group.event(strict, {amount: 7n}), group.event(strict, {amount: 2n})];
    await group.deliver({events: [a, b]});
    const early = await group.contract.reverts("giveBack", [strict, 0n, a]);
    expect(early.name).toBe("TooEarly");
    expect(await refused("giveBack", [strict, 1n, b])).toBe("NotWaiting"); // queued
    await warp();
    const receipt = await giveBack(strict, 0n, a);
    expect(outbound(receipt)).toEqual([[strict, 0n, BTC, 7n, 0n, ALICE, memo(0n)]]);
    expect(await group.statesOf(strict)).toEqual(["returned", "queued"]);
    expect(await group.balanceOf(strict)).toBe(0n);
    for (const fn of ["giveBack", "retry"]) expect(await refused(fn, [strict, 0n, a])).toBe("NotWaiting");

    await app.send("setMode", [0]);
    await group.contract.send("retry", [strict, 1n, b]);
    await group.deliver({events: [group.event(strict, {amount: 1n})]});
    expect(await group.statesOf(strict)).toEqual(["returned", "delivered", "delivered"]);
    expect(await group.balanceOf(strict)).toBe(3n);
    await app.send("pay", [BTC, 3n, [0, ALICE], "0x"]); // numbered after the one that was given back
    const logs = await chain.rpc<{topics: string[]; data: string}[]>("eth_getLogs", {address: group.contract.address});
    expect(group.contract.abi.parseLog(logs.at(-1) ?? {topics: [], data: "0x"})?.args["nonce"]).toBe(1n);
  });

  test("is given back by its app at once", async () => {
    const event = group.event(strict, {amount: 7n});
    await group.deliver({events: [event]});
    await chain.rpc("anvil_impersonateAccount", app.address);
    await chain.rpc("anvil_setBalance", app.address, "0xde0b6b3a7640000");
    const receipt = await group.contract.send("giveBack", [strict, 0n, event], {from: app.address});
    expect(outbound(receipt)).toHaveLength(1);
    expect(await group.statesOf(strict)).toEqual(["returned"]);
  });

  test("of a lane that parks is given back in any order", async () => {
    const park = uuid("park");
    const second = await chain.deploy("UnrulyReceiver", [group.contract.address]);
    await second.send("setMode", [1]);
    await group.deliver({system: [register(park, second.address, PARK)]});
    const events = [1n, 2n, 3n].map((amount) => group.event(park, {amount}));
    await group.deliver({events});
    await warp();
    await giveBack(park, 1n, events[1] ?? "");
    await second.send("setMode", [0]);
    await group.contract.send("retry", [park, 0n, events[0]]);
    await giveBack(park, 2n, events[2] ?? "");
    expect(await group.statesOf(park)).toEqual(["delivered", "returned", "returned"]);
    expect(await group.balanceOf(park)).toBe(1n);
  });

  test("without a sender goes to the balance, and its app is not run", async () => {
    const event = group.event(strict, {amount: 7n, sender: NOBODY, extra: "0x424f554e4345"});
    await group.deliver({events: [event]});
    await warp();
    const receipt = await giveBack(strict, 0n, event);
    expect(outbound(receipt)).toEqual([]);
    expect(await group.statesOf(strict)).toEqual(["credited"]);
    expect(await group.balanceOf(strict)).toBe(7n);
  });

  test("without an amount just ends", async () => {
    const event = group.event(strict);
    await group.deliver({events: [event]});
    await warp();
    expect(outbound(await giveBack(strict, 0n, event))).toEqual([]);
    expect(await group.statesOf(strict)).toEqual(["returned"]);
  });

  test("is given back as it was certified, and only where it is", async () => {
    const event = group.event(strict, {amount: 7n});
    await group.deliver({events: [event]});
    await warp();
    expect(await refused("giveBack", [strict, 0n, group.event(strict, {nonce: 0n, amount: 8n})])).toBe("EventMismatch");
    expect(await refused("giveBack", [strict, 0n, group.event(strict, {nonce: 0n, amount: 7n, sender: BTC})])).toBe("EventMismatch");
    expect(await refused("giveBack", [uuid("nobody"), 0n, event])).toBe("NotWaiting");
    await app.send("setMode", [0]);
    await group.contract.send("retry", [strict, 0n, event]);
    expect(await refused("giveBack", [strict, 0n, event])).toBe("NotWaiting"); // released by its app
    expect(await group.balanceOf(strict)).toBe(7n);
  });

  test("the delay counts from when it was parked, not from a later attempt", async () => {
    const event = group.event(strict, {amount: 7n});
    await group.deliver({events: [event]});
    await warp();
    expect((await group.contract.attempt("retry", [strict, 0n, event])).status).toBe(false);
    await giveBack(strict, 0n, event);
  });

  test("anyone waits ten minutes on other chains", async () => {
    const other = await startChain(["--chain-id", "5"]);
    try {
      const contract = await other.deploy("MixinGroup", [5, group.staking, `0x${"00".repeat(32)}`, `0x${"00".repeat(32)}`]);
      expect((await contract.read("giveBackDelay"))[0]).toBe(600n);
    } finally {
      await other.stop();
    }
    expect((await group.contract.read("giveBackDelay"))[0]).toBe(10n);
  });

  test("that nobody can read parks, and stops nobody else", async () => {
    const good = group.event(strict, {amount: 7n});
    const odd = `${good.slice(0, -4)}0001`; // a signature of one byte that is not there
    const other = uuid("other");
    const noop = await chain.deploy("NoopReceiver", []);
    await group.deliver({system: [register(other, noop.address)], events: [odd, group.event(other, {amount: 1n})]});
    expect(await group.statesOf(strict)).toEqual(["parked"]);
    expect(await group.statesOf(other)).toEqual(["delivered"]);
    await warp();
    expect(await refused("giveBack", [strict, 0n, odd])).toBe("MalformedEvent");
  });

  test("nor does an amount that no balance holds", async () => {
    const most = 2n ** 256n - 1n;
    await app.send("setMode", [0]);
    await group.deliver({events: [group.event(strict, {amount: most}), group.event(strict, {amount: 1n})]});
    expect(await group.statesOf(strict)).toEqual(["delivered", "parked"]);
    expect(await group.balanceOf(strict)).toBe(most);
  });
});

describe("a process that moves", () => {
  test("takes its queue, its balance and its payments along; its old app is a stranger", async () => {
    await app.send("setMode", [0]);
    await group.deliver({events: [group.event(strict, {amount: 5n})]});
    await app.send("setMode", [1]);
    const [parked, queued] = [group.event(strict, {amount: 6n}), group.event(strict, {amount: 7n})];
    await group.deliver({events: [parked, queued]});
    const next = await chain.deploy("UnrulyReceiver", [group.contract.address]);
    const receipt = await group.deliver({system: [move(strict, next.address)]});
    expect(receipt.logs.find((log) => log.name === "Moved")?.args.toArray()).toEqual([strict, next.address]);
    const paid = await app.reverts("pay", [BTC, 1n, [0, ALICE], "0x"]);
    expect(group.contract.abi.parseError(paid.name)?.name).toBe("NotAnApp");
    await group.contract.send("retry", [strict, 1n, parked]);
    await group.contract.send("retry", [strict, 2n, queued]);
    const logs = await chain.rpc<{topics: string[]; data: string}[]>("eth_getLogs", {address: next.address, fromBlock: "0x0"});
    const received = logs.map((log) => next.abi.parseLog(log)).filter((log) => log?.name === "Received");
    expect(received.map((log) => [log?.args["message"].nonce, log?.args["message"].previous])).toEqual([
      [1n, 2n ** 64n - 1n],
      [2n, 1n],
    ]);
    await next.send("pay", [BTC, 18n, [0, ALICE], "0x"]);
  });

  test("not to an address of another process, not to where it is, not when it is unknown", async () => {
    const other = uuid("other");
    const second = await chain.deploy("UnrulyReceiver", [group.contract.address]);
    const bound = await chain.deploy("Echo", [group.contract.address, uuid("third")]);
    await group.deliver({system: [register(other, second.address)]});
    const receipt = await group.deliver({
      system: [move(strict, second.address), move(strict, bound.address), move(strict, app.address), move(uuid("fourth"), app.address)],
    });
    expect(receipt.logs.filter((log) => log.name === "SystemEventIgnored")).toHaveLength(4);
    expect((await group.contract.read("processOf", app.address))[0]).toBe(strict);
  });
});

describe("a process that closes", () => {
  test("takes nothing more; what waits is given back, and it may come back", async () => {
    const events = [5n, 6n, 7n].map((amount) => group.event(strict, {amount}));
    await group.deliver({events});
    const receipt = await group.deliver({system: [close(strict)]});
    expect(receipt.logs.map((log) => log.name)).toContain("Closed");
    expect((await group.contract.read("processOf", app.address))[0]).toBe(NOBODY);
    expect(await refused("retry", [strict, 0n, events[0]])).toBe("NotWaiting");
    expect(await refused("giveBack", [strict, 0n, events[0]])).toBe("TooEarly"); // it was parked just now
    for (const i of [2, 1]) await giveBack(strict, BigInt(i), events[i] ?? "");
    await warp();
    await giveBack(strict, 0n, events[0] ?? "");
    expect(await group.statesOf(strict)).toEqual(["returned", "returned", "returned"]);

    const next = await chain.deploy("UnrulyReceiver", [group.contract.address]);
    const early = await group.deliver({system: [register(strict, next.address, STRICT, 300_000, 2n)]});
    expect(early.logs.map((log) => log.name)).toContain("SystemEventIgnored"); // nonces do not go back
    await group.deliver({system: [register(strict, next.address, STRICT, 300_000, 3n), close(uuid("unknown"))]});
    await group.deliver({events: [group.event(strict, {amount: 4n})]});
    expect(await group.statesOf(strict)).toEqual(["returned", "returned", "returned", "delivered"]);
    const paid = await next.send("pay", [BTC, 4n, [0, ALICE], "0x"]);
    expect(paid.status).toBe(true);
    const logs = await chain.rpc<{topics: string[]; data: string}[]>("eth_getLogs", {address: group.contract.address});
    expect(group.contract.abi.parseLog(logs.at(-1) ?? {topics: [], data: "0x"})?.args["nonce"]).toBe(3n);
  });
});
