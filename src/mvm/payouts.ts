import {abiHash, fixedBytes, uint} from "../base/abi.ts";
import {toHex, utf8} from "../base/bytes.ts";
import {TRACE_KIND, traceId} from "../types/digests.ts";
import type {MixinOutput, PayoutReceipt} from "../types/facts.ts";
import {type Uuid, uuidBytes} from "../types/ids.ts";
import {addFree, book, booksOf, reserve, reserveOldest} from "./custody.ts";
import type {Draft} from "./draft.ts";
import {LedgerError} from "./errors.ts";
import {listAdd, listHead, listRemove} from "./lists.ts";
import type {NetworkConstants} from "./network.ts";
import type {HeldReason, PayoutCause, PayoutRecord, RefundReason} from "./records.ts";
import {ASSETS, PAYOUTS} from "./tables.ts";

/** Payouts whose inputs are reserved, in the order in which they were. */
export const OPEN_LIST = "open";
/** Sends that cannot be paid. */
export const HELD_PAYOUTS_LIST = "held/payouts";
/** Payouts that wait for inputs: one queue per asset, first come, first served. */
const waitingList = (asset: Uuid) => `waiting/${asset}`;

/** The trace id of an app's send. */
export function payoutTrace(network: NetworkConstants, process: Uuid, nonce: bigint): Uuid {
  return trace(network, TRACE_KIND.payout, abiHash(fixedBytes(uuidBytes(process)), uint(nonce)));
}

function refundTrace(network: NetworkConstants, outputId: Uuid): Uuid {
  return trace(network, TRACE_KIND.refund, abiHash(fixedBytes(uuidBytes(outputId))));
}

function mergeTrace(network: NetworkConstants, asset: Uuid, number: bigint): Uuid {
  return trace(network, TRACE_KIND.merge, abiHash(fixedBytes(uuidBytes(asset)), uint(number)));
}

function trace(network: NetworkConstants, kind: number, id: Uint8Array): Uuid {
  return traceId({networkId: network.genesis.networkId, kind, id: toHex(id), buildIndex: 0});
}

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
  draft.put(PAYOUTS, traceId, {...terms, state: held === null ? "waiting" : "held", held, inputs: [], change: null, txHash: null});
}

/** The whole amount of an output goes back to its senders. Returns the trace id. */
export function refund(
  draft: Draft,
  network: NetworkConstants,
  height: number,
  output: MixinOutput & {senders: readonly Uuid[]},
  reason: RefundReason,
): Uuid {
  const id = refundTrace(network, output.outputId);
  book(draft, output.asset, {owed: output.amount});
  owe(
    draft,
    id,
    height,
    {kind: "refund", outputId: output.outputId, reason},
    {
      asset: output.asset,
      amount: output.amount,
      receivers: output.senders,
      threshold: output.sendersThreshold,
      memo: utf8(`refund ${reason} ${output.outputId}`),
    },
  );
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
  const id = mergeTrace(network, asset, merges);
  const inputs = reserveOldest(draft, asset);
  draft.put(ASSETS, asset, {...booksOf(draft, asset), merges: merges + 1n, merge: id});
  open(draft, id, {
    cause: {kind: "merge", number: merges},
    asset,
    amount: sumOf({inputs}),
    receivers: network.multisig.members,
    threshold: network.multisig.threshold,
    memo: new Uint8Array(0),
    height,
    state: "open",
    held: null,
    inputs,
    change: null,
    txHash: null,
  });
}

function open(draft: Draft, id: Uuid, payout: PayoutRecord): void {
  draft.put(PAYOUTS, id, payout);
  listAdd(draft, OPEN_LIST, id);
}

/** The transaction is confirmed: its inputs are gone, its amount is paid. Throws LedgerError. */
export function closePayout(draft: Draft, receipt: PayoutReceipt): void {
  const payout = draft.get(PAYOUTS, receipt.traceId);
  if (payout === undefined) throw new LedgerError("UNKNOWN_TRACE", {got: receipt.traceId});
  if (payout.state !== "open") throw new LedgerError("PAYOUT_NOT_OPEN", {got: payout.state});
  draft.put(PAYOUTS, receipt.traceId, {...payout, state: "paid", txHash: receipt.txHash});
  listRemove(draft, OPEN_LIST, receipt.traceId);
  const back = returning(payout);
  const out = sumOf(payout) - back;
  // change that came before the receipt has been taken off what was reserved
  book(draft, payout.asset, {
    reserved: payout.change === null ? -sumOf(payout) : -out,
    transit: payout.change === null ? back : 0n,
    custody: -out,
    owed: -out,
    ...(payout.cause.kind === "payout" ? {paid: out} : {refunded: out}),
  });
  closeMerge(draft, receipt.traceId, payout);
}

/**
 * Takes an output that came from the group itself.
 * @returns the trace id whose change it is; null where it is not the change that any transaction of the group leaves
 */
export function takeChange(draft: Draft, output: MixinOutput): Uuid | null {
  const payout = draft.get(PAYOUTS, output.requestId);
  if (payout === undefined || (payout.state !== "open" && payout.state !== "paid") || payout.change !== null) return null;
  const place = payout.cause.kind === "merge" ? 0 : 1;
  if (output.asset !== payout.asset || output.index !== place || output.amount !== returning(payout)) return null;
  draft.put(PAYOUTS, output.requestId, {...payout, change: output.outputId});
  book(draft, output.asset, payout.state === "paid" ? {transit: -output.amount} : {reserved: -output.amount});
  addFree(draft, output);
  closeMerge(draft, output.requestId, {...payout, change: output.outputId});
  return output.requestId;
}

/** A merge is over when its output is here; only then may the next one start. */
function closeMerge(draft: Draft, traceId: Uuid, payout: PayoutRecord): void {
  const books = booksOf(draft, payout.asset);
  if (payout.change !== null && books.merge === traceId) draft.put(ASSETS, payout.asset, {...books, merge: null});
}

/** What comes back to the group: the change, or all of a merge. */
function returning(payout: PayoutRecord): bigint {
  return payout.cause.kind === "merge" ? payout.amount : sumOf(payout) - payout.amount;
}

function sumOf({inputs}: Pick<PayoutRecord, "inputs">): bigint {
  return inputs.reduce((sum, input) => sum + input.amount, 0n);
}
