import {describe, expect, test} from "vitest";
import type {Clock} from "../ports/system.ts";
import {within} from "./deadline.ts";

/** A clock with one timer, which a test lets go off. */
function manualClock() {
  const timers = new Set<() => void>();
  const clock: Clock = {
    now: () => 0,
    after(_ms, run) {
      timers.add(run);
      return () => timers.delete(run);
    },
  };
  const ring = () => {
    for (const run of timers) run();
  };
  return {clock, timers, ring};
}

describe("within", () => {
  test("gives what the work gives, and leaves no timer", async () => {
    const {clock, timers} = manualClock();
    expect(await within(clock, {ms: 5, what: "work"}, async () => 7)).toBe(7);
    const failed = within(clock, {ms: 5, what: "work"}, () => {
      throw new Error("before any await");
    });
    await expect(failed).rejects.toThrow("before any await");
    await Promise.resolve();
    expect(timers.size).toBe(0);
  });

  test("ends at the deadline though the work goes on", async () => {
    const {clock, ring} = manualClock();
    let signal: AbortSignal | undefined;
    const endless = within(clock, {ms: 5, what: "work"}, (s) => {
      signal = s;
      return new Promise(() => {});
    });
    ring();
    await expect(endless).rejects.toMatchObject({code: "TIMEOUT", data: {what: "work", want: 5}});
    expect(signal?.aborted).toBe(true);
  });

  test("ends with its parent, before or while it runs", async () => {
    const {clock, timers} = manualClock();
    const parent = new AbortController();
    const running = within(clock, {ms: 5, what: "work", parent: parent.signal}, () => new Promise(() => {}));
    parent.abort();
    await expect(running).rejects.toMatchObject({code: "ABORTED"});
    let ran = false;
    const late = within(clock, {ms: 5, what: "work", parent: parent.signal}, async () => {
      ran = true;
    });
    await expect(late).rejects.toMatchObject({code: "ABORTED"});
    expect([ran, timers.size]).toEqual([false, 0]);
  });
});
