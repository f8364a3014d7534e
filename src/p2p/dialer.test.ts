import {describe, expect, test} from "vitest";
import {manualClock} from "../../test/p2p/fake-stream.ts";
import type {Logger} from "../ports/system.ts";
import {Dialer} from "./dialer.ts";
import {Report} from "./report.ts";

function setup(own: number | null = 1, count = 3) {
  const time = manualClock();
  const {clock, advance} = time;
  const dials: {validator: number; at: number}[] = [];
  const connected = new Set<number>();
  const reachable = new Set<number>();
  const addressed = new Set(Array.from({length: count}, (_, i) => i));
  const asks: number[] = [];
  const log: Logger = {debug() {}, info() {}, warn() {}, error() {}, child: () => log};
  const dialer = new Dialer({
    clock,
    report: new Report(log, clock),
    own: () => own,
    validatorCount: count,
    isConnected: (validator) => connected.has(validator),
    candidates: (validator) => (addressed.has(validator) ? ["/ip4/127.0.0.1/tcp/1"] : []),
    async dial(validator) {
      dials.push({validator, at: clock.now()});
      if (!reachable.has(validator)) return false;
      connected.add(validator);
      dialer.reached(validator);
      return true;
    },
    ask: () => asks.push(clock.now()),
    random: () => 0.5,
  });
  const times = (validator: number) => dials.filter((d) => d.validator === validator).map((d) => d.at);
  return {dialer, dials, times, connected, reachable, addressed, asks, advance, pending: () => time.pending};
}

describe("Dialer", () => {
  test("dials everyone but itself, those with lower indices a moment later", async () => {
    const {dialer, dials, reachable, advance} = setup();
    reachable.add(0).add(2);
    dialer.start();
    await advance(1_000);
    expect(dials).toEqual([
      {validator: 2, at: 0},
      {validator: 0, at: 150},
    ]);
  });

  test("waits longer after each failure, up to five seconds, and never gives up", async () => {
    const {dialer, times, advance} = setup(0, 2);
    dialer.start();
    await advance(60_000);
    const gaps = times(1).map((at, i, all) => at - (all[i - 1] ?? 0));
    expect(gaps.slice(0, 8)).toEqual([0, 300, 600, 1_200, 2_400, 4_800, 5_000, 5_000]);
    expect(gaps.length).toBeGreaterThan(14);
  });

  test("is quiet while all are there, and dials again soon when one is lost", async () => {
    const {dialer, times, connected, reachable, asks, advance} = setup(0, 2);
    reachable.add(1);
    dialer.start();
    await advance(60_000);
    expect([times(1), asks]).toEqual([[0], []]);
    connected.clear();
    dialer.lost(1);
    await advance(400);
    expect(times(1)).toEqual([0, 60_300]);
  });

  test("asks for addresses while someone is missing, and dials as soon as one is heard", async () => {
    const {dialer, times, addressed, reachable, asks, advance} = setup(0, 2);
    addressed.clear();
    reachable.add(1);
    dialer.start();
    await advance(20_000);
    expect(asks).toEqual([3_000, 6_000, 9_000, 12_000, 15_000, 18_000]);
    expect(times(1)).toEqual([]);
    addressed.add(1);
    dialer.heard(1);
    await advance(200);
    expect(times(1)).toEqual([20_150]);
  });

  test("nothing is left after stop", async () => {
    const {dialer, dials, advance, pending} = setup();
    dialer.start();
    await advance(2_000);
    dialer.stop();
    const before = dials.length;
    await advance(60_000);
    expect([dials.length, pending()]).toEqual([before, 0]);
  });

  test("an observer dials every validator at once", async () => {
    const {dialer, dials, reachable, advance} = setup(null, 3);
    reachable.add(0).add(1).add(2);
    dialer.start();
    await advance(1);
    expect(dials.map((d) => d.validator)).toEqual([0, 1, 2]);
  });
});
