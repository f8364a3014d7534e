import fc from "fast-check";
import {describe, expect, test} from "vitest";
import type {Hex} from "../base/bytes.ts";
import type {ChainCursor} from "../ports/chain.ts";
import type {ChainHead, ChainLog} from "../types/facts.ts";
import {isBefore, type LogBlock, LogCache} from "./log-cache.ts";
import type {Header} from "./replies.ts";

const PLATFORM: Hex = `0x${"aa".repeat(32)}`;
const LAST = 12;
const START: ChainCursor = {number: 0, logs: 0};

const hashOf = (number: number): Hex => `0x${number.toString(16).padStart(64, "0")}`;
const headerOf = (number: number): Header => ({
  number,
  hash: hashOf(number),
  parentHash: hashOf(number - 1),
  timestamp: 1_000 + number,
  baseFee: 1n,
});
const logOf = (block: number, place: number): ChainLog => ({
  kind: "chainLog",
  platform: PLATFORM,
  block,
  index: 3 * place + 1,
  topics: [hashOf(place)],
  data: Uint8Array.of(block, place),
});
/** How many logs each of the blocks 0 to LAST has. */
const counts = fc.array(fc.nat(4), {minLength: LAST + 1, maxLength: LAST + 1});

function blocksOf(logs: readonly number[], from = 0, to = LAST): LogBlock[] {
  return logs.flatMap((count, number) =>
    count === 0 || number < from || number > to
      ? []
      : [{header: headerOf(number), logs: Array.from({length: count}, (_, place) => logOf(number, place))}],
  );
}
function cacheOf(logs: readonly number[], from: ChainCursor = START, to = LAST): LogCache {
  const cache = new LogCache(PLATFORM, from);
  cache.append(to, blocksOf(logs, from.number, to));
  return cache;
}
/** All logs after `cursor`, straight from the definition. */
const following = (logs: readonly number[], cursor: ChainCursor): ChainLog[] =>
  blocksOf(logs)
    .flatMap((block) => block.logs.map((log, place) => ({log, place})))
    .filter(({log, place}) => log.block > cursor.number || (log.block === cursor.number && place >= cursor.logs))
    .map(({log}) => log);
/** A cursor that a decision could have left: not beyond the logs of its block. */
const cursorIn = (logs: readonly number[]) =>
  fc.nat(LAST).chain((number) => fc.nat(logs[number] ?? 0).map((taken): ChainCursor => ({number, logs: taken})));
const scene = counts.chain((logs) => fc.record({logs: fc.constant(logs), cursor: cursorIn(logs), floor: cursorIn(logs), max: fc.nat(9)}));

