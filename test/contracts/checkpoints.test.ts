import {AbiCoder, id, keccak256, toBeHex} from "ethers";
import {afterAll, beforeAll, beforeEach, describe, expect, test} from "vitest";
import {type Chain, startChain} from "./support/chain.ts";
import {ZERO32} from "./support/events.ts";
import {validatorsHash} from "./support/group.ts";
import {checkpointEvent, deployStakes, type Member, now, STAKE, type Stakes} from "./support/stake.ts";

let chain: Chain;
let stakes: Stakes;
let operators: string[];
beforeAll(async () => {
  chain = await startChain(["--accounts", "10"]);
});
beforeEach(async () => {
  stakes = await deployStakes(chain);
  operators = [0, 1, 2, 3].map((i) => chain.accounts[i] ?? "");
  await stakes.network(operators);
});
afterAll(() => chain.stop());

const call = (args: unknown[]) => stakes.contract.send("checkpointEpoch", args);
const refusal = async (args: unknown[], gas?: number) =>
  (await stakes.contract.reverts("checkpointEpoch", args, gas === undefined ? {} : {gas})).name;
const names = (receipt: {logs: {name: string}[]}) => receipt.logs.map((l) => l.name);
/** The set plus one more operator, who has deposited. */
async function grown(): Promise<Member[]> {
  const fifth = chain.accounts[4] ?? "";
  const d = await stakes.deposit(fifth, 2);
  const members = [...(await stakes.members(0)), {operator: fifth, consensus: d.keys.consensus, seats: 2}];
  return members.sort((a, b) => (BigInt(a.operator) < BigInt(b.operator) ? -1 : 1));
}

