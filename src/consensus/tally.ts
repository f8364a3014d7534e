import type {Ballot, Slot, Tally, Value, Weight} from "./types.ts";

/** Fewest seats that decide: floor(2W/3) + 1. Two quorums share more than W/3 seats, so at least one honest one. */
export function quorum(seats: number): number {
  return Math.floor((2 * seats) / 3) + 1;
}

/** Whether so many seats hold at least one honest one, given that less than W/3 are faulty. */
export function moreThanThird(part: number, seats: number): boolean {
  return 3 * part > seats;
}

export function emptyTally(validators: number): Tally {
  return {slots: Array.from({length: validators}, () => null), seats: 0, values: []};
}

/** Seats that voted for `value` (null: nil). An equivocator's seats stand behind each of its two values. */
export function seatsFor(tally: Tally, value: Value | null): number {
  return tally.values.find((weight) => weight.value === value)?.seats ?? 0;
}

/**
 * What a vote did to a tally. A second vote with another value is counted for that value too: whoever drops it may never see a polka
 * that its peers saw, and then refuses what they re-propose. A third value is refused, so a slot has a size.
 * `contradicts` is the id of the first vote of an equivocator, once.
 */
export type Counted = {readonly tally: Tally; readonly contradicts: string | null} | {readonly refused: "duplicate" | "votesFull"};

/** Counts one ballot of validator `from`, whose weight is `seats`. */
export function count(tally: Tally, vote: {readonly from: number; readonly seats: number; readonly ballot: Ballot}): Counted {
  const {from, seats, ballot} = vote;
  const slot = tally.slots[from] ?? null;
  if (slot === null) {
    const first: Slot = {first: ballot, second: null};
    return {tally: put(tally, from, first, {total: seats, value: ballot.value, seats}), contradicts: null};
  }
  if (slot.first.value === ballot.value || slot.second?.value === ballot.value) return {refused: "duplicate"};
  if (slot.second !== null) return {refused: "votesFull"};
  const both: Slot = {first: slot.first, second: ballot};
  return {tally: put(tally, from, both, {total: 0, value: ballot.value, seats}), contradicts: slot.first.id};
}

/** The tally without what `from` said, for the bound on future rounds. */
export function uncount(tally: Tally, from: number, seats: number): Tally {
  const slot = tally.slots[from] ?? null;
  if (slot === null) return tally;
  const values = [slot.first, ...(slot.second === null ? [] : [slot.second])].reduce(
    (weights, ballot) => add(weights, ballot.value, -seats),
    tally.values,
  );
  return {slots: tally.slots.with(from, null), seats: tally.seats - seats, values: values.filter((weight) => weight.seats > 0)};
}

function put(
  tally: Tally,
  from: number,
  slot: Slot,
  more: {readonly total: number; readonly value: Value | null; readonly seats: number},
): Tally {
  return {
    slots: tally.slots.with(from, slot),
    seats: tally.seats + more.total,
    values: add(tally.values, more.value, more.seats),
  };
}

function add(weights: readonly Weight[], value: Value | null, seats: number): readonly Weight[] {
  const at = weights.findIndex((weight) => weight.value === value);
  const known = weights[at];
  return known === undefined ? [...weights, {value, seats}] : weights.with(at, {value, seats: known.seats + seats});
}
