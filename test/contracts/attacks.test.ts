import {concat, toBeHex, toUtf8Bytes} from "ethers";
import {afterAll, beforeAll, beforeEach, describe, expect, test} from "vitest";
import {type Chain, type Deployed, GAS_MAX, type Receipt, startChain} from "./support/chain.ts";
import {ALICE, activeGroup, BTC, certificateArgs, type Group, PARK, register, STRICT, uuid} from "./support/group.ts";

/** What stopped processes, or the network, of the design before this one, and of bridges like it: here it does nothing. */
let chain: Chain;
let group: Group;
let app: Deployed;
let callee: Deployed;
let other: Deployed;
const victim = uuid("victim");
const bystander = uuid("bystander");
const NOBODY = `0x${"00".repeat(16)}`;
beforeAll(async () => {
  chain = await startChain();
});
beforeEach(async () => {
  group = await activeGroup(chain);
  app = await chain.deploy("CarelessApp", [group.contract.address, victim]);
  callee = await chain.deploy("HostileCallee", []);
  other = await chain.deploy("NoopReceiver", []);
  await app.send("setCallee", [callee.address]);
  await group.deliver({system: [register(victim, app.address), register(bystander, other.address)]});
});
afterAll(() => chain.stop());

const outbound = (receipt: Receipt) => receipt.logs.filter((log) => log.name === "Outbound").map((log) => [...log.args]);
const refund = (nonce: bigint, sent: bigint, amount: bigint) => {
  const memo = concat([toUtf8Bytes("REFUND"), toBeHex(nonce, 8)]);
  return [victim, sent, BTC, amount, 0n, ALICE, memo];
};
/** One message that attacks, one for the bystander, one that follows in the same lane. */
async function attack(extra: string, amount = 5n): Promise<Receipt> {
  const events = [group.event(victim, {amount, extra}), group.event(bystander, {amount: 1n}), group.event(victim, {amount: 1n})];
  return group.deliver({events}, {gas: GAS_MAX});
}

describe("ways to stop a process for ever by one payment", () => {
  test.for([
    ["a: arithmetic that underflows", "0x01"],
    ["b: a call to an address without code", `0x02${"c0de".repeat(10)}`],
    ["c: a callee that returns more than the app can copy and log", "0x03"],
    ["d: a payment of the app's that is refused", `0x04${"ab".repeat(300)}`],
    ["f: more gas than there is", "0x05"],
    ["more than the balance", "0x07"],
    ["a payment of nothing", "0x08"],
    ["a payment of an asset that nobody ever paid in", "0x09"],
  ] as const)("%s: is refunded, and the lane goes on", async ([, extra]) => {
    const receipt = await attack(extra);
    expect(outbound(receipt)).toEqual([refund(0n, 0n, 5n)]);
    expect(await group.statesOf(victim)).toEqual(["delivered", "delivered"]);
    expect(await group.statesOf(bystander)).toEqual(["delivered"]);
    expect(await group.balanceOf(victim)).toBe(1n);
  });

  test("d: the refund does not depend on how long the message is", async () => {
    const receipt = await attack(`0x01${"ab".repeat(4_095)}`);
    expect(outbound(receipt)).toEqual([refund(0n, 0n, 5n)]);
  });

  test("a payment without a sender has nobody to be refunded, and stops nothing", async () => {
    const receipt = await group.deliver({events: [group.event(victim, {amount: 5n, extra: "0x01", sender: NOBODY}), group.event(victim)]});
    expect(outbound(receipt)).toEqual([]);
    expect(await group.statesOf(victim)).toEqual(["delivered", "delivered"]);
    expect(await group.balanceOf(victim)).toBe(5n);
  });

  test.for([
    ["a gas limit of 0", STRICT, 0],
    ["a gas limit that only the refund would use", STRICT, 50_000],
    ["a policy that there is not", 255, 300_000],
  ] as const)("e: a registration with %s harms its own lane only", async ([, policy, gasLimit]) => {
    const odd = uuid("odd");
    const careless = await chain.deploy("CarelessApp", [group.contract.address, odd]);
    await group.deliver({system: [register(odd, careless.address, policy, gasLimit)]});
    const events = [group.event(odd, {amount: 5n}), group.event(bystander), group.event(odd)];
    await group.deliver({events});
    expect(await group.statesOf(bystander)).toEqual(["delivered"]);
    expect(await group.statesOf(odd)).toEqual(gasLimit === 300_000 ? ["delivered", "delivered"] : ["parked", "queued"]);
    if (gasLimit === 300_000) return;
    await chain.rpc("evm_increaseTime", 10);
    await chain.rpc("evm_mine");
    await group.contract.send("giveBack", [odd, 0n, events[0]]);
    expect(await group.statesOf(odd)).toEqual(["returned", "queued"]);
  });

  test("no caller can turn a delivery into a failure by the gas that it brings", async () => {
    const {block, deliveries} = group.block({events: [group.event(victim, {amount: 5n, extra: "0x0a"}), group.event(bystander)]});
    await callee.send("set", [app.address, "0x"]); // a callee that works: calling the app with nothing fails
    const args = [...certificateArgs(block, group.certify(block)), deliveries];
    const outcomes = new Set<string>();
    for (let gas = 200_000; gas < 1_300_000; gas += 24_001) {
      const snapshot = await chain.rpc("evm_snapshot");
      const receipt = await group.contract.attempt("deliver", args, {gas});
      outcomes.add(receipt.status ? `${await group.statesOf(victim)} ${await group.balanceOf(victim)} ${outbound(receipt).length}` : "");
      await chain.rpc("evm_revert", snapshot);
    }
    expect([...outcomes].sort()).toEqual(["", "delivered 5 0"]); // nothing happened, or all of it did
  });
});

