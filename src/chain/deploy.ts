import {Interface, type InterfaceAbi} from "ethers";
import {fromHex, type Hex, toHex} from "../base/bytes.ts";
import {keccakHex} from "../base/hash.ts";
import {type Uuid, uuidBytes} from "../types/ids.ts";
import type {Account} from "./account.ts";
import {ChainError} from "./errors.ts";
import {gasLimitFor} from "./gas.ts";
import type {ChainProvider} from "./provider.ts";

/** A compiled contract: what `scripts/compile.ts` makes. */
export interface ContractArtifact {
  readonly abi: readonly object[];
  /** 0x hex, without constructor arguments. */
  readonly bytecode: string;
}

interface Deployer {
  readonly account: Account;
  readonly provider: ChainProvider;
  readonly artifact: ContractArtifact;
}

/** Deploys a contract and returns its address, lower case. Throws ChainError; REVERTED with what the constructor says. */
export async function deployContract(of: Deployer, args: readonly unknown[]): Promise<Hex> {
  const {account, provider, artifact} = of;
  const abi = new Interface(artifact.abi as InterfaceAbi);
  const data = `${artifact.bytecode}${abi.encodeDeploy(args).slice(2)}` as Hex;
  const call = {to: null, data, value: 0n};
  const mined = await account.send(`deploy ${keccakHex(fromHex(data))}`, async () => ({
    ...call,
    gasLimit: await gasLimitFor(provider, {from: account.address, call, abi, name: "constructor"}),
  }));
  if (mined === null || !mined.succeeded || mined.contractAddress === null)
    throw new ChainError("REVERTED", {call: "constructor", error: "when mined", tx: mined?.txHash ?? null});
  return mined.contractAddress;
}

/** What Staking is made with, for good. Seconds, wei, and parts of 10,000. */
export interface StakingTerms {
  readonly seatStake: bigint;
  /** Operators with seats before the first set can be frozen. */
  readonly minValidators: number;
  /** Seconds since 1970, before which it cannot. */
  readonly genesisTime: number;
  /** 0: the first epoch never ends. */
  readonly epochSeconds: number;
  readonly evidenceAge: number;
  /** More than `evidenceAge` and `epochSeconds` together. */
  readonly unbonding: number;
  readonly jailSeconds: number;
  /** What a double vote costs. */
  readonly slashShare: number;
  /** What of it the reporter gets. */
  readonly finderShare: number;
  /** Who gets the rest; null burns it. */
  readonly insurance: Hex | null;
}

const DAY = 86_400;

/** Terms of a network that is to last (protocol, "Parameters"). */
export const STAKING_TERMS: StakingTerms = {
  seatStake: 10_000n * 10n ** 18n,
  minValidators: 4,
  genesisTime: 0,
  epochSeconds: DAY,
  evidenceAge: 14 * DAY,
  unbonding: 21 * DAY,
  jailSeconds: DAY,
  slashShare: 500,
  finderShare: 500,
  insurance: null,
};

/**
 * Order of a new network: Staking, deposits, freeze, then a group contract on each chain.
 * @param terms what is left out is as in STAKING_TERMS
 * @throws ChainError; REVERTED with BadTerms where they contradict each other
 */
export function deployStaking(of: Deployer, terms: Partial<StakingTerms> & {readonly salt: Hex}): Promise<Hex> {
  const {salt, ...given} = terms;
  const all = {...STAKING_TERMS, ...given};
  return deployContract(of, [salt, {...all, insurance: all.insurance ?? `0x${"00".repeat(20)}`}]);
}

/** @param terms `validatorsHash`: of epoch 0, from Staking */
export function deployGroup(of: Deployer, terms: {homeChainId: number; staking: Hex; salt: Hex; validatorsHash: Hex}): Promise<Hex> {
  return deployContract(of, [terms.homeChainId, terms.staking, terms.salt, terms.validatorsHash]);
}

/** An app whose constructor takes (group, process), as Echo's. */
export function deployApp(of: Deployer, terms: {group: Hex; process: Uuid}): Promise<Hex> {
  return deployContract(of, [terms.group, toHex(uuidBytes(terms.process))]);
}
