import {afterEach, describe, expect, test} from "vitest";
import type {Hex} from "../../src/base/bytes.ts";
import {createChainObserver, type RpcChainObserver} from "../../src/chain/observer.ts";
import type {ChainCursor} from "../../src/ports/chain.ts";
import type {ChainHead, ChainLog} from "../../src/types/facts.ts";
import {type FakeBlock, type FakeLog, type FakeNode, startFakeNode} from "./support/fake-node.ts";
import {CHAIN_ID, clock, type LogLine, recordingLogger} from "./support/network.ts";

const GROUP: Hex = `0x${"9a".repeat(20)}`;
const START: ChainCursor = {number: 0, logs: 0};
const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

async function scene(of: {head: number; logsIn: (number: number) => number; finality?: number; prepare?: (node: FakeNode) => void}) {
  const node = await startFakeNode({address: GROUP, ...of});
  of.prepare?.(node);
  const {log, lines} = recordingLogger();
  const observer = createChainObserver({
    url: node.url,
    chainId: CHAIN_ID,
    group: GROUP,
    finality: of.finality ?? 0,
    pollMs: 60_000,
    from: START,
    clock,
    log,
  });
  stops.push(node.stop, () => observer.stop());
  await observer.start(AbortSignal.timeout(5_000));
  await observer.poll();
  return {node, observer, lines};
}
/** Every log that the observer gives, in portions; each portion is decided. */
async function drain(observer: RpcChainObserver): Promise<{logs: number; held: number}> {
  let [at, logs, held]: [ChainCursor, number, number] = [START, 0, 0];
  for (;;) {
    const next = observer.next(at, 1_000);
    if (next === null) return {logs, held};
    held = Math.max(held, observer.next(at, Number.POSITIVE_INFINITY)?.logs.length ?? 0);
    logs += next.logs.length;
    at = next.head;
    observer.forget(at);
    await observer.poll();
  }
}
const warnings = (lines: readonly LogLine[]) => lines.filter((line) => line.level === "warn").map((line) => line.text);

describe("a node with limits", () => {
  test("that answers short ranges only is asked in short ranges, and nothing is left out", async () => {
    const {node, observer} = await scene({
      head: 300,
      logsIn: (number) => (number % 10 === 0 ? 2 : 0),
      prepare: (n) => {
        n.spanMax = 7;
      },
    });
    expect(observer.failures()).toBe(0);
    expect(await drain(observer)).toMatchObject({logs: 62});
    expect(node.asked.filter((a) => a.method === "eth_getLogs").length).toBeLessThan(300);
  });

  test("that refuses even one block is trouble, until it does not", async () => {
    const {node, observer, lines} = await scene({
      head: 5,
      logsIn: () => 1,
      prepare: (n) => {
        n.spanMax = 0;
      },
    });
    expect(observer.failures()).toBe(2); // the start polls once, and the scene once more
    expect(observer.next(START, 9)).toBeNull();
    await observer.poll();
    expect(warnings(lines).length).toBe(1);
    node.spanMax = 10;
    await observer.poll();
    expect(observer.next(START, 9)?.logs.length).toBe(6);
  });

  test("of a long history fills the cache so far and no further; the rest comes as logs are decided", async () => {
    const {observer} = await scene({
      head: 1_000,
      logsIn: () => 30,
      prepare: (n) => {
        n.spanMax = 100;
      },
    });
    const {logs, held} = await drain(observer);
    expect(logs).toBe(30 * 1_001);
    expect(held).toBeLessThan(10_000 + 30 * 100);
  });
});

test("what is decided while the logs are fetched is not asked for any more", async () => {
  const cursor = {number: 15, logs: 1};
  const {node, observer} = await scene({head: 1, logsIn: () => 2});
  observer.forget({number: 2, logs: 0});
  Object.assign(node, {head: 20, spanMax: 5});
  node.logs = (logs) => {
    observer.forget(cursor);
    return logs;
  };
  const before = node.asked.length;
  await observer.poll();
  const ranges = node.asked.slice(before).filter((a) => a.method === "eth_getLogs" && Number(a.params[0]?.["toBlock"]) < 20);
  expect([...new Set(ranges.map((a) => Number(a.params[0]?.["fromBlock"])))]).toEqual([2, 15]);
  expect(observer.next(cursor, 99)?.logs.length).toBe(1 + 2 * 5);
});

