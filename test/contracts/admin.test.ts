import {id} from "ethers";
import {afterAll, beforeAll, beforeEach, describe, expect, test} from "vitest";
import {type BlsKey, blsKey} from "./support/bls.ts";
import {type Chain, type Deployed, startChain} from "./support/chain.ts";
import {proofOf} from "./support/events.ts";
import {
  ALICE,
  activateArgs,
  activeGroup,
  BTC,
  certificateArgs,
  deployGroup,
  type Group,
  keyArgsHash,
  register,
  uuid,
} from "./support/group.ts";

const DEADLINE = 10n ** 11n;
const WEEK = 7 * 86_400;
const INFINITY = `0x${"00".repeat(256)}`;
const process = uuid("process");

let chain: Chain;
let group: Group;
let app: Deployed;
beforeAll(async () => {
  chain = await startChain();
});
beforeEach(async () => {
  group = await activeGroup(chain);
  app = await chain.deploy("UnrulyReceiver", [group.contract.address]);
  await group.deliver({system: [register(process, app.address)]});
});
afterAll(() => chain.stop());

interface Change {
  counter?: bigint;
  deadline?: bigint;
  signers?: readonly number[];
  /** Signs instead of the group key; null: nobody does. */
  groupKey?: BlsKey | null;
}

/** Arguments of pause or unpause. */
async function pauseArgs(action: "pause" | "unpause", of: Change = {}): Promise<unknown[]> {
  const digest = group.actionDigest(action, of.counter ?? (await group.counter()), of.deadline ?? DEADLINE);
  const start = [...group.signed(digest, of.signers ?? [0, 1, 2]), of.deadline ?? DEADLINE];
  if (action === "unpause") return start;
  return [...start, of.groupKey ? of.groupKey.sign(digest) : "0x"];
}

/** Arguments of rotate or rekey to another key. */
async function keyArgs(action: "rotate" | "rekey", next: BlsKey, of: Change = {}): Promise<unknown[]> {
  const fields = {groupKey: next.publicKey, sid: id("next session"), transcript: id("next transcript"), epoch: group.epoch};
  const pop = next.sign(group.ack(fields));
  const counter = of.counter ?? (await group.counter());
  const deadline = of.deadline ?? DEADLINE;
  const digest = group.actionDigest(action, counter, deadline, keyArgsHash({...fields, pop}));
  const start = [fields.groupKey, pop, fields.sid, fields.transcript, fields.epoch];
  const signed = [...group.signed(digest, of.signers ?? [0, 1, 2]), deadline];
  if (action === "rekey") return [...start, ...signed];
  return [...start, ...signed, of.groupKey === null ? "0x" : (of.groupKey ?? group.key).sign(digest)];
}

const refused = async (fn: string, args: readonly unknown[]) => (await group.contract.reverts(fn, args)).name;
const warp = (seconds: number) => chain.rpc("evm_increaseTime", seconds).then(() => chain.rpc("evm_mine"));

