import {AbiCoder, concat, dataSlice, getBytes, hexlify, id, keccak256} from "ethers";
import fc from "fast-check";
import {afterAll, beforeAll, beforeEach, describe, expect, test} from "vitest";
import {blsKey} from "./support/bls.ts";
import {type Chain, type Deployed, startChain} from "./support/chain.ts";
import {ZERO32} from "./support/events.ts";
import {
  activeGroup,
  type Block,
  type Contents,
  certificateArgs,
  deployGroup,
  type Group,
  register,
  systemHash,
  uuid,
} from "./support/group.ts";

let chain: Chain;
let group: Group;
let app: Deployed;
const process = uuid("process");
beforeAll(async () => {
  chain = await startChain();
});
beforeEach(async () => {
  group = await activeGroup(chain);
  app = await chain.deploy("NoopReceiver", []);
  await group.deliver({system: [register(process, app.address)]});
});
afterAll(() => chain.stop());

const args = (block: Block, signature: string, deliveries: readonly unknown[]) => [...certificateArgs(block, signature), deliveries];
const nextSeq = async (): Promise<bigint> => (await group.contract.read("nextSeq"))[0];
const events = (count: number) => Array.from({length: count}, (_, i) => group.event(process, {extra: `0x0${i % 10}`, amount: BigInt(i)}));

describe("deliver", () => {
  test("runs the messages of an outbox in order and records them", async () => {
    const list = events(3);
    const {block, deliveries} = group.block({events: list});
    const receipt = await group.contract.send("deliver", args(block, group.certify(block), deliveries));
    expect(receipt.logs.map((log) => [log.name, ...log.args])).toEqual([
      ["Delivered", 1n, receipt.logs[0]?.args["submitter"]],
      ...[0n, 1n, 2n].map((nonce) => ["MessageState", process, nonce, 2n, "0x"]),
    ]);
    expect(await group.messageOf(process, 1n)).toEqual({
      state: "delivered",
      eventHash: keccak256(list[1] ?? ""),
      height: block.height,
    });
    expect((await group.contract.read("nextNonce", process))[0]).toBe(3n);
    expect(await group.balanceOf(process)).toBe(3n); // 0 + 1 + 2
    expect(await nextSeq()).toBe(2n);
  });

  test("the certificate verifies for anyone, and only as it is", async () => {
    const {block} = group.block({events: events(2)});
    const signature = group.certify(block);
    expect((await group.contract.read("verify", ...certificateArgs(block, signature)))[0]).toBe(true);
    expect((await group.contract.read("verify", ...certificateArgs({...block, round: 1}, signature)))[0]).toBe(false);
  });

  test("every altered field of the certificate is refused", async () => {
    const {block, deliveries} = group.block({events: events(2)});
    const signature = group.certify(block);
    const [box] = block.outboxes;
    if (box === undefined) throw new Error("no outbox");
    const foreign = {...box, platform: id("elsewhere")};
    const changes: [string, Partial<Block>][] = [
      ["height", {height: block.height + 1n}],
      ["core hash", {coreHash: id("other")}],
      ["epoch", {epoch: 1n}],
      ["round", {round: 1}],
      ["outbox root", {outboxes: [{...box, root: id("other")}]}],
      ["outbox root 0", {outboxes: [{...box, root: ZERO32}]}],
      ["outbox count", {outboxes: [{...box, count: 3}]}],
      ["outbox system hash", {outboxes: [{...box, systemHash: id("other")}]}],
      ["outbox more", {outboxes: [box, foreign]}],
      ["outbox before", {outboxes: [foreign, box]}],
    ];
    for (const [name, change] of changes) {
      const revert = await group.contract.reverts("deliver", args({...block, ...change}, signature, deliveries));
      expect(revert.name, name).toBe("BadCertificate");
    }
    const elsewhere = await group.contract.reverts("deliver", args({...block, outboxes: [foreign]}, signature, deliveries));
    expect(elsewhere.name).toBe("NoOutbox");
    const none = await group.contract.reverts("deliver", args({...block, outboxes: []}, signature, deliveries));
    expect(none.name).toBe("NoOutbox");
    await group.contract.send("deliver", args(block, signature, deliveries)); // and as it is, accepted
  });

  test("signatures of others, of nobody, and of other networks are refused", async () => {
    const {block, deliveries} = group.block({events: events(1)});
    const good = group.certify(block);
    const signatures: [string, string][] = [
      ["identity", `0x${"00".repeat(256)}`],
      ["empty", "0x"],
      ["short", dataSlice(good, 0, 255)],
      ["long", concat([good, "0x00"])],
      ["another key", blsKey(5n).sign(id("x"))],
      ["another network", group.certify(block, id("network"))],
    ];
    for (const [name, signature] of signatures) {
      expect((await group.contract.reverts("deliver", args(block, signature, deliveries))).name, name).toBe("BadCertificate");
      expect((await group.contract.read("verify", ...certificateArgs(block, signature)))[0], name).toBe(false);
    }
  });

  test("a certificate is good for one contract", async () => {
    const other = await activeGroup(chain);
    const {block, deliveries} = group.block({events: events(1)});
    expect((await other.contract.reverts("deliver", args(block, group.certify(block), deliveries))).name).toBe("NoOutbox");
  });

  test("nothing is accepted before there is a key", async () => {
    const idle = await deployGroup(chain);
    const {block, deliveries} = idle.block({});
    for (const signature of [idle.certify(block), `0x${"00".repeat(256)}`]) {
      expect((await idle.contract.reverts("deliver", args(block, signature, deliveries))).name).toBe("BadCertificate");
      expect((await idle.contract.read("verify", ...certificateArgs(block, signature)))[0]).toBe(false);
    }
  });

  test("events that are not the certified ones are refused", async () => {
    const list = events(4);
    const {block, deliveries} = group.block({events: list});
    const signature = group.certify(block);
    const [a = "", b = "", c = "", d = ""] = list;
    const given = deliveries[0] ?? {system: [], events: []};
    const wrong: [string, Partial<Contents>][] = [
      ["one missing", {events: [a, b, c]}],
      ["none", {events: []}],
      ["one twice", {events: [a, b, c, c]}],
      ["one more", {events: [a, b, c, d, d]}],
      ["another", {events: [a, b, c, group.event(process, {nonce: 3n, amount: 10n ** 8n})]}],
      ["system events that are not certified", {system: ["0x00"]}],
    ];
    for (const [name, change] of wrong) {
      const revert = await group.contract.reverts("deliver", args(block, signature, [{...given, ...change}]));
      expect(["EventsMismatch", "SystemMismatch"], name).toContain(revert.name);
    }
    const [box] = block.outboxes;
    if (box !== undefined) {
      const miscounted = {...block, outboxes: [{...box, count: 5}]}; // certified, but not what the root holds
      const revert = await group.contract.reverts("deliver", args(miscounted, group.certify(miscounted), deliveries));
      expect(revert.name).toBe("EventsMismatch");
    }
    // sorted pairs leave the order of siblings open; the nonces do not
    const swapped = await group.contract.reverts("deliver", args(block, signature, [{...given, events: [b, a, c, d]}]));
    expect(swapped.name).toBe("NonceOutOfOrder");
  });
});

