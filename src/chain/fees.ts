import {ChainError} from "./errors.ts";
import type {ChainProvider} from "./provider.ts";
import {parseQuantity, readHeader} from "./replies.ts";

/** wei per gas. [EIP-1559] */
export interface Fees {
  readonly maxFee: bigint;
  readonly tip: bigint;
}

/** What a node takes as tip where it does not tell: 1 gwei. */
const TIP_DEFAULT = 1_000_000_000n;
/** Raises stop here: a transaction that ten times the going price does not move has another problem. */
const RAISE_MAX = 10n;

/** Fees that get a transaction into one of the next blocks: twice the base fee, so that it may grow by an eighth six times. */
export async function suggestFees(provider: ChainProvider): Promise<Fees> {
  const [header, tip] = await Promise.all([readHeader(provider, "latest"), readTip(provider)]);
  if (header === null) throw new ChainError("BAD_REPLY", {field: "latest block", got: "null"});
  return {maxFee: header.baseFee * 2n + tip, tip};
}

async function readTip(provider: ChainProvider): Promise<bigint> {
  try {
    return parseQuantity(await provider.request("eth_maxPriorityFeePerGas", []), "maxPriorityFeePerGas");
  } catch (error) {
    if (error instanceof ChainError && error.code === "REFUSED") return TIP_DEFAULT;
    throw error;
  }
}

/**
 * Fees with which a transaction may replace one that offers `before`: nodes want both raised by at least 12.5 %.
 * null where that would be more than ten times what is suggested now.
 */
export function raiseFees(before: Fees, suggested: Fees): Fees | null {
  const raised = (old: bigint, now: bigint) => (now > (old * 9n) / 8n + 1n ? now : (old * 9n) / 8n + 1n);
  const fees = {maxFee: raised(before.maxFee, suggested.maxFee), tip: raised(before.tip, suggested.tip)};
  return fees.maxFee > suggested.maxFee * RAISE_MAX ? null : {maxFee: fees.maxFee < fees.tip ? fees.tip : fees.maxFee, tip: fees.tip};
}
