import {afterAll, afterEach, beforeAll, describe, expect, test} from "vitest";
import type {Hex} from "../../src/base/bytes.ts";
import type {RpcGroupContract} from "../../src/chain/group.ts";
import {type ChainObserverOptions, createChainObserver, type RpcChainObserver} from "../../src/chain/observer.ts";
import type {ChainCursor} from "../../src/ports/chain.ts";
import type {ChainHead, ChainLog} from "../../src/types/facts.ts";
import {CHAIN_ID, clock, recordingLogger, startNetwork, type TestNetwork, until} from "./support/network.ts";
import {startProxy} from "./support/proxy.ts";

const START: ChainCursor = {number: 0, logs: 0};
let network: TestNetwork;
let contract: RpcGroupContract;
const observers: RpcChainObserver[] = [];

beforeAll(async () => {
  network = await startNetwork();
  contract = await network.contract();
  await contract.activate(network.activation()); //                one log: Activated
  for (const events of [0, 3, 1]) await contract.deliver(network.block(events)); // Delivered, and one log per unknown event
  await contract.deliver(network.block(2, 0, 1)); //               six logs in one block
  await network.mine(3);
});
afterAll(() => network.stop());
afterEach(async () => {
  for (const observer of observers.splice(0)) await observer.stop();
});

async function observe(options: Partial<ChainObserverOptions> = {}): Promise<RpcChainObserver> {
  const observer = createChainObserver({
    url: network.url,
    chainId: CHAIN_ID,
    group: network.group,
    finality: 0,
    pollMs: 20,
    from: START,
    clock,
    log: recordingLogger().log,
    ...options,
  });
  observers.push(observer);
  await observer.start(AbortSignal.timeout(10_000));
  await observer.poll();
  return observer;
}

/** All that comes after `cursor`, in portions. */
function takeAll(observer: RpcChainObserver, cursor: ChainCursor, logsMax: number): {heads: ChainHead[]; logs: ChainLog[]} {
  const heads: ChainHead[] = [];
  const logs: ChainLog[] = [];
  let at = cursor;
  for (let next = observer.next(at, logsMax); next !== null; next = observer.next(at, logsMax)) {
    expect(next.logs.length).toBeLessThanOrEqual(logsMax);
    expect(observer.judge(at, next.head, next.logs)).toBe("valid");
    heads.push(next.head);
    logs.push(...next.logs);
    at = next.head;
  }
  return {heads, logs};
}

async function nodeLogs(): Promise<{blockNumber: Hex; logIndex: Hex; data: Hex; topics: Hex[]}[]> {
  const filter = {address: network.group, fromBlock: "0x0", toBlock: "latest"};
  return (await network.provider.request("eth_getLogs", [filter])) as {blockNumber: Hex; logIndex: Hex; data: Hex; topics: Hex[]}[];
}

