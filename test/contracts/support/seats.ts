export interface Candidate {
  /** 0x hex, compared as a number. */
  operator: string;
  seats: number;
}

const MAX_SEATS = 64;

/**
 * The seat rule by another road: the seats that stakes can buy, by price (stake over how many seats it then pays for) and rank;
 * the 64 dearest are bought. Then the cap below a third, and the order by operator.
 */
export function selectSeats(candidates: readonly Candidate[]): Candidate[] {
  const ranked = candidates.filter((c) => c.seats > 0).sort((a, b) => b.seats - a.seats || compare(a.operator, b.operator));
  const most = ranked.length < 4 ? MAX_SEATS : 21;
  const bids = ranked.flatMap((c, rank) =>
    Array.from({length: Math.min(c.seats, most)}, (_, i) => ({rank, stake: BigInt(c.seats), seats: BigInt(i + 1)})),
  );
  bids.sort((a, b) => Number(b.stake * a.seats - a.stake * b.seats) || a.rank - b.rank);
  const bought = bids.slice(0, MAX_SEATS);
  const chosen = ranked
    .map(({operator}, rank) => ({operator, seats: bought.filter((b) => b.rank === rank).length}))
    .filter((c) => c.seats > 0);
  const total = (cap: number) => chosen.reduce((sum, c) => sum + Math.min(c.seats, cap), 0);
  const fits = (cap: number) => chosen.every((c) => 3 * Math.min(c.seats, cap) < total(cap));
  const cap = Array.from({length: MAX_SEATS}, (_, i) => MAX_SEATS - i).find(fits) ?? MAX_SEATS;
  return chosen.map(({operator, seats}) => ({operator, seats: Math.min(seats, cap)})).sort((a, b) => compare(a.operator, b.operator));
}

function compare(a: string, b: string): number {
  return BigInt(a) < BigInt(b) ? -1 : 1;
}
