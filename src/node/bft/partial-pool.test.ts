import {expect, test} from "vitest";
import {PartialPool} from "./partial-pool.ts";

const subject = (round: number) => ({height: 7, round, blockHash: `0x${"ab".repeat(32)}` as const});
const partial = (seat: number, byte: number) => ({seat, signature: new Uint8Array(96).fill(byte)});

test("the first partial of a seat stays until it is dropped or replaced", () => {
  const pool = new PartialPool();
  pool.offer(subject(0), [partial(1, 1), partial(2, 2)]);
  pool.offer(subject(0), [partial(1, 9)]);
  expect(pool.held(subject(0))).toEqual([partial(1, 1), partial(2, 2)]);
  expect(pool.held(subject(1))).toEqual([]);
  expect(pool.fresh(subject(0), [partial(1, 1), partial(2, 9), partial(3, 3)])).toEqual([partial(2, 9), partial(3, 3)]);
  pool.replace(subject(0), partial(1, 9));
  pool.drop(subject(0), [2]);
  expect(pool.held(subject(0))).toEqual([partial(1, 9)]);
});

test("whoever floods pushes out its own", () => {
  const pool = new PartialPool();
  pool.offer(subject(0), [partial(1, 1)]);
  for (let round = 0; round < 10_000; round++) pool.offer(subject(round), [partial(4, 4)]);
  expect(pool.held(subject(0))).toEqual([partial(1, 1)]);
  expect(pool.held(subject(9_999))).toEqual([partial(4, 4)]);
});
