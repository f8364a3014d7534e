import {concat, getCreateAddress, hexlify, randomBytes, toBeHex, toUtf8Bytes} from "ethers";
import {afterAll, beforeAll, beforeEach, describe, expect, test} from "vitest";
import {type Chain, type Deployed, startChain} from "./support/chain.ts";
import {ALICE, activeGroup, BTC, type Group, register, uuid} from "./support/group.ts";

let chain: Chain;
let group: Group;
let app: Deployed;
const process = uuid("process");
const SENDER = 0;
const USER = 1;
const MULTISIG = 2;
beforeAll(async () => {
  chain = await startChain();
});
afterAll(() => chain.stop());

describe("send", () => {
  beforeEach(async () => {
    group = await activeGroup(chain);
    app = await chain.deploy("UnrulyReceiver", [group.contract.address]);
    await group.deliver({system: [register(process, app.address)]});
    await group.deliver({events: [group.event(process, {amount: 100n})]});
  });
  const pay = (amount: bigint, to: unknown[] = [SENDER, ALICE], memo = "0x") => app.send("pay", [BTC, amount, to, memo]);
  const refused = async (amount: bigint, to: unknown[] = [SENDER, ALICE], memo = "0x", asset = BTC) => {
    const revert = await app.reverts("pay", [asset, amount, to, memo]);
    return group.contract.abi.parseError(revert.name)?.name ?? revert.name;
  };

  test("pays from the process's balance and numbers its payments", async () => {
    const logs: unknown[] = [];
    for (const [amount, memo] of [
      [30n, "0x"],
      [70n, hexlify(randomBytes(200))],
    ] as const) {
      const hash = await pay(amount, [SENDER, ALICE], memo);
      expect(hash.status).toBe(true);
      const raw = await chain.rpc<{topics: string[]; data: string}[]>("eth_getLogs", {address: group.contract.address});
      logs.push(raw.map((log) => [...(group.contract.abi.parseLog(log)?.args ?? [])]));
      expect(logs.at(-1)).toEqual([[process, BigInt(logs.length - 1), BTC, amount, BigInt(SENDER), ALICE, memo]]);
    }
    expect(await group.balanceOf(process)).toBe(0n);
  });

  test("never more than the balance, of that asset", async () => {
    expect(await refused(101n)).toBe("InsufficientBalance");
    expect(await refused(1n, [SENDER, ALICE], "0x", uuid("other asset"))).toBe("InsufficientBalance");
    await pay(100n);
    expect(await refused(1n)).toBe("InsufficientBalance");
    expect(await refused(2n ** 256n - 1n)).toBe("InsufficientBalance");
  });

  test("not 0, and no memo beyond 200 bytes", async () => {
    expect(await refused(0n)).toBe("ZeroAmount");
    expect(await refused(1n, [SENDER, ALICE], `0x${"00".repeat(201)}`)).toBe("MemoTooLong");
  });

  test("only by the app of a process", async () => {
    const revert = await group.contract.reverts("send", [BTC, 1n, [SENDER, ALICE], "0x"]);
    expect(revert.name).toBe("NotAnApp");
    const stranger = await chain.deploy("UnrulyReceiver", [group.contract.address]);
    const foreign = await stranger.reverts("pay", [BTC, 1n, [SENDER, ALICE], "0x"]);
    expect(group.contract.abi.parseError(foreign.name)?.name).toBe("NotAnApp");
  });

  const members = (n: number, threshold: number) =>
    concat([toBeHex(n, 2), ...Array.from({length: n}, (_, i) => uuid(`m${i}`)), toBeHex(threshold, 2)]);
  test.for([
    ["a user", USER, ALICE, true],
    ["one of two", MULTISIG, members(2, 1), true],
    ["64 of 64", MULTISIG, members(64, 64), true],
    ["a short mask", SENDER, "0x1234", false],
    ["a long user id", USER, concat([ALICE, "0x00"]), false],
    ["nobody", SENDER, `0x${"00".repeat(16)}`, false],
    ["threshold 0", MULTISIG, members(2, 0), false],
    ["threshold above the members", MULTISIG, members(2, 3), false],
    ["no members", MULTISIG, members(0, 0), false],
    ["65 members", MULTISIG, members(65, 1), false],
    ["trailing bytes", MULTISIG, concat([members(2, 1), "0x00"]), false],
    ["nothing", MULTISIG, "0x", false],
    ["an unknown kind", 3, ALICE, false],
  ] as const)("receiver: %s", async ([, kind, data, good]) => {
    if (good) expect((await pay(1n, [kind, data])).status).toBe(true);
    else expect(await refused(1n, [kind, data])).toBe("BadReceiver");
  });
});

