import type {MvmClient} from "../sdk/client.ts";
import type {Payment, Payout} from "./data.ts";
import {h} from "./dom.ts";
import {amountOf, duration} from "./format.ts";
import {drawJourney} from "./journey.ts";
import {badge, card, facts, id, nothing, toneOf, words} from "./parts.ts";
import {latencyMs} from "./stations.ts";
import type {View} from "./view.ts";

const PURPOSES: Readonly<Record<number, string>> = {1: "message", 11: "registration", 12: "credit", 20: "proof of a seat"};

/** One payment: its picture, what it means, what to do, and everything that is known of it. */
export function paymentPage(client: MvmClient, of: string): View {
  const element = h("main", null, nothing("Looking…"));
  async function refresh(): Promise<void> {
    const payment = (await client.payment(of)) as unknown as Payment | null;
    if (payment === null) {
      const text = "This node has seen no such payment. Give the output id, or the request (trace) id that the payer chose.";
      element.replaceChildren(h("h1", null, "Payment"), card(null, nothing(text), h("code", {class: "wide"}, of)));
      return;
    }
    const picture = h("div", {class: "plot"});
    element.replaceChildren(
      h("h1", null, amountOf(payment.amount, payment.asset), " ", badge(payment.stage, noteOf(payment))),
      card("Journey", picture),
      card("What it means", words(payment.words, toneOf(payment.stage)), ...failureOf(payment)),
      card("Details", factsOf(payment)),
    );
    picture.append(drawJourney(payment, picture.clientWidth));
  }
  return {title: "Payment", element, refresh};
}

function noteOf({reason, refundByApp}: Payment): string {
  return reason ?? (refundByApp == null ? "" : "and paid back");
}

function failureOf({failure}: Payment): HTMLElement[] {
  if (failure == null) return [];
  return [h("p", {class: "failure"}, h("strong", null, "The app said: "), failure.text), h("code", {class: "wide"}, failure.data)];
}

function factsOf(payment: Payment): HTMLElement {
  const {times, refund, refundByApp} = payment;
  const took = latencyMs(payment);
  const back = refund ?? refundByApp;
  return facts([
    ["Asks for", payment.purpose == null ? null : (PURPOSES[payment.purpose] ?? `purpose ${payment.purpose}`)],
    ["Output", id(payment.outputId, 36, 0)],
    ["Request", id(payment.requestId, 36, 0)],
    ["Process", payment.process === null ? null : id(payment.process, 36, 0)],
    ["Nonce", payment.nonce],
    ["Block", payment.height === null ? null : h("a", {href: `#/block/${payment.height}`}, `${payment.height}, with its certificate`)],
    ["Paid", times.createdMs === undefined ? null : new Date(times.createdMs).toISOString()],
    ["Took", took === null ? null : `${duration(took)} from seen to the end`],
    ["Transaction", times.txHash === undefined ? null : id(times.txHash, 14, 8)],
    ["Gas", times.gasUsed === undefined ? null : Number(times.gasUsed).toLocaleString("en")],
    ["Submitter", payment.submitter == null ? null : id(payment.submitter, 10, 6)],
    ["Chain block", payment.chainBlock],
    ["Paid back", back == null ? null : h("span", null, amountOf(back.amount, back.asset), " ", badge(back.stage))],
    ["Trace", back == null ? null : id(back.traceId, 36, 0)],
    ["Mixin tx", back?.txHash == null ? null : id(back.txHash, 14, 8)],
  ]);
}

/** One payment of an app. */
export function payoutPage(client: MvmClient, process: string, nonce: string): View {
  const element = h("main", null, nothing("Looking…"));
  async function refresh(): Promise<void> {
    const payout = (await client.get(`/v1/payouts/${encodeURIComponent(process)}/${encodeURIComponent(nonce)}`)) as unknown as Payout;
    const {times} = payout;
    element.replaceChildren(
      h("h1", null, amountOf(payout.amount, payout.asset), " ", badge(payout.stage, payout.reason ?? "")),
      card("What it means", words(payout.words, toneOf(payout.stage))),
      card(
        "Details",
        facts([
          ["Process", id(process, 36, 0)],
          ["Send", `nonce ${nonce} of this process`],
          ["Decided", h("a", {href: `#/block/${payout.height}`}, `block ${payout.height}`)],
          ["Chain block", payout.chainBlock],
          ["Memo", memoText(payout.memo)],
          ["Trace", id(payout.traceId, 36, 0)],
          ["Mixin tx", payout.txHash === null ? null : id(payout.txHash, 14, 8)],
          ["Took", times.paidMs === undefined || times.decidedMs === undefined ? null : duration(times.paidMs - times.decidedMs)],
        ]),
      ),
    );
  }
  return {title: "Payout", element, refresh};
}

/** Text where it is text, else hex. */
function memoText(memo: string): string {
  const bytes = Uint8Array.from((memo.slice(2).match(/../g) ?? []).map((pair) => Number.parseInt(pair, 16)));
  try {
    const text = new TextDecoder("utf-8", {fatal: true}).decode(bytes);
    return /[\p{Cc}\p{Cf}]/u.test(text) ? memo : text;
  } catch {
    return memo;
  }
}
