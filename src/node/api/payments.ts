import {type Hex, toHex} from "../../base/bytes.ts";
import {DecodeError} from "../../base/errors.ts";
import {eventLeaf, merkleProof} from "../../crypto/merkle.ts";
import {messageOf} from "../../mvm/messages.ts";
import {type PaymentView, type PayoutView, paymentOf, payoutOf} from "../../mvm/queries.ts";
import type {OutputFeed} from "../../ports/mixin.ts";
import type {BlockStore} from "../../ports/store.ts";
import {blockHash, coreHash} from "../../types/block.ts";
import {parseUuid, type Uuid} from "../../types/ids.ts";
import type {Certifier} from "../bft/certifier.ts";
import type {DecidedChain} from "../bft/decided-chain.ts";
import {readOutbox} from "../outbox-messages.ts";
import {ApiError, type Route} from "./server.ts";
import type {Timeline} from "./timeline.ts";

interface PaymentPorts {
  readonly chain: DecidedChain;
  readonly certifier: Certifier;
  readonly store: BlockStore;
  readonly feed: OutputFeed;
  readonly timeline: Timeline;
}

/** Outputs that are looked through for one that is seen and not decided. */
const OBSERVED_MAX = 1_000;

export function paymentRoutes(ports: PaymentPorts): Route[] {
  return [
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

function payment(ports: PaymentPorts, id: Uuid): object {
  const view = paymentOf(ports.chain.state, id);
  if (view !== null) return decided(ports, view);
  const seen = ports.feed.undecided(OBSERVED_MAX).find(({output}) => output.outputId === id || output.requestId === id);
  if (seen === undefined)
    throw new ApiError("NOT_FOUND", {status: 404, message: "no such payment here (yet): give the output id or the request id"});
  const {outputId, requestId, asset, amount} = seen.output;
  const times = {observedMs: seen.seenAtMs};
  return {outputId, requestId, asset, amount, stage: "observed", reason: null, height: null, process: null, nonce: null, times};
}

function decided(ports: PaymentPorts, view: PaymentView): object {
  const {outputId, output, height, fate, message: sent} = view;
  const times = ports.timeline.of(height);
  const certificate = ports.certifier.certificateOf(height);
  return {
    outputId,
    requestId: output.requestId,
    asset: output.asset,
    amount: output.amount,
    stage: stageOf(view, certificate !== null, times.submittedMs !== undefined),
    reason: "reason" in fate ? fate.reason : null,
    height,
    round: certificate?.round ?? null,
    certificate: certificate?.signature ?? null,
    process: "process" in fate ? fate.process : null,
    nonce: "nonce" in fate ? fate.nonce : null,
    submitter: sent?.submitter ?? null,
    refund: fate.kind === "refund" || fate.kind === "registered" ? payoutSummary(view.payout) : null,
    times,
  };
}

/** The ledger knows what logs have told; certificates and own transactions are known sooner. */
function stageOf(view: PaymentView, certified: boolean, submitted: boolean): string {
  if (view.stage !== "decided") return view.stage;
  if (submitted) return "submitted";
  return certified ? "certified" : "decided";
}

function payoutSummary(view: PayoutView | null): object | null {
  if (view === null) return null;
  const {traceId, state, asset, amount} = view;
  return {traceId, stage: state, asset, amount};
}

function payout({chain}: PaymentPorts, process: Uuid, nonce: bigint): object {
  const view = payoutOf(chain.state, process, nonce);
  if (view === null) throw new ApiError("NOT_FOUND", {status: 404, message: "no such send is decided (yet)"});
  const {receivers: _hidden, ...shown} = view;
  return {process, nonce, stage: view.state, ...shown};
}

/** A message with all that proves it: block fields, certificate, and the path from its event to the outbox's root. */
async function message(ports: PaymentPorts, process: Uuid, nonce: bigint): Promise<object> {
  const {chain, certifier, store} = ports;
  const view = messageOf(chain.state, process, nonce);
  if (view === null) throw new ApiError("NOT_FOUND", {status: 404, message: "no such message is decided (yet)"});
  const content = await readOutbox(chain, store, view);
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
