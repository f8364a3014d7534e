import {type PaymentView, type PayoutView, payoutOf} from "../../mvm/queries.ts";
import type {OutputFeed} from "../../ports/mixin.ts";
import {decodeMemo} from "../../types/operation.ts";
import {explainReason, explainStage} from "../../types/reasons.ts";
import {explainRevert} from "../../types/revert.ts";
import type {Certifier} from "../bft/certifier.ts";
import type {DecidedChain} from "../bft/decided-chain.ts";
import type {Activity} from "./activity.ts";
import type {Timeline} from "./timeline.ts";

export interface ShowPorts {
  readonly chain: DecidedChain;
  readonly certifier: Certifier;
  readonly feed: OutputFeed;
  readonly timeline: Timeline;
  readonly activity: Activity;
}

const NS_PER_MS = 1_000_000n;

/** A payment that is seen in the Mixin API and not decided. */
export function showObserved({output, seenAtMs}: ReturnType<OutputFeed["undecided"]>[number]): object {
  const {outputId, requestId, asset, amount, createdAt} = output;
  const times = {createdMs: Number(createdAt / NS_PER_MS), observedMs: seenAtMs};
  const nothing = {reason: null, height: null, process: null, nonce: null};
  return {outputId, requestId, asset, amount, stage: "observed", ...nothing, times, words: wordsOf("observed", null)};
}

/** The whole life of a decided payment, without whoever paid it. */
export function showPayment(ports: ShowPorts, view: PaymentView): object {
  const {outputId, output, height, fate, message} = view;
  const times = timesOf(ports, view);
  const certificate = ports.certifier.certificateOf(height);
  const stage = stageOf(view, certificate !== null, times.submittedMs !== undefined);
  const reason = "reason" in fate ? fate.reason : null;
  const notes = message === null ? {} : ports.activity.messageNotes(message.process, message.nonce);
  const failure = message?.state === "parked" ? (notes.failure ?? new Uint8Array(0)) : null;
  const back = message === null || notes.refundNonce === undefined ? null : payoutOf(ports.chain.state, message.process, notes.refundNonce);
  return {
    outputId,
    requestId: output.requestId,
    asset: output.asset,
    amount: output.amount,
    purpose: purposeOf(output.extra),
    stage,
    reason,
    height,
    round: certificate?.round ?? null,
    certificate: certificate?.signature ?? null,
    process: "process" in fate ? fate.process : null,
    nonce: "nonce" in fate ? fate.nonce : null,
    submitter: message?.submitter ?? null,
    chainBlock: notes.chainBlock ?? null,
    failure: failure === null ? null : {data: failure, text: explainRevert(failure)},
    refund: fate.kind === "refund" || fate.kind === "registered" ? payoutSummary(view.payout) : null,
    refundByApp: back === null ? null : {nonce: notes.refundNonce, ...payoutSummary(back)},
    times,
    words: fate.kind === "waiting" ? WAITING : back !== null ? PAID_BACK : wordsOf(message?.state === "queued" ? "queued" : stage, reason),
  };
}

/** What an app sends, or the group pays back, without its receivers. */
export function showPayout({activity}: Pick<ShowPorts, "activity">, view: PayoutView): object {
  const {receivers: _hidden, cause, ...shown} = view;
  const sent = cause.kind === "payout" ? activity.sent(cause.process, cause.nonce) : null;
  const paid = activity.paid(view.traceId);
  const times = {
    ...(sent?.decidedMs !== undefined && {decidedMs: sent.decidedMs}),
    ...(paid?.paidMs !== undefined && {paidMs: paid.paidMs}),
  };
  return {
    ...(cause.kind === "payout" && {process: cause.process, nonce: cause.nonce}),
    stage: view.state,
    ...shown,
    cause,
    chainBlock: sent?.chainBlock ?? null,
    paidHeight: paid?.height ?? null,
    reason: view.held,
    times,
    words: view.held === null ? (PAYOUT_WORDS[view.state] ?? wordsOf(view.state, null)) : wordsOf(view.state, view.held),
  };
}

const WAITING = {
  means:
    "The payment is decided. It is its sender's first one to this process: the validators sign the mask under which the app will see the sender, and then it gets its nonce.",
  cure: "Wait: this takes about one block, once.",
};
const PAID_BACK = {
  means: "The app failed on this message, and paid it back to its sender in the same call.",
  cure: "See what the app asks of a message: its amount, its asset and its extra.",
};
const PAYOUT_WORDS: Record<string, {means: string; cure: string}> = {
  waiting: {
    means: "The app's send is decided and waits for free outputs of the group to pay it from.",
    cure: "Wait: earlier payouts bring change back first.",
  },
  open: {means: "Inputs are reserved, and the validators sign the same Mixin transaction.", cure: "Wait for the Mixin network."},
  paid: {means: "The Mixin network has confirmed the transaction.", cure: "Nothing to do."},
};

/** What is to be read: of a reason where there is one, else of the stage. */
function wordsOf(stage: string, reason: string | null): {means: string; cure: string} {
  const place = explainStage(stage);
  if (reason === null || reason === "REGISTERED") return place;
  const {means, cure} = explainReason(reason);
  if (cure.startsWith("Nothing to do")) return {means, cure}; // a good end, which pays back too
  return {means: `${place.means} ${means}`, cure};
}

function purposeOf(extra: Uint8Array): number | null {
  try {
    return decodeMemo(extra).purpose;
  } catch {
    return null; // then the fate says BAD_MEMO
  }
}

/** The ledger knows what logs have told; certificates and own transactions are known sooner. */
function stageOf(view: PaymentView, certified: boolean, submitted: boolean): string {
  if (view.stage !== "decided" || view.fate.kind === "waiting") return view.stage;
  if (submitted) return "submitted";
  return certified ? "certified" : "decided";
}

/** Ms since 1970, of what this node saw itself in this run; and its own transaction. */
function timesOf({timeline, activity}: ShowPorts, {outputId, output, height, message, payout}: PaymentView) {
  const observedMs = activity.observedMs(outputId);
  const notes = message === null ? {} : activity.messageNotes(message.process, message.nonce);
  const paidMs = payout === null ? undefined : activity.paid(payout.traceId)?.paidMs;
  return {
    createdMs: Number(output.createdAt / NS_PER_MS),
    ...(observedMs !== undefined && {observedMs}),
    ...timeline.of(height),
    ...(notes.settledMs !== undefined && {[message?.state === "parked" ? "parkedMs" : "deliveredMs"]: notes.settledMs}),
    ...(paidMs !== undefined && {refundedMs: paidMs}),
  };
}

function payoutSummary(view: PayoutView | null): object | null {
  if (view === null) return null;
  const {traceId, state, asset, amount, txHash} = view;
  return {traceId, stage: state, asset, amount, txHash};
}