describe("order of outboxes", () => {
  test("a replay is a no-op, and cheap", async () => {
    const {block, deliveries} = group.block({events: events(2)});
    const call = args(block, group.certify(block), deliveries);
    await group.contract.send("deliver", call);
    const before = await group.balanceOf(process);
    const again = await group.contract.send("deliver", call);
    expect(again.logs).toEqual([]);
    expect(again.gasUsed).toBeLessThan(60_000);
    expect(await group.balanceOf(process)).toBe(before);
    expect((await group.contract.read("nextNonce", process))[0]).toBe(2n);
  });

  test("a later outbox is refused with the one that has to come", async () => {
    const first = group.block({events: events(1)});
    const second = group.block({events: events(1)});
    const call = args(second.block, group.certify(second.block), second.deliveries);
    const revert = await group.contract.reverts("deliver", call);
    expect([revert.name, ...revert.args]).toEqual(["OutOfOrder", 1n]);
    await group.contract.send("deliver", args(first.block, group.certify(first.block), first.deliveries));
    await group.contract.send("deliver", call);
    expect(await nextSeq()).toBe(3n);
  });

  test("the outboxes of a block come in one call or in several", async () => {
    const {block, deliveries} = group.block({events: events(1)}, {events: events(1)}, {events: events(2)});
    block.outboxes.splice(1, 0, {platform: id("elsewhere"), seq: 1n, systemHash: ZERO32, root: ZERO32, count: 0});
    const signature = group.certify(block);
    await group.contract.send("deliver", args(block, signature, deliveries.slice(0, 1)));
    expect(await nextSeq()).toBe(2n);
    const receipt = await group.contract.send("deliver", args(block, signature, deliveries.slice(1)));
    expect(receipt.logs.filter((log) => log.name === "Delivered").map((log) => log.args["seq"])).toEqual([2n, 3n]);
    expect(await group.statesOf(process)).toEqual(["delivered", "delivered", "delivered", "delivered"]);
  });

  test("a call that lost the race for the first outboxes brings the others", async () => {
    const {block, deliveries} = group.block({events: events(1)}, {events: events(1)});
    const signature = group.certify(block);
    await group.contract.send("deliver", args(block, signature, deliveries.slice(0, 1)));
    const receipt = await group.contract.send("deliver", args(block, signature, deliveries));
    expect(receipt.logs.filter((log) => log.name === "Delivered").map((log) => log.args["seq"])).toEqual([2n]);
  });

  test("no delivery at all is refused", async () => {
    const {block} = group.block({});
    expect((await group.contract.reverts("deliver", args(block, group.certify(block), []))).name).toBe("NothingGiven");
    expect((await group.contract.reverts("commit", args(block, group.certify(block), []))).name).toBe("NothingGiven");
  });
});