describe("a pause", () => {
  test("by a quorum of the validators stops every app and every payment; commits and reads go on", async () => {
    await group.deliver({events: [group.event(process, {amount: 9n})]});
    await app.send("setMode", [1]); // reverts
    const parked = group.event(process, {amount: 1n});
    await group.deliver({events: [parked]});
    await app.send("setMode", [0]);

    const receipt = await group.contract.send("pause", await pauseArgs("pause"));
    const [until] = await group.contract.read("pausedUntil");
    expect(receipt.logs.map((log) => [log.name, ...log.args])).toEqual([["PauseStarted", until]]);

    const event = group.event(process, {amount: 3n});
    const {block, deliveries} = group.block({events: [event]});
    const certificate = certificateArgs(block, group.certify(block));
    const votes = [...certificate.slice(0, 5), ...group.signed(group.voteDigest(block)), deliveries];
    expect(await refused("deliver", [...certificate, deliveries])).toBe("Paused");
    expect(await refused("deliverByVotes", votes)).toBe("Paused");
    expect(await refused("retry", [process, 1n, parked])).toBe("Paused");
    expect(await refused("giveBack", [process, 1n, parked])).toBe("Paused");
    const sent = await app.reverts("pay", [BTC, 1n, [0, ALICE], "0x"]);
    expect(group.contract.abi.parseError(sent.name)?.name).toBe("Paused");
    await group.contract.send("commit", [...certificate, [[]]]);
    expect(await refused("execute", [block.outboxes[0]?.seq, event, proofOf([event], 0)])).toBe("Paused");
    expect(await group.statesOf(process)).toEqual(["delivered", "parked"]);
    expect((await group.contract.read("verify", ...certificate))[0]).toBe(true);

    await group.contract.send("unpause", await pauseArgs("unpause"));
    await group.contract.send("retry", [process, 1n, parked]);
    await group.contract.send("execute", [block.outboxes[0]?.seq, event, []]);
    await app.send("pay", [BTC, 13n, [0, ALICE], "0x"]);
    expect(await group.statesOf(process)).toEqual(["delivered", "delivered", "delivered"]);
    expect(await group.counter()).toBe(3n);
  });

  test("by the group's signature alone, which is good once", async () => {
    const args = await pauseArgs("pause", {groupKey: group.key, signers: []});
    await group.contract.send("pause", args);
    expect(await refused("pause", args)).toBe("BadGroupSignature");
    await group.contract.send("unpause", await pauseArgs("unpause"));
    expect(await refused("pause", args)).toBe("BadGroupSignature");
    expect(await refused("unpause", await pauseArgs("unpause"))).toBe("NotPaused");
    expect(await refused("unpause", await pauseArgs("unpause", {signers: []}))).toBe("NotPaused");
  });

  test("ends by itself after seven days", async () => {
    await group.contract.send("pause", await pauseArgs("pause"));
    const call = group.block({events: [group.event(process)]});
    const args = [...certificateArgs(call.block, group.certify(call.block)), call.deliveries];
    await warp(WEEK - 60);
    expect(await refused("deliver", args)).toBe("Paused");
    await warp(61);
    await group.contract.send("deliver", args);
    expect(await refused("unpause", await pauseArgs("unpause"))).toBe("NotPaused");
  });

  test("is nobody else's to make or to end", async () => {
    const stranger = blsKey(77n);
    const is = async (change: Change, error: string) => expect(await refused("pause", await pauseArgs("pause", change))).toBe(error);
    await is({signers: [0, 1]}, "QuorumMissing");
    await is({signers: []}, "QuorumMissing");
    await is({groupKey: stranger, signers: []}, "BadGroupSignature");
    await is({groupKey: stranger, signers: [0, 1, 2, 3]}, "BadGroupSignature");
    await is({counter: 2n}, "BadSignature");
    await is({counter: 0n}, "BadSignature");
    await is({deadline: 1n}, "Expired");
    await is({deadline: 1n, groupKey: group.key}, "Expired");
    const [keys, seats, signatures, deadline] = await pauseArgs("pause");
    expect(await refused("pause", [keys, seats, signatures, deadline, INFINITY])).toBe("BadGroupSignature");
    expect(await refused("pause", [keys, [9, 9, 9, 9], signatures, deadline, "0x"])).toBe("WrongValidators");
    expect(await refused("pause", [keys, seats, signatures, DEADLINE + 1n, "0x"])).toBe("BadSignature");
    // signed for one action, used for another
    const forUnpause = group.signed(group.actionDigest("unpause", await group.counter(), DEADLINE));
    expect(await refused("pause", [...forUnpause, DEADLINE, "0x"])).toBe("BadSignature");
    await group.contract.send("pause", await pauseArgs("pause"));
    expect(await refused("unpause", await pauseArgs("unpause", {signers: [0, 1]}))).toBe("QuorumMissing");
    const forPause = group.signed(group.actionDigest("pause", await group.counter(), DEADLINE));
    expect(await refused("unpause", [...forPause, DEADLINE])).toBe("BadSignature");
  });

  test("of another contract of the same validators is none of this one", async () => {
    const other = await activeGroup(chain);
    const digest = other.actionDigest("pause", 1n, DEADLINE);
    expect(await refused("pause", [...other.signed(digest), DEADLINE, "0x"])).toBe("BadSignature");
    expect(await refused("pause", [...other.signed(digest, []), DEADLINE, other.key.sign(digest)])).toBe("BadGroupSignature");
  });
});

