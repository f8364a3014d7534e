import type {Stream} from "@libp2p/interface";
import {describe, expect, test} from "vitest";
import {encodeFrame} from "../../src/p2p/frames.ts";
import {ANSWER_BYTES_MAX, ANSWER_COUNT_MAX, DECIDED_BYTES_MAX, PIECE_BYTES_MAX} from "../../src/p2p/sync.ts";
import {type Attacker, NAMES, push, pushFrame, sayHello, startAttacker} from "./attacker.ts";
import {fastClock, makeValidators, startAll, startNode, type TestNode, until} from "./support.ts";

const never = new AbortController().signal;
const block = (height: number, size = 40) => new Uint8Array(size).fill(height);
const request = (from: bigint, count: number) => {
  const view = new DataView(new ArrayBuffer(10));
  view.setBigUint64(0, from);
  view.setUint16(8, count);
  return new Uint8Array(view.buffer);
};

describe("blocks between two honest nodes", () => {
  async function pair(options = {}): Promise<[TestNode, TestNode]> {
    return (await startAll(await makeValidators(2), options)) as [TestNode, TestNode];
  }

  test("come in order, as many as there are", async () => {
    const [asker, server] = await pair();
    const asked: unknown[] = [];
    server.handler.serveBlocks = async (from, count) => {
      asked.push([from, count]);
      return [block(from), block(from + 1), block(from + 2)];
    };
    expect(await asker.network.requestBlocks(1, 7, 50, never)).toEqual([block(7), block(8), block(9)]);
    expect(await asker.network.requestBlocks(1, 7, 2, never)).toEqual([block(7), block(8)]);
    server.handler.serveBlocks = async () => [];
    expect(await asker.network.requestBlocks(1, 99, 5, never)).toEqual([]);
    expect(asked).toEqual([
      [7, 50],
      [7, 2],
    ]);
  });

  test("pieces of snapshots: the newest head, a head, a part, and none", async () => {
    const [asker, server] = await pair();
    const asked: unknown[] = [];
    server.handler.serveSnapshot = async (ask) => {
      asked.push(ask);
      return ask.part === 8 ? null : block(ask.part ?? 0, PIECE_BYTES_MAX);
    };
    const asks = [
      {height: null, part: null},
      {height: 7, part: null},
      {height: 7, part: 5},
    ];
    for (const ask of asks) expect((await asker.network.requestSnapshot(1, ask, never))?.length).toBe(PIECE_BYTES_MAX);
    expect(await asker.network.requestSnapshot(1, {height: 7, part: 8}, never)).toBeNull();
    expect(asked).toEqual([...asks, {height: 7, part: 8}]);
    server.handler.serveSnapshot = async () => block(1, PIECE_BYTES_MAX + 1);
    expect(await asker.network.requestSnapshot(1, {height: 7, part: 1}, never), "a piece that is too large is not sent").toBeNull();
  });

  test("blocks of full size pass, up to the bytes of one answer", async () => {
    const [asker, server] = await pair();
    server.handler.serveBlocks = async (_, count) => Array.from({length: count}, (_, i) => block(i, DECIDED_BYTES_MAX));
    const blocks = await asker.network.requestBlocks(1, 0, 20, never);
    expect(blocks).toHaveLength(Math.floor(ANSWER_BYTES_MAX / DECIDED_BYTES_MAX));
    expect(blocks.every((b, i) => b.length === DECIDED_BYTES_MAX && b[77_777] === i)).toBe(true);
  });

  test("asking for more than an answer holds gives what it holds", async () => {
    const [asker, server] = await pair();
    let asked = 0;
    server.handler.serveBlocks = async (_, count) => {
      asked = count;
      return Array.from({length: 1_000}, (_, i) => block(i % 256));
    };
    expect(await asker.network.requestBlocks(1, 0, 60_000, never)).toHaveLength(ANSWER_COUNT_MAX);
    expect(asked).toBe(ANSWER_COUNT_MAX);
  });

  test("a handler that fails or hangs costs the request only", async () => {
    const [asker, server] = await pair({clock: fastClock});
    server.handler.serveBlocks = async () => {
      throw new Error("store is broken");
    };
    await expect(asker.network.requestBlocks(1, 0, 1, never)).rejects.toMatchObject({code: "REFUSED"});
    server.handler.serveBlocks = () => new Promise(() => {});
    await expect(asker.network.requestBlocks(1, 0, 1, never)).rejects.toMatchObject({name: "NetworkError"});
    server.handler.serveBlocks = async () => [block(1)];
    expect(await asker.network.requestBlocks(1, 0, 1, never)).toEqual([block(1)]);
    await until(() => server.network.stats().serving === 0, "nothing is being served");
  });

  test("the caller can give up, and so does stop", async () => {
    const [asker, server] = await pair();
    server.handler.serveBlocks = () => new Promise(() => {});
    const caller = new AbortController();
    const first = asker.network.requestBlocks(1, 0, 1, caller.signal);
    const second = asker.network.requestBlocks(1, 0, 1, never);
    await expect(asker.network.requestBlocks(1, 0, 1, never)).rejects.toMatchObject({code: "BUSY"});
    caller.abort();
    await expect(first).rejects.toMatchObject({code: "ABORTED"});
    const stopped = asker.network.stop();
    await expect(second).rejects.toMatchObject({code: "ABORTED"});
    await stopped;
    await expect(asker.network.requestBlocks(1, 0, 1, never)).rejects.toMatchObject({code: "NOT_STARTED"});
  });

  test("nobody there, nobody asked", async () => {
    const node = await startNode(await makeValidators(2), 0);
    for (const validator of [0, 1, 2, -1])
      await expect(node.network.requestBlocks(validator, 0, 1, never)).rejects.toMatchObject({code: "NOT_CONNECTED"});
  });
});

