export interface Candidate {
  /** 0x hex, compared as a number. */
  operator: string;
  seats: number;
}

const MAX_SEATS = 64;

/** The seat rule, word by word: rank, cut at 64, cap below a third, order by operator. */
export function selectSeats(candidates: readonly Candidate[]): Candidate[] {
  const ranked = [...candidates].sort((a, b) => b.seats - a.seats || compare(a.operator, b.operator));
  const chosen: Candidate[] = [];
  let left = MAX_SEATS;
  for (const {operator, seats} of ranked) {
    if (left === 0) break;
    chosen.push({operator, seats: Math.min(seats, left)});
    left -= Math.min(seats, left);
  }
  const total = (cap: number) => chosen.reduce((sum, c) => sum + Math.min(c.seats, cap), 0);
  const fits = (cap: number) => chosen.every((c) => 3 * Math.min(c.seats, cap) < total(cap));
  const cap = Array.from({length: MAX_SEATS}, (_, i) => MAX_SEATS - i).find(fits) ?? MAX_SEATS;
  return chosen.map(({operator, seats}) => ({operator, seats: Math.min(seats, cap)})).sort((a, b) => compare(a.operator, b.operator));
}

function compare(a: string, b: string): number {
  return BigInt(a) < BigInt(b) ? -1 : 1;
}
