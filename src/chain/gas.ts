import type {Interface} from "ethers";
import type {Hex} from "../base/bytes.ts";
import {explainRevert} from "./abi.ts";
import {ChainError} from "./errors.ts";
import type {ChainProvider} from "./provider.ts";
import {parseQuantity, quantity} from "./replies.ts";

/** No transaction may carry more. [EIP-7825] */
export const TX_GAS_CAP = 16_777_216n;
const LIMIT_MAX = TX_GAS_CAP - 1n;
/** Some nodes would take the pool into account: with a stuck transaction of ours there, its successor would look like a no-op. */
const STATE = "latest";
const NO_FUNDS = /insufficient (?:funds|balance)/i;
const OVER_CAP = /gas required exceeds|out ?of ?gas|gas too high|intrinsic gas/i;

/** A transaction before it has gas, nonce and fees. `to` null: makes a contract. */
export interface Call {
  readonly to: Hex | null;
  readonly data: Hex;
  /** wei */
  readonly value: bigint;
}

/**
 * Runs `call` without sending it, and says how much gas to give it: half more than it takes now, since an app may take
 * another path by the time it is mined; at most the cap.
 * @param abi of the contract, to name what it reverts with
 * @throws ChainError REVERTED; NO_FUNDS for its value; GAS_TOO_HIGH where it does not fit under the cap
 */
export async function gasLimitFor(provider: ChainProvider, of: {from: Hex; call: Call; abi: Interface; name: string}): Promise<bigint> {
  const {from, call, abi, name} = of;
  const {to, data, value} = call;
  const transaction = {from, ...(to !== null && {to}), data, value: quantity(value), gas: quantity(LIMIT_MAX)};
  try {
    const gas = parseQuantity(await provider.request("eth_estimateGas", [transaction, STATE]), "estimateGas");
    if (gas > LIMIT_MAX) throw new ChainError("GAS_TOO_HIGH", {call: name, gas});
    const limit = (gas * 3n) / 2n + 20_000n;
    return limit < LIMIT_MAX ? limit : LIMIT_MAX;
  } catch (error) {
    throw await explain(error);
  }

  async function explain(error: unknown): Promise<unknown> {
    let refusal = explainRevert(error, abi, name);
    if (refusal === error && error instanceof ChainError && error.code === "REFUSED") {
      // some nodes give the reason of a revert to eth_call only
      const called = await provider.request("eth_call", [transaction, STATE]).catch((e: unknown) => explainRevert(e, abi, name));
      if (called instanceof ChainError) refusal = called;
    }
    if (!(refusal instanceof ChainError)) return refusal;
    const {error: reason, message} = refusal.data;
    if (refusal.code === "REFUSED" && NO_FUNDS.test(String(message))) return new ChainError("NO_FUNDS", {address: from}, {cause: refusal});
    const starved = refusal.code === "REVERTED" && reason === "GasTooLow";
    const refused = refusal.code === "REFUSED" && OVER_CAP.test(String(message));
    return starved || refused ? new ChainError("GAS_TOO_HIGH", {call: name, cap: TX_GAS_CAP}, {cause: refusal}) : refusal;
  }
}
