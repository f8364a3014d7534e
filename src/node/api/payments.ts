import {type Hex, toHex} from "../../base/bytes.ts";
import {DecodeError} from "../../base/errors.ts";
import {eventLeaf, merkleProof} from "../../crypto/merkle.ts";
import {messageOf} from "../../mvm/messages.ts";
import {paymentOf, payoutOf} from "../../mvm/queries.ts";
import type {BlockStore} from "../../ports/store.ts";
import {blockHash, coreHash} from "../../types/block.ts";
import {parseUuid, type Uuid} from "../../types/ids.ts";
import {readOutbox} from "../outbox-messages.ts";
import {ApiError, type Route, refusePruned} from "./server.ts";
import {type ShowPorts, showObserved, showPayment, showPayout} from "./shown.ts";

interface PaymentPorts extends ShowPorts {
  readonly store: BlockStore;
}

/** Outputs that are looked through for one that is seen and not decided. */
const OBSERVED_MAX = 1_000;
/** Payments in one answer. */
const PAGE_MAX = 200;

export function paymentRoutes(ports: PaymentPorts): Route[] {
  return [
    {path: "/v1/activity", answer: (_, query) => ({body: newest(ports, query)})},
    {path: "/v1/payments/:id", answer: ([id = ""]) => ({body: payment(ports, uuidParam(id))})},
    {
      path: "/v1/messages/:process/:nonce",
      answer: async ([process = "", nonce = ""]) => ({body: await message(ports, uuidParam(process), nonceParam(nonce))}),
    },
    {
      path: "/v1/payouts/:process/:nonce",
      answer: ([process = "", nonce = ""]) => ({body: payout(ports, uuidParam(process), nonceParam(nonce))}),
    },
  ];
}

/** A UUID of the path. Throws ApiError. */
export function uuidParam(text: string): Uuid {
  try {
    return parseUuid(text);
  } catch (error) {
    if (error instanceof DecodeError) throw new ApiError("BAD_REQUEST", {status: 400, message: "want a UUID"});
    throw error;
  }
}

/** A decimal number of the path. Throws ApiError. */
export function nonceParam(text: string): bigint {
  if (!/^\d{1,19}$/.test(text)) throw new ApiError("BAD_REQUEST", {status: 400, message: "want a decimal number"});
  return BigInt(text);
}

/** Payments both ways, newest first; on the first page also those that are seen and not decided yet. */
function newest(ports: PaymentPorts, query: URLSearchParams): object {
  const {activity, chain, feed} = ports;
  const count = Math.min(PAGE_MAX, Number(nonceParam(query.get("limit") ?? "50")));
  const before = query.get("before");
  const entries = activity.newest(count, before === null ? undefined : Number(nonceParam(before)));
  const decided = entries.flatMap((entry): object[] => {
    const {index, direction} = entry;
    if (direction === "out") {
      const view = payoutOf(chain.state, entry.process, entry.nonce);
      return view === null ? [] : [{index, direction, ...showPayout(ports, view)}];
    }
    const view = paymentOf(chain.state, entry.outputId);
    return view === null || view.stage === "change" ? [] : [{index, direction, ...showPayment(ports, view)}];
  });
  const seen = before === null ? feed.undecided(count) : [];
  const observed = seen.map((of) => ({index: null, direction: "in", ...showObserved(of)})).reverse();
  const last = entries.at(-1)?.index ?? 0;
  return {height: chain.height, items: [...observed, ...decided], next: last > 0 && entries.length === count ? last : null};
}

function payment(ports: PaymentPorts, id: Uuid): object {
  const view = paymentOf(ports.chain.state, id);
  if (view !== null) return showPayment(ports, view);
  const seen = ports.feed.undecided(OBSERVED_MAX).find(({output}) => output.outputId === id || output.requestId === id);
  if (seen === undefined)
    throw new ApiError("NOT_FOUND", {status: 404, message: "no such payment here (yet): give the output id or the request id"});
  return showObserved(seen);
}

function payout(ports: PaymentPorts, process: Uuid, nonce: bigint): object {
  const view = payoutOf(ports.chain.state, process, nonce);
  if (view === null) throw new ApiError("NOT_FOUND", {status: 404, message: "no such send is decided (yet)"});
  return showPayout(ports, view);
}

/** A message with all that proves it: block fields, certificate, and the path from its event to the outbox's root. */
async function message(ports: PaymentPorts, process: Uuid, nonce: bigint): Promise<object> {
  const {chain, certifier, store} = ports;
  const view = messageOf(chain.state, process, nonce);
  if (view === null) throw new ApiError("NOT_FOUND", {status: 404, message: "no such message is decided (yet)"});
  const content = await readOutbox(chain, store, view);
  if (content === null) refusePruned(view.height, store.gap());
  if (content === null) throw new ApiError("NOT_READY", {status: 503, message: "the block is not stored here"});
  const {block, messages} = content;
  const leaves = messages.map((m) => eventLeaf(m.event));
  const proof: Hex[] = merkleProof(leaves, view.place).map(toHex);
  const outbox = block.outboxes.find((o) => o.platform === view.platform && o.seq === view.seq);
  return {
    process,
    nonce,
    stage: view.state,
    event: view.event,
    proof,
    outbox: outbox ?? null,
    height: view.height,
    coreHash: coreHash(block.header),
    blockHash: blockHash(block),
    outboxes: block.outboxes,
    certificate: certifier.certificateOf(view.height),
    tx: ports.timeline.of(view.height).txHash ?? null,
  };
}
