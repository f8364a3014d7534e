import type {Ballot, Tally, Value, Weight} from "./types.ts";

/** Fewest seats that decide: floor(2W/3) + 1. Two quorums share more than W/3 seats, so at least one honest one. */
export function quorum(seats: number): number {
  return Math.floor((2 * seats) / 3) + 1;
}

/** Whether so many seats hold at least one honest one, given that less than W/3 are faulty. */
export function moreThanThird(part: number, seats: number): boolean {
  return 3 * part > seats;
}

export function emptyTally(validators: number): Tally {
  return {slots: Array.from({length: validators}, () => []), seats: 0, values: []};
}

/** Seats that voted for `value` (null: nil). An equivocator's seats stand behind each of its two values. */
export function seatsFor(tally: Tally, value: Value | null): number {
  return tally.values.find((weight) => weight.value === value)?.seats ?? 0;
}

/** Two values of any kind, and a few more that were proposed. */
const SLOT_ANY = 2;
const SLOT_MAX = 8;

/**
 * What a vote did to a tally. A second vote with another value is counted for that value too: whoever drops it may never see a polka
 * that its peers saw, and then refuses what they re-propose. The same holds for a third, so it is counted where a proposal names its
 * value (`isProposed`); values out of thin air fill two places only. `contradicts` is the id of the first vote of an equivocator, once.
 */
export type Counted = {readonly tally: Tally; readonly contradicts: string | null} | {readonly refused: "duplicate" | "votesFull"};

/** Counts one ballot of validator `from`, whose weight is `seats`. */
export function count(
  tally: Tally,
  vote: {readonly from: number; readonly seats: number; readonly ballot: Ballot; readonly isProposed: boolean},
): Counted {
  const {from, seats, ballot, isProposed} = vote;
  const slot = tally.slots[from] ?? [];
  if (slot.some((known) => known.value === ballot.value)) return {refused: "duplicate"};
  if (slot.length >= (isProposed ? SLOT_MAX : SLOT_ANY)) return {refused: "votesFull"};
  const [first] = slot;
  const next: Tally = {
    slots: tally.slots.with(from, [...slot, ballot]),
    seats: first === undefined ? tally.seats + seats : tally.seats,
    values: add(tally.values, ballot.value, seats),
  };
  return {tally: next, contradicts: first !== undefined && slot.length === 1 ? first.id : null};
}

/** The tally without what `from` said, for the bound on future rounds. */
export function uncount(tally: Tally, from: number, seats: number): Tally {
  const slot = tally.slots[from] ?? [];
  if (slot.length === 0) return tally;
  const values = slot.reduce((weights, ballot) => add(weights, ballot.value, -seats), tally.values);
  return {slots: tally.slots.with(from, []), seats: tally.seats - seats, values: values.filter((weight) => weight.seats > 0)};
}

function add(weights: readonly Weight[], value: Value | null, seats: number): readonly Weight[] {
  const at = weights.findIndex((weight) => weight.value === value);
  const known = weights[at];
  return known === undefined ? [...weights, {value, seats}] : weights.with(at, {value, seats: known.seats + seats});
}
