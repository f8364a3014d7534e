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

/**
 * Order of a new network: Staking, deposits, freeze, then a group contract on each chain.
 * @param terms `seatStake` in wei; `genesisTime` in seconds since 1970
 */
export function deployStaking(
  of: Deployer,
  terms: {salt: Hex; seatStake: bigint; minValidators: number; genesisTime: number},
): Promise<Hex> {
  return deployContract(of, [terms.salt, terms.seatStake, terms.minValidators, terms.genesisTime]);
}

/** @param terms `validatorsHash`: of epoch 0, from Staking */
export function deployGroup(of: Deployer, terms: {homeChainId: number; staking: Hex; salt: Hex; validatorsHash: Hex}): Promise<Hex> {
  return deployContract(of, [terms.homeChainId, terms.staking, terms.salt, terms.validatorsHash]);
}

/** An app whose constructor takes (group, process), as Echo's. */
export function deployApp(of: Deployer, terms: {group: Hex; process: Uuid}): Promise<Hex> {
  return deployContract(of, [terms.group, toHex(uuidBytes(terms.process))]);
}