describe("code that goes away", () => {
  test("an app that self-destructs inside a delivery", async () => {
    const undertaker = await chain.deploy("Undertaker", []);
    const made = await undertaker.send("make", [false]);
    await app.send("setCallee", [made.logs[0]?.args["app"]]);
    await attack("0x06");
    expect(await group.statesOf(victim)).toEqual(["delivered", "delivered"]);
    expect(await group.statesOf(bystander)).toEqual(["delivered"]);
    expect(await group.balanceOf(victim)).toBe(6n);
  });

  test.for([
    [true, "NotCallable"],
    [false, "WrongReturn"],
  ] as const)("an app that is gone (%s) or answers with its end parks its messages", async ([buried, reason]) => {
    const undertaker = await chain.deploy("Undertaker", []);
    const made = await undertaker.send("make", [buried]);
    const process = uuid("dead");
    await group.deliver({system: [register(process, made.logs[0]?.args["app"], PARK)]});
    const receipt = await group.deliver({events: [group.event(process, {amount: 5n}), group.event(bystander)]});
    const parked = receipt.logs.find((log) => log.name === "MessageState")?.args;
    expect(group.contract.abi.parseError(parked?.["reason"])?.name).toBe(reason);
    expect(await group.statesOf(process)).toEqual(["parked"]);
    expect(await group.statesOf(bystander)).toEqual(["delivered"]);
  });
});

describe("calls back from inside a delivery", () => {
  test.for([
    "deliver",
    "deliverByVotes",
    "commit",
    "execute",
    "retry",
    "giveBack",
    "callApp",
    "onMixinMessage",
    "runMixinMessage",
  ] as const)("to %s are refused", async (fn) => {
    const parked = group.event(bystander, {amount: 1n});
    const next = group.block({events: [parked]});
    // the seq that will be next while the message below runs
    const shifted = {...next.block, outboxes: next.block.outboxes.map((o) => ({...o, seq: o.seq + 1n}))};
    const certificate = certificateArgs(shifted, group.certify(shifted));
    const message = [5n, 4n, BTC, 1n, "0x", 1n, ALICE];
    const calls: Record<typeof fn, [Deployed, unknown[]]> = {
      deliver: [group.contract, [...certificate, next.deliveries]],
      deliverByVotes: [group.contract, [...certificate.slice(0, 5), ...group.signed(group.voteDigest(shifted)), next.deliveries]],
      commit: [group.contract, [...certificate, [[]]]],
      execute: [group.contract, [1n, parked, []]],
      retry: [group.contract, [bystander, 0n, parked]],
      giveBack: [group.contract, [bystander, 0n, parked]],
      callApp: [group.contract, [parked, 0n, false]],
      onMixinMessage: [app, [message]],
      runMixinMessage: [app, [message]],
    };
    const [target, args] = calls[fn];
    await callee.send("set", [target.address, target.abi.encodeFunctionData(fn, args)]);
    const {block, deliveries} = group.block({events: [group.event(victim, {amount: 5n, extra: "0x0a"})]});
    const renumbered = {...block, outboxes: block.outboxes.map((o) => ({...o, seq: next.block.outboxes[0]?.seq ?? 0n}))};
    await group.contract.send("deliver", [...certificateArgs(renumbered, group.certify(renumbered)), deliveries]);
    expect(await group.statesOf(victim)).toEqual(["delivered"]);
    expect(await group.balanceOf(victim)).toBe(5n); // not refunded: the app got over it
    expect(await group.statesOf(bystander)).toEqual([]);
    const answer = (await callee.read("answer"))[0] as string;
    const error = target.abi.parseError(answer)?.name;
    expect(error).toBe(
      {callApp: "OnlySelf", onMixinMessage: "OnlyGroup", runMixinMessage: "OnlySelf"}[fn as string] ?? "ReentrancyGuardReentrantCall",
    );
  });
});

