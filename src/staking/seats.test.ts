import fc from "fast-check";
import {describe, expect, test} from "vitest";
import type {Hex} from "../base/bytes.ts";
import {type SeatHolder, seatTable} from "./seats.ts";

const operator = (n: number): Hex => `0x${n.toString(16).padStart(40, "0")}`;
const holders = (...seats: readonly number[]): SeatHolder[] => seats.map((count, i) => ({operator: operator(i + 1), seats: count}));

describe("seats", () => {
  const cases: {name: string; given: SeatHolder[]; max?: number; seats: number[]; tolerant: boolean}[] = [
    {name: "equal stakes stay", given: holders(1, 1, 1, 1), seats: [1, 1, 1, 1], tolerant: true},
    {name: "a third is cut", given: holders(2, 1, 1, 1), seats: [1, 1, 1, 1], tolerant: true},
    {name: "just below a third stays", given: holders(2, 1, 1, 1, 2), seats: [2, 1, 1, 1, 2], tolerant: true},
    {name: "the cut is the largest that is enough", given: holders(50, 4, 4, 4), seats: [5, 4, 4, 4], tolerant: true},
    {name: "a cut seat lowers the third of the others", given: holders(10, 10, 1, 1), seats: [1, 1, 1, 1], tolerant: true},
    {name: "three cannot be cut", given: holders(3, 2, 1), seats: [3, 2, 1], tolerant: false},
    {name: "one alone", given: holders(5), seats: [5], tolerant: false},
    {name: "nobody", given: [], seats: [], tolerant: false},
    {name: "no seats, no place", given: holders(1, 0, 1, 1, 1), seats: [1, 1, 1, 1], tolerant: true},
    {name: "the last is cut to fit", given: holders(20, 20, 20, 20), max: 64, seats: [20, 20, 20, 4], tolerant: true},
    {name: "the smallest are left out", given: holders(3, 3, 3, 3, 1), max: 12, seats: [3, 3, 3, 3], tolerant: true},
    {name: "among equals the lower address comes first", given: holders(1, 1, 1, 1, 1), max: 4, seats: [1, 1, 1, 1], tolerant: true},
  ];
  test.for(cases)("$name", ({given, max = 64, seats, tolerant}) => {
    const table = seatTable([...given].reverse(), max);
    expect(table.validators.map((v) => v.seats)).toEqual(seats);
    expect([table.total, table.faultTolerant]).toEqual([seats.reduce((a, b) => a + b, 0), tolerant]);
  });

  test("are by operator address, those with fewer seats left out at the end", () => {
    const table = seatTable(holders(1, 1, 1, 1, 1), 4);
    expect(table.validators.map((v) => v.operator)).toEqual([1, 2, 3, 4].map(operator));
  });

  test("hold what the rule says, for any stakes in any order", () =>
    fc.assert(
      fc.property(fc.array(fc.integer({min: 1, max: 80}), {minLength: 1, maxLength: 80}), fc.integer({min: 1, max: 64}), (stakes, max) => {
        const {validators, total, faultTolerant} = seatTable(holders(...stakes), max);
        expect(total).toBeLessThanOrEqual(max);
        expect(validators.reduce((sum, v) => sum + v.seats, 0)).toBe(total);
        expect(
          seatTable(
            holders(...stakes).sort((a, b) => a.seats - b.seats),
            max,
          ),
        ).toEqual(seatTable(holders(...stakes), max));
        const largest = Math.max(...validators.map((v) => v.seats));
        if (validators.length >= 4) expect(faultTolerant).toBe(true);
        if (!faultTolerant) return;
        expect(3 * largest).toBeLessThan(total);
        // one seat more for whoever was cut would be too much for somebody
        const wanted = new Map(holders(...stakes).map((h) => [h.operator, h.seats]));
        const more = validators.map((v) => Math.min(wanted.get(v.operator) ?? 0, largest + 1));
        const reach = more.reduce((a, b) => a + b, 0);
        if (reach > total && reach <= max) expect(3 * Math.max(...more)).toBeGreaterThanOrEqual(reach);
      }),
    ));
});
