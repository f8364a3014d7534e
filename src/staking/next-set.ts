import type {Hex} from "../base/bytes.ts";
import type {Uuid} from "../types/ids.ts";
import type {ValidatorInfo} from "../types/validators.ts";
import {seatTable} from "./seats.ts";

/** An operator with stake, and its Mixin users whose seats count, in the order of deposit. */
export interface Candidate extends Omit<ValidatorInfo, "seats" | "mixinUsers"> {
  readonly operator: Hex;
  /** Seats deposited. */
  readonly staked: number;
  readonly users: readonly Uuid[];
}

/**
 * The validators of the next epoch by operator address: a seat counts where there is stake for it and a Mixin user that is
 * known to be its validator's; the seats of users that come later in the deposits are the first to be cut.
 * @param maxSeats  of the whole set
 */
export function nextSet(candidates: readonly Candidate[], maxSeats: number): ValidatorInfo[] {
  const holders = candidates.map(({operator, staked, users}) => ({operator, seats: Math.min(staked, users.length)}));
  const byOperator = new Map(candidates.map((candidate) => [candidate.operator, candidate]));
  return seatTable(holders, maxSeats).validators.flatMap(({operator, seats}) => {
    const candidate = byOperator.get(operator);
    if (candidate === undefined) return [];
    const {consensusKey, peerId, encKey, encKeyProof, users} = candidate;
    return [{operator, consensusKey, seats, peerId, encKey, encKeyProof, mixinUsers: users.slice(0, seats)}];
  });
}
