import type {Hex} from "../base/bytes.ts";
import type {Session} from "../dkg/session.ts";
import type {Evidence} from "../types/evidence.ts";
import {decodeFact, type MixinOutput} from "../types/facts.ts";
import type {Uuid} from "../types/ids.ts";
import {type Build, buildsOf, traceOf} from "./builds.ts";
import {ASSET_LIST, booksOf, outputOf} from "./custody.ts";
import {waitsForTicks} from "./dkg-facts.ts";
import {type Records, recordsOf} from "./draft.ts";
import {HELD_OUTPUTS_LIST, PROCESS_LIST} from "./intake.ts";
import type {LedgerState} from "./ledger.ts";
import {listIds} from "./lists.ts";
import {waitsForMasks} from "./masks.ts";
import {type MessageView, messageOf} from "./messages.ts";
import {PAYOUTS} from "./money-tables.ts";
import {changeOf, HELD_PAYOUTS_LIST, OPEN_LIST} from "./payouts.ts";
import type {
  AssetRecord,
  EvidenceRecord,
  Fate,
  FaultsRecord,
  KeyRecord,
  MaskRecord,
  MetaRecord,
  OutboxRecord,
  OutputRecord,
  PayoutRecord,
  PlatformRecord,
  ProcessRecord,
} from "./records.ts";
import {BALANCES, EVIDENCE, FAULTS, KEY, MASKS, META, OUTBOXES, OUTPUTS, PLATFORMS, PROCESSES, REQUESTS} from "./tables.ts";

const read = (state: LedgerState): Records => recordsOf(state.tree);

/** The DKG session of the current set. */
export function dkgSession(state: LedgerState): Session {
  return state.session;
}

/** The group key once the DKG is over, with K = keyHeight. */
export function groupKey(state: LedgerState): KeyRecord | null {
  return read(state).get(KEY, null) ?? null;
}

/** Whether something waits for time to pass. */
export function needsTicks(state: LedgerState): boolean {
  return waitsForTicks(state.session) || waitsForMasks(read(state));
}

/** How far a platform's logs are decided. null: no such platform. */
export function chainCursor(state: LedgerState, platform: Hex): {number: number; logs: number} | null {
  const record = platformOf(state, platform);
  return record === null ? null : {number: record.number, logs: record.logs};
}

export function platformOf(state: LedgerState, platform: Hex): PlatformRecord | null {
  return read(state).get(PLATFORMS, platform) ?? null;
}

/** The chain block in which the contract took a key; `own`: it is this ledger's. null: not yet, as far as logs are decided. */
export function activatedOn(state: LedgerState, platform: Hex): {block: number; own: boolean} | null {
  return platformOf(state, platform)?.activation ?? null;
}

/** Platforms whose contract has a key that this ledger did not make: the node stops and raises an alarm. */
export function foreignActivations(state: LedgerState): Hex[] {
  return state.network.platforms.filter((platform) => activatedOn(state, platform)?.own === false);
}

export function isDecidedOutput(state: LedgerState, outputId: Uuid): boolean {
  return read(state).get(OUTPUTS, outputId) !== undefined;
}

/** Highest sequence of a decided output; 0 before the first. Lower ones may still be undecided. */
export function mixinWatermark(state: LedgerState): bigint {
  return (read(state).get(META, null) as MetaRecord).watermark;
}

/** The outbox `seq` of a platform: the height that holds it, and who delivered it. */
export function outboxOf(state: LedgerState, platform: Hex, seq: bigint): OutboxRecord | null {
  return read(state).get(OUTBOXES, [platform, seq]) ?? null;
}

/** Outboxes of a platform after the last one that a log has shown as delivered: those that may still have to be, by seq ascending. */
export function undeliveredOutboxes(state: LedgerState, platform: Hex): {seq: bigint; height: number}[] {
  const found: {seq: bigint; height: number}[] = [];
  for (let seq = (platformOf(state, platform)?.nextSeq ?? 0n) - 1n; seq >= 0n; seq--) {
    const {height, submitter} = outboxOf(state, platform, seq) as OutboxRecord;
    if (submitter !== null) break;
    found.push({seq, height});
  }
  return found.reverse();
}