describe("an app's own word for its process", () => {
  const victim = uuid("victim");
  const squatter = uuid("squatter");
  beforeEach(async () => {
    group = await activeGroup(chain);
  });

  test("keeps others from registering a process at its address", async () => {
    app = await chain.deploy("FailingApp", [group.contract.address, victim]);
    const receipt = await group.deliver({system: [register(squatter, app.address), register(victim, app.address)]});
    const zero = `0x${"00".repeat(20)}`;
    expect(receipt.logs.filter((log) => log.name === "Registered").map((log) => log.args["app"])).toEqual([zero, app.address]);
    await group.deliver({events: [group.event(squatter, {amount: 9n}), group.event(victim, {amount: 5n})]});
    expect(await group.statesOf(squatter)).toEqual(["parked"]);
    expect(await group.statesOf(victim)).toEqual(["delivered"]);
    expect((await group.contract.read("processOf", app.address))[0]).toBe(victim);
  });

  test("takes the address back from one that was registered before the app existed", async () => {
    const nonce = Number(await chain.rpc<string>("eth_getTransactionCount", chain.accounts[0], "latest"));
    const future = getCreateAddress({from: chain.accounts[0] ?? "", nonce: nonce + 1});
    await group.deliver({system: [register(squatter, future)]});
    app = await chain.deploy("FailingApp", [group.contract.address, victim]);
    expect(app.address.toLowerCase()).toBe(future.toLowerCase());
    await group.deliver({system: [register(victim, app.address)]});
    await group.deliver({events: [group.event(squatter), group.event(victim)]});
    expect(await group.statesOf(squatter)).toEqual(["parked"]);
    expect(await group.statesOf(victim)).toEqual(["delivered"]);
  });

  test("is given once", async () => {
    await group.contract.send("bind", [victim]);
    expect((await group.contract.reverts("bind", [squatter])).name).toBe("AlreadyBound");
  });

  test("without one, the first process at an address keeps it", async () => {
    app = await chain.deploy("NoopReceiver", []);
    await group.deliver({system: [register(victim, app.address), register(squatter, app.address)]});
    await group.deliver({events: [group.event(squatter), group.event(victim)]});
    expect(await group.statesOf(squatter)).toEqual(["parked"]);
    expect(await group.statesOf(victim)).toEqual(["delivered"]);
  });
});

