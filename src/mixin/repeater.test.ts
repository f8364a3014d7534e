import {expect, test} from "vitest";
import type {Clock} from "../ports/system.ts";
import {createRepeater} from "./repeater.ts";

/** A clock that stands still; `pauses` holds the timers that were asked for, and `fire` runs the one that is armed. */
function manualClock() {
  const pauses: number[] = [];
  let armed: (() => void) | null = null;
  const clock: Clock = {
    now: () => 0,
    after(ms, run) {
      pauses.push(ms);
      armed = run;
      return () => {
        if (armed === run) armed = null;
      };
    },
  };
  return {clock, pauses, fire: () => armed?.(), isArmed: () => armed !== null};
}
const settle = () => new Promise<void>((done) => setImmediate(done));

test("the pause grows while runs fail, up to a limit, and is short again after a success", async () => {
  const {clock, pauses, fire} = manualClock();
  const outcomes = [false, false, false, false, true, true];
  const repeater = createRepeater({clock, pauseMs: 100, pauseMaxMs: 500, run: async () => outcomes.shift() ?? true});
  repeater.start();
  for (let i = 0; i < 6; i++) {
    await settle();
    fire();
  }
  await repeater.stop();
  expect(pauses.slice(0, 6)).toEqual([200, 400, 500, 500, 100, 100]);
});

test("runs never overlap; a call during a run gets one more run, shared by all who ask", async () => {
  const {clock} = manualClock();
  const ends: (() => void)[] = [];
  let running = 0;
  let started = 0;
  const repeater = createRepeater({
    clock,
    pauseMs: 100,
    pauseMaxMs: 500,
    run: async () => {
      expect(++running).toBe(1);
      started++;
      await new Promise<void>((done) => ends.push(done));
      running--;
      return true;
    },
  });
  repeater.start();
  const asked = [repeater.now(), repeater.now(), repeater.now()];
  expect(started).toBe(1);
  ends.shift()?.();
  await settle();
  expect(started).toBe(2);
  ends.shift()?.();
  await Promise.all(asked);
  await settle();
  expect(started).toBe(2);
  await repeater.stop();
});

test("after a stop nothing runs, and a call answers at once", async () => {
  const {clock, isArmed} = manualClock();
  let started = 0;
  const repeater = createRepeater({clock, pauseMs: 1, pauseMaxMs: 1, run: async () => ++started > 0});
  await repeater.now();
  expect(started).toBe(0);
  repeater.start();
  await repeater.stop();
  await repeater.now();
  expect(started).toBe(1);
  expect(isArmed()).toBe(false);
});
