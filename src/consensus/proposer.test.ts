import fc from "fast-check";
import {expect, test} from "vitest";
import {proposerOf, proposerSchedule} from "./proposer.ts";
import {setOf} from "./scenario.ts";
import {moreThanThird, quorum} from "./tally.ts";

const schedule = (...seats: number[]) => proposerSchedule(setOf(...seats).validators);
const seatsList = fc.array(fc.integer({min: 1, max: 12}), {minLength: 1, maxLength: 12});

test("equal seats take turns", () => expect(schedule(1, 1, 1, 1)).toEqual([0, 1, 2, 3]));
test("equal larger seats take turns over and over", () => expect(schedule(2, 2, 2)).toEqual([0, 1, 2, 0, 1, 2]));
test("many seats are spread, the lowest index wins a tie", () => expect(schedule(5, 1, 1)).toEqual([0, 0, 1, 0, 2, 0, 0]));
test("three, two, one", () => expect(schedule(3, 2, 1)).toEqual([0, 1, 0, 2, 1, 0]));
test("no seats, no schedule", () => expect(proposerSchedule([])).toEqual([]));

test("over the schedule everybody proposes as often as it has seats", () => {
  fc.assert(
    fc.property(seatsList, (seats) => {
      const turns = schedule(...seats);
      expect(turns.length).toBe(seats.reduce((sum, n) => sum + n, 0));
      expect(seats.map((_, i) => turns.filter((turn) => turn === i).length)).toEqual(seats);
    }),
  );
});

test("no validator runs ahead of or behind its share by a whole turn of the others", () => {
  fc.assert(
    fc.property(seatsList, (seats) => {
      const turns = schedule(...seats);
      seats.forEach((own, i) => {
        turns.forEach((_, at) => {
          const had = turns.slice(0, at + 1).filter((turn) => turn === i).length;
          expect(Math.abs(had - ((at + 1) * own) / turns.length)).toBeLessThan(seats.length);
        });
      });
    }),
  );
});

test("height and round move the proposer alike, however large they are", () => {
  const set = setOf(1, 1, 1, 1);
  expect([proposerOf(set, 5, 0), proposerOf(set, 4, 1), proposerOf(set, 0, 5)]).toEqual([1, 1, 1]);
  expect(proposerOf(set, Number.MAX_SAFE_INTEGER, 2)).toBe((3 + 2) % 4);
});

test("a quorum is more than two thirds, two of them share more than a third, and the rest is no third more", () => {
  expect([1, 2, 3, 4, 5, 6, 7, 64].map(quorum)).toEqual([1, 2, 3, 3, 4, 5, 5, 43]);
  for (let seats = 1; seats <= 300; seats++) {
    expect(3 * quorum(seats)).toBeGreaterThan(2 * seats);
    expect(3 * (quorum(seats) - 1)).toBeLessThanOrEqual(2 * seats);
    expect(moreThanThird(2 * quorum(seats) - seats, seats)).toBe(true);
  }
});

test("a third exactly is not more than a third", () => {
  expect([moreThanThird(1, 3), moreThanThird(2, 6), moreThanThird(3, 6), moreThanThird(2, 4), moreThanThird(1, 4)]).toEqual([
    false,
    false,
    true,
    true,
    false,
  ]);
});
