import {concat, dataSlice, getBytes, hexlify, id, toBeHex, ZeroHash} from "ethers";
import fc from "fast-check";
import {afterAll, beforeAll, beforeEach, describe, expect, test} from "vitest";
import {blsKey} from "./support/bls.ts";
import {type Chain, type Deployed, startChain} from "./support/chain.ts";
import {proofOf} from "./support/events.ts";
import {
  activateArgs,
  activeGroup,
  type Block,
  certificateArgs,
  deployGroup,
  type Group,
  register,
  uuid,
  validatorKeys,
} from "./support/group.ts";
import {g1OutsideSubgroup, g2OutsideSubgroup, malformed} from "./support/points.ts";

/** What emptied other bridges, each played against this one. */
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
const refused = async (fn: string, call: readonly unknown[]) => (await group.contract.reverts(fn, call)).name;

describe("forged certificates", () => {
  test("under another key, empty, of another epoch, or of prevotes' height", async () => {
    const {block, deliveries} = group.block({events: [group.event(process, {amount: 10n ** 12n})]});
    const other = {...block, height: block.height + 1n};
    for (const signature of [
      "0x",
      blsKey(999n).sign(id("anything")),
      group.key.sign(id("anything")),
      group.certify(other),
      group.certify({...block, epoch: 1n}),
      group.certify({...block, round: 1}),
      group.certify({...block, outboxes: []}),
      group.certify(block, id("another network")),
    ])
      expect(await refused("deliver", args(block, signature, deliveries))).toBe("BadCertificate");
    expect(await group.statesOf(process)).toEqual([]);
  });

  test("written in any way but one, the identity, and points outside the subgroup", async () => {
    const {block, deliveries} = group.block({events: [group.event(process)]});
    const good = group.certify(block);
    const outside = g2OutsideSubgroup();
    for (const [name, signature] of [...malformed(good), ["outside the subgroup", outside] as const]) {
      expect(await refused("deliver", args(block, signature, deliveries)), name).toBe("BadCertificate");
      expect((await group.contract.read("verify", ...certificateArgs(block, signature)))[0], name).toBe(false);
    }
    await group.contract.send("deliver", args(block, good, deliveries));
  });

  test("a key is no key in any of these forms, whoever signs for it", async () => {
    const fresh = await deployGroup(chain);
    const {sid, transcript} = fresh.activation([]);
    for (const [name, groupKey] of [...malformed(fresh.key.publicKey), ["outside the subgroup", g1OutsideSubgroup()] as const]) {
      if (name === "the generator's negative, or so") continue; // another key's form, for which nobody has signed
      for (const pop of [fresh.key.sign(fresh.ack({groupKey, sid, transcript})), `0x${"00".repeat(256)}`]) {
        const call = activateArgs(fresh.activation([0, 1, 2, 3], {groupKey, pop}));
        expect((await fresh.contract.reverts("activate", call)).name, name).toBe("BadProofOfPossession");
      }
    }
  });
});

describe("a root or a proof that proves nothing", () => {
  test("root 0, no proof, an outbox that nobody committed: whatever is not known is unknown", async () => {
    const event = group.event(process, {amount: 1n});
    for (const seq of [0n, 1n, 7n, 2n ** 64n - 1n])
      for (const proof of [[], [ZeroHash], Array(10).fill(ZeroHash)])
        expect(await refused("execute", [seq, event, proof])).toBe("NotProven");
    const empty = group.block({});
    await group.contract.send("commit", [...certificateArgs(empty.block, group.certify(empty.block)), [[]]]);
    expect(await refused("execute", [empty.block.outboxes[0]?.seq, event, []])).toBe("NotProven");
    for (const fn of ["retry", "giveBack"]) expect(await refused(fn, [process, 0n, event])).toBe("NotWaiting");
  });

  test("every altered byte of a committed event is refused, and so is every altered byte of a delivered one", async () => {
    const events = [0, 1, 2].map(() => group.event(process, {amount: 7n, extra: "0xc0ffee"}));
    const committed = group.block({events});
    await group.contract.send("commit", [...certificateArgs(committed.block, group.certify(committed.block)), [[]]]);
    const [first = ""] = events;
    const flip = (event: string, at: number, mask: number) => hexlify(getBytes(event).map((byte, i) => (i === at ? byte ^ mask : byte)));
    const size = getBytes(first).length;
    for (let at = 0; at < size; at += 3) {
      const call = [committed.block.outboxes[0]?.seq, flip(first, at, 1 << (at % 8)), proofOf(events, 0)];
      expect(await refused("execute", call), `byte ${at}`).toBe("NotProven");
    }
    const {block, deliveries} = group.block({events: [group.event(process, {nonce: 3n, amount: 7n})]});
    const signature = group.certify(block);
    const [event = ""] = deliveries[0]?.events ?? [];
    await fc.assert(
      fc.asyncProperty(fc.nat(getBytes(event).length - 1), fc.integer({min: 1, max: 255}), async (at, mask) => {
        expect(await refused("deliver", args(block, signature, [{system: [], events: [flip(event, at, mask)]}]))).toBe("EventsMismatch");
      }),
      {numRuns: 25},
    );
  });
});

