import fc from "fast-check";
import {describe, expect, test} from "vitest";
import {PathLimit, TokenBucket} from "./limits.ts";

describe("TokenBucket", () => {
  test("gives the burst, then what time brings", () => {
    let now = 0;
    const bucket = new TokenBucket(() => now, {perSecond: 10, burst: 3});
    expect([1, 2, 3, 4].map(() => bucket.take())).toEqual([true, true, true, false]);
    expect(bucket.waitMs()).toBe(100);
    now = 100;
    expect([bucket.take(), bucket.take()]).toEqual([true, false]);
    now = 60_000;
    expect([1, 2, 3, 4].map(() => bucket.take())).toEqual([true, true, true, false]);
  });
  test("a clock that goes back refills nothing and takes nothing", () => {
    let now = 1_000;
    const bucket = new TokenBucket(() => now, {perSecond: 10, burst: 1});
    bucket.take();
    now = 0;
    expect(bucket.take()).toBe(false);
    now = 100;
    expect(bucket.take()).toBe(true);
  });
  test("never gives more than burst and rate", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(300), {maxLength: 100}), (steps) => {
        let now = 0;
        let given = 0;
        const bucket = new TokenBucket(() => now, {perSecond: 20, burst: 5});
        for (const ms of steps) {
          now += ms;
          while (bucket.take()) given++;
        }
        expect(given).toBeLessThanOrEqual(5 + (now * 20) / 1_000 + 1e-6);
      }),
    );
  });
});

describe("PathLimit", () => {
  test("a message counts by number and by bytes, and not at all where either is used up", () => {
    let now = 0;
    const limit = new PathLimit(() => now, {messages: {perSecond: 1, burst: 3}, bytes: {perSecond: 100, burst: 100}});
    expect([limit.take(60), limit.take(60), limit.take(40), limit.take(0), limit.take(0)]).toEqual([true, false, true, true, false]);
    expect(limit.waitMs(50)).toBe(1_000);
    now = 1_000;
    expect(limit.take(100)).toBe(true);
  });
});
