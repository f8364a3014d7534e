import fc from "fast-check";
import {describe, expect, test} from "vitest";
import {SendQueue} from "./queue.ts";

const frame = (id: number, size = 1) => new Uint8Array(size).fill(id);
const ids = (queue: SendQueue) => {
  const out: number[] = [];
  while (queue.count > 0) out.push(...queue.take(1).map((f) => f[0] as number));
  return out;
};

describe("SendQueue", () => {
  test("keeps the order", () => {
    const queue = new SendQueue(10, 100);
    for (const id of [3, 1, 2]) queue.push(frame(id), id);
    expect(ids(queue)).toEqual([3, 1, 2]);
  });

  test("what does not fit is dropped where nothing of lower value waits", () => {
    const queue = new SendQueue(2, 100);
    expect([queue.push(frame(1), 5), queue.push(frame(2), 5), queue.push(frame(3), 5), queue.push(frame(4), 0)]).toEqual([0, 0, 1, 1]);
    expect(ids(queue)).toEqual([1, 2]);
  });

  test("the newest of the lowest value makes room", () => {
    const queue = new SendQueue(4, 100);
    queue.push(frame(1), 0);
    queue.push(frame(2), 2);
    queue.push(frame(3), 0);
    queue.push(frame(4), 2);
    expect(queue.push(frame(5), 4)).toBe(1);
    expect(queue.push(frame(6), 4)).toBe(1);
    expect(queue.push(frame(7), 4)).toBe(1);
    expect(ids(queue)).toEqual([2, 5, 6, 7]);
  });

  test("several small ones make room for a large one, or none goes", () => {
    const queue = new SendQueue(10, 10);
    for (const id of [1, 2, 3]) queue.push(frame(id, 3), 0);
    expect(queue.push(frame(4, 6), 5)).toBe(2);
    expect([queue.count, queue.bytes]).toEqual([2, 9]);
    expect(queue.push(frame(5, 11), 5)).toBe(1);
    expect(ids(queue)).toEqual([1, 4]);
  });

  test("takes as many as fit together, and one in any case", () => {
    const queue = new SendQueue(10, 100);
    for (const size of [4, 4, 4, 50]) queue.push(frame(1, size), 0);
    expect(queue.take(8)).toHaveLength(2);
    expect(queue.take(8)).toHaveLength(1);
    expect(queue.take(8)).toHaveLength(1);
    expect([queue.count, queue.bytes, queue.take(8)]).toEqual([0, 0, []]);
  });

  test("never exceeds its bounds, and every frame is sent or dropped", () => {
    const steps = fc.array(fc.record({size: fc.nat(40), value: fc.nat(5), take: fc.boolean()}), {maxLength: 200});
    fc.assert(
      fc.property(steps, (all) => {
        const queue = new SendQueue(7, 90);
        let dropped = 0;
        let taken = 0;
        for (const {size, value, take} of all) {
          dropped += queue.push(new Uint8Array(size), value);
          if (take) taken += queue.take(30).length;
          expect(queue.count).toBeLessThanOrEqual(7);
          expect(queue.bytes).toBeLessThanOrEqual(90);
        }
        expect(dropped + taken + queue.clear()).toBe(all.length);
        expect(queue.bytes).toBe(0);
      }),
    );
  });
});
