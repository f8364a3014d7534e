import {fromHex, type Hex, toHex} from "../base/bytes.ts";
import {keccakHex} from "../base/hash.ts";
import {type Uuid, uuidBytes, uuidFromHex} from "../types/ids.ts";
import {peerIdBytes, peerIdText} from "../types/peer-id.ts";
import type {ValidatorInfo} from "../types/validators.ts";
import {readContract, STAKING, type Target} from "./abi.ts";
import type {Account, MinedCall} from "./account.ts";
import {ChainError} from "./errors.ts";
import {gasLimitFor} from "./gas.ts";
import {isTooMuch, readLogs} from "./log-fetcher.ts";
import type {ChainProvider} from "./provider.ts";
import {parseCount, readHeader} from "./replies.ts";

const VALIDATORS_AT_ONCE = 8;

/** What Staking says of the network. */
export interface StakingInfo {
  readonly networkId: Hex;
  /** wei per seat */
  readonly seatStake: bigint;
  readonly minValidators: number;
  /** Seconds since 1970, before which nobody can freeze. */
  readonly genesisTime: number;
  /** How many operators have deposited. */
  readonly operators: number;
  /** Of epoch 0; null until it is frozen. */
  readonly validatorsHash: Hex | null;
}

/** What an operator registers with its stake. */
export interface Deposit {
  readonly consensusKey: Hex;
  /** Signature of the consensus key over consensusKeyDigest(operator), 65 bytes. */
  readonly consensusProof: Uint8Array;
  /** libp2p peer id, text. */
  readonly peerId: string;
  /** 48 and 96 bytes, compressed. */
  readonly encKey: Hex;
  readonly encKeyProof: Hex;
  /** One per seat: as many seats as users. */
  readonly mixinUsers: readonly Uuid[];
}

export function stakingTarget(provider: ChainProvider, staking: Hex): Target {
  return {provider, address: staking, abi: STAKING};
}

/** Throws ChainError. */
export async function readStakingInfo(provider: ChainProvider, staking: Hex): Promise<StakingInfo> {
  const target = stakingTarget(provider, staking);
  const [networkId, seatStake, minValidators, genesisTime, operators, hash] = await Promise.all([
    readContract(target, "networkId"),
    readContract(target, "SEAT_STAKE"),
    readContract(target, "MIN_VALIDATORS"),
    readContract(target, "genesisTime"),
    readContract(target, "operatorCount"),
    readValidatorsHash(provider, staking, 0),
  ]);
  return {
    networkId: networkId[0] as Hex,
    seatStake: seatStake[0] as bigint,
    minValidators: Number(minValidators[0]),
    genesisTime: Number(genesisTime[0]),
    operators: Number(operators[0]),
    validatorsHash: hash,
  };
}

/** null until the set of `epoch` is frozen. Throws ChainError. */
export async function readValidatorsHash(provider: ChainProvider, staking: Hex, epoch: number): Promise<Hex | null> {
  const [hash] = await readContract(stakingTarget(provider, staking), "validatorsHash", [epoch]);
  return BigInt(hash as string) === 0n ? null : (hash as Hex);
}

/** The validators of a frozen epoch by operator address, with the keys that they deposited. Throws ChainError NOT_FROZEN. */
export async function readEpochSet(provider: ChainProvider, staking: Hex, epoch: number): Promise<ValidatorInfo[]> {
  const target = stakingTarget(provider, staking);
  const set = await readContract(target, "activeSet", [epoch]);
  const [operators, seats] = [[...(set["operators"] as string[])], [...(set["seats"] as bigint[])]];
  if (operators.length === 0) throw new ChainError("NOT_FROZEN", {staking, epoch});
  const validators: ValidatorInfo[] = [];
  for (let i = 0; i < operators.length; i += VALIDATORS_AT_ONCE)
    validators.push(
      ...(await Promise.all(
        operators.slice(i, i + VALIDATORS_AT_ONCE).map((operator, j) => readValidator(target, operator, Number(seats[i + j]))),
      )),
    );
  return validators;
}

