import fc from "fast-check";
import {expect, test} from "vitest";
import {BoundedMap, BoundedQueue} from "./bounded.ts";

test("a queue gives what it took, in order, and never holds more than it may", () =>
  fc.assert(
    fc.property(fc.integer({min: 1, max: 5}), fc.array(fc.option(fc.nat()), {maxLength: 60}), (countMax, steps) => {
      const queue = new BoundedQueue<number>(countMax);
      const model: number[] = [];
      let dropped = 0;
      for (const step of steps) {
        if (step === null) expect(queue.shift()).toBe(model.shift());
        else if (model.length < countMax) {
          expect(queue.push(step)).toBe(true);
          model.push(step);
        } else {
          expect(queue.push(step)).toBe(false);
          dropped++;
        }
        expect([queue.size, queue.dropped]).toEqual([model.length, dropped]);
      }
    }),
  ));

test("a queue keeps its order over thousands of items", () => {
  const queue = new BoundedQueue<number>(10);
  for (let i = 0; i < 5_000; i++) {
    queue.push(i);
    if (i >= 4) expect(queue.shift()).toBe(i - 4);
  }
  expect(queue.size).toBe(4);
});

test("a map forgets what was set first", () => {
  const map = new BoundedMap<string, number>(2);
  map.set("a", 1);
  map.set("b", 2);
  map.set("a", 3);
  expect([map.size, map.get("a")]).toEqual([2, 3]);
  map.set("c", 4);
  expect([...map.entries()]).toEqual([
    ["b", 2],
    ["c", 4],
  ]);
  expect([map.has("a"), map.delete("b"), map.delete("b"), [...map.keys()], [...map.values()]]).toEqual([false, true, false, ["c"], [4]]);
  map.clear();
  expect(map.size).toBe(0);
});