/** A transaction of the group that is to be signed and sent. */
export interface OpenPayout {
  readonly traceId: Uuid;
  /** Its newest builds; the last one is to be signed, its place in the count of all is `buildIndex`. */
  readonly builds: readonly Build[];
  readonly buildIndex: number;
  readonly asset: Uuid;
  readonly amount: bigint;
  readonly receivers: readonly Uuid[];
  readonly receiversThreshold: number;
  readonly memo: Uint8Array;
  /** What goes back to the group, output by output. */
  readonly change: readonly bigint[];
  readonly inputs: readonly {readonly outputId: Uuid; readonly txHash: Hex; readonly index: number; readonly amount: bigint}[];
}

/** All payouts whose inputs are reserved and that no receipt has closed, in the order of their reservation. */
export function openPayouts(state: LedgerState): OpenPayout[] {
  const records = read(state);
  return [...listIds(records, OPEN_LIST)].map((traceId) => {
    const payout = records.get(PAYOUTS, traceId) as PayoutRecord;
    const {asset, amount, receivers, threshold, memo, inputs, buildIndex} = payout;
    return {
      traceId,
      builds: buildsOf(state.network, {...payout, traceId}),
      buildIndex,
      change: changeOf(payout),
      asset,
      amount,
      receivers,
      receiversThreshold: threshold,
      memo,
      inputs: inputs.map(({outputId, txHash, index, amount: units}) => ({outputId, txHash, index, amount: units})),
    };
  });
}

export interface PayoutView extends PayoutRecord {
  readonly traceId: Uuid;
}

export function payoutOfTrace(state: LedgerState, traceId: Uuid): PayoutView | null {
  const record = read(state).get(PAYOUTS, traceId);
  return record === undefined ? null : {traceId, ...record};
}

/** The builds of a payout, as its order shows them; none where it is unknown. */
export function payoutBuilds(state: LedgerState, traceId: Uuid): {traceId: Uuid; builds: Build[]}[] {
  const payout = payoutOfTrace(state, traceId);
  return payout === null ? [] : [{traceId, builds: buildsOf(state.network, payout)}];
}

/** What became of an app's send. */
export function payoutOf(state: LedgerState, process: Uuid, nonce: bigint): PayoutView | null {
  return payoutOfTrace(state, traceOf(state.network, {kind: "payout", process, nonce}));
}

/** Sends that cannot be paid, with their reasons. */
export function heldPayouts(state: LedgerState): PayoutView[] {
  const records = read(state);
  return [...listIds(records, HELD_PAYOUTS_LIST)].map((traceId) => ({traceId, ...(records.get(PAYOUTS, traceId) as PayoutRecord)}));
}

/** Who is behind a mask of a process. For the node's own operator: contracts and observers must not learn it. */
export function maskHolders(state: LedgerState, process: Uuid, mask: Uuid): MaskRecord | null {
  return read(state).get(MASKS, [process, mask]) ?? null;
}

export type PaymentStage =
  | "decided"
  | "delivered"
  | "parked"
  | "returned"
  | "credited"
  | "registered"
  | "refunding"
  | "refunded"
  | "held"
  | "change"
  | "credited";

export interface PaymentView {
  readonly outputId: Uuid;
  readonly output: MixinOutput;
  /** Of the block that decided it; of a message, the one that gave it its nonce. */
  readonly height: number;
  readonly fate: Fate;
  readonly stage: PaymentStage;
  /** Where the fate is a message. */
  readonly message: MessageView | null;
  /** The transaction that pays it back, or whose change it is. */
  readonly payout: PayoutView | null;
}