describe("MixinApp", () => {
  beforeEach(async () => {
    group = await activeGroup(chain);
    app = await chain.deploy("FailingApp", [group.contract.address, process]);
    await group.deliver({system: [register(process, app.address)]});
  });
  const message = (nonce: bigint, previous: bigint) => [nonce, previous, BTC, 0n, "0x", 0n, ALICE];
  const outbound = (receipt: {logs: {name: string; args: unknown}[]}) =>
    receipt.logs.filter((log) => log.name === "Outbound").map((log) => [...(log.args as unknown[])]);

  test("strangers reach nothing", async () => {
    expect((await app.reverts("onMixinMessage", [message(0n, 2n ** 64n - 1n)])).name).toBe("OnlyGroup");
    expect((await app.reverts("runMixinMessage", [message(0n, 2n ** 64n - 1n)])).name).toBe("OnlySelf");
  });

  test("refuses a gap and a repetition, even from the group", async () => {
    const me = chain.accounts[0] ?? "";
    const mine = await chain.deploy("FailingApp", [me, process]); // this account plays the group
    const none = 2n ** 64n - 1n;
    expect((await mine.reverts("onMixinMessage", [message(0n, 0n)], {from: me})).name).toBe("Gap");
    await mine.send("onMixinMessage", [message(0n, none)], {from: me});
    const repeated = await mine.reverts("onMixinMessage", [message(0n, none)], {from: me});
    expect([repeated.name, ...repeated.args]).toEqual(["Gap", 0n, none]);
    expect((await mine.reverts("onMixinMessage", [message(2n, 1n)], {from: me})).name).toBe("Gap");
    await mine.send("onMixinMessage", [message(5n, 0n)], {from: me}); // nonces given back in between are no gap
    expect((await mine.read("last"))[0]).toBe(5n);
  });

  test.for([
    ["reverts", [true, false, false]],
    ["burns its gas", [false, false, true]],
  ] as const)("that %s pays the sender back, and the lane goes on", async ([, flags]) => {
    await app.send("set", [...flags]);
    const receipt = await group.deliver({events: [group.event(process, {amount: 42n}), group.event(process)]});
    expect(await group.statesOf(process)).toEqual(["delivered", "delivered"]);
    const memo = concat([toUtf8Bytes("REFUND"), toBeHex(0n, 8)]);
    expect(outbound(receipt)).toEqual([[process, 0n, BTC, 42n, BigInt(SENDER), ALICE, memo]]);
    expect(await group.balanceOf(process)).toBe(0n);
    expect((await app.read("last"))[0]).toBe(1n);
  });

  test("keeps the amount of a message without a sender", async () => {
    await app.send("set", [true, false, false]);
    const receipt = await group.deliver({events: [group.event(process, {amount: 42n, sender: `0x${"00".repeat(16)}`})]});
    expect(outbound(receipt)).toEqual([]);
    expect(await group.statesOf(process)).toEqual(["delivered"]);
    expect(await group.balanceOf(process)).toBe(42n);
  });

  test("whose refund fails too is parked, then retried", async () => {
    await app.send("set", [true, true, false]);
    const event = group.event(process, {amount: 42n});
    await group.deliver({events: [event]});
    expect(await group.statesOf(process)).toEqual(["parked"]);
    expect((await app.read("last"))[0]).toBe(2n ** 64n - 1n);
    await app.send("set", [false, false, false]);
    await group.contract.send("retry", [process, 0n, event]);
    expect(await group.statesOf(process)).toEqual(["delivered"]);
    expect(await group.balanceOf(process)).toBe(42n);
  });
});

describe("Echo", () => {
  beforeEach(async () => {
    group = await activeGroup(chain);
    app = await chain.deploy("Echo", [group.contract.address, process]);
    await group.deliver({system: [register(process, app.address)]});
  });

  test("records each message and sends its amount back with its extra", async () => {
    const receipt = await group.deliver({
      events: [
        group.event(process, {amount: 5n, extra: "0xc0ffee"}),
        group.event(process, {extra: "0x01"}),
        group.event(process, {amount: 6n}),
      ],
    });
    const sent = receipt.logs.filter((log) => log.name === "Outbound").map((log) => [...log.args]);
    expect(sent).toEqual([
      [process, 0n, BTC, 5n, BigInt(SENDER), ALICE, "0xc0ffee"],
      [process, 1n, BTC, 6n, BigInt(SENDER), ALICE, "0x"],
    ]);
    expect((await app.read("count"))[0]).toBe(3n);
    const [entry] = await app.read("entryAt", 0n);
    expect([entry.sender, entry.nonce, entry.asset, entry.amount]).toEqual([ALICE, 0n, BTC, 5n]);
    expect(await group.balanceOf(process)).toBe(0n);
  });

  test("refunds what is too long to echo", async () => {
    const receipt = await group.deliver({events: [group.event(process, {amount: 5n, extra: `0x${"ab".repeat(201)}`})]});
    const [sent] = receipt.logs.filter((log) => log.name === "Outbound");
    expect(sent?.args["amount"]).toBe(5n);
    expect(sent?.args["memo"]).toBe(concat([toUtf8Bytes("REFUND"), toBeHex(0n, 8)]));
    expect((await app.read("count"))[0]).toBe(0n);
  });

  test("takes the longest extra that it can echo within the default limit", async () => {
    const extra = `0x${"ab".repeat(200)}`;
    const receipt = await group.deliver({events: [group.event(process, {amount: 5n, extra})]});
    expect(receipt.logs.find((log) => log.name === "Outbound")?.args["memo"]).toBe(extra);
  });
});
