import type {MixinOutput} from "../types/facts.ts";
import type {Uuid} from "../types/ids.ts";
import type {ValidatorInfo} from "../types/validators.ts";
import {multisigOf} from "../types/validators.ts";
import {traceOf} from "./builds.ts";
import {book, booksOf} from "./custody.ts";
import type {Draft} from "./draft.ts";
import {CREDITS} from "./money-tables.ts";
import type {NetworkConstants} from "./network.ts";
import {owe} from "./payouts.ts";
import type {PayoutCause, RefundReason} from "./records.ts";
import {Refused} from "./refused.ts";

/**
 * What is left of a payment for the app, 1e-8 units: in the fee asset the fee is part of the payment, in every other one the
 * credit of the process pays it (protocol, "Fees"). A function of the payment and of genesis alone.
 */
export function amountForApp(network: NetworkConstants, {asset, amount}: Pick<MixinOutput, "asset" | "amount">): bigint {
  return asset === network.genesis.feeAsset ? amount - network.rules.messageFee : amount;
}

/** Why nobody pays the fee of this message; null: somebody does. */
export function messageRefusal(draft: Draft, network: NetworkConstants, process: Uuid, output: MixinOutput): RefundReason | null {
  const {messageFee: fee} = network.rules;
  if (output.asset === network.genesis.feeAsset) return output.amount < fee ? "FEE_TOO_LOW" : null;
  return creditOf(draft, process) < fee ? "NO_CREDIT" : null;
}

/** Takes the fee of one message, which has no refusal. */
export function chargeMessage(draft: Draft, network: NetworkConstants, process: Uuid, {asset}: MixinOutput): void {
  const {messageFee: fee} = network.rules;
  if (fee === 0n) return;
  const {feeAsset} = network.genesis;
  const credits = asset === feeAsset ? 0n : fee;
  if (credits > 0n) draft.put(CREDITS, process, creditOf(draft, process) - credits);
  book(draft, feeAsset, {credits: -credits, fees: fee});
}

/** Takes the fee of a registration, and returns what goes back. Throws Refused FEE_TOO_LOW. */
export function chargeRegistration(draft: Draft, network: NetworkConstants, {asset, amount}: MixinOutput): bigint {
  const {registrationFee: fee} = network.rules;
  if (fee === 0n) return amount;
  if (asset !== network.genesis.feeAsset || amount < fee) throw new Refused("FEE_TOO_LOW");
  book(draft, asset, {fees: fee});
  return amount - fee;
}

/** The whole payment is credit of the process. Throws Refused NOT_FEE_ASSET. */
export function addCredit(draft: Draft, network: NetworkConstants, process: Uuid, {asset, amount}: MixinOutput): void {
  if (asset !== network.genesis.feeAsset) throw new Refused("NOT_FEE_ASSET");
  draft.put(CREDITS, process, creditOf(draft, process) + amount);
  book(draft, asset, {credits: amount});
}

function creditOf(draft: Draft, process: Uuid): bigint {
  return draft.get(CREDITS, process) ?? 0n;
}

/**
 * Every `rewardHeights` heights what fees have gathered goes to the validators by their seats, each to the Mixin user of its
 * first seat. What does not divide stays for the next time.
 */
export function payRewards(draft: Draft, network: NetworkConstants, height: number, validators: readonly ValidatorInfo[]): void {
  const {rewardHeights} = network.rules;
  if (rewardHeights === 0 || height % rewardHeights !== 0) return;
  const {feeAsset} = network.genesis;
  const perSeat = booksOf(draft, feeAsset).fees / BigInt(multisigOf(validators).members.length);
  if (perSeat === 0n) return;
  for (const {operator, seats, mixinUsers} of validators) {
    const amount = perSeat * BigInt(seats);
    const cause: PayoutCause = {kind: "reward", operator, height};
    book(draft, feeAsset, {fees: -amount, owed: amount});
    const to = {receivers: mixinUsers.slice(0, 1), threshold: 1, memo: new Uint8Array(0)};
    owe(draft, traceOf(network, cause), height, cause, {asset: feeAsset, amount, ...to});
  }
}