/** The whole life of one decided payment, by its output id or by the payer's request id. null: not decided. */
export function paymentOf(state: LedgerState, id: Uuid): PaymentView | null {
  const records = read(state);
  const outputId = records.get(OUTPUTS, id) === undefined ? records.get(REQUESTS, id) : id;
  if (outputId === undefined) return null;
  const {height: taken, fate} = records.get(OUTPUTS, outputId) as OutputRecord;
  const message = fate.kind === "message" ? messageOf(state, fate.process, fate.nonce) : null;
  const payout = "traceId" in fate ? payoutOfTrace(state, fate.traceId) : null;
  const height = message?.height ?? taken;
  return {outputId, output: outputOf(records, outputId), height, fate, stage: stageOf(fate, message, payout), message, payout};
}

function stageOf(fate: Fate, message: MessageView | null, payout: PayoutView | null): PaymentStage {
  switch (fate.kind) {
    case "message":
      return message === null || message.state === "queued" ? "decided" : message.state;
    case "refund":
      return payout?.state === "paid" ? "refunded" : "refunding";
    case "waiting":
      return "decided";
    default:
      return fate.kind;
  }
}

/** Outputs that are held, with their reasons. */
export function heldOutputs(state: LedgerState): PaymentView[] {
  return [...listIds(read(state), HELD_OUTPUTS_LIST)].flatMap((id) => paymentOf(state, id) ?? []);
}

export interface ProcessView extends ProcessRecord {
  readonly process: Uuid;
}

/** All processes, in the order of their registration. */
export function processes(state: LedgerState): ProcessView[] {
  const records = read(state);
  return [...listIds(records, PROCESS_LIST)].map((process) => ({process, ...(records.get(PROCESSES, process) as ProcessRecord)}));
}

/** What a process has of an asset, messages under way included; 1e-8 units. */
export function balanceOf(state: LedgerState, process: Uuid, asset: Uuid): bigint {
  return read(state).get(BALANCES, [process, asset]) ?? 0n;
}

export interface AssetBalance extends AssetRecord {
  readonly asset: Uuid;
  /** What each process has, where it is not 0. */
  readonly processes: readonly {readonly process: Uuid; readonly amount: bigint}[];
}

/** The books of every asset, in the order in which they came. */
export function balances(state: LedgerState): AssetBalance[] {
  const records = read(state);
  const all = [...listIds(records, PROCESS_LIST)];
  return [...listIds(records, ASSET_LIST)].map((asset) => ({
    asset,
    ...booksOf(records, asset),
    processes: all.flatMap((process) => {
      const amount = records.get(BALANCES, [process, asset]) ?? 0n;
      return amount === 0n ? [] : [{process, amount}];
    }),
  }));
}

/** How many pieces of evidence are decided, and which validators they are against. */
export function faults(state: LedgerState): FaultsRecord {
  return read(state).get(FAULTS, null) ?? {count: 0, equivocators: []};
}

export interface EvidenceView {
  /** Its place in the order of decision, from 0. */
  readonly number: number;
  /** Height of the block that took it. */
  readonly decidedAt: number;
  readonly evidence: Evidence;
}

/** The evidence that blocks have taken, in the order of decision: `count` pieces from number `from` on, all unless it is said. */
export function evidenceOf(state: LedgerState, from = 0, count = Number.MAX_SAFE_INTEGER): EvidenceView[] {
  const records = read(state);
  const end = Math.min(faults(state).count, from + count);
  return Array.from({length: Math.max(0, end - from)}, (_, i) => {
    const {height, fact} = records.get(EVIDENCE, from + i) as EvidenceRecord;
    return {number: from + i, decidedAt: height, evidence: decodeFact(fact) as Evidence};
  });
}

/** Whether a validator of this epoch has contradicted itself, as blocks say. */
export function isEquivocator(state: LedgerState, of: {epoch: number; from: number}): boolean {
  return faults(state).equivocators.some(({epoch, from}) => epoch === of.epoch && from === of.from);
}
