import {expect, test} from "vitest";
import type {Clock} from "../ports/system.ts";
import {createPoller} from "./poller.ts";

/** Time that stands still until it is told. */
function stoppedClock(): Clock & {waits: number[]; fire(): void} {
  let armed: (() => void) | null = null;
  const waits: number[] = [];
  return {
    waits,
    now: () => 0,
    after(ms, run) {
      waits.push(ms);
      armed = run;
      return () => {
        armed = null;
      };
    },
    fire() {
      const run = armed;
      armed = null;
      run?.();
    },
  };
}
const settled = () => new Promise<void>((resolve) => setImmediate(resolve));

/** A poller whose runs end when they are told. */
function controlled(clock: Clock) {
  const ends: ((worked: boolean) => void)[] = [];
  const poller = createPoller({clock, pollMs: 100, pauseMaxMs: 1_000, run: () => new Promise((resolve) => ends.push(resolve))});
  const end = async (worked: boolean) => {
    ends.at(-1)?.(worked);
    await settled();
  };
  return {poller, ends, end};
}

test("pauses between runs, longer while they fail, short again after one that works", async () => {
  const clock = stoppedClock();
  const {poller, end} = controlled(clock);
  poller.start();
  for (const worked of [true, false, false, false, false, false, true]) {
    await end(worked);
    clock.fire();
  }
  expect(clock.waits).toEqual([100, 200, 400, 800, 1_000, 1_000, 100]);
});

test("a call during a run waits for a run of its own, and shares it", async () => {
  const {poller, ends, end} = controlled(stoppedClock());
  const first = poller.now();
  const [second, third] = [poller.now(), poller.now()];
  let over = false;
  void second.then(() => {
    over = true;
  });
  await end(true);
  await first;
  expect(ends.length).toBe(2);
  expect(over).toBe(false);
  await end(true);
  await Promise.all([second, third]);
  expect(ends.length).toBe(2);
});

test("a stop waits for the run under way, and ends all others", async () => {
  const clock = stoppedClock();
  const {poller, ends, end} = controlled(clock);
  poller.start();
  const stopping = poller.stop();
  let stopped = false;
  void stopping.then(() => {
    stopped = true;
  });
  await settled();
  expect(stopped).toBe(false);
  await end(true);
  await stopping;
  await poller.now();
  clock.fire();
  expect(ends.length).toBe(1);
});

test("a call queued before a stop still ends", async () => {
  const {poller, ends, end} = controlled(stoppedClock());
  void poller.now();
  const queued = poller.now();
  const stopping = poller.stop();
  await end(true);
  await Promise.all([queued, stopping]);
  expect(ends.length).toBe(1);
});
