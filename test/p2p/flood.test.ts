import {randomBytes} from "node:crypto";
import {type SignaturePolicy, StrictSign} from "@chainsafe/libp2p-gossipsub";
import type {Connection, Stream} from "@libp2p/interface";
import {describe, expect, test} from "vitest";
import {encodeFrame} from "../../src/p2p/frames.ts";
import {FAMILIES} from "../../src/p2p/topics.ts";
import {encodeMessage, MESSAGE_BYTES_MAX} from "../../src/types/messages.ts";
import {type Attacker, NAMES, push, pushFrame, startAttacker} from "./attacker.ts";
import {connectedAll, makeValidators, startNode, type TestNode, until, vote} from "./support.ts";

interface Stage {
  readonly victim: TestNode;
  readonly witness: TestNode;
  readonly attacker: Attacker;
  join(): Promise<Connection>;
}
/** Two honest validators, and a third gone bad: its key is registered, its hello fits. */
async function stage(signatures?: SignaturePolicy): Promise<Stage> {
  const validators = await makeValidators(3);
  const victim = await startNode(validators, 0);
  const witness = await startNode(validators, 1, {peers: [victim.address()]});
  await connectedAll([victim, witness]);
  const attacker = await startAttacker(validators.seeds[2], signatures);
  return {victim, witness, attacker, join: () => attacker.join(victim.address())};
}

/** The victim holds little, and the two honest nodes still hear each other. */
async function expectUnharmed({victim, witness}: Stage): Promise<void> {
  const stats = victim.network.stats();
  expect(stats.queuedBytes).toBeLessThanOrEqual(2 * (8 << 20));
  expect(stats.unsentBytes).toBeLessThanOrEqual(2 * (9 << 20));
  expect(stats.unreadBytes).toBeLessThanOrEqual(2 * (MESSAGE_BYTES_MAX + (1 << 20)));
  expect(stats.connections).toBeLessThanOrEqual(4);
  expect(stats.streams).toBeLessThanOrEqual(4 * 40);
  const [there, back] = [vote(0), vote(1)];
  const heard = (node: TestNode, height: number) => node.received.some(({message: m}) => m.kind === "vote" && m.vote.height === height);
  victim.network.broadcast(there);
  witness.network.broadcast(back);
  await until(() => heard(witness, there.vote.height) && heard(victim, back.vote.height), "honest nodes hear each other", 5_000);
}

const banned = ({victim}: Stage) => (victim.network.stats().counts.bans ?? 0) > 0;
const mutated = (): Uint8Array => {
  const bytes = encodeMessage(vote(2));
  const at = 17 + Math.floor(Math.random() * 6); // vote type, presence flag, and the count of partials are strict
  bytes[at] = 200;
  return Uint8Array.of(...bytes.slice(0, -1), 1, 1);
};
const GARBAGE: readonly [string, () => Uint8Array][] = [
  ["random bytes", () => new Uint8Array(randomBytes(300))],
  ["nothing", () => new Uint8Array(0)],
  ["mutated votes", mutated],
  ["cut votes", () => encodeMessage(vote(2)).slice(0, -5)],
  ["a megabyte of garbage that claims to be a vote", () => new Uint8Array(1_000_000).fill(1)],
];