describe("system events", () => {
  const abi = AbiCoder.defaultAbiCoder();

  test("what is unknown or malformed is skipped with a log, and stops nothing", async () => {
    const good = register(uuid("late"), app.address);
    const odd = [
      abi.encode(["uint8", "bytes"], [4, "0x1234"]),
      abi.encode(["uint8", "bytes"], [8, "0x1234"]),
      abi.encode(["uint8", "bytes"], [1, "0x1234"]),
      "0x",
      "0xff",
      concat([good, "0x00"]),
      dataSlice(good, 0, 255),
      register(process, chain.accounts[3] ?? ""), // registered already
      register(`0x${"00".repeat(16)}`, app.address),
    ];
    const receipt = await group.deliver({system: [...odd, register(uuid("late"), app.address)]});
    const ignored = receipt.logs.filter((log) => log.name === "SystemEventIgnored").map((log) => Number(log.args["index"]));
    expect(ignored).toEqual(odd.map((_, i) => i));
    expect(receipt.logs.filter((log) => log.name === "Registered")).toHaveLength(1);
    expect((await group.contract.read("processOf", app.address))[0]).toBe(process);
  });

  test("random bytes never stop an outbox", () =>
    fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(fc.nat(255), fc.nat(255)), {minLength: 1, maxLength: 4}), async (edits) => {
        const bytes = getBytes(register(uuid(`fuzz ${JSON.stringify(edits)}`), app.address));
        for (const [at, byte] of edits) bytes[at] = byte;
        const receipt = await group.deliver({system: [hexlify(bytes)]});
        expect(receipt.logs.map((log) => log.name)).toContain("Delivered");
      }),
      {numRuns: 25},
    ));

  test("no registration can ask for more gas than a transaction has", async () => {
    const greedy = uuid("greedy");
    const second = await chain.deploy("NoopReceiver", []);
    const receipt = await group.deliver({system: [register(greedy, second.address, 0, 2 ** 32 - 1)]});
    expect(receipt.logs.find((log) => log.name === "Registered")?.args["gasLimit"]).toBe(2_000_000n);
    await group.deliver({events: [group.event(greedy)]});
    expect(await group.statesOf(greedy)).toEqual(["delivered"]);
  });

  test("registration starts at the nonce that it names", async () => {
    const late = uuid("late");
    const second = await chain.deploy("NoopReceiver", []);
    await group.deliver({system: [register(late, second.address, 0, 300_000, 41n)]});
    expect((await group.contract.read("nextNonce", late))[0]).toBe(41n);
    const {block, deliveries} = group.block({events: [group.event(late, {nonce: 40n})]});
    const revert = await group.contract.reverts("deliver", args(block, group.certify(block), deliveries));
    expect([revert.name, ...revert.args]).toEqual(["NonceOutOfOrder", late, 41n, 40n]);
  });
});

test("what was never seen is unknown", async () => {
  expect(await group.messageOf(process, 0n)).toEqual({state: "unknown", eventHash: ZERO32, height: 0n});
  expect(await group.messageOf(uuid("nobody"), 5n)).toEqual({state: "unknown", eventHash: ZERO32, height: 0n});
  expect((await group.contract.read("recent", process, 0n, 10n))[0]).toEqual([]);
  expect((await group.contract.read("recent", process, 2n ** 64n - 1n, 2n ** 64n - 1n))[0]).toEqual([]);
  expect(systemHash([])).toBe(ZERO32);
});
