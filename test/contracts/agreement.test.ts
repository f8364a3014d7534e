import {getBytes, hexlify, id} from "ethers";
import fc from "fast-check";
import {afterAll, beforeAll, describe, expect, test} from "vitest";
import {type Hex, toHex} from "../../src/base/bytes.ts";
import {blsPublicKey, blsSign, g1ToEip2537, g2ToEip2537} from "../../src/crypto/bls.ts";
import {eventLeaf, merkleProof, merkleRoot} from "../../src/crypto/merkle.ts";
import {seatTable} from "../../src/staking/seats.ts";
import {blockHashOf, type Outbox} from "../../src/types/block.ts";
import {ackDigest, activateDigest, certificateDigest, domainSeparator, networkIdOf, platformOf} from "../../src/types/digests.ts";
import {encodeEvent, type MvmEvent} from "../../src/types/event.ts";
import {uuidBytes, ZERO_HASH} from "../../src/types/ids.ts";
import {type Chain, type Deployed, startChain} from "./support/chain.ts";
import {register, systemHash, validatorKeys, validatorsHash} from "./support/group.ts";

/** The node's own encodings and the contracts', on one chain: what one makes, the other takes. */
let chain: Chain;
let harness: Deployed;
beforeAll(async () => {
  chain = await startChain();
  harness = await chain.deploy("Harness", []);
});
afterAll(() => chain.stop());

const hex = (text: string) => text.toLowerCase() as Hex;
const uuid = fc.uuid();
const u64 = fc.bigInt(0n, 2n ** 64n - 1n);
const event: fc.Arbitrary<MvmEvent> = fc.record({
  process: uuid,
  nonce: u64,
  asset: uuid,
  amount: fc.oneof(fc.constant(0n), fc.bigInt(1n, 10n ** 18n)),
  extra: fc.uint8Array({maxLength: 300}),
  timestamp: u64,
  members: uuid.map((member) => [member]),
  threshold: fc.constant(1),
  signature: fc.constant(new Uint8Array()),
});

test("an event is read as it was meant", () =>
  fc.assert(
    fc.asyncProperty(event, async (e) => {
      const [head, extra] = await harness.read("parse", encodeEvent(e));
      expect([head.process, head.asset, head.sender]).toEqual([e.process, e.asset, ...e.members].map((u) => hexlify(uuidBytes(u))));
      expect([head.nonce, head.amount, head.timestamp, extra]).toEqual([e.nonce, e.amount, e.timestamp, hexlify(e.extra)]);
    }),
    {numRuns: 50},
  ));

test("a root is the same", () =>
  fc.assert(
    fc.asyncProperty(fc.array(event, {maxLength: 20}), async (events) => {
      const encoded = events.map(encodeEvent);
      expect((await harness.read("root", encoded))[0]).toBe(toHex(merkleRoot(encoded.map(eventLeaf))));
    }),
    {numRuns: 30},
  ));

test("seats are the same", () =>
  fc.assert(
    fc.asyncProperty(fc.array(fc.integer({min: 1, max: 64}), {maxLength: 70}), async (stakes) => {
      const candidates = stakes.map((seats, i) => ({operator: hex(`0x${id(`operator ${i}`).slice(2, 42)}`), seats}));
      const table = seatTable(candidates, 64).validators;
      const [operators, seats] = await harness.read(
        "select",
        candidates.map((c) => c.operator),
        stakes,
      );
      expect([...operators].map(hex)).toEqual(table.map((v) => v.operator));
      expect([...seats].map(Number)).toEqual(table.map((v) => v.seats));
    }),
    {numRuns: 50},
  ));

describe("a group contract run with the node's digests", () => {
  test("activates, verifies, delivers and executes", async () => {
    const staking = hex(`0x${"57".repeat(20)}`);
    const salt = id("salt") as Hex;
    const {wallets, seats} = validatorKeys([1, 1, 1, 1]);
    const keys = wallets.map((w) => w.address);
    const group = await chain.deploy("MixinGroup", [chain.chainId, staking, salt, validatorsHash(0n, keys, seats)]);
    const networkId = networkIdOf({homeChainId: chain.chainId, staking, salt});
    const platform = platformOf(chain.chainId, hex(group.address));
    expect((await group.read("networkId"))[0]).toBe(networkId);
    expect((await group.read("platform"))[0]).toBe(platform);

    const secret = getBytes(id("secret")).map((byte, i) => (i === 0 ? 0 : byte));
    const sign = (digest: Uint8Array) => g2ToEip2537(blsSign(secret, digest));
    const groupKey = g1ToEip2537(blsPublicKey(secret));
    const session = {sid: id("sid") as Hex, transcript: id("transcript") as Hex};
    const pop = sign(ackDigest({networkId, ...session, groupKey}));
    const admin = activateDigest(domainSeparator({homeChainId: chain.chainId, staking, networkId}), {
      platform,
      counter: 0n,
      groupKey,
      pop,
      ...session,
      epoch: 0,
      deadline: 10n ** 10n,
    });
    const signatures = wallets.map((w, i) => (i < 3 ? w.signingKey.sign(hexlify(admin)).serialized : "0x"));
    await group.send("activate", [groupKey, pop, session.sid, session.transcript, 0, keys, seats, signatures, 10n ** 10n]);
    expect((await group.read("groupKey"))[0]).toBe(hexlify(groupKey));

    const process = "bd670872-76ce-3263-b933-3aa337e212a4";
    const app = await chain.deploy("NoopReceiver", []);
    const system = [register(hexlify(uuidBytes(process)), app.address)];
    const encoded = [0n, 1n, 2n].map((nonce) =>
      encodeEvent({
        process,
        nonce,
        asset: "c6d0c728-2624-429b-8e0d-d9d19b6592fa",
        amount: 5n + nonce,
        extra: Uint8Array.of(1, 2),
        timestamp: 1n,
        members: ["fcb87491-4fa0-4c2f-b387-262b63cbc112"],
        threshold: 1,
        signature: new Uint8Array(),
      }),
    );
    const leaves = encoded.map(eventLeaf);
    const outbox = (seq: bigint, of: Partial<Outbox>): Outbox => ({platform, seq, systemHash: ZERO_HASH, root: ZERO_HASH, count: 0, ...of});
    const outboxes = [
      outbox(0n, {systemHash: systemHash(system) as Hex, root: toHex(merkleRoot(leaves.slice(0, 1))), count: 1}),
      outbox(1n, {root: toHex(merkleRoot(leaves)), count: 3}),
    ];
    const core = id("core") as Hex;
    const certificate = sign(certificateDigest({networkId, epoch: 0, height: 9, round: 2, blockHash: blockHashOf(9, core, outboxes)}));
    const start = [9, core, outboxes, 0, 2, certificate];
    expect((await group.read("verify", ...start))[0]).toBe(true);
    await group.send("deliver", [...start, [{system, events: encoded.slice(0, 1)}]]);
    await group.send("commit", [...start, [[]]]);
    for (const i of [1, 2]) await group.send("execute", [1, encoded[i], merkleProof(leaves, i)]);
    expect((await group.read("nextNonce", uuidBytes(process)))[0]).toBe(3n);
    expect((await group.read("balanceOf", uuidBytes(process), uuidBytes("c6d0c728-2624-429b-8e0d-d9d19b6592fa")))[0]).toBe(18n);
  });
});