describe("the cache", () => {
  test("gives what follows a cursor: in order, up to the maximum, with a head that says how far", () => {
    fc.assert(
      fc.property(scene, ({logs, cursor, max}) => {
        const next = cacheOf(logs).next(cursor, max);
        const want = following(logs, cursor).slice(0, max);
        expect(next?.logs ?? []).toEqual(want);
        if (next === null) return;
        const last = want.at(-1) as ChainLog;
        const {number, hash, timestamp} = headerOf(last.block);
        expect(next.head).toEqual({kind: "chainHead", platform: PLATFORM, number, hash, timestamp, logs: (last.index - 1) / 3 + 1});
      }),
    );
  });

  test("gives the same after what is decided was forgotten, or was never fetched", () => {
    fc.assert(
      fc.property(scene, ({logs, cursor, floor, max}) => {
        const forgetful = cacheOf(logs);
        forgetful.forget(floor);
        const late = cacheOf(logs, floor);
        const want = isBefore(cursor, floor) ? null : cacheOf(logs).next(cursor, max);
        expect(forgetful.next(cursor, max)).toEqual(want);
        expect(late.next(cursor, max)).toEqual(want);
        expect(forgetful.size).toBe(following(logs, floor).length);
        expect(late.size).toBe(forgetful.size);
      }),
    );
  });

  test("calls valid what it would give, from whatever portions it was filled", () => {
    fc.assert(
      fc.property(scene, fc.nat(LAST), ({logs, cursor, max}, split) => {
        const cache = cacheOf(logs, START, split);
        cache.append(LAST, blocksOf(logs, split + 1));
        const next = cache.next(cursor, max);
        if (next !== null) expect(cache.judge(cursor, next, null)).toBe("valid");
        if (next !== null) expect(cacheOf(logs, cursor).judge(cursor, next, null)).toBe("valid");
      }),
      {numRuns: 500},
    );
  });

  test("never calls valid anything else for the same head", () => {
    const edits: ((head: ChainHead, logs: ChainLog[], at: number) => {head: ChainHead; logs: ChainLog[]})[] = [
      (head, logs, at) => ({head, logs: logs.filter((_, i) => i !== at)}),
      (head, logs, at) => ({head, logs: [...logs.slice(0, at), logs[at] as ChainLog, ...logs.slice(at)]}),
      (head, logs, at) => ({head, logs: logs.map((log, i) => (i === at ? {...log, data: Uint8Array.of(99)} : log))}),
      (head, logs, at) => ({head, logs: logs.map((log, i) => (i === at ? {...log, index: log.index + 1} : log))}),
      (head, logs, at) => ({head, logs: logs.map((log, i) => (i === at ? {...log, block: log.block + 1} : log))}),
      (head, logs, at) => ({head, logs: logs.map((log, i) => (i === at ? {...log, topics: []} : log))}),
      (head, logs, at) => ({head, logs: logs.map((log, i) => (i === at ? {...log, platform: hashOf(5)} : log))}),
      (head, logs) => ({head: {...head, logs: head.logs + 1}, logs}),
      (head, logs) => ({head: {...head, logs: head.logs - 1}, logs}),
      (head, logs) => ({head: {...head, hash: hashOf(99)}, logs}),
      (head, logs) => ({head: {...head, timestamp: 7}, logs}),
      (head, logs) => ({head: {...head, platform: hashOf(5)}, logs}),
      (head, logs) => ({head: {...head, number: head.number + 1}, logs}),
    ];
    fc.assert(
      fc.property(scene, fc.constantFrom(...edits), fc.nat(), ({logs, cursor, max}, edit, at) => {
        const cache = cacheOf(logs);
        const next = cache.next(cursor, max);
        if (next === null) return;
        const header = headerOf(next.head.number + 1);
        const changed = edit(next.head, [...next.logs], at % next.logs.length);
        expect(cache.judge(cursor, changed, changed.head.number === header.number ? header : null)).not.toBe("valid");
      }),
      {numRuns: 2_000},
    );
  });

  test("a head in a block without logs needs that block's header, and then says the same", () => {
    const logs = [0, 2, 0, 1, 0, 0, 3];
    const cache = cacheOf(logs);
    const head: ChainHead = {...(cache.next(START, 3) as {head: ChainHead}).head, number: 5, hash: hashOf(5), timestamp: 1_005, logs: 0};
    const proposal = {head, logs: following(logs, START).slice(0, 3)};
    expect(cache.judge(START, proposal, null)).toBe("noHeader");
    expect(cache.judge(START, proposal, headerOf(5))).toBe("valid");
    expect(cache.judge(START, {...proposal, logs: proposal.logs.slice(1)}, headerOf(5))).toBe("contradicts");
  });

  test("what is beyond the scan, or before the floor, is unseen", () => {
    const logs = [0, 2, 1, 1];
    const next = cacheOf(logs).next(START, 9) as {head: ChainHead; logs: readonly ChainLog[]};
    expect(cacheOf(logs, START, 2).judge(START, next, null)).toBe("unseen");
    expect(cacheOf(logs, {number: 1, logs: 1}).judge(START, next, null)).toBe("unseen");
    expect(cacheOf(logs).judge(next.head, next, null)).toBe("malformed");
  });

  test("a decision beyond the scan moves it: nothing decided is asked for", () => {
    const cache = cacheOf([0, 2], START, 1);
    cache.forget({number: 9, logs: 1});
    expect([cache.scanned, cache.size]).toEqual([8, 0]);
    expect(cache.append(9, [{header: headerOf(9), logs: [logOf(9, 0), logOf(9, 1)]}])).toBe(true);
    expect(cache.next({number: 9, logs: 1}, 5)?.logs).toEqual([logOf(9, 1)]);
  });

  test("a second look takes the place of the first, and says whether it differs", () => {
    const logs = [0, 2, 0, 1];
    const cache = cacheOf(logs, {number: 1, logs: 1});
    expect(cache.replace(blocksOf(logs))).toBe(false);
    expect(cache.replace(blocksOf([0, 2, 4, 1]))).toBe(true);
    expect(cache.size).toBe(6);
    expect(cache.replace([])).toBe(true);
    expect(cache.next({number: 1, logs: 1}, 9)).toBeNull();
  });
});