describe("a checkpoint", () => {
  test("brings the set of the next epoch, which then proves the one after it", async () => {
    const members = await grown();
    const receipt = await stakes.checkpoint({members, participation: [9, 8, 7, 6], rewardsRoot: id("root")});
    expect(names(receipt)).toEqual(["Frozen", "CheckpointTaken"]);
    expect([...(receipt.logs[1]?.args[3] ?? [])]).toEqual([9n, 8n, 7n, 6n]);
    expect(await stakes.members(1)).toEqual(members.map((m) => ({...m, operator: expect.stringMatching(new RegExp(m.operator, "i"))})));
    expect((await stakes.contract.read("epoch"))[0]).toBe(1n);
    expect((await stakes.contract.read("nextSeq"))[0]).toBe(1n);
    expect((await stakes.contract.read("validatorsHash", 1))[0]).toBe(
      validatorsHash(
        1n,
        members.map((m) => m.consensus),
        members.map((m) => m.seats),
      ),
    );
    expect((await stakes.members(0)).length).toBe(4); // the old one stays known
    expect((await stakes.contract.read("lastCheckpointAt"))[0]).toBe(BigInt(await now(chain)));
    await stakes.checkpoint({members: members.slice(1)});
    expect((await stakes.members(2)).length).toBe(4);
  });

  test("needs votes of a quorum of the set that is known, and of nobody else", async () => {
    const event = checkpointEvent({epoch: 0});
    expect(await refusal(await stakes.decided([event], {signers: 2}))).toBe("QuorumMissing");
    expect(await refusal(await stakes.decided([event], {signers: 0}))).toBe("QuorumMissing");
    const good = await stakes.decided([event]);
    const signatures = good[5] as string[];
    const using = (list: string[]) => [...good.slice(0, 5), list, good[6]];
    expect(await refusal(using([...signatures.slice(0, 2), signatures[0] ?? "", "0x"]))).toBe("BadSignature"); // one vote twice
    expect(await refusal(using([...signatures].reverse()))).toBe("BadSignature");
    expect(await refusal(using(signatures.slice(0, 3)))).toBe("WrongSignatureCount");
    const elsewhere = await deployStakes(chain);
    for (const operator of operators) await elsewhere.deposit(operator, 1);
    await elsewhere.contract.send("freeze", []);
    expect(await refusal(await elsewhere.decided([event]))).toBe("NoOutbox");
    await call(good);
  });

  test("every altered field is refused", async () => {
    const good = await stakes.decided([checkpointEvent({epoch: 0})]);
    const [height, coreHash, outboxes, epoch, round, signatures, system] = good as [
      number,
      string,
      object[],
      number,
      number,
      string[],
      string[],
    ];
    const [box] = outboxes as [object];
    const altered: [unknown[], RegExp][] = [
      [[height + 1, coreHash, outboxes, epoch, round, signatures, system], /BadSignature/],
      [[height, id("other"), outboxes, epoch, round, signatures, system], /BadSignature/],
      [[height, coreHash, [...outboxes, box], epoch, round, signatures, system], /BadSignature/],
      [[height, coreHash, [{...box, root: id("root")}], epoch, round, signatures, system], /BadSignature/],
      [[height, coreHash, [{...box, seq: 1}], epoch, round, signatures, system], /OutOfOrder/],
      [[height, coreHash, [{...box, platform: id("p")}], epoch, round, signatures, system], /NoOutbox/],
      [[height, coreHash, [], epoch, round, signatures, system], /NoOutbox/],
      [[height, coreHash, outboxes, 1, round, signatures, system], /WrongEpoch/],
      [[height, coreHash, outboxes, epoch, round + 1, signatures, system], /BadSignature/],
      [[height, coreHash, outboxes, epoch, round, signatures, []], /SystemMismatch/],
      [[height, coreHash, outboxes, epoch, round, signatures, [checkpointEvent({epoch: 0, rewardsRoot: id("mine")})]], /SystemMismatch/],
    ];
    for (const [args, want] of altered) expect(await refusal(args)).toMatch(want);
    await call(good);
  });

  test("is taken once, in order, whatever else the block holds", async () => {
    const first = await stakes.decided([checkpointEvent({epoch: 0, jailed: [operators[0] ?? ""]})]);
    expect(await refusal(await stakes.decided([checkpointEvent({epoch: 0})], {seq: 1}))).toBe("OutOfOrder");
    await call(first);
    expect(names(await call(first))).toEqual([]);
    expect((await stakes.contract.read("nextSeq"))[0]).toBe(1n);
    const others = [{platform: id("elsewhere"), seq: 7n, systemHash: ZERO32, root: id("r"), count: 1}];
    expect(names(await call(await stakes.decided([checkpointEvent({epoch: 0})], {others})))).toEqual(["CheckpointTaken"]);
    expect(names(await call(await stakes.decided([])))).toEqual([]); // an empty outbox only counts
    expect((await stakes.contract.read("nextSeq"))[0]).toBe(3n);
  });

  test("an old set cannot prove anything after its epoch", async () => {
    const late = await stakes.decided([checkpointEvent({epoch: 0})], {seq: 1});
    await stakes.checkpoint({members: await grown()});
    expect(await refusal(late)).toBe("WrongEpoch");
  });

  test("what was decided but makes no sense is passed over", async () => {
    const abi = AbiCoder.defaultAbiCoder();
    const [m] = await stakes.members(0);
    const member = m as Member;
    const senseless = [
      "0x",
      "0x1234",
      abi.encode(["uint8", "bytes"], [9, "0x"]),
      abi.encode(["uint8", "bytes"], [8, "0x"]),
      abi.encode(["uint256", "bytes"], [264, "0x"]),
      checkpointEvent({epoch: 1}), // no set
      checkpointEvent({epoch: 0, members: [member]}), // a set, and no new epoch
      checkpointEvent({epoch: 2, members: [member]}),
      checkpointEvent({epoch: 1, members: [member, member]}),
      checkpointEvent({epoch: 1, members: [{...member, seats: 0}]}),
      checkpointEvent({epoch: 1, members: [{...member, seats: 65}]}),
    ];
    const receipt = await call(await stakes.decided([...senseless, checkpointEvent({epoch: 0, rewardsRoot: id("last")})]));
    expect(receipt.logs.map((l) => (l.name === "SystemEventIgnored" ? l.args[1] : l.name))).toEqual([
      ...senseless.map((_, i) => BigInt(i)),
      "CheckpointTaken",
    ]);
    expect((await stakes.contract.read("epoch"))[0]).toBe(0n);
    expect((await stakes.contract.read("rewardsRoot"))[0]).toBe(id("last"));
    await stakes.checkpoint({}); // keeps the root
    expect((await stakes.contract.read("rewardsRoot"))[0]).toBe(id("last"));
  });

  test("a caller who brings little gas cannot make a good one look senseless", async () => {
    const args = await stakes.decided([checkpointEvent({epoch: 1, members: await grown()})]);
    for (let gas = 60_000; gas < 900_000; gas += 20_000) {
      const receipt = await stakes.contract.attempt("checkpointEpoch", args, {gas});
      if (!receipt.status) continue;
      expect(names(receipt), `${gas} gas`).toEqual(["Frozen", "CheckpointTaken"]);
      return;
    }
    throw new Error("never taken");
  });

  test("before the first set there is none", async () => {
    stakes = await deployStakes(chain);
    expect(await refusal([1, id("c"), [], 0, 0, [], []])).toBe("NotFrozen");
  });

  test("of 64 validators fits into a transaction, with all that can come at once", async () => {
    const members = Array.from({length: 64}, (_, i) => ({operator: toBeHex(i + 1, 20), consensus: toBeHex(i + 1_000, 20), seats: 1}));
    const released = operators.map((operator) => ({operator, entries: 8}));
    const receipt = await stakes.checkpoint({
      members,
      participation: members.map(() => 1_000),
      jailed: operators,
      released,
      rewardsRoot: id("r"),
    });
    expect(receipt.gasUsed).toBeLessThan(1_300_000);
    expect((await stakes.members(1)).length).toBe(64);
  });
});

