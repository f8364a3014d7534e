import {AbiCoder, ErrorFragment, getAddress, Interface, type InterfaceAbi, type LogDescription, type Result} from "ethers";
import {artifactOf, compileContracts} from "../../../scripts/compile.ts";
import {startAnvil} from "../../../testnet/anvil.ts";
import {coverageOf} from "./coverage.ts";

/** Below the cap of EIP-7825. */
export const GAS_MAX = 16_777_216;

export interface Receipt {
  status: boolean;
  gasUsed: number;
  contractAddress: string | null;
  /** Logs of the contract that was called. */
  logs: LogDescription[];
  /** All logs, of other contracts too. */
  raw: {address: string; topics: string[]; data: string}[];
}
/** What a call reverted with: the name and arguments of a custom error. */
export interface Revert {
  name: string;
  args: Result;
}
export interface CallOptions {
  from?: string;
  value?: bigint;
  gas?: number;
}
export interface Deployed {
  readonly address: string;
  readonly abi: Interface;
  read(fn: string, ...args: unknown[]): Promise<Result>;
  /** Sends a transaction; throws when it reverts. */
  send(fn: string, args: readonly unknown[], options?: CallOptions): Promise<Receipt>;
  /** Sends a transaction that may revert. */
  attempt(fn: string, args: readonly unknown[], options?: CallOptions): Promise<Receipt>;
  /** What `fn` reverts with; throws when it does not. */
  reverts(fn: string, args: readonly unknown[], options?: CallOptions): Promise<Revert>;
}
export interface Chain {
  readonly chainId: number;
  readonly accounts: readonly string[];
  rpc<T>(method: string, ...params: unknown[]): Promise<T>;
  deploy(name: string, args: readonly unknown[]): Promise<Deployed>;
  /** The error of a deployment that reverts. */
  deployReverts(name: string, args: readonly unknown[]): Promise<Revert>;
  at(name: string, address: string): Deployed;
  stop(): Promise<void>;
}

class RpcError extends Error {
  readonly data: string | null;
  constructor(message: string, data: string | null) {
    super(message);
    this.data = data;
  }
}

/** On import, so that the time a compilation takes is not a hook's. */
const artifacts = compileContracts();

/** A fresh anvil with the project's contracts. */
export async function startChain(args: readonly string[] = []): Promise<Chain> {
  const anvil = await startAnvil(args, AbortSignal.timeout(20_000));
  let id = 0;

  async function plainRpc<T>(method: string, ...params: unknown[]): Promise<T> {
    const body = JSON.stringify({jsonrpc: "2.0", id: ++id, method, params});
    const response = await fetch(anvil.url, {method: "POST", headers: {"content-type": "application/json"}, body});
    const answer = (await response.json()) as {result?: T; error?: {message: string; data?: unknown}};
    if (answer.error !== undefined) {
      throw new RpcError(answer.error.message, typeof answer.error.data === "string" ? answer.error.data : null);
    }
    return answer.result as T;
  }
  const coverage = coverageOf(plainRpc);
  const rpc = coverage?.rpc ?? plainRpc;
  const chainId = Number(await rpc<string>("eth_chainId"));
  const accounts = await rpc<string[]>("eth_accounts");

  function transaction(to: string | null, data: string, options: CallOptions = {}): object {
    return {
      from: options.from ?? accounts[0],
      ...(to !== null && {to}),
      data,
      value: `0x${(options.value ?? 0n).toString(16)}`,
      gas: `0x${(options.gas ?? GAS_MAX).toString(16)}`,
    };
  }
  async function mine(tx: object, abi: Interface, address: string | null): Promise<Receipt> {
    type Raw = {status: string; gasUsed: string; contractAddress: string | null; logs: {address: string; topics: string[]; data: string}[]};
    const raw = await rpc<Raw>("eth_sendTransactionSync", tx); // EIP-7966: answers with the receipt
    return {
      status: raw.status === "0x1",
      gasUsed: Number(raw.gasUsed),
      contractAddress: raw.contractAddress,
      raw: raw.logs,
      logs: raw.logs
        .filter((log) => address === null || log.address.toLowerCase() === address.toLowerCase())
        .flatMap((log) => abi.parseLog(log) ?? []),
    };
  }
  async function revertOf(call: () => Promise<unknown>, abi: Interface): Promise<Revert> {
    try {
      await call();
    } catch (error) {
      if (!(error instanceof RpcError) || error.data === null) throw error;
      const found = abi.parseError(error.data);
      return {name: found?.name ?? error.data, args: found?.args ?? ([] as unknown as Result)};
    }
    throw new Error("did not revert");
  }

  function at(name: string, address: string): Deployed {
    const abi = interfaceOf(artifactOf(artifacts, name).abi as InterfaceAbi);
    const call = (fn: string, args: readonly unknown[], options?: CallOptions) =>
      rpc<string>("eth_call", transaction(address, abi.encodeFunctionData(fn, args), options), "latest");
    const attempt = (fn: string, args: readonly unknown[], options?: CallOptions) =>
      mine(transaction(address, abi.encodeFunctionData(fn, args), options), abi, address);
    return {
      address,
      abi,
      attempt,
      read: async (fn, ...args) => abi.decodeFunctionResult(fn, await call(fn, args)),
      async send(fn, args, options) {
        const receipt = await attempt(fn, args, options);
        if (!receipt.status) {
          const revert = await revertOf(() => call(fn, args, options), abi).catch((e: unknown) => e);
          throw new Error(`${fn} reverted: ${JSON.stringify(revert, (_, v) => (typeof v === "bigint" ? `${v}` : v))}`);
        }
        return receipt;
      },
      reverts: (fn, args, options) => revertOf(() => call(fn, args, options), abi),
    };
  }
  function creation(name: string, args: readonly unknown[]): string {
    const artifact = artifactOf(artifacts, name);
    const types = interfaceOf(artifact.abi as InterfaceAbi).deploy.inputs;
    return artifact.bytecode + AbiCoder.defaultAbiCoder().encode(types, args).slice(2);
  }

  return {
    chainId,
    accounts,
    rpc,
    at,
    async deploy(name, args) {
      const abi = new Interface(artifactOf(artifacts, name).abi as InterfaceAbi);
      const receipt = await mine(transaction(null, creation(name, args)), abi, null);
      if (!receipt.status || receipt.contractAddress === null) throw new Error(`${name}: deployment reverted`);
      return at(name, getAddress(receipt.contractAddress));
    },
    deployReverts: (name, args) =>
      revertOf(
        () => rpc("eth_call", transaction(null, creation(name, args)), "latest"),
        interfaceOf(artifactOf(artifacts, name).abi as InterfaceAbi),
      ),
    async stop() {
      coverage?.save();
      await anvil.stop();
    },
  };
}

/** Errors of libraries surface in contracts whose ABI does not name them. */
function interfaceOf(abi: InterfaceAbi): Interface {
  const known = new Interface(abi);
  const extra = ["error PrecompileFailed(uint256)", "error SelfTestFailed()", "error MalformedEvent()"].filter(
    (text) => known.getError(ErrorFragment.from(text).name) === null,
  );
  return new Interface([...known.fragments, ...extra]);
}
