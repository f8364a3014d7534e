import {randomBytes} from "node:crypto";
import {connect, type Socket} from "node:net";
import type {Connection, Stream} from "@libp2p/interface";
import {describe, expect, onTestFinished, test, vi} from "vitest";
import {PeerNode} from "../../src/p2p/peer-node.ts";
import {QUEUE_BYTES_MAX} from "../../src/p2p/queue.ts";
import type {ProposalMessage} from "../../src/types/messages.ts";
import {NAMES, startAttacker} from "./attacker.ts";
import {connectedAll, fastClock, makeNode, makeValidators, startAll, startNode, type TestNode, until, vote} from "./support.ts";

function proposal(height: number, size: number): ProposalMessage {
  return {
    kind: "proposal",
    proposal: {epoch: 0, height, round: 0, polRound: -1, blockHash: `0x${"77".repeat(32)}`, from: 0, signature: new Uint8Array(65)},
    block: new Uint8Array(randomBytes(size)),
    polka: [],
  };
}
const heights = (node: TestNode) => node.received.flatMap(({message: m}) => (m.kind === "vote" ? [m.vote.height] : []));

describe("a peer that does not read", () => {
  test("its direct stream: the queue stays bounded, the newest is dropped, the others get everything", async () => {
    const validators = await makeValidators(3);
    const node = await startNode(validators, 0);
    const other = await startNode(validators, 1, {peers: [node.address()]});
    const slow = await startAttacker(validators.seeds[2]);
    await slow.host.handle(NAMES.direct, (stream) => stream.pause());
    await slow.join(node.address());
    await until(() => node.network.peers().length === 2, "joined");
    let queuedMax = 0;
    for (let i = 1; i <= 30; i++) {
      node.network.resend(proposal(i, 1_000_000));
      queuedMax = Math.max(queuedMax, node.network.stats().queuedBytes);
      await until(() => other.received.length === i, "the other has it");
    }
    expect(queuedMax).toBeGreaterThan(1_000_000);
    expect(queuedMax).toBeLessThanOrEqual(2 * QUEUE_BYTES_MAX);
    expect(node.network.stats().counts.dropped).toBeGreaterThan(10);
    expect(node.network.stats().unsentBytes).toBeLessThan(4_000_000);
    const sent = vote(0);
    node.network.resend(sent);
    await until(() => heights(other).includes(sent.vote.height), "small messages pass at once", 1_000);
  });

  test("a stream that stalls is reset, and what waited for it is dropped", async () => {
    const validators = await makeValidators(2);
    const node = await startNode(validators, 0, {clock: fastClock});
    const slow = await startAttacker(validators.seeds[1]);
    const streams: Stream[] = [];
    await slow.host.handle(NAMES.direct, (stream) => {
      streams.push(stream);
      stream.pause();
    });
    await slow.join(node.address());
    await until(() => streams.length === 1, "stream opened");
    for (let i = 0; i < 5; i++) node.network.resend(proposal(i, 1_000_000));
    expect(node.network.stats().queuedCount).toBeGreaterThan(0);
    await until(() => streams.length === 2, "opened again", 8_000);
    expect(streams[0]?.status).toBe("reset");
    expect([node.network.stats().queuedCount, node.network.peers().length]).toEqual([0, 1]);
  });

  test("its whole connection: what is unsent stays bounded, gossip included", async () => {
    const validators = await makeValidators(3);
    const node = await startNode(validators, 0);
    const other = await startNode(validators, 1, {peers: [node.address()]});
    const deaf = await startAttacker(validators.seeds[2]);
    const connection = await deaf.join(node.address());
    await until(() => node.network.peers().length === 2, "joined");
    const topic = NAMES.topic("proposal");
    deaf.host.services.pubsub.subscribe(topic);
    await until(() => deaf.host.services.pubsub.getSubscribers(topic).length > 0, "subscribed");
    (connection as Connection & {maConn: {pause(): void}}).maConn.pause();
    let unsentMax = 0;
    for (let i = 1; i <= 40; i++) {
      node.network.broadcast(proposal(i, 1_000_000));
      await until(() => other.received.length === i, "the other has it");
      unsentMax = Math.max(unsentMax, node.network.stats().unsentBytes);
    }
    expect(unsentMax).toBeLessThan(2 * (8 << 20) + 8_000_000);
    expect(node.network.stats().queuedBytes).toBeLessThanOrEqual(2 * QUEUE_BYTES_MAX);
  });
});