/** Keys never change, and more seats come with users behind the first ones: the answer stays the same. */
async function readValidator(target: Target, operator: string, seats: number): Promise<ValidatorInfo> {
  const [validator] = await readContract(target, "validatorOf", [operator]);
  const {consensus, peerId, dealingKey, dealingProof, mixinIds} = validator as {
    consensus: string;
    peerId: string;
    dealingKey: string;
    dealingProof: string;
    mixinIds: readonly string[];
  };
  return {
    operator: operator.toLowerCase() as Hex,
    consensusKey: consensus.toLowerCase() as Hex,
    seats,
    peerId: peerIdText(fromHex(peerId)),
    encKey: dealingKey as Hex,
    encKeyProof: dealingProof as Hex,
    mixinUsers: [...mixinIds].slice(0, seats).map(uuidFromHex),
  };
}

/**
 * The block in which the set of epoch 0 was frozen.
 * @param fromBlock no later than that; public nodes answer short ranges only, so a late one saves requests
 * @throws ChainError NOT_FROZEN
 */
export async function readFrozenBlock(provider: ChainProvider, staking: Hex, fromBlock = 0): Promise<{number: number; timestamp: number}> {
  const topic = STAKING.getEvent("Frozen")?.topicHash as Hex;
  const newest = parseCount(await provider.request("eth_blockNumber", []), "blockNumber");
  let span = newest - fromBlock + 1;
  for (let from = fromBlock; from <= newest; ) {
    const to = Math.min(newest, from + span - 1);
    try {
      const [first] = await readLogs(provider, {address: staking, from, to, topic});
      const header = first === undefined ? null : await readHeader(provider, first.blockNumber);
      if (header !== null) return {number: header.number, timestamp: header.timestamp};
      from = to + 1;
    } catch (error) {
      if (!isTooMuch(error) || span <= 1) throw error;
      span = Math.ceil(span / 2);
    }
  }
  throw new ChainError("NOT_FROZEN", {staking, epoch: 0});
}

/** Registers `account` as an operator and pays its stake. Throws ChainError; REVERTED names what Staking refuses. */
export async function stakeDeposit(of: {account: Account; provider: ChainProvider; staking: Hex; deposit: Deposit}): Promise<MinedCall> {
  const {account, provider, staking, deposit} = of;
  const {seatStake} = await readStakingInfo(provider, staking);
  const {consensusKey: consensus, consensusProof, encKey, encKeyProof, mixinUsers, peerId} = deposit;
  const keys = {
    consensus,
    peerId: peerIdBytes(peerId),
    dealingKey: encKey,
    mixinIds: mixinUsers.map((user) => toHex(uuidBytes(user))),
  };
  const args = [mixinUsers.length, keys, [consensusProof, encKeyProof]];
  const value = seatStake * BigInt(mixinUsers.length);
  return transact({account, target: stakingTarget(provider, staking), name: "deposit", args, value});
}

/** Freezes the set of epoch 0. Throws ChainError; REVERTED with TooEarly, TooFewValidators, AlreadyFrozen. */
export function freeze(of: {account: Account; provider: ChainProvider; staking: Hex}): Promise<MinedCall> {
  return transact({account: of.account, target: stakingTarget(of.provider, of.staking), name: "freeze", args: [], value: 0n});
}

/** Sends one call of a contract of ours and waits until it is mined. Throws ChainError REVERTED also where it reverts when mined. */
export async function transact(of: {
  account: Account;
  target: Target;
  name: string;
  args: readonly unknown[];
  value: bigint;
}): Promise<MinedCall> {
  const {account, name, value} = of;
  const {provider, address: to, abi} = of.target;
  const call = {to, data: abi.encodeFunctionData(name, of.args) as Hex, value};
  const mined = await account.send(`${name} ${keccakHex(fromHex(call.data))}`, async () => ({
    ...call,
    gasLimit: await gasLimitFor(provider, {from: account.address, call, abi, name}),
  }));
  if (mined?.succeeded !== true) throw new ChainError("REVERTED", {call: name, error: "when mined", tx: mined?.txHash ?? null});
  return mined;
}
