import {expect, test} from "vitest";
import {CatchUp} from "./catch-up.ts";

type Ports = ConstructorParameters<typeof CatchUp>[0];

/** Four validators of one seat each, the own head at 10, and peers that answer as `serve` says. */
function stage(serve: (validator: number) => Promise<Uint8Array[]>, seats: readonly number[] = [1, 1, 1, 1]) {
  let now = 0;
  const timers = new Set<{at: number; run: () => void}>();
  const asked: {validator: number; atMs: number}[] = [];
  const total = seats.reduce((sum, s) => sum + s, 0);
  const silent = {debug() {}, info() {}, warn() {}, error() {}, child: () => silent};
  const ports = {
    chain: {height: 10, epochSet: {validators: seats.map((s) => ({seats: s})), seats: total, quorum: Math.floor((2 * total) / 3) + 1}},
    register: {seatsOf: (place: number) => seats[place] ?? 0, total: () => total},
    network: {
      requestBlocks(validator: number) {
        asked.push({validator, atMs: now});
        return serve(validator);
      },
      punish() {},
    },
    clock: {
      now: () => now,
      after(ms: number, run: () => void) {
        const timer = {at: now + ms, run};
        timers.add(timer);
        return () => void timers.delete(timer);
      },
    },
    log: silent,
  } as unknown as Ports;
  const catchUp = new CatchUp(ports);
  async function pass(ms: number): Promise<void> {
    for (const end = now + ms; now < end; ) {
      now += 10;
      for (const timer of [...timers].filter(({at}) => at <= now)) {
        timers.delete(timer);
        timer.run();
      }
      await new Promise((done) => setImmediate(done));
    }
  }
  const say = (validator: number, height: number) => catchUp.note({peerId: `peer ${validator}`, validator}, height);
  return {catchUp, asked, pass, say};
}

test("one validator that names a height does not make this node behind; more than a third of the seats does", () => {
  const {catchUp, say} = stage(async () => []);
  say(1, 1_000_000_000);
  say(2, 10);
  expect(catchUp.lag).toBe(0);
  say(2, 15);
  expect(catchUp.lag).toBe(5);
  say(3, 9);
  expect(catchUp.lag).toBe(5);
});

test("seats count, not validators", () => {
  const {catchUp, say} = stage(async () => [], [1, 1, 1, 4]);
  say(1, 30);
  say(2, 20);
  expect(catchUp.lag).toBe(0);
  say(3, 20);
  expect(catchUp.lag).toBe(10);
});

test("who names heights and has no blocks is asked ever more rarely, also when it says so again and again", async () => {
  const {catchUp, asked, pass, say} = stage(async () => []);
  await catchUp.start();
  for (let ms = 0; ms < 60_000; ms += 100) {
    say(1, 1_000_000_000);
    await pass(100);
  }
  expect(asked.length).toBeGreaterThan(4);
  expect(asked.length).toBeLessThan(12);
  await catchUp.stop();
});

test("it does not keep this node from asking another that is ahead", async () => {
  const {catchUp, asked, pass, say} = stage(async (validator) => {
    if (validator === 1) throw new Error("no answer");
    return [];
  });
  await catchUp.start();
  say(1, 1_000_000_000);
  await pass(200);
  say(1, 1_000_000_000);
  say(2, 20);
  await pass(200);
  expect(asked.map(({validator}) => validator)).toEqual([1, 2]);
  await catchUp.stop();
});

test("a gap of one height is given time, whatever a resting liar says", async () => {
  const {catchUp, asked, pass, say} = stage(async () => []);
  await catchUp.start();
  for (let i = 0; i < 8; i++) {
    say(1, 1_000_000_000);
    await pass(10_000);
  }
  const before = asked.length;
  say(1, 1_000_000_000);
  say(2, 11);
  await pass(200);
  expect(asked.slice(before).filter(({validator}) => validator === 2)).toEqual([]);
  await pass(400);
  expect(asked.slice(before).filter(({validator}) => validator === 2)).toHaveLength(1);
  await catchUp.stop();
});
