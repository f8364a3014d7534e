import {type AbiValue, abiEncode, abiHash, address, array, bytes, fixedBytes, tuple, uint} from "../base/abi.ts";
import type {Hex} from "../base/bytes.ts";
import {toHex} from "../base/bytes.ts";
import {keccak256} from "../base/hash.ts";
import {ZERO_HASH} from "./ids.ts";

/** Kind of the system event that Staking takes in an outbox of its own platform. */
export const CHECKPOINT_KIND = 8;

/** What the validators of an epoch tell Staking. Twin of `IStaking.Checkpoint`. */
export interface Checkpoint {
  /** The next epoch where `members` are its set; the current one where there are none and the set stays. */
  readonly epoch: number;
  /** Ascending by operator address; at most 64 seats in all, none without. */
  readonly members: readonly {readonly operator: Hex; readonly consensusKey: Hex; readonly seats: number}[];
  /** In how many heights of the ending epoch each validator's precommit was seen, by its index. */
  readonly participation: readonly number[];
  /** Operators. */
  readonly jailed: readonly Hex[];
  /** Unbonding entries of an operator below the number are released. */
  readonly released: readonly {readonly operator: Hex; readonly entries: number}[];
  /** Root over `rewardLeaf`; null: as before. */
  readonly rewardsRoot: Hex | null;
}

/** The system event: `abi.encode(uint8 8, bytes abi.encode(Checkpoint))`. */
export function encodeCheckpoint(of: Checkpoint): Uint8Array {
  const list = <T>(items: readonly T[], one: (item: T) => AbiValue): AbiValue => array(items.map(one));
  const value = tuple(
    uint(of.epoch),
    list(of.members, (m) => tuple(address(m.operator), address(m.consensusKey), uint(m.seats))),
    list(of.participation, uint),
    list(of.jailed, address),
    list(of.released, (r) => tuple(address(r.operator), uint(r.entries))),
    fixedBytes(of.rewardsRoot ?? ZERO_HASH),
  );
  return abiEncode(uint(CHECKPOINT_KIND), bytes(abiEncode(value)));
}

/** Leaf of what an operator has earned since the beginning, wei: `claim` of Staking takes it with its siblings. 32 bytes. */
export function rewardLeaf(operator: Hex, earned: bigint): Uint8Array {
  return keccak256(abiHash(address(operator), uint(earned)));
}

/** Hash of a validator set as the contracts keep it: keccak256(abi.encode(epoch, keys, seats)), by ascending operator. */
export function validatorsHash(epoch: number, members: Checkpoint["members"]): Hex {
  return toHex(abiHash(uint(epoch), array(members.map((m) => address(m.consensusKey))), array(members.map((m) => uint(m.seats)))));
}
