import type {Hex} from "../../../src/base/bytes.ts";
import type {ChainProvider} from "../../../src/chain/provider.ts";

export interface PoolTransaction {
  readonly hash: Hex;
  readonly nonce: Hex;
  readonly gas: Hex;
  readonly maxFeePerGas: Hex;
  readonly maxPriorityFeePerGas: Hex;
}

/** What waits in anvil's pool from `address`, by nonce. */
export async function pooled(provider: ChainProvider, address: Hex): Promise<PoolTransaction[]> {
  const {pending} = (await provider.request("txpool_content", [])) as {pending: Record<string, Record<string, PoolTransaction>>};
  const found = Object.entries(pending).find(([from]) => from.toLowerCase() === address);
  return Object.values(found?.[1] ?? {}).sort((a, b) => Number(a.nonce) - Number(b.nonce));
}

/** How many transactions of `address` are mined. */
export async function nonceOf(provider: ChainProvider, address: Hex): Promise<number> {
  return Number(await provider.request("eth_getTransactionCount", [address, "latest"]));
}
