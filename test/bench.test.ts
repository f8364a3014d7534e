import {expect, test} from "vitest";
import {quantile, resultOf, table} from "../bench/harness.ts";
import {walBench} from "../bench/wal.ts";

test("the median and the hundredth are taken from the sorted samples", () => {
  const samples = Array.from({length: 200}, (_, i) => 200 - i);
  expect(resultOf("times", "ms", samples, {bound: 50.5})).toEqual({
    name: "times",
    n: 200,
    unit: "ms",
    median: 101,
    p99: 199,
    bound: 50.5,
    ratio: 2,
  });
});

test("of a rate the hundredth is the slow one, and falling short of the bound is above 1", () => {
  const samples = Array.from({length: 200}, (_, i) => i + 1);
  expect(resultOf("rates", "1/s", samples, {bound: 202})).toMatchObject({median: 101, p99: 3, ratio: 2});
});

test("a measurement without samples is no number", () => {
  expect(quantile([], 0.5)).toBeNaN();
});

test("the table has a line for each result, with a dash where there is no bound", () => {
  const lines = table([resultOf("a", "ms", [1]), resultOf("longer", "ms", [2], {bound: 1})]).split("\n");
  expect(lines).toHaveLength(3);
  expect(new Set(lines.map((line) => line.length)).size).toBe(1);
  expect(lines[1]).toMatch(/^a .* - +-$/);
});

test("a benchmark gives results that JSON can hold", async () => {
  const results = await walBench.run({n: 20, validators: 4});
  expect(JSON.parse(JSON.stringify(results))).toEqual(results);
  expect(results[0]).toMatchObject({name: "append + sync", n: 20, unit: "ms", bound: expect.any(Number), ratio: expect.any(Number)});
  for (const {median, p99} of results) expect(median > 0 && p99 >= median).toBe(true);
});