describe("answers of a bad validator", () => {
  /** A node, and a registered peer that answers requests for blocks as told. */
  async function withServer(answer: (stream: Stream) => unknown): Promise<{node: TestNode; attacker: Attacker}> {
    const validators = await makeValidators(2);
    const node = await startNode(validators, 0, {clock: fastClock});
    const attacker = await startAttacker(validators.seeds[1]);
    await attacker.host.handle(NAMES.blocks, (stream) => {
      stream.addEventListener("message", () => answer(stream), {once: true});
    });
    await attacker.join(node.address());
    await until(() => node.network.peers().length === 1, "joined");
    return {node, attacker};
  }

  test.for<[string, string, (stream: Stream) => unknown]>([
    ["more blocks than asked for", "TOO_MANY", (s) => [1, 2, 3, 4].map((i) => pushFrame(s, block(i)))],
    ["a frame larger than any block", "TOO_LARGE", (s) => push(s, encodeFrame(block(1, DECIDED_BYTES_MAX + 1)).slice(0, 9_000))],
    ["half a frame", "CUT", (s) => push(s, encodeFrame(block(1, 500)).slice(0, 100)) && s.close()],
    ["a reset", "REFUSED", (s) => s.abort(new Error("no"))],
    ["a reset after a block", "REFUSED", (s) => pushFrame(s, block(1)) && setTimeout(() => s.abort(new Error("no")), 50)],
    ["silence", "TIMEOUT", () => {}],
    ["a frame that never ends", "TIMEOUT", (s) => push(s, encodeFrame(block(1, 2_000_000)).slice(0, 1_500_000))],
  ])("%s: %s", async ([, code, answer]) => {
    const {node} = await withServer(answer);
    await expect(node.network.requestBlocks(1, 0, 3, never)).rejects.toMatchObject({code});
    await until(() => node.network.stats().unreadBytes === 0, "nothing held");
  });

  test("a byte now and then does not extend the time for a frame", async () => {
    const timers: ReturnType<typeof setInterval>[] = [];
    const {node} = await withServer((s) => {
      push(s, encodeFrame(block(1, 2_000_000)).slice(0, 4));
      timers.push(setInterval(() => push(s, Uint8Array.of(1)), 100));
    });
    await expect(node.network.requestBlocks(1, 0, 200, never)).rejects.toMatchObject({code: "TIMEOUT", data: {what: "block"}});
    for (const timer of timers) clearInterval(timer);
  });

  test("a frame now and then does not extend the time for all", async () => {
    const timers: ReturnType<typeof setInterval>[] = [];
    const {node} = await withServer((s) => timers.push(setInterval(() => pushFrame(s, block(1)), 300)));
    await expect(node.network.requestBlocks(1, 0, 200, never)).rejects.toMatchObject({code: "TIMEOUT", data: {what: "blocks"}});
    for (const timer of timers) clearInterval(timer);
  });

  test("answers that are larger than asked for cost the connection", async () => {
    const {node, attacker} = await withServer((s) => {
      for (let i = 0; i < 4; i++) pushFrame(s, block(i));
    });
    for (let i = 0; i < 5; i++) await expect(node.network.requestBlocks(1, 0, 3, never)).rejects.toMatchObject({code: "TOO_MANY"});
    await until(() => node.network.peers().length === 0, "disconnected");
    expect(node.network.stats().counts.bans).toBe(1);
    await until(() => attacker.host.getConnections().length === 0, "the attacker sees it");
  });
});

