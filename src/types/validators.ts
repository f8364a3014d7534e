import type {Hex} from "../base/bytes.ts";
import type {Uuid} from "./ids.ts";

/** One validator of an epoch. Validators are ordered by operator address; that place is its index `from` everywhere. */
export interface ValidatorInfo {
  readonly operator: Hex;
  /** Consensus address: recovers from its votes. */
  readonly consensusKey: Hex;
  readonly seats: number;
  /** libp2p peer id, text. */
  readonly peerId: string;
  /** Dealing key of the DKG, 48 bytes compressed G1, and its proof of possession, 96 bytes. */
  readonly encKey: Hex;
  readonly encKeyProof: Hex;
  /** One Mixin user per seat, in seat order. */
  readonly mixinUsers: readonly Uuid[];
}

/** All seats of the set: W. */
export function totalSeats(validators: readonly {readonly seats: number}[]): number {
  return validators.reduce((sum, v) => sum + v.seats, 0);
}

/** q = floor(2W/3) + 1: quorum of votes, threshold of the key and threshold of the multisig. */
export function quorumOf(seats: number): number {
  return Math.floor((2 * seats) / 3) + 1;
}

/** Seats of validator `index`: contiguous from 1 in validator order. */
export function seatsOf(validators: readonly {readonly seats: number}[], index: number): number[] {
  const first = 1 + totalSeats(validators.slice(0, index));
  return Array.from({length: validators[index]?.seats ?? 0}, (_, i) => first + i);
}

/** The multisig that holds the group's money: all seats' Mixin users, sorted, and q. */
export function multisigOf(validators: readonly ValidatorInfo[]): {members: Uuid[]; threshold: number} {
  const members = validators.flatMap((v) => v.mixinUsers).sort();
  return {members, threshold: quorumOf(members.length)};
}
