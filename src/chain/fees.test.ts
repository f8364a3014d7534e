import fc from "fast-check";
import {expect, test} from "vitest";
import {type Fees, raiseFees} from "./fees.ts";

const fees: fc.Arbitrary<Fees> = fc
  .tuple(fc.bigInt(0n, 10n ** 13n), fc.bigInt(0n, 10n ** 12n))
  .map(([rest, tip]) => ({maxFee: rest + tip, tip}));

test("a replacement raises both fees by an eighth or more, never above ten times what is suggested", () => {
  fc.assert(
    fc.property(fees, fees, (before, suggested) => {
      const raised = raiseFees(before, suggested);
      if (raised === null) {
        expect(before.maxFee * 9n).toBeGreaterThan(suggested.maxFee * 80n - 16n);
        return;
      }
      expect(raised.maxFee * 1_000n).toBeGreaterThanOrEqual(before.maxFee * 1_125n);
      expect(raised.tip * 1_000n).toBeGreaterThanOrEqual(before.tip * 1_125n);
      expect(raised.maxFee).toBeGreaterThanOrEqual(suggested.maxFee);
      expect(raised.maxFee).toBeGreaterThanOrEqual(raised.tip);
    }),
    {numRuns: 1_000},
  );
});

test("raises end", () => {
  const suggested = {maxFee: 3_000_000_000n, tip: 1_000_000_000n};
  let last: Fees | null = suggested;
  let raises = 0;
  for (; last !== null; raises++) last = raiseFees(last, suggested);
  expect(raises).toBe(20);
});