describe("a node that answers nonsense", () => {
  const logCases: [string, (logs: FakeLog[]) => unknown][] = [
    ["no list", () => ({})],
    ["null", () => null],
    ["a log that is none", (logs) => [...logs, 7]],
    ["a log of another contract", (logs) => logs.map((log) => ({...log, address: `0x${"00".repeat(20)}`}))],
    ["logs in another order", (logs) => [...logs].reverse()],
    ["a log twice", (logs) => [...logs, logs.at(-1)]],
    ["a log beyond the range", (logs) => logs.map((log) => ({...log, blockNumber: "0xffff"}))],
    ["a log of another block", (logs) => logs.map((log) => ({...log, blockHash: `0x${"cc".repeat(32)}`}))],
    ["a removed log", (logs) => logs.map((log) => ({...log, removed: true}))],
    ["five topics", (logs) => logs.map((log) => ({...log, topics: Array(5).fill(log.topics[0])}))],
    ["a short topic", (logs) => logs.map((log) => ({...log, topics: ["0x12"]}))],
    ["half a byte", (logs) => logs.map((log) => ({...log, data: "0x123"}))],
    ["more data than a fact may hold", (logs) => logs.map((log) => ({...log, data: `0x${"00".repeat(16_385)}`}))],
    ["an index that is no number", (logs) => logs.map((log) => ({...log, logIndex: -1}))],
    ["a number beyond all", (logs) => logs.map((log) => ({...log, logIndex: `0x${"f".repeat(20)}`}))],
  ];
  test.for(logCases)("as logs: %s: no log is taken, and the next good answer is", async ([, logs]) => {
    const {node, observer, lines} = await scene({
      head: 4,
      logsIn: () => 2,
      prepare: (n) => {
        n.logs = logs;
      },
    });
    expect(observer.failures()).toBe(2); // the start polls once, and the scene once more
    expect(observer.next(START, 9)).toBeNull();
    expect(lines).toEqual([expect.objectContaining({level: "warn", fields: expect.objectContaining({code: "BAD_REPLY"})})]);
    node.logs = (good) => good;
    await observer.poll();
    expect(observer.next(START, 99)?.logs.length).toBe(10);
  });

  const blockCases: [string, (block: FakeBlock) => unknown][] = [
    ["a list", () => []],
    ["no hash", (block) => ({...block, hash: null})],
    ["a time that is no number", (block) => ({...block, timestamp: "soon"})],
    ["a number in decimals", (block) => ({...block, number: 4})],
  ];
  test.for(blockCases)("as block: %s", async ([, block]) => {
    const {node, observer} = await scene({
      head: 4,
      logsIn: () => 2,
      prepare: (n) => {
        n.block = block;
      },
    });
    expect([observer.failures(), observer.head()]).toEqual([2, 0]);
    node.block = (good) => good;
    await observer.poll();
    expect(observer.head()).toBe(4);
  });
});

describe("several machines behind one URL", () => {
  test("one that leaves logs out: an honest proposal is unknown, and valid after a second look", async () => {
    const {node, observer, lines} = await scene({
      head: 9,
      logsIn: (number) => (number % 3 === 0 ? 2 : 0),
      prepare: (n) => {
        n.logs = (logs) => logs.filter((log) => Number(log.blockNumber) !== 6);
      },
    });
    node.logs = (logs) => logs;
    const honest = await scene({head: 9, logsIn: (number) => (number % 3 === 0 ? 2 : 0)});
    const {head, logs} = honest.observer.next(START, 99) as {head: ChainHead; logs: readonly ChainLog[]};
    expect(observer.next(START, 99)?.logs.length).toBe(6);
    expect(observer.judge(START, head, logs)).toBe("unknown");
    await observer.poll();
    expect(observer.judge(START, head, logs)).toBe("valid");
    expect(observer.next(START, 99)?.logs.length).toBe(8);
    expect(warnings(lines)).toEqual(["chain node shows other logs than before"]);
  });

  test("one that lags shows an older head: nothing goes back, nothing is alarmed", async () => {
    const {node, observer} = await scene({head: 9, logsIn: () => 1});
    node.head = 7;
    await observer.poll();
    expect(observer.head()).toBe(9);
    expect(observer.alarm()).toBeNull();
    node.head = 10;
    await observer.poll();
    expect(observer.next(START, 99)?.logs.length).toBe(11);
  });

  test("one that does not have the newest block yet refuses it, instead of showing no logs", async () => {
    const {node, observer} = await scene({head: 9, logsIn: () => 1});
    node.head = 10;
    node.spanMax = 0; // the machine that is asked for logs
    await observer.poll();
    expect(observer.next({number: 9, logs: 1}, 9)).toBeNull();
    node.spanMax = 100;
    await observer.poll();
    expect(observer.next({number: 9, logs: 1}, 9)?.logs.length).toBe(1);
    expect(node.asked.filter((a) => a.params[0]?.["blockHash"] !== undefined).length).toBeGreaterThan(0);
  });

  test.for<[string, (block: FakeBlock) => FakeBlock, number]>([
    ["the same block with another hash", (block) => ({...block, hash: `0x${"dd".repeat(32)}`}), 9],
    ["a child of another block", (block) => (block.number === "0xa" ? {...block, parentHash: `0x${"dd".repeat(32)}`} : block), 10],
    ["a later block over another one", (block) => (block.number === "0x9" ? {...block, hash: `0x${"dd".repeat(32)}`} : block), 12],
  ])("one with another chain is an alarm: %s", async ([, block, head]) => {
    const {node, observer, lines} = await scene({head: 9, logsIn: () => 1});
    Object.assign(node, {head, block});
    await observer.poll();
    await observer.poll();
    expect(observer.alarm()).toMatchObject({code: "REORG", data: {block: 9}});
    expect(observer.next(START, 9)).toBeNull();
    expect(lines.filter((line) => line.level === "error").length).toBe(1);
  });
});

test("an idle poll is one request", async () => {
  const {node, observer} = await scene({head: 9, logsIn: () => 1});
  const before = node.asked.length;
  await observer.poll();
  await observer.poll();
  expect(node.asked.slice(before).map((a) => a.method)).toEqual(["eth_getBlockByNumber", "eth_getBlockByNumber"]);
});
