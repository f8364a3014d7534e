import {concat, hexlify, id, keccak256, toUtf8Bytes, Wallet} from "ethers";
import {afterAll, beforeAll, beforeEach, describe, expect, test} from "vitest";
import {encodeSystemEvent, type SystemEvent} from "../../src/types/system-events.ts";
import {type Chain, type Deployed, startChain} from "./support/chain.ts";
import {
  activeGroup,
  assetInfo,
  type Block,
  BTC,
  close,
  credit,
  custody,
  deployGroup,
  type Group,
  move,
  register,
  systemEvent,
  uuid,
  validatorKeys,
  validatorSet,
  validatorsHash,
} from "./support/group.ts";

const process = uuid("process");
let chain: Chain;
let group: Group;
let app: Deployed;
beforeAll(async () => {
  chain = await startChain();
});
beforeEach(async () => {
  group = await activeGroup(chain);
  app = await chain.deploy("NoopReceiver", []);
  await group.deliver({system: [register(process, app.address)]});
});
afterAll(() => chain.stop());

const voted = (block: Block, deliveries: readonly unknown[], digest = group.voteDigest(block), signers = [0, 1, 2]) => [
  block.height,
  block.coreHash,
  block.outboxes,
  block.epoch,
  block.round,
  ...group.signed(digest, signers),
  deliveries,
];
const refused = async (args: readonly unknown[]) => (await group.contract.reverts("deliverByVotes", args)).name;
/** Other validators, as the set of `epoch`. */
function others(epoch: bigint) {
  const wallets = [0, 1, 2, 3].map((i) => new Wallet(id(`set ${epoch} ${i}`)));
  const keys = {wallets, seats: [1, 1, 1, 1]};
  return {
    keys,
    hash: validatorsHash(
      epoch,
      wallets.map((w) => w.address),
      keys.seats,
    ),
  };
}

describe("delivery by votes", () => {
  test("q seats of precommits do what a certificate does, once", async () => {
    const {block, deliveries} = group.block({events: [group.event(process, {amount: 4n})]});
    const args = voted({...block, round: 3}, deliveries);
    const receipt = await group.contract.send("deliverByVotes", args);
    expect(receipt.logs.map((log) => log.name)).toEqual(["Delivered", "MessageState"]);
    expect(await group.balanceOf(process)).toBe(4n);
    const replay = await group.contract.send("deliverByVotes", args);
    expect(replay.logs).toEqual([]);
  });

  test("works before there is a key", async () => {
    group = await deployGroup(chain);
    const {block, deliveries} = group.block({system: [register(process, app.address)], events: [group.event(process, {nonce: 0n})]});
    await group.contract.send("deliverByVotes", voted(block, deliveries));
    expect(await group.statesOf(process)).toEqual(["delivered"]);
  });

  test("nothing but precommits of this block, epoch and round by q seats of the set", async () => {
    const {block, deliveries} = group.block({events: [group.event(process)]});
    expect(await refused(voted(block, deliveries, group.voteDigest(block), [0, 1]))).toBe("QuorumMissing");
    expect(await refused(voted(block, deliveries, group.voteDigest(block, 1)))).toBe("BadSignature"); // prevotes
    for (const change of [{round: 1}, {epoch: 1n}, {height: block.height + 1n}, {coreHash: id("x")}])
      expect(await refused(voted(block, deliveries, group.voteDigest({...block, ...change})))).toBe("BadSignature");
    const [box] = block.outboxes;
    if (box === undefined) throw new Error("no outbox");
    const richer = {...block, outboxes: [{...box, root: id("x")}]};
    expect(await refused(voted(richer, deliveries, group.voteDigest(block)))).toBe("BadSignature");
    const args = voted(block, deliveries);
    args[6] = [9, 1, 1, 1];
    expect(await refused(args)).toBe("WrongValidators");
    const elsewhere = await activeGroup(chain, validatorKeys([2, 1, 1, 1]));
    expect((await elsewhere.contract.reverts("deliverByVotes", args)).name).toBe("NoOutbox");
  });

  test("another set votes from the height after the one that brings it; the set before up to there", async () => {
    const before = group.validators;
    const next = others(1n);
    const height = group.block({system: [validatorSet(1n, next.hash)]}, {events: [group.event(process)]});
    const receipt = await group.contract.send("deliverByVotes", voted(height.block, height.deliveries.slice(0, 1)));
    expect(receipt.logs.map((log) => log.name)).toContain("ValidatorsChanged");
    expect((await group.contract.read("validatorsHash"))[0]).toBe(next.hash);
    expect((await group.contract.read("epoch"))[0]).toBe(1n);
    // the second outbox of that height, in a call of its own
    await group.contract.send("deliverByVotes", voted(height.block, height.deliveries.slice(1)));

    const later = group.block({events: [group.event(process)]});
    expect(await refused(voted(later.block, later.deliveries))).toBe("WrongValidators");
    group.validators = next.keys;
    group.epoch = 1n;
    const right = {...later.block, epoch: 1n};
    await group.contract.send("deliverByVotes", voted(right, later.deliveries));
    expect(await group.statesOf(process)).toEqual(["delivered", "delivered"]);
    group.validators = before;
    const digest = group.actionDigest("pause", await group.counter(), 10n ** 11n);
    expect((await group.contract.reverts("pause", [...group.signed(digest), 10n ** 11n, "0x"])).name).toBe("WrongValidators");
    group.validators = next.keys;
    await group.contract.send("pause", [...group.signed(digest), 10n ** 11n, "0x"]);
  });

  test("epochs do not go back", async () => {
    await group.deliver({system: [validatorSet(5n, others(5n).hash)]});
    const receipt = await group.deliver({system: [validatorSet(5n, others(4n).hash), validatorSet(4n, others(4n).hash)]});
    expect(receipt.logs.filter((log) => log.name === "SystemEventIgnored")).toHaveLength(2);
    expect((await group.contract.read("validatorsHash"))[0]).toBe(others(5n).hash);
  });
});

