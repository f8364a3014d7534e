import {utf8} from "../base/bytes.ts";
import type {MixinOutput} from "../types/facts.ts";
import type {Uuid} from "../types/ids.ts";
import {traceOf} from "./builds.ts";
import {book, booksOf, countFree, reserve, reserveOldest} from "./custody.ts";
import type {Draft} from "./draft.ts";
import {linkOf, listAdd, listHead, listRemove} from "./lists.ts";
import {PAYOUTS} from "./money-tables.ts";
import type {NetworkConstants} from "./network.ts";
import type {HeldReason, PayoutCause, PayoutInput, PayoutRecord, RefundReason} from "./records.ts";
import {ASSETS} from "./tables.ts";

/** Payouts whose inputs are reserved, in the order in which they were. */
export const OPEN_LIST = "open";
/** Sends that cannot be paid. */
export const HELD_PAYOUTS_LIST = "held/payouts";
/** Payouts that wait for inputs: one queue per asset, first come, first served. */
const waitingList = (asset: Uuid) => `waiting/${asset}`;

/** Outputs of an asset that are kept free, so that as many payouts can be under way at one time. */
const FREE_OUTPUTS = 8;
/** Payouts of one asset that are looked at for inputs in one block. */
const LOOK_AHEAD = 64;
/** After so many heights the first of a queue is overtaken no more. */
const PATIENCE_HEIGHTS = 256;
const UNBUILT = {buildIndex: 0, voidFrom: null, changeParts: 0, returned: [], txHash: null};

/** What a payout pays, and to whom. */
export interface Payment {
  readonly asset: Uuid;
  /** 1e-8 units. */
  readonly amount: bigint;
  readonly receivers: readonly Uuid[];
  readonly threshold: number;
  readonly memo: Uint8Array;
}

/** The group owes this from now on. `settlePayouts` finds the inputs. */
export function owe(draft: Draft, traceId: Uuid, height: number, cause: PayoutCause, payment: Payment): void {
  put(draft, traceId, height, cause, payment, null);
  listAdd(draft, waitingList(payment.asset), traceId);
}

/** A send that cannot be paid: recorded and listed. Moving the amount to `held` is the caller's part. */
export function hold(draft: Draft, traceId: Uuid, height: number, cause: PayoutCause, payment: Payment, reason: HeldReason): void {
  put(draft, traceId, height, cause, payment, reason);
  listAdd(draft, HELD_PAYOUTS_LIST, traceId);
}

function put(draft: Draft, traceId: Uuid, height: number, cause: PayoutCause, payment: Payment, held: HeldReason | null): void {
  const {asset, amount, receivers, threshold, memo} = payment;
  const terms = {cause, asset, amount, receivers, threshold, memo, height};
  draft.put(PAYOUTS, traceId, {...terms, state: held === null ? "waiting" : "held", held, inputs: [], ...UNBUILT});
}

/** The amount of an output goes back to its senders. Returns the trace id, which names nothing where the amount is 0. */
export function refund(
  draft: Draft,
  network: NetworkConstants,
  height: number,
  output: MixinOutput & {senders: readonly Uuid[]},
  reason: RefundReason,
): Uuid {
  const cause: PayoutCause = {kind: "refund", outputId: output.outputId, reason};
  const id = traceOf(network, cause);
  if (output.amount === 0n) return id;
  book(draft, output.asset, {owed: output.amount});
  owe(draft, id, height, cause, {
    asset: output.asset,
    amount: output.amount,
    receivers: output.senders,
    threshold: output.sendersThreshold,
    memo: utf8(`refund ${reason} ${output.outputId}`),
  });
  return id;
}

/**
 * Reserves inputs for what waits, in every asset that this block has touched, as far as the free outputs go. What the first of a
 * queue needs is in custody, and comes with the change that is under way; smaller ones behind it go ahead meanwhile, but only
 * for a time.
 */
export function settlePayouts(draft: Draft, network: NetworkConstants, height: number): void {
  for (const {key: asset} of draft.touched(ASSETS)) {
    const waiting = waitingList(asset);
    let looked = 0;
    for (let id = listHead(draft, waiting); id !== null && looked < LOOK_AHEAD; looked++) {
      const {next} = linkOf(draft, waiting, id);
      const payout = draft.get(PAYOUTS, id) as PayoutRecord;
      const inputs = reserve(draft, asset, payout.amount);
      if (inputs === "scattered") openMerge(draft, network, height, asset);
      if (typeof inputs !== "string") {
        listRemove(draft, waiting, id);
        open(draft, id, {...payout, state: "open", inputs, changeParts: partsOf(draft, payout, inputs)});
      } else if (height - payout.height >= PATIENCE_HEIGHTS) break;
      id = next;
    }
  }
}

/** Change comes back in as many parts as there are free outputs missing, each large enough for another such payout. */
function partsOf(draft: Draft, {asset, amount}: PayoutRecord, inputs: readonly PayoutInput[]): number {
  const change = sumOf({inputs}) - amount;
  if (change === 0n) return 0;
  const missing = FREE_OUTPUTS - countFree(draft, asset);
  return Math.max(1, Number(min(BigInt(Math.max(1, missing)), change / amount)));
}

/** What comes back of a payout that pays: the parts of its change, the first one with what does not divide. */
export function changeOf(payout: Pick<PayoutRecord, "cause" | "amount" | "inputs" | "changeParts">): bigint[] {
  const {changeParts: parts, amount} = payout;
  if (payout.cause.kind === "merge") return [];
  const each = parts === 0 ? 0n : (sumOf(payout) - amount) / BigInt(parts);
  return Array.from({length: parts}, (_, i) => (i === 0 ? sumOf(payout) - amount - each * BigInt(parts - 1) : each));
}

function min(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}

/** One transaction of the group to itself that makes many outputs one; at most one at a time for each asset. */
function openMerge(draft: Draft, network: NetworkConstants, height: number, asset: Uuid): void {
  const {merge, merges} = booksOf(draft, asset);
  if (merge !== null) return;
  const cause: PayoutCause = {kind: "merge", asset, number: merges};
  const id = traceOf(network, cause);
  const inputs = reserveOldest(draft, asset);
  draft.put(ASSETS, asset, {...booksOf(draft, asset), merges: merges + 1n, merge: id});
  open(draft, id, {
    cause,
    asset,
    amount: sumOf({inputs}),
    receivers: network.multisig.members,
    threshold: network.multisig.threshold,
    memo: new Uint8Array(0),
    height,
    state: "open",
    held: null,
    inputs,
    ...UNBUILT,
  });
}

function open(draft: Draft, id: Uuid, payout: PayoutRecord): void {
  draft.put(PAYOUTS, id, payout);
  listAdd(draft, OPEN_LIST, id);
}

/** What a payout spends. */
export function sumOf({inputs}: Pick<PayoutRecord, "inputs">): bigint {
  return inputs.reduce((sum, input) => sum + input.amount, 0n);
}