describe("logs", () => {
  test("come in order, all of them, whatever the size of a portion", async () => {
    const observer = await observe();
    const expected = (await nodeLogs()).map((log) => ({block: Number(log.blockNumber), index: Number(log.logIndex), topics: log.topics}));
    expect(expected.length).toBe(1 + 1 + 4 + 2 + 6);
    for (const logsMax of [1, 2, 3, 5, 1_000]) {
      const {logs} = takeAll(observer, START, logsMax);
      expect(logs.map(({block, index, topics}) => ({block, index, topics}))).toEqual(expected);
      expect(logs.every((log) => log.platform === network.platform)).toBe(true);
    }
  });

  test("a portion may end within a block, and the next one goes on there", async () => {
    const observer = await observe();
    const {heads} = takeAll(observer, START, 1_000);
    const last = heads.at(-1) as ChainHead;
    expect(last.logs).toBe(6);
    const {heads: parts} = takeAll(observer, {number: last.number, logs: 1}, 2);
    expect(parts.map(({number, logs}) => [number, logs])).toEqual([
      [last.number, 3],
      [last.number, 5],
      [last.number, 6],
    ]);
    const block = (await network.provider.request("eth_getBlockByNumber", [`0x${last.number.toString(16)}`, false])) as {
      hash: Hex;
      timestamp: Hex;
    };
    expect(parts.every((head) => head.hash === block.hash && head.timestamp === Number(block.timestamp))).toBe(true);
  });

  test("an observer that starts at a cursor shows the rest only", async () => {
    const {logs} = takeAll(await observe(), START, 1_000);
    const {heads} = takeAll(await observe(), START, 3);
    const from = heads[1] as ChainHead;
    const later = await observe({from});
    expect(takeAll(later, from, 4).logs).toEqual(logs.slice(6));
    expect(later.next(START, 10)).toBeNull();
  });

  test("what is forgotten is gone, and what follows stays", async () => {
    const observer = await observe();
    const {heads, logs} = takeAll(observer, START, 4);
    const cursor = heads[1] as ChainHead;
    observer.forget(cursor);
    expect(observer.next(START, 10)).toBeNull();
    expect(takeAll(observer, cursor, 3).logs).toEqual(logs.slice(8));
  });

  test("a new log is announced by the poll that finds it", async () => {
    const observer = await observe();
    const end = takeAll(observer, START, 1_000).heads.at(-1) as ChainHead;
    const announced = new Promise<void>((resolve) => observer.onNew(resolve));
    await contract.deliver(network.block(1));
    await announced;
    expect(observer.next(end, 10)?.logs.length).toBe(2);
    expect(observer.head()).toBeGreaterThan(end.number);
  });

  test("blocks above the final depth are not shown", async () => {
    await contract.deliver(network.block(0));
    const deep = await observe({finality: 2});
    const shallow = await observe();
    const newest = takeAll(shallow, START, 1_000).heads.at(-1) as ChainHead;
    const {heads, logs} = takeAll(deep, START, 1_000);
    expect(deep.judge(heads.at(-1) as ChainHead, newest, shallow.next(heads.at(-1) as ChainHead, 10)?.logs ?? [])).toBe("unknown");
    await network.mine(2);
    await deep.poll();
    expect(takeAll(deep, START, 1_000).logs.length).toBeGreaterThan(logs.length);
  });
});

describe("judging", () => {
  test.for<[string, (head: ChainHead, logs: readonly ChainLog[]) => [ChainHead, readonly ChainLog[]]]>([
    ["a log less", (head, logs) => [head, logs.slice(1)]],
    ["a log more", (head, logs) => [head, [...logs, {...(logs.at(-1) as ChainLog), index: 99}]]],
    ["other data", (head, logs) => [head, logs.map((log, i) => (i === 1 ? {...log, data: Uint8Array.of(1)} : log))]],
    ["another topic", (head, logs) => [head, logs.map((log, i) => (i === 1 ? {...log, topics: log.topics.slice(1)} : log))]],
    ["another index", (head, logs) => [head, logs.map((log, i) => (i === 1 ? {...log, index: log.index + 7} : log))]],
    ["another hash", (head, logs) => [{...head, hash: `0x${"12".repeat(32)}`}, logs]],
    ["another time", (head, logs) => [{...head, timestamp: head.timestamp + 1}, logs]],
    ["more logs of the head's block than there are", (head, logs) => [{...head, logs: head.logs + 1}, logs]],
    ["fewer logs of the head's block than are given", (head, logs) => [{...head, logs: head.logs - 1}, logs]],
  ])("%s is invalid, once the node has shown the same again", async ([, change]) => {
    const observer = await observe({pollMs: 60_000});
    const next = observer.next(START, 6);
    if (next === null) throw new Error("no logs");
    const [head, logs] = change(next.head, next.logs);
    expect(observer.judge(START, head, logs)).toBe("unknown");
    await observer.poll();
    expect(observer.judge(START, head, logs)).toBe("invalid");
    expect(observer.judge(START, next.head, next.logs)).toBe("valid");
  });

  test("no progress, and another platform, are invalid at once", async () => {
    const observer = await observe();
    const next = observer.next(START, 6);
    if (next === null) throw new Error("no logs");
    expect(observer.judge(next.head, next.head, [])).toBe("invalid");
    expect(observer.judge(START, {...next.head, platform: `0x${"00".repeat(32)}`}, next.logs)).toBe("invalid");
  });

  test("a block that the own node does not show as final is unknown, and so is what was decided before the start", async () => {
    const observer = await observe();
    const next = observer.next(START, 6);
    if (next === null) throw new Error("no logs");
    expect(observer.judge(START, {...next.head, number: observer.head() + 100}, next.logs)).toBe("unknown");
    observer.forget(next.head);
    expect(observer.judge(START, next.head, next.logs)).toBe("unknown");
  });

  test("a head in a block without logs is judged once its header is fetched", async () => {
    const observer = await observe({pollMs: 60_000});
    const all = observer.next(START, 1_000);
    if (all === null) throw new Error("no logs");
    const number = all.head.number + 1;
    await network.mine(3);
    await observer.poll();
    const block = (await network.provider.request("eth_getBlockByNumber", [`0x${number.toString(16)}`, false])) as {
      hash: Hex;
      timestamp: Hex;
    };
    const head: ChainHead = {...all.head, number, hash: block.hash, timestamp: Number(block.timestamp), logs: 0};
    expect(observer.judge(START, head, all.logs)).toBe("unknown");
    await observer.poll();
    expect(observer.judge(START, head, all.logs)).toBe("valid");
  });
});