describe("system events", () => {
  test("custody is published whole and kept as a hash", async () => {
    const members = Array.from({length: 64}, (_, i) => uuid(`member ${i}`));
    const receipt = await group.deliver({system: [custody(3n, members, 43)]});
    const published = receipt.logs.find((log) => log.name === "Custody")?.args["custody"];
    expect((await group.contract.read("custodyHash"))[0]).toBe(keccak256(published));
    expect(systemEvent(5, ["uint64", "bytes16[]", "uint16"], [3n, members, 43])).toContain(published.slice(2));
  });

  test("what an asset is called can be asked, and changes with the decision", async () => {
    expect(await info()).toEqual(["", ""]);
    await group.deliver({system: [assetInfo(BTC, "BTC", "Bitcoin")]});
    expect(await info()).toEqual(["BTC", "Bitcoin"]);
    const [longest, name] = ["S".repeat(32), `${"n".repeat(62)}é`];
    const receipt = await group.deliver({system: [assetInfo(BTC, longest, name)]});
    expect(receipt.logs.find((log) => log.name === "AssetDescribed")?.args.toArray()).toEqual([BTC, longest, name]);
    expect(await info()).toEqual([longest, name]);
    await group.deliver({system: [assetInfo(BTC, "", "")]});
    expect(await info()).toEqual(["", ""]);
  });

  test("no name beyond its bounds or of another form", async () => {
    const whole = assetInfo(BTC, "BTC", "Bitcoin");
    const receipt = await group.deliver({
      system: [
        assetInfo(BTC, "S".repeat(33), ""),
        assetInfo(BTC, "", "n".repeat(65)),
        systemEvent(6, ["bytes32", "string", "string"], [id("dirty"), "BTC", "Bitcoin"]),
        systemEvent(6, ["bytes16", "string"], [BTC, "BTC"]),
        systemEvent(6, ["bytes16", "bytes"], [BTC, `0x${"00".repeat(65)}`]),
        whole.replace("0000000060", "0000000040"),
        whole.replace("00000000a0", "00000000c0"),
        `${whole}${"00".repeat(32)}`,
        concat([whole.slice(0, -64), toUtf8Bytes("")]),
      ],
    });
    expect(receipt.logs.filter((log) => log.name === "SystemEventIgnored")).toHaveLength(9);
    expect(await info()).toEqual(["", ""]);
  });

  test("a credit adds to a balance, and never overflows it", async () => {
    const receipt = await group.deliver({system: [credit(process, BTC, 5n), credit(process, BTC, 2n ** 256n - 1n)]});
    expect(receipt.logs.map((log) => log.name)).toEqual(["Credited", "SystemEventIgnored", "Delivered"]);
    expect(await group.balanceOf(process)).toBe(5n);
  });

  test("every kind takes less than 250,000 gas, twice as well", async () => {
    const members = Array.from({length: 64}, (_, i) => uuid(`member ${i}`));
    const [first, second] = [await chain.deploy("NoopReceiver", []), await chain.deploy("NoopReceiver", [])];
    const lane = uuid("lane");
    const empty = (await group.deliver({})).gasUsed;
    for (const event of [
      register(lane, first.address),
      move(lane, second.address),
      close(lane),
      validatorSet(1n, id("set")),
      custody(1n, members, 43),
      assetInfo(BTC, "S".repeat(32), "n".repeat(64)),
      assetInfo(BTC, "T".repeat(32), "m".repeat(64)),
      credit(lane, BTC, 1n),
    ]) {
      const receipt = await group.deliver({system: [event]});
      expect(receipt.logs.map((log) => log.name)).not.toContain("SystemEventIgnored");
      expect(receipt.gasUsed - empty).toBeLessThan(250_000);
    }
  });

  test("the node encodes them as they are read here", () => {
    const [a, b] = ["bd670872-76ce-3263-b933-3aa337e212a4", "c6d0c728-2624-429b-8e0d-d9d19b6592fa"];
    const hex = (uuidText: string) => `0x${uuidText.replaceAll("-", "")}`;
    const app20 = `0x${"ab".repeat(20)}` as const;
    const pairs: [SystemEvent, string][] = [
      [{kind: "register", process: a, app: app20, policy: 1, gasLimit: 70_000, firstNonce: 9n}, register(hex(a), app20, 1, 70_000, 9n)],
      [{kind: "move", process: a, app: app20}, move(hex(a), app20)],
      [{kind: "close", process: a}, close(hex(a))],
      [{kind: "validatorSet", epoch: 7, validatorsHash: `0x${"5a".repeat(32)}`}, validatorSet(7n, `0x${"5a".repeat(32)}`)],
      [{kind: "custody", epoch: 7, members: [a, b], threshold: 2}, custody(7n, [hex(a), hex(b)], 2)],
      [{kind: "assetInfo", asset: b, symbol: "é", name: "Name"}, assetInfo(hex(b), "é", "Name")],
      [{kind: "credit", process: a, asset: b, amount: 77n}, credit(hex(a), hex(b), 77n)],
    ];
    for (const [event, expected] of pairs) expect(hexlify(encodeSystemEvent(event)), event.kind).toBe(expected);
  });
});

async function info(): Promise<string[]> {
  return [...(await group.contract.read("assetInfo", BTC))];
}