describe("strangers", () => {
  test("can call nothing of an app that changes it", async () => {
    const message = [0n, 2n ** 64n - 1n, BTC, 10n ** 12n, "0x", 1n, ALICE];
    for (const from of chain.accounts.slice(0, 3)) {
      expect((await app.reverts("onMixinMessage", [message], {from})).name).toBe("OnlyGroup");
      expect((await app.reverts("runMixinMessage", [message], {from})).name).toBe("OnlySelf");
    }
    const changing = app.abi.fragments
      .filter((f) => f.type === "function" && !("constant" in f && f.constant))
      .map((f) => ("name" in f ? f.name : ""));
    expect(changing.sort()).toEqual(["onMixinMessage", "runMixinMessage", "setCallee"]); // the last is the test's own
  });

  test("cannot pay from a process's balance, nor have a log of theirs taken for the group's", async () => {
    await group.deliver({events: [group.event(victim, {amount: 50n})]});
    const to = [0, ALICE];
    for (const from of chain.accounts.slice(0, 3))
      expect((await group.contract.reverts("send", [BTC, 1n, to, "0x"], {from})).name).toBe("NotAnApp");
    const impostor = await chain.deploy("Impostor", []);
    await impostor.send("pay", [victim, BTC, 50n, ALICE]);
    const filter = {address: group.contract.address, fromBlock: "0x0", topics: [group.contract.abi.getEvent("Outbound")?.topicHash]};
    expect(await chain.rpc("eth_getLogs", filter)).toEqual([]);
    expect(await group.balanceOf(victim)).toBe(50n);
  });

  test("cannot take over an app by registering a process of theirs at its address", async () => {
    const theirs = uuid("theirs");
    const receipt = await group.deliver({system: [register(theirs, app.address)]});
    expect(receipt.logs.find((log) => log.name === "Registered")?.args["app"]).toBe(`0x${"00".repeat(20)}`);
    await group.deliver({events: [group.event(theirs, {amount: 1n, extra: "0x01"}), group.event(victim, {amount: 2n})]});
    expect(await group.statesOf(theirs)).toEqual(["parked"]);
    expect(await group.statesOf(victim)).toEqual(["delivered"]);
    expect((await app.read("last"))[0]).toBe(0n);
  });

  test("cannot make the group call its own parts: the contract, its key, its precompiles", async () => {
    const slots = await Promise.all(
      Array.from({length: 12}, (_, i) => chain.rpc<string>("eth_getStorageAt", group.contract.address, toBeHex(i), "latest")),
    );
    const codes = await Promise.all(slots.map((slot) => chain.rpc<string>("eth_getCode", `0x${slot.slice(-40)}`, "latest")));
    const keyStore = `0x${slots[codes.indexOf(group.key.publicKey)]?.slice(-40)}`;
    const precompiles = Array.from({length: 17}, (_, i) => toBeHex(i + 1, 20));
    const targets = [group.contract.address, group.staking, keyStore, ...precompiles, toBeHex(0x100, 20)];
    await chain.rpc("anvil_setCode", group.staking, "0x60206000f3"); // answers whatever it is asked
    const processes = targets.map((target) => uuid(`at ${target}`));
    const registrations = targets.map((target, i) => register(processes[i] ?? "", target, PARK));
    for (let i = 0; i < registrations.length; i += 10) await group.deliver({system: registrations.slice(i, i + 10)});
    await group.deliver({events: processes.map((process) => group.event(process, {amount: 5n}))}, {gas: GAS_MAX});
    for (const process of processes) {
      expect(await group.statesOf(process)).toEqual(["parked"]);
      expect(await group.balanceOf(process)).toBe(0n);
    }
  });

  test("a thousand payments of nothing, and a queue behind a broken app, cost a lane of theirs only", async () => {
    const strict = uuid("strict");
    const broken = await chain.deploy("UnrulyReceiver", [group.contract.address]);
    await broken.send("setMode", [1]);
    await group.deliver({system: [register(strict, broken.address, STRICT, 60_000)]});
    for (let i = 0; i < 8; i++) await group.deliver({events: Array.from({length: 125}, () => group.event(strict))}, {gas: GAS_MAX});
    const receipt = await group.deliver({events: [group.event(bystander, {amount: 1n})]});
    expect(receipt.gasUsed).toBeLessThan(320_000);
    const states = await group.statesOf(strict);
    expect([states[0], new Set(states.slice(1)).size, states.length]).toEqual(["parked", 1, 1_000]);
  });
});