describe("an RPC node in trouble", () => {
  test("that dies and comes back: polls fail, nothing is lost", async () => {
    const proxy = await startProxy(network.url);
    const {log, lines} = recordingLogger();
    const observer = await observe({url: proxy.url, log, timeoutMs: 500});
    const end = takeAll(observer, START, 1_000).heads.at(-1) as ChainHead;
    await proxy.cut();
    await observer.poll();
    await observer.poll();
    expect(observer.failures()).toBeGreaterThanOrEqual(2);
    expect(observer.next(START, 1)).not.toBeNull();
    await contract.deliver(network.block(4));
    await proxy.mend();
    await until(() => observer.next(end, 10) !== null);
    expect(observer.next(end, 10)?.logs.length).toBe(5);
    expect(lines.filter((line) => line.level === "warn").length).toBe(1);
    await proxy.stop();
  });

  test("that hangs: a poll ends after its time, a stop at once", async () => {
    const proxy = await startProxy(network.url);
    const observer = await observe({url: proxy.url, timeoutMs: 300});
    proxy.hang();
    await observer.poll();
    expect(observer.failures()).toBe(1);
    const polling = observer.poll();
    await observer.stop();
    await polling;
    await proxy.stop();
  });

  test("that is down at the start is no reason to fail, one of another chain is", async () => {
    const proxy = await startProxy(network.url);
    await proxy.cut();
    const observer = await observe({url: proxy.url, timeoutMs: 300});
    expect(observer.head()).toBe(0);
    await proxy.mend();
    await until(() => observer.head() > 0);
    await expect(observe({chainId: 5})).rejects.toMatchObject({code: "WRONG_CHAIN", data: {want: 5, got: CHAIN_ID}});
    await proxy.stop();
  });
});

describe("finality", () => {
  test("a final block that changes is an alarm, and ends proposals and verdicts", async () => {
    const {log, lines} = recordingLogger();
    const observer = await observe({finality: 1, log, pollMs: 60_000});
    const next = observer.next(START, 6);
    if (next === null) throw new Error("no logs");
    await network.mine(4);
    await observer.poll();
    expect(observer.alarm()).toBeNull();
    await network.provider.request("anvil_reorg", [3, []]);
    await observer.poll();
    expect(observer.alarm()).toMatchObject({code: "REORG"});
    expect(observer.next(START, 6)).toBeNull();
    expect(observer.judge(START, next.head, next.logs)).toBe("unknown");
    expect(lines.filter((line) => line.level === "error").length).toBe(1);
  });

  test("a change above it is none", async () => {
    const observer = await observe({finality: 4, pollMs: 60_000});
    await network.mine(4);
    await observer.poll();
    await network.provider.request("anvil_reorg", [3, []]);
    await network.mine(2);
    await observer.poll();
    expect(observer.alarm()).toBeNull();
    expect(observer.next(START, 6)).not.toBeNull();
  });
});
