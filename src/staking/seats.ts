import type {Hex} from "../base/bytes.ts";

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
 * The seats of an epoch (protocol, "Seats"). The largest candidates are taken, by operator address among equals, until
 * `maxSeats` seats are filled, the last one cut to fit. Then all are cut to the largest number at which nobody holds a
 * third or more; where there is none, seats stay as they are.
 * @param candidates  operators in lower case, each once; those without a seat are left out
 */
export function seatTable(candidates: readonly SeatHolder[], maxSeats: number): SeatTable {
  const taken: SeatHolder[] = [];
  let left = maxSeats;
  for (const candidate of [...candidates].sort(bySeatsThenOperator)) {
    const seats = Math.min(candidate.seats, left);
    if (seats < 1) break;
    taken.push({operator: candidate.operator, seats});
    left -= seats;
  }
  const cap = largestCap(taken);
  const validators = taken
    .map(({operator, seats}) => ({operator, seats: Math.min(seats, cap ?? seats)}))
    .sort((a, b) => byText(a.operator, b.operator));
  return {validators, total: sum(validators, Number.MAX_SAFE_INTEGER), faultTolerant: cap !== null};
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
