import type {Hex} from "../base/bytes.ts";

/** With fewer validators nobody's share can be below a third. */
const TOLERANT_SIZE = 4;

/** A validator, or one who would like to be one, with the seats that its stake buys. */
export interface SeatHolder {
  readonly operator: Hex;
  readonly seats: number;
}

/** Who holds how many seats of an epoch, by operator address ascending. */
export interface SeatTable {
  readonly validators: readonly SeatHolder[];
  /** W. */
  readonly total: number;
  /** Every validator is below one third. Not so with fewer than four: then one faulty validator can stop the network. */
  readonly faultTolerant: boolean;
}

/**
 * The seats of an epoch. Up to `maxSeats` are handed out one by one, each to the candidate with the most stake per seat that
 * it would then hold; among equals the larger stake, then the lower operator address comes first. [Jefferson, D'Hondt: where
 * more is staked than there are seats, power follows stake, and splitting a stake over several operators gains nothing.]
 * Where four or more share, nobody gets more than what is below a third of `maxSeats`: three could take every seat else. Then
 * all are cut to the largest number at which nobody holds a third or more; where there is none, seats stay as they are.
 * Twin of contracts/libraries/Seats.sol.
 * @param candidates  operators in lower case, each once; those without a seat are left out
 */
export function seatTable(candidates: readonly SeatHolder[], maxSeats: number): SeatTable {
  const ranked = candidates.filter(({seats}) => seats >= 1).sort(bySeatsThenOperator);
  const taken = handOut(ranked, maxSeats).filter(({seats}) => seats >= 1);
  const cap = largestCap(taken);
  const validators = taken
    .map(({operator, seats}) => ({operator, seats: Math.min(seats, cap ?? seats)}))
    .sort((a, b) => byText(a.operator, b.operator));
  return {validators, total: sum(validators, Number.MAX_SAFE_INTEGER), faultTolerant: cap !== null};
}

/** What each of `ranked` gets of `maxSeats`, in the same order. */
function handOut(ranked: readonly SeatHolder[], maxSeats: number): SeatHolder[] {
  const most = ranked.length < TOLERANT_SIZE ? maxSeats : Math.max(1, Math.floor((maxSeats - 1) / 3));
  const held = ranked.map(() => 0);
  for (let left = maxSeats; left > 0; left--) {
    let best = -1;
    let [bestStake, bestSeats] = [0, 1];
    ranked.forEach(({seats: stake}, i) => {
      const seats = (held[i] ?? 0) + 1;
      if (seats > Math.min(stake, most) || stake * bestSeats <= bestStake * seats) return;
      [best, bestStake, bestSeats] = [i, stake, seats];
    });
    if (best < 0) break;
    held[best] = bestSeats;
  }
  return ranked.map(({operator}, i) => ({operator, seats: held[i] ?? 0}));
}

/** The largest c with 3·min(s_i, c) < Σ min(s_j, c) for every i; null where there is none. */
function largestCap(holders: readonly SeatHolder[]): number | null {
  const largest = holders[0]?.seats ?? 0;
  for (let cap = largest; cap >= 1; cap--) if (3 * cap < sum(holders, cap)) return cap;
  return null;
}

function sum(holders: readonly SeatHolder[], cap: number): number {
  return holders.reduce((total, {seats}) => total + Math.min(seats, cap), 0);
}

function bySeatsThenOperator(a: SeatHolder, b: SeatHolder): number {
  return b.seats - a.seats || byText(a.operator, b.operator);
}

function byText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
