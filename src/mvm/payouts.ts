import {utf8} from "../base/bytes.ts";
import type {MixinOutput} from "../types/facts.ts";
import type {Uuid} from "../types/ids.ts";
import {traceOf} from "./builds.ts";
import {book, booksOf, reserve, reserveOldest} from "./custody.ts";
import type {Draft} from "./draft.ts";
import {listAdd, listHead, listRemove} from "./lists.ts";
import {PAYOUTS} from "./money-tables.ts";
import type {NetworkConstants} from "./network.ts";
import type {HeldReason, PayoutCause, PayoutRecord, RefundReason} from "./records.ts";
import {ASSETS} from "./tables.ts";

/** Payouts whose inputs are reserved, in the order in which they were. */
export const OPEN_LIST = "open";
/** Sends that cannot be paid. */
export const HELD_PAYOUTS_LIST = "held/payouts";
/** Payouts that wait for inputs: one queue per asset, first come, first served. */
const waitingList = (asset: Uuid) => `waiting/${asset}`;

const UNBUILT = {buildIndex: 0, voidFrom: null, change: null, txHash: null};

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
 * Reserves inputs for what waits, in every asset that this block has touched, as far as the free outputs go. The first of a
 * queue is never overtaken: what it needs is in custody, and comes with the change that is under way.
 */
export function settlePayouts(draft: Draft, network: NetworkConstants, height: number): void {
  for (const {key: asset} of draft.touched(ASSETS)) {
    for (let id = listHead(draft, waitingList(asset)); id !== null; id = listHead(draft, waitingList(asset))) {
      const payout = draft.get(PAYOUTS, id) as PayoutRecord;
      const inputs = reserve(draft, asset, payout.amount);
      if (inputs === "scattered") openMerge(draft, network, height, asset);
      if (typeof inputs === "string") break;
      listRemove(draft, waitingList(asset), id);
      open(draft, id, {...payout, state: "open", inputs});
    }
  }
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