describe("another group key", () => {
  const next = blsKey(123_456_789n);

  test("by the one in use and a quorum; what is not delivered yet is certified anew, what was committed stays", async () => {
    const before = group.event(process, {amount: 2n});
    const committed = group.block({events: [before]});
    await group.contract.send("commit", [...certificateArgs(committed.block, group.certify(committed.block)), [[]]]);
    const waiting = group.block({events: [group.event(process)]});
    const oldCertificate = group.certify(waiting.block);

    const receipt = await group.contract.send("rotate", await keyArgs("rotate", next));
    expect(receipt.logs.map((log) => [log.name, ...log.args])).toEqual([
      ["Rotated", id("next session"), id("next transcript"), next.publicKey, 0n],
    ]);
    group.key = next;
    expect((await group.contract.read("groupKey"))[0]).toBe(next.publicKey);
    expect(await refused("deliver", [...certificateArgs(waiting.block, oldCertificate), waiting.deliveries])).toBe("BadCertificate");
    await group.contract.send("execute", [committed.block.outboxes[0]?.seq, before, []]);
    await group.contract.send("deliver", [...certificateArgs(waiting.block, group.certify(waiting.block)), waiting.deliveries]);
    expect(await group.statesOf(process)).toEqual(["delivered", "delivered"]);
  });

  test("where the one in use is lost, by a quorum alone", async () => {
    const receipt = await group.contract.send("rekey", await keyArgs("rekey", next));
    expect(receipt.logs.map((log) => log.name)).toEqual(["Rekeyed"]);
    group.key = next;
    await group.deliver({events: [group.event(process)]});
    expect(await group.counter()).toBe(2n);
  });

  test("a rotation is good once, and takes both", async () => {
    const args = await keyArgs("rotate", next);
    const is = async (change: Change, error: string) => expect(await refused("rotate", await keyArgs("rotate", next, change))).toBe(error);
    await is({groupKey: null}, "BadGroupSignature");
    await is({groupKey: next}, "BadGroupSignature");
    await is({signers: [0, 1]}, "QuorumMissing");
    await is({signers: []}, "QuorumMissing");
    await is({counter: 0n}, "BadSignature");
    await is({deadline: 1n}, "Expired");
    await group.contract.send("rotate", args);
    expect(await refused("rotate", args)).toBe("BadSignature");
    // back to the first one, by a replay of the activation
    const first = group.activation([0, 1, 2]);
    expect(await refused("activate", activateArgs(first))).toBe("AlreadyActive");
    expect(await refused("rekey", activateArgs(first))).toBe("BadSignature");
  });

  test("every argument is signed", async () => {
    const other = blsKey(5n);
    for (const [at, value] of [
      [0, other.publicKey],
      [1, other.sign(id("x"))],
      [2, id("x")],
      [3, id("x")],
    ] as const) {
      for (const action of ["rotate", "rekey"] as const) {
        const args = await keyArgs(action, next);
        args[at] = value;
        expect(await refused(action, args), `${action} ${at}`).toBe("BadSignature");
      }
    }
    const args = await keyArgs("rekey", next);
    args[4] = 1n;
    expect(await refused("rekey", args)).toBe("WrongValidators");
  });

  test("must have signed its transcript", async () => {
    const fields = {groupKey: next.publicKey, pop: group.key.sign(id("x")), sid: id("s"), transcript: id("t"), epoch: 0n};
    const digest = group.actionDigest("rekey", await group.counter(), DEADLINE, keyArgsHash(fields));
    const {groupKey, pop, sid, transcript, epoch} = fields;
    expect(await refused("rekey", [groupKey, pop, sid, transcript, epoch, ...group.signed(digest), DEADLINE])).toBe("BadProofOfPossession");
  });

  test("is not put in place before there was a first", async () => {
    group = await deployGroup(chain);
    expect(await refused("rekey", await keyArgs("rekey", next))).toBe("NotActive");
    expect(await refused("rotate", await keyArgs("rotate", next))).toBe("BadGroupSignature");
    expect(await refused("rotate", await keyArgs("rotate", next, {groupKey: null}))).toBe("BadGroupSignature");
  });
});