describe("requests of a bad validator", () => {
  async function withAsker(options = {}) {
    const validators = await makeValidators(2);
    const node = await startNode(validators, 0, options);
    const attacker = await startAttacker(validators.seeds[1]);
    const connection = await attacker.join(node.address());
    await until(() => node.network.peers().length === 1, "joined");
    return {node, attacker, connection};
  }

  test("malformed ones get no answer and harm nothing", async () => {
    const {node, attacker, connection} = await withAsker();
    let served = 0;
    node.handler.serveBlocks = async () => {
      served++;
      return [];
    };
    const bodies = [new Uint8Array(0), new Uint8Array(9), request(2n ** 60n, 1), new Uint8Array(11)];
    for (const body of bodies) {
      const stream = await attacker.open(connection, NAMES.blocks);
      pushFrame(stream, body);
      await until(() => stream.status !== "open", "stream reset");
    }
    expect(served).toBe(0);
    expect(node.network.stats().counts.refusedRequests).toBe(bodies.length);
    expect(node.network.peers()).toHaveLength(1);
  });

  test("no more than two are served at a time, and a reader that does not read is left", async () => {
    const {node, attacker, connection} = await withAsker({clock: fastClock});
    node.handler.serveBlocks = async () => Array.from({length: 6}, (_, i) => block(i, DECIDED_BYTES_MAX));
    for (let i = 0; i < 6; i++) {
      const stream = await attacker.open(connection, NAMES.blocks).catch(() => null);
      if (stream === null) continue;
      if (stream.readStatus === "readable") stream.pause();
      pushFrame(stream, request(0n, 6));
    }
    await until(() => (node.network.stats().counts.refusedRequests ?? 0) > 0, "some refused");
    expect(node.network.stats().serving).toBeLessThanOrEqual(2);
    await until(() => node.network.stats().serving === 0, "left", 10_000);
    expect(node.network.stats().counts.servedBlocks ?? 0).toBeLessThanOrEqual(2);
  });

  test("hundreds of requests are refused by rate, and the node goes on", async () => {
    const {node, attacker, connection} = await withAsker();
    node.handler.serveBlocks = async () => [];
    for (let i = 0; i < 150 && connection.status === "open"; i++) {
      const stream = await attacker.open(connection, NAMES.blocks).catch(() => null);
      if (stream !== null && pushFrame(stream, request(0n, 1))) await stream.close().catch(() => {});
    }
    await until(() => (node.network.stats().counts.refusedRequests ?? 0) > 0, "rate kept");
    expect(connection.status).toBe("open");
    await sayHello(connection);
  });
});
