import {invariant} from "../base/errors.ts";
import type {MixinOutput} from "../types/facts.ts";
import type {Uuid} from "../types/ids.ts";
import type {PayoutFact, PayoutReceipt, PayoutVoided} from "../types/payout-facts.ts";
import {sendBounce} from "./bounces.ts";
import {refuseBuild} from "./builds.ts";
import {addFree, book, booksOf, outputOf} from "./custody.ts";
import type {Draft} from "./draft.ts";
import {LedgerError} from "./errors.ts";
import type {Place} from "./intake.ts";
import {listAdd, listRemove} from "./lists.ts";
import {BUILDS, PAYOUTS} from "./money-tables.ts";
import {changeOf, HELD_PAYOUTS_LIST, OPEN_LIST, sumOf} from "./payouts.ts";
import type {PayoutRecord} from "./records.ts";
import {ASSETS, BALANCES, PROCESSES} from "./tables.ts";

/** The book that a confirmed payout goes to; a merge pays nobody. */
const PAID_AS = {payout: "paid", refund: "refunded", merge: "paid", reward: "rewarded"} as const;

/** What the Mixin ledger made of a transaction of the group takes effect. Throws LedgerError. */
export function takePayoutFact(place: Place, fact: PayoutFact): void {
  switch (fact.kind) {
    case "payoutReceipt":
      closePaid(place.draft, fact);
      break;
    case "payoutVoided":
      closeVoided(place, fact);
      break;
    case "payoutRefused":
      refuseBuild(place.draft, place.network, fact);
  }
}

/** The transaction is confirmed: its inputs are gone, its amount is paid. */
function closePaid(draft: Draft, receipt: PayoutReceipt): void {
  const payout = close(draft, receipt, "paid", false);
  const sum = sumOf(payout);
  const back = total(returning(payout, false));
  const out = sum - back;
  // change that came before the receipt has been taken off what was reserved
  const arrived = arrivedOf(draft, payout);
  book(draft, payout.asset, {
    reserved: arrived - sum,
    transit: back - arrived,
    custody: -out,
    owed: -out,
    [PAID_AS[payout.cause.kind]]: out,
  });
  closeMerge(draft, receipt.traceId, payout);
}

/** A voiding build is confirmed: an app gets its money back as a message; the rest stays here, as there is nobody else to pay. */
function closeVoided(place: Place, fact: PayoutVoided): void {
  const {draft} = place;
  const payout = close(draft, fact, "voided", true);
  const {asset, amount, cause} = payout;
  const sum = sumOf(payout) - arrivedOf(draft, payout);
  book(draft, asset, {reserved: -sum, transit: sum, owed: -amount});
  // the contract takes nothing for a process that its owner has closed
  if (cause.kind === "payout" && draft.get(PROCESSES, cause.process)?.closed !== true) {
    book(draft, asset, {balances: amount});
    draft.put(BALANCES, [cause.process, asset], (draft.get(BALANCES, [cause.process, asset]) ?? 0n) + amount);
    sendBounce(place, fact.traceId, payout, cause);
    return;
  }
  invariant(cause.kind !== "merge", "a merge is never voided");
  book(draft, asset, {held: amount});
  draft.put(PAYOUTS, fact.traceId, {...payout, held: "RECEIVER_REFUSED"});
  listAdd(draft, HELD_PAYOUTS_LIST, fact.traceId);
}

/** The payout as it is from here on. Throws LedgerError where it is not open, or where no build of that kind can be confirmed. */
function close(draft: Draft, fact: PayoutReceipt | PayoutVoided, state: "paid" | "voided", voiding: boolean): PayoutRecord {
  const {traceId, txHash} = fact;
  const payout = draft.get(PAYOUTS, traceId);
  if (payout === undefined) throw new LedgerError("UNKNOWN_TRACE", {got: traceId});
  if (payout.state !== "open") throw new LedgerError("PAYOUT_NOT_OPEN", {got: payout.state});
  const [first] = payout.returned;
  const shown = first === undefined ? voiding : isVoiding(draft, outputOf(draft, first).requestId);
  const none = voiding && payout.voidFrom === null;
  if (shown !== voiding || none) throw new LedgerError("WRONG_BUILD", {want: shown && !none ? "voiding" : "paying", got: state});
  const closed = {...payout, state, txHash};
  draft.put(PAYOUTS, traceId, closed);
  listRemove(draft, OPEN_LIST, traceId);
  return closed;
}

function isVoiding(draft: Draft, requestId: Uuid): boolean {
  return draft.get(BUILDS, requestId)?.voiding ?? false;
}

/**
 * Takes an output that came from the group itself.
 * @returns the trace id whose change it is; null where it is not the change that any transaction of the group leaves
 */
export function takeChange(draft: Draft, output: MixinOutput): Uuid | null {
  const {traceId, voiding} = draft.get(BUILDS, output.requestId) ?? {traceId: output.requestId, voiding: false};
  const payout = draft.get(PAYOUTS, traceId);
  if (payout === undefined) return null;
  if (payout.state !== "open" && payout.state !== (voiding ? "voided" : "paid")) return null;
  const place = payout.cause.kind === "merge" || voiding ? 0 : 1;
  if (output.asset !== payout.asset || output.amount !== returning(payout, voiding)[output.index - place]) return null;
  // all parts are of one transaction
  const others = payout.returned.map((id) => outputOf(draft, id));
  if (others.some((other) => other.requestId !== output.requestId || other.index === output.index)) return null;
  const next = {...payout, returned: [...payout.returned, output.outputId]};
  draft.put(PAYOUTS, traceId, next);
  book(draft, output.asset, payout.state === "open" ? {reserved: -output.amount} : {transit: -output.amount});
  addFree(draft, output);
  closeMerge(draft, traceId, next);
  return traceId;
}

/** A merge is over when its output is here; only then may the next one start. */
function closeMerge(draft: Draft, traceId: Uuid, payout: PayoutRecord): void {
  const books = booksOf(draft, payout.asset);
  if (payout.returned.length > 0 && books.merge === traceId) draft.put(ASSETS, payout.asset, {...books, merge: null});
}

/** What comes back to the group, output by output: the change, or all of a merge and of a voiding build. */
function returning(payout: PayoutRecord, voiding: boolean): bigint[] {
  return payout.cause.kind === "merge" || voiding ? [sumOf(payout)] : changeOf(payout);
}

/** What of it has come. */
function arrivedOf(draft: Draft, payout: PayoutRecord): bigint {
  return total(payout.returned.map((id) => outputOf(draft, id).amount));
}

function total(amounts: readonly bigint[]): bigint {
  return amounts.reduce((sum, amount) => sum + amount, 0n);
}
