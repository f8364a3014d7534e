import {type Hex, toHex} from "../base/bytes.ts";
import type {Outbox} from "../types/block.ts";
import type {Evidence} from "../types/evidence.ts";
import {type Uuid, uuidBytes, ZERO_HASH} from "../types/ids.ts";
import type {Account, MinedCall} from "./account.ts";
import type {ChainProvider} from "./provider.ts";
import {readStakingInfo, stakingTarget, transact} from "./staking.ts";

/** A Staking contract, and the account that calls it. */
export interface StakingCaller {
  readonly account: Account;
  readonly provider: ChainProvider;
  readonly staking: Hex;
}

/**
 * Each sends one call and waits until it is mined. All throw ChainError; REVERTED names what Staking refuses in `error`, with its
 * `args` (IStaking.sol).
 */

/** One seat more for each Mixin user; pays for them. */
export async function addSeats(of: StakingCaller, mixinUsers: readonly Uuid[]): Promise<MinedCall> {
  const {seatStake} = await readStakingInfo(of.provider, of.staking);
  return call(of, "addSeats", [mixinUsers.length, mixinUsers.map(uuidHex)], seatStake * BigInt(mixinUsers.length));
}

/** The seats of these Mixin users leave; the last one cannot. */
export function removeSeats(of: StakingCaller, mixinUsers: readonly Uuid[]): Promise<MinedCall> {
  return call(of, "removeSeats", [mixinUsers.map(uuidHex)]);
}

/** All seats leave, and the operator address never comes back. */
export function exit(of: StakingCaller): Promise<MinedCall> {
  return call(of, "exit", []);
}

/** Pays out what has unbonded. REVERTED with NotReady and the second from which something can be. */
export function withdraw(of: StakingCaller): Promise<MinedCall> {
  return call(of, "withdraw", []);
}

export function unjail(of: StakingCaller): Promise<MinedCall> {
  return call(of, "unjail", []);
}

/** Takes to the contract what a validator signed twice; the account gets the finder's fee. REVERTED with AlreadySlashed where somebody was faster. */
export function slash(of: StakingCaller, evidence: Evidence): Promise<MinedCall> {
  const {name, args} = slashCall(evidence);
  return call(of, name, args);
}

/** The function of Staking that takes this evidence, with its arguments. */
export function slashCall(evidence: Evidence): {name: "slash" | "slashProposals"; args: readonly unknown[]} {
  const {epoch, height, round} = evidence;
  const signatures = [toHex(evidence.first.signature), toHex(evidence.second.signature)];
  if (evidence.type === "proposal") {
    const [first, second] = [evidence.first, evidence.second].map(({polRound, blockHash}) => ({epoch, height, round, polRound, blockHash}));
    return {name: "slashProposals", args: [first, signatures[0], second, signatures[1]]};
  }
  const voteType = evidence.type === "prevote" ? 1 : 2;
  const [first, second] = [evidence.first, evidence.second].map(({blockHash}) => ({
    epoch,
    height,
    round,
    voteType,
    blockHash: blockHash ?? ZERO_HASH,
  }));
  return {name: "slash", args: [first, signatures[0], second, signatures[1]]};
}

/** A block that holds an outbox of Staking's platform, and what proves it. */
export interface DecidedCheckpoint {
  readonly height: number;
  readonly coreHash: Hex;
  readonly outboxes: readonly Outbox[];
  readonly epoch: number;
  readonly round: number;
  /** Precommits by index in the set of `epoch`, 65 bytes each; null where absent. */
  readonly signatures: readonly (Uint8Array | null)[];
  /** The system events of the outbox. */
  readonly system: readonly Uint8Array[];
}

/** Brings Staking the next outbox of its platform; one that it has changes nothing. REVERTED with OutOfOrder where an earlier one is missing. */
export function checkpointEpoch(of: StakingCaller, decided: DecidedCheckpoint): Promise<MinedCall> {
  const {height, coreHash, outboxes, epoch, round, signatures, system} = decided;
  const given = signatures.map((signature) => (signature === null ? "0x" : toHex(signature)));
  return call(of, "checkpointEpoch", [height, coreHash, outboxes, epoch, round, given, system.map(toHex)]);
}

/** Pays the account what it has earned since the beginning, less what it was paid. `proof`: siblings from `rewardLeaf` up. */
export function claimRewards(of: StakingCaller, earned: bigint, proof: readonly Uint8Array[]): Promise<MinedCall> {
  return call(of, "claim", [earned, proof.map(toHex)]);
}

/** Adds wei to what rewards are paid from. */
export function fundRewards(of: StakingCaller, amount: bigint): Promise<MinedCall> {
  return call(of, "fundRewards", [], amount);
}

function call({account, provider, staking}: StakingCaller, name: string, args: readonly unknown[], value = 0n): Promise<MinedCall> {
  return transact({account, target: stakingTarget(provider, staking), name, args, value});
}

function uuidHex(uuid: Uuid): Hex {
  return toHex(uuidBytes(uuid));
}