describe("rewards", () => {
  const abi = AbiCoder.defaultAbiCoder();
  const leaf = (operator: string, earned: bigint) => keccak256(keccak256(abi.encode(["address", "uint256"], [operator, earned])));
  const pair = (a: string, b: string) =>
    keccak256(
      `0x${[a, b]
        .sort()
        .map((h) => h.slice(2))
        .join("")}`,
    );
  const ALICE = () => operators[0] ?? "";
  const BOB = () => operators[1] ?? "";
  const claim = (earned: bigint, proof: string[], from = ALICE()) => stakes.contract.send("claim", [earned, proof], {from});
  const refused = async (earned: bigint, proof: string[], from = ALICE()) =>
    (await stakes.contract.reverts("claim", [earned, proof], {from})).name;

  test("are paid once to whom they are certified, and never from stake", async () => {
    const [a, b] = [leaf(ALICE(), 5n * STAKE), leaf(BOB(), 3n * STAKE)];
    expect(await refused(5n * STAKE, [b])).toBe("NotProven"); // no root yet
    await stakes.checkpoint({rewardsRoot: pair(a, b)});
    expect(await refused(5n * STAKE, [b])).toBe("PoolTooSmall"); // 4 coins of stake are here
    await stakes.contract.send("fundRewards", [], {value: 7n * STAKE, from: chain.accounts[9] ?? ""});
    expect(await refused(6n * STAKE, [b])).toBe("NotProven");
    expect(await refused(5n * STAKE, [b], BOB())).toBe("NotProven");
    expect(await refused(5n * STAKE, [])).toBe("NotProven");
    expect((await claim(5n * STAKE, [b])).logs.map((l) => [l.name, l.args[1]])).toEqual([["RewardsClaimed", 5n * STAKE]]);
    expect(await refused(5n * STAKE, [b])).toBe("NothingToClaim");
    expect(await refused(3n * STAKE, [a], BOB())).toBe("PoolTooSmall");
    const more = leaf(ALICE(), 6n * STAKE);
    await stakes.checkpoint({rewardsRoot: pair(more, b)});
    expect((await claim(6n * STAKE, [b])).logs[0]?.args[1]).toBe(STAKE); // only what is new
    expect(await refused(5n * STAKE, [b])).toBe("NotProven");
    expect(await stakes.balance()).toBe(4n * STAKE + STAKE);
    expect((await stakes.contract.read("rewardPool"))[0]).toBe(STAKE);
  });
});
