import type {Hex} from "../base/bytes.ts";
import {type Uuid, uuidFromHex} from "../types/ids.ts";
import {readContract} from "./abi.ts";
import type {ChainProvider} from "./provider.ts";
import {stakingTarget} from "./staking.ts";

/** Stake on its way out. Times in seconds since 1970. */
export interface UnbondingEntry {
  readonly number: number;
  readonly seats: number;
  readonly requestedAt: number;
  /** null: the network has not said yet that it works without these seats. */
  readonly releasedAt: number | null;
  /** When it can be withdrawn, as things stand. */
  readonly readyAt: number;
}

/** What Staking knows of one operator. */
export interface StakeStatus {
  readonly operator: Hex;
  /** none: never deposited; left: has no seats any more. */
  readonly state: "none" | "staked" | "jailed" | "left" | "tombstoned";
  readonly consensusKey: Hex | null;
  /** Seats that the next set may count. */
  readonly seats: number;
  /** Those, and what is unbonding. */
  readonly held: number;
  /** wei per seat. */
  readonly seatStake: bigint;
  /** Second from which it may unjail; null: not jailed. */
  readonly jailedUntil: number | null;
  /** Mixin users of its seats. */
  readonly mixinUsers: readonly Uuid[];
  readonly unbonding: readonly UnbondingEntry[];
  /** The last epoch whose set Staking knows, and the operator's seats in it; null before the first set. */
  readonly epoch: number | null;
  readonly seatsInEpoch: number;
}

/** Throws ChainError. */
export async function readStake(provider: ChainProvider, staking: Hex, operator: Hex): Promise<StakeStatus> {
  const target = stakingTarget(provider, staking);
  const [[validator], [users], [first, open, readyAt], [seatStake], [epoch]] = await Promise.all([
    readContract(target, "validatorOf", [operator]),
    readContract(target, "seatUsersOf", [operator]),
    readContract(target, "entriesOf", [operator]),
    readContract(target, "SEAT_STAKE"),
    readContract(target, "epoch"),
  ]);
  const set = await readContract(target, "activeSet", [epoch]);
  const members = [...(set["operators"] as string[])].map((o) => o.toLowerCase());
  const index = members.indexOf(operator);
  const v = validator as {seats: bigint; held: bigint; tombstoned: boolean; jailedUntil: bigint; consensus: string};
  const entries = [...(open as {seats: bigint; requestedAt: bigint; releasedAt: bigint}[])];
  return {
    operator,
    state: stateOf(v),
    consensusKey: BigInt(v.consensus) === 0n ? null : (v.consensus.toLowerCase() as Hex),
    seats: Number(v.seats),
    held: Number(v.held),
    seatStake: seatStake as bigint,
    jailedUntil: v.jailedUntil === 0n ? null : Number(v.jailedUntil),
    mixinUsers: [...(users as string[])].map(uuidFromHex),
    unbonding: entries.map((entry, i) => ({
      number: Number(first) + i,
      seats: Number(entry.seats),
      requestedAt: Number(entry.requestedAt),
      releasedAt: entry.releasedAt === 0n ? null : Number(entry.releasedAt),
      readyAt: Number((readyAt as bigint[])[i]),
    })),
    epoch: members.length === 0 ? null : Number(epoch),
    seatsInEpoch: index < 0 ? 0 : Number((set["seats"] as bigint[])[index]),
  };
}

function stateOf(v: {seats: bigint; tombstoned: boolean; jailedUntil: bigint; consensus: string}): StakeStatus["state"] {
  if (BigInt(v.consensus) === 0n) return "none";
  if (v.tombstoned) return "tombstoned";
  if (v.seats === 0n) return "left";
  return v.jailedUntil === 0n ? "staked" : "jailed";
}