describe("a registered validator gone bad, by direct stream", () => {
  test.for(GARBAGE)("%s: disconnected after a few", async ([, make]) => {
    const s = await stage();
    const stream = await s.attacker.open(await s.join(), NAMES.direct);
    for (let i = 0; i < 50; i++) pushFrame(stream, make());
    await until(() => banned(s), "banned");
    expect(s.victim.network.stats().counts.rejected).toBeLessThan(10);
    await until(() => s.victim.network.peers().length === 1, "disconnected");
    await expectUnharmed(s);
    expect(s.victim.received.every(({from}) => from.validator === 1)).toBe(true);
    await s.join().catch(() => {});
    await until(() => (s.victim.network.stats().counts.refusedConnections ?? 0) > 0, "kept out for a while");
  });

  test("frames that are too large: the stream is lost each time, then the connection", async () => {
    const s = await stage();
    const connection = await s.join();
    for (let i = 0; i < 20 && connection.status === "open"; i++) {
      const stream = await s.attacker.open(connection, NAMES.direct).catch(() => null);
      if (stream !== null) push(stream, encodeFrame(new Uint8Array(MESSAGE_BYTES_MAX + 1)).slice(0, 200));
      await until(() => stream === null || stream.status !== "open", "stream reset");
    }
    await until(() => banned(s), "banned");
    await expectUnharmed(s);
  });

  test("frames that never end, on one stream after the other: one is held at most", async () => {
    const s = await stage();
    const connection = await s.join();
    for (let i = 0; i < 60; i++) {
      const stream = await s.attacker.open(connection, NAMES.direct).catch(() => null);
      if (stream !== null) push(stream, encodeFrame(new Uint8Array(MESSAGE_BYTES_MAX)).slice(0, 200_000));
    }
    await until(() => s.victim.network.stats().unreadBytes > 0, "one is held");
    expect(s.victim.network.stats().unreadBytes).toBeLessThanOrEqual(MESSAGE_BYTES_MAX);
    await expectUnharmed(s);
  });

  test("well-formed messages without end: judged at the allowed rate, the rest waits at the sender", async () => {
    const s = await stage();
    s.victim.handler.receive = (message, from) => {
      s.victim.received.push({message, from});
      return "ignore";
    };
    const stream = await s.attacker.open(await s.join(), NAMES.direct);
    const started = Date.now();
    const before = s.victim.received.length;
    for (let i = 0; i < 40_000; i++) pushFrame(stream, encodeMessage(vote(2)));
    await until(() => s.victim.received.length > before + 4_500, "many judged", 20_000);
    await expectUnharmed(s);
    const seconds = (Date.now() - started) / 1_000;
    expect(s.victim.received.length - before).toBeLessThan(4_000 * seconds + 4_000 + 100);
    expect(stream.writeBufferLength).toBeGreaterThan(0);
    expect(banned(s)).toBe(false);
  });
});

describe("a registered validator gone bad, by gossip", () => {
  async function subscribed(s: Stage): Promise<void> {
    const id = s.victim.address().split("/").at(-1);
    const sees = () =>
      FAMILIES.every((f) => s.attacker.host.services.pubsub.getSubscribers(NAMES.topic(f)).some((p) => p.toString() === id));
    await until(sees, "the attacker sees the victim's topics");
  }

  test.for(FAMILIES.flatMap((family) => GARBAGE.map(([name, make]) => ({family, name, make}))))(
    "$name on $family: disconnected after a few, not forwarded",
    async ({family, make}) => {
      const s = await stage();
      await s.join();
      await subscribed(s);
      for (let i = 0; i < 20; i++) {
        await s.attacker.host.services.pubsub.publish(NAMES.topic(family), make()).catch(() => {});
      }
      await until(() => banned(s), "banned");
      await expectUnharmed(s);
      expect(s.witness.network.stats().counts.rejected ?? 0).toBe(0);
    },
  );

  test("a kind on another topic", async () => {
    const s = await stage();
    await s.join();
    await subscribed(s);
    for (let i = 0; i < 10; i++) await s.attacker.host.services.pubsub.publish(NAMES.topic("dkg"), encodeMessage(vote(2)));
    await until(() => banned(s), "banned");
    await expectUnharmed(s);
    expect(s.victim.received.some(({from}) => from.validator === 2)).toBe(false);
  });

  test("valid votes with an author's fields, which would give one vote many forms", async () => {
    const s = await stage(StrictSign);
    await s.join();
    await subscribed(s);
    for (let i = 0; i < 10; i++) await s.attacker.host.services.pubsub.publish(NAMES.topic("vote"), encodeMessage(vote(2)));
    await until(() => banned(s), "banned");
    await expectUnharmed(s);
    expect(s.victim.received.some(({from}) => from.validator === 2)).toBe(false);
  });

  test("topics that do not exist, in any number", async () => {
    const s = await stage();
    await s.join();
    await subscribed(s);
    for (let i = 0; i < 500; i++) s.attacker.host.services.pubsub.subscribe(`/mvm/other/${i}`);
    await expectUnharmed(s);
  });

  test("well-formed messages without end: most are dropped before gossip remembers them, then the peer is cut", async () => {
    const s = await stage();
    s.victim.handler.receive = (message, from) => {
      s.victim.received.push({message, from});
      return "ignore";
    };
    await s.join();
    await subscribed(s);
    for (let i = 0; i < 15_000; i++) void s.attacker.host.services.pubsub.publish(NAMES.topic("vote"), encodeMessage(vote(2)));
    await until(() => banned(s), "banned", 20_000);
    const {counts, gossipSeen} = s.victim.network.stats();
    expect(counts.limited).toBeGreaterThan(100);
    expect(gossipSeen).toBeLessThan(12_000);
    await expectUnharmed(s);
  });
});