describe("strangers", () => {
  function raw(port: number): Socket {
    const socket = connect(port, "127.0.0.1");
    socket.on("error", () => {});
    socket.resume();
    onTestFinished(() => void socket.destroy());
    return socket;
  }

  test("sockets that say nothing, or garbage, do not keep an honest peer out", async () => {
    const validators = await makeValidators(2);
    const node = await startNode(validators, 0);
    const port = Number(node.address().split("/")[4]);
    const silent = Array.from({length: 30}, () => raw(port));
    await until(() => silent.every((s) => s.readyState === "open"), "silent ones are waited for");
    const loud = Array.from({length: 300}, () => raw(port));
    for (const socket of loud) socket.on("connect", () => socket.write(randomBytes(10_000)));
    await until(() => loud.filter((s) => s.closed).length > 250, "nearly all garbage is cut at once", 2_000);
    const other = await startNode(validators, 1, {peers: [node.address()]});
    await connectedAll([node, other]);
    await until(() => [...silent, ...loud].every((s) => s.closed), "silence, and garbage that could be a beginning, after a while", 8_000);
    expect(node.network.stats().connections).toBe(1);
  });

  test("a hundred keys, one after the other: none is let in, and the log stays short", async () => {
    const validators = await makeValidators(2);
    const node = await startNode(validators, 0);
    for (let i = 0; i < 30; i++) {
      const stranger = await startAttacker();
      await stranger.connect(node.address()).catch(() => {});
    }
    await until(() => (node.network.stats().counts.refusedConnections ?? 0) >= 25, "refused");
    await until(() => node.network.stats().connections === 0, "gone");
    expect(node.log.lines.filter((line) => line.text === "connection refused").length).toBeLessThan(5);
  });
});

describe("stop", () => {
  test("under load: within three seconds, and nothing is sent or heard after it", async () => {
    const nodes = await startAll(await makeValidators(4));
    let running = true;
    const load = (async () => {
      for (let i = 0; running; i++) {
        for (const node of nodes) node.network.broadcast(i % 20 === 0 ? proposal(i, 300_000) : vote(0));
        await new Promise((resolve) => setTimeout(resolve, 2));
      }
    })();
    await until(() => nodes.every((n) => n.received.length > 100), "under load");
    const [node] = nodes as [TestNode];
    const started = Date.now();
    await node.network.stop();
    expect(Date.now() - started).toBeLessThan(3_000);
    const count = node.received.length;
    await until(() => nodes.slice(1).every((n) => n.network.peers().length === 2), "the others saw it leave");
    expect(node.received.length).toBe(count);
    expect([node.network.peers(), node.network.addresses()]).toEqual([[], []]);
    await Promise.all(nodes.map((n) => n.network.stop()));
    running = false;
    await load;
  });

  test("of a node that libp2p does not let go: three seconds at most", async () => {
    const validators = await makeValidators(2);
    const node = await startNode(validators, 0);
    const deaf = await startAttacker(validators.seeds[1]);
    await deaf.host.handle(NAMES.direct, (stream) => stream.pause());
    const connection = await deaf.join(node.address());
    await until(() => node.network.peers().length === 1, "joined");
    for (let i = 0; i < 10; i++) node.network.broadcast(proposal(i, 1_000_000));
    (connection as Connection & {maConn: {pause(): void}}).maConn.pause();
    const started = Date.now();
    await node.network.stop();
    expect(Date.now() - started).toBeLessThan(3_000);
  });

  test("of one that never ends: three seconds, and connections are cut", async () => {
    const nodes = await startAll(await makeValidators(2));
    const [node, other] = nodes as [TestNode, TestNode];
    const hanging = vi.spyOn(PeerNode.prototype, "stop").mockImplementationOnce(() => new Promise(() => {}));
    const started = Date.now();
    await node.network.stop();
    expect(Date.now() - started).toBeLessThan(3_000);
    await until(() => node.log.lines.some((line) => line.text === "p2p did not stop cleanly"), "logged");
    await until(() => other.network.peers().length === 0, "cut");
    const [peerNode] = hanging.mock.contexts as PeerNode[];
    hanging.mockRestore();
    await peerNode?.stop();
  });

  test("twice, before start, and while starting", async () => {
    const validators = await makeValidators(1);
    const never = makeNode(validators, 0);
    await never.network.stop();
    await never.network.stop();
    const starting = makeNode(validators, 0);
    const started = starting.network.start(new AbortController().signal);
    await starting.network.stop();
    await expect(started).rejects.toMatchObject({code: "ABORTED"});
    const aborted = new AbortController();
    aborted.abort();
    await expect(makeNode(validators, 0).network.start(aborted.signal)).rejects.toMatchObject({code: "ABORTED"});
  });

  test("sending without a started network harms nothing", async () => {
    const node = makeNode(await makeValidators(2), 0);
    node.network.broadcast(vote(0));
    node.network.resend(vote(0));
    node.network.sendTo(1, vote(0));
    node.network.punish(1, "nothing");
    expect(node.network.peers()).toEqual([]);
  });
});