describe("one deposit, many claims", () => {
  test("each way to bring a message is tried again and again, also after a reorg", async () => {
    const beforeAnything = await chain.rpc<string>("evm_snapshot");
    const event = group.event(process, {amount: 7n});
    const {block, deliveries} = group.block({events: [event]});
    const certificate = certificateArgs(block, group.certify(block));
    const calls: [string, unknown[]][] = [
      ["deliver", [...certificate, deliveries]],
      ["deliverByVotes", [...certificate.slice(0, 5), ...group.signed(group.voteDigest(block)), deliveries]],
      ["commit", [...certificate, [[]]]],
      ["execute", [block.outboxes[0]?.seq, event, []]],
      ["retry", [process, 0n, event]],
      ["giveBack", [process, 0n, event]],
    ];
    const replay = async () => {
      for (let i = 0; i < 30; i++) for (const [fn, call] of calls) await group.contract.attempt(fn, call);
      expect(await group.balanceOf(process)).toBe(7n);
      expect(await group.statesOf(process)).toEqual(["delivered"]);
    };
    await replay();
    await chain.rpc("evm_revert", beforeAnything); // the chain takes another course
    expect(await group.balanceOf(process)).toBe(0n);
    await group.contract.send("commit", calls[2]?.[1] ?? []); // this time committed first
    await replay();
  });
});

describe("another chain, another contract", () => {
  test("with the same address, keys and network: nothing signed for one is good on the other", async () => {
    const [here, there] = [await startChain(), await startChain(["--chain-id", "5"])];
    try {
      const homeChainId = here.chainId;
      const mine = await deployGroup(here);
      const theirs = await deployGroup(there, mine.validators, homeChainId);
      expect(theirs.contract.address).toBe(mine.contract.address);
      expect((await theirs.contract.read("networkId"))[0]).toBe((await mine.contract.read("networkId"))[0]);
      const activation = activateArgs(mine.activation([0, 1, 2]));
      await mine.contract.send("activate", activation);
      expect((await theirs.contract.reverts("activate", activation)).name).toBe("BadSignature");
      await theirs.activate();

      const {block, deliveries} = mine.block({system: [register(process, app.address)]});
      const call = args(block, mine.certify(block), deliveries);
      await mine.contract.send("deliver", call);
      expect((await theirs.contract.read("verify", ...call.slice(0, 6)))[0]).toBe(true); // one network, one key: the block is certified
      expect((await theirs.contract.reverts("deliver", call)).name).toBe("NoOutbox"); // but it has nothing for that contract

      const digest = mine.actionDigest("pause", 1n, 10n ** 11n);
      const pause = [...mine.signed(digest), 10n ** 11n, "0x"];
      expect((await theirs.contract.reverts("pause", pause)).name).toBe("BadSignature");
      expect((await theirs.contract.reverts("pause", [[], [], [], 10n ** 11n, mine.key.sign(digest)])).name).toBe("BadGroupSignature");
      await mine.contract.send("pause", pause);
    } finally {
      await Promise.all([here.stop(), there.stop()]);
    }
  });

  test("a fork that changes its chain id is another chain to the contract that is there already", async () => {
    const {block, deliveries} = group.block({events: [group.event(process)]});
    const call = args(block, group.certify(block), deliveries);
    const before = (await group.contract.read("platform"))[0];
    await chain.rpc("anvil_setChainId", 77);
    try {
      expect((await group.contract.read("platform"))[0]).not.toBe(before);
      expect(await refused("deliver", call)).toBe("NoOutbox");
    } finally {
      await chain.rpc("anvil_setChainId", chain.chainId);
    }
    await group.contract.send("deliver", call);
  });
});

describe("few keys in few hands", () => {
  test("a quorum is more than two thirds of the seats, whatever the seats", () =>
    fc.assert(
      fc.asyncProperty(fc.array(fc.integer({min: 1, max: 16}), {minLength: 1, maxLength: 6}), fc.nat(63), async (seats, chosen) => {
        const many = await deployGroup(chain, validatorKeys(seats));
        const signers = seats.flatMap((_, i) => ((chosen >> i) & 1 ? [i] : []));
        const signed = signers.reduce((sum, i) => sum + (seats[i] ?? 0), 0);
        const total = seats.reduce((sum, s) => sum + s, 0);
        const receipt = await many.contract.attempt("activate", activateArgs(many.activation(signers)));
        expect(receipt.status, `${signed} of ${total}`).toBe(3 * signed > 2 * total);
      }),
      {numRuns: 15},
    ));

  test("a validator's signature counts once, and only in its own place", async () => {
    const digest = group.actionDigest("pause", 1n, 10n ** 11n);
    const [keys, seats, signatures] = group.signed(digest, [0]);
    const [one = ""] = signatures;
    const places: string[][] = [
      [one, one, one, "0x"],
      ["0x", one, one, one],
      [one, "0x", one, one],
    ];
    for (const forged of places) expect(await refused("pause", [keys, seats, forged, 10n ** 11n, "0x"])).toBe("BadSignature");
    const repeated = Array(4).fill(keys[0]);
    expect(await refused("pause", [repeated, seats, [one, one, one, one], 10n ** 11n, "0x"])).toBe("WrongValidators");
    const longer = [...keys, keys[0]];
    expect(await refused("pause", [longer, [...seats, 9], [...signatures, one], 10n ** 11n, "0x"])).toBe("WrongValidators");
    expect(await refused("pause", [keys, [...seats, 9], signatures, 10n ** 11n, "0x"])).toBe("WrongValidators");
    const zero = concat([dataSlice(one, 0, 64), "0x1d"]); // recovers to nobody
    expect(await refused("pause", [keys, seats, [zero, "0x", "0x", "0x"], 10n ** 11n, "0x"])).toBe("BadSignature");
    expect(await refused("pause", [keys, seats, [toBeHex(1n, 65), "0x", "0x", "0x"], 10n ** 11n, "0x"])).toBe("BadSignature");
  });
});
