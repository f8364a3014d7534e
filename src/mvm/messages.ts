import type {Hex} from "../base/bytes.ts";
import {invariant} from "../base/errors.ts";
import {encodeEvent, type MvmEvent} from "../types/event.ts";
import type {Uuid} from "../types/ids.ts";
import {bounceEvent} from "./bounces.ts";
import {outputOf} from "./custody.ts";
import {type Records, recordsOf} from "./draft.ts";
import {messageEvent} from "./emit.ts";
import type {LedgerState} from "./ledger.ts";
import {maskOf, pairOf} from "./masks.ts";
import {PAYOUTS} from "./money-tables.ts";
import type {NetworkConstants} from "./network.ts";
import type {MessageRecord, OutboxRecord, ProcessRecord} from "./records.ts";
import {MESSAGES, OUTBOXES, PROCESSES} from "./tables.ts";

export interface MessageView extends MessageRecord {
  readonly process: Uuid;
  readonly nonce: bigint;
  readonly platform: Hex;
  /** Of the block that decided it. */
  readonly height: number;
  /** Whoever delivered its outbox, once a log says so. */
  readonly submitter: Hex | null;
  /** The event as the outbox holds it. */
  readonly event: Uint8Array;
}

export function messageOf(state: LedgerState, process: Uuid, nonce: bigint): MessageView | null {
  const records = recordsOf(state.tree);
  const message = records.get(MESSAGES, [process, nonce]);
  if (message === undefined) return null;
  const {platform} = records.get(PROCESSES, process) as ProcessRecord;
  const {height, submitter} = records.get(OUTBOXES, [platform, message.seq]) as OutboxRecord;
  const event = encodeEvent(eventOf(records, state.network, {process, nonce, message}));
  return {...message, process, nonce, platform, height, submitter, event};
}

/** The event of a message, from its record and what it came from: equal from every later state. */
export function eventOf(records: Records, network: NetworkConstants, of: {process: Uuid; nonce: bigint; message: MessageRecord}): MvmEvent {
  const {process, nonce, message} = of;
  if (message.isBounce) return bounceOf(records, nonce, message.outputId);
  const output = outputOf(records, message.outputId);
  const mask = maskOf(records, {networkId: network.genesis.networkId, pair: pairOf(process, output)});
  invariant(mask !== null, `message ${nonce} of ${process} has a sender without a mask`);
  return messageEvent(network, {process, nonce, output, mask});
}

function bounceOf(records: Records, nonce: bigint, traceId: Uuid): MvmEvent {
  const payout = records.get(PAYOUTS, traceId);
  invariant(payout?.cause.kind === "payout", `a bounce of ${traceId}, which is no payout of an app`);
  return bounceEvent(payout, payout.cause, nonce);
}
