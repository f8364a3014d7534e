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
    {name: "equal stakes share what there is", given: holders(20, 20, 20, 20), max: 64, seats: [16, 16, 16, 16], tolerant: true},
    {
      name: "one who stakes as much as all seats is one of many",
      given: holders(64, 10, 10, 10, 10),
      seats: [19, 10, 10, 10, 10],
      tolerant: true,
    },
    {name: "four who do share", given: holders(64, 64, 64, 64), seats: [16, 16, 16, 16], tolerant: true},
    {
      name: "what cannot be shared goes to the lower addresses",
      given: holders(64, 64, 64, 64, 64, 64, 64),
      seats: [10, 9, 9, 9, 9, 9, 9],
      tolerant: true,
    },
    {name: "power follows stake", given: holders(40, 40, 20, 20, 8), seats: [20, 20, 10, 10, 4], tolerant: true},
    {name: "three do not take all seats", given: holders(64, 64, 64, 1), seats: [21, 21, 21, 1], tolerant: true},
    {name: "the smallest are left out", given: holders(5, 5, 5, 5, 1), max: 12, seats: [3, 3, 3, 3], tolerant: true},
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
        // who staked more holds no less
        const stakeOf = new Map(holders(...stakes).map((h) => [h.operator, h.seats]));
        for (const v of validators)
          for (const w of validators)
            if ((stakeOf.get(v.operator) ?? 0) > (stakeOf.get(w.operator) ?? 0)) expect(v.seats).toBeGreaterThanOrEqual(w.seats);
        // one seat more for whoever was cut would be too much for somebody
        const wanted = new Map(holders(...stakes).map((h) => [h.operator, h.seats]));
        const more = validators.map((v) => Math.min(wanted.get(v.operator) ?? 0, largest + 1));
        const reach = more.reduce((a, b) => a + b, 0);
        if (reach > total && reach <= max) expect(3 * Math.max(...more)).toBeGreaterThanOrEqual(reach);
      }),
    ));

  test("splitting a stake over operators gains nothing where seats are short", () =>
    fc.assert(
      fc.property(
        fc.array(fc.integer({min: 1, max: 21}), {minLength: 8, maxLength: 40}),
        fc.integer({min: 2, max: 21}),
        fc.array(fc.integer({min: 1, max: 20}), {minLength: 1, maxLength: 4}),
        (others, stake, cuts) => {
          const rest = holders(...others);
          const whole = seatTable([...rest, {operator: operator(999), seats: stake}], 64);
          const parts: SeatHolder[] = [];
          let left = stake;
          for (const [i, cut] of [...cuts, stake].entries()) {
            const seats = Math.min(left, cut);
            if (seats > 0) parts.push({operator: operator(1_000 + i), seats});
            left -= seats;
          }
          const split = seatTable([...rest, ...parts], 64);
          if (whole.total < 64 || split.total < 64) return; // no shortage: every seat staked is one
          const mine = split.validators.filter((v) => BigInt(v.operator) >= 1_000n).reduce((sum, v) => sum + v.seats, 0);
          const alone = whole.validators.find((v) => BigInt(v.operator) === 999n)?.seats ?? 0;
          expect(mine).toBeLessThanOrEqual(alone);
        },
      ),
    ));
});