describe("a registered validator gone bad, by its connection", () => {
  interface Wire {
    send(bytes: Uint8Array): boolean;
  }
  /** Below the multiplexer, above the encryption. */
  const wireOf = (connection: Connection): Wire => (connection as unknown as {muxer: {maConn: Wire}}).muxer.maConn;
  /** Headers of yamux frames. */
  function frames(count: number, header: (i: number) => {type: number; flag: number; stream: number; length: number}): Uint8Array {
    const view = new DataView(new ArrayBuffer(12 * count));
    for (let i = 0; i < count; i++) {
      const {type, flag, stream, length} = header(i);
      view.setUint8(12 * i + 1, type);
      view.setUint16(12 * i + 2, flag);
      view.setUint32(12 * i + 4, stream);
      view.setUint32(12 * i + 8, length);
    }
    return new Uint8Array(view.buffer);
  }
  const cut = (s: Stage) => (s.victim.network.stats().counts.abusedConnections ?? 0) > 0;

  test.for<[string, Uint8Array]>([
    ["new streams", frames(3_000, (i) => ({type: 1, flag: 1, stream: 10_001 + 2 * i, length: 0}))],
    ["pings", frames(3_000, (i) => ({type: 2, flag: 1, stream: 0, length: i}))],
    ["window updates", frames(200_000, () => ({type: 1, flag: 0, stream: 9_999, length: 1}))],
    ["empty frames", frames(200_000, () => ({type: 0, flag: 0, stream: 9_999, length: 0}))],
    ["a frame of four gigabytes", frames(1, () => ({type: 0, flag: 0, stream: 9_999, length: 0xffffffff}))],
  ])("%s: the connection is cut", async ([, bytes]) => {
    const s = await stage();
    wireOf(await s.join()).send(bytes);
    await until(() => cut(s) && banned(s), "cut");
    await until(() => s.victim.network.peers().length === 1, "disconnected");
    await expectUnharmed(s);
  });

  test("thousands of streams of every protocol", async () => {
    const s = await stage();
    const connection = await s.join();
    const protocols = [NAMES.hello, NAMES.direct, NAMES.blocks, "/meshsub/1.2.0", "/ipfs/id/1.0.0", "/none/1"];
    const opening: Promise<Stream | null>[] = [];
    for (let i = 0; i < 3_000; i++) opening.push(s.attacker.open(connection, protocols[i % 6] as string).catch(() => null));
    await until(() => cut(s) || connection.status !== "open", "cut");
    await Promise.all(opening);
    await expectUnharmed(s);
  });

  test("connections over and over: two at a time, and none for a while", async () => {
    const s = await stage();
    for (let i = 0; i < 30; i++) {
      await s.attacker.connect(s.victim.address()).catch(() => {});
      for (const connection of s.attacker.host.getConnections()) connection.abort(new Error("next"));
    }
    await until(() => (s.victim.network.stats().counts.refusedConnections ?? 0) > 0, "refused");
    await expectUnharmed(s);
  });
});
