import {Interface, type Result} from "ethers";
import type {Hex} from "../base/bytes.ts";
import {MIXIN_GROUP_ABI, STAKING_ABI} from "../types/contract-abi.ts";
import {ChainError} from "./errors.ts";
import type {ChainProvider} from "./provider.ts";

export const GROUP = new Interface(MIXIN_GROUP_ABI);
export const STAKING = new Interface(STAKING_ABI);

const REVERT_ARGUMENT_MAX = 300;

/** A contract of ours at an address. */
export interface Target {
  readonly provider: ChainProvider;
  readonly address: Hex;
  readonly abi: Interface;
}

/** What view function `name` returns in the newest block. Throws ChainError; REVERTED with the name of the contract's error. */
export async function readContract({provider, address, abi}: Target, name: string, args: readonly unknown[] = []): Promise<Result> {
  let reply: unknown;
  try {
    reply = await provider.request("eth_call", [{to: address, data: abi.encodeFunctionData(name, args)}, "latest"]);
  } catch (error) {
    throw explainRevert(error, abi, name);
  }
  if (reply === "0x") throw new ChainError("NO_CONTRACT", {address, chainId: provider.chainId});
  try {
    const result = abi.decodeFunctionResult(name, reply as string);
    result.toArray(true); // a value that does not decode throws when it is looked at, not before
    return result;
  } catch (cause) {
    throw new ChainError("BAD_REPLY", {address, function: name, got: String(reply).slice(0, 80)}, {cause});
  }
}

/** A REFUSED error with revert data becomes REVERTED with `error`, the Solidity error's name, and its `args`; others stay. */
export function explainRevert(error: unknown, abi: Interface, call: string): unknown {
  if (!(error instanceof ChainError) || error.code !== "REFUSED") return error;
  const {revert, message} = error.data;
  if (typeof revert !== "string") return error;
  try {
    const parsed = abi.parseError(revert);
    if (parsed !== null) {
      const args = parsed.args.toArray(true).map((arg) => String(arg).slice(0, REVERT_ARGUMENT_MAX));
      return new ChainError("REVERTED", {call, error: parsed.name, args}, {cause: error});
    }
  } catch {}
  return new ChainError("REVERTED", {call, error: revert.slice(0, 10), message}, {cause: error});
}
