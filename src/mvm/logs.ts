import {equalBytes, type Hex} from "../base/bytes.ts";
import {Reader} from "../base/codec.ts";
import {DecodeError} from "../base/errors.ts";
import {g1ToEip2537} from "../crypto/bls.ts";
import type {ChainHead, ChainLog} from "../types/facts.ts";
import {type Uuid, ZERO_UUID} from "../types/ids.ts";
import {traceOf} from "./builds.ts";
import {book} from "./custody.ts";
import {changeDueAt, isGroup} from "./epochs.ts";
import {LedgerError} from "./errors.ts";
import {decodeGroupEvent, type GroupEvent} from "./group-events.ts";
import type {Place} from "./intake.ts";
import {PAYOUTS} from "./money-tables.ts";
import {hold, owe, type Payment} from "./payouts.ts";
import {type HeldReason, type MaskRecord, MESSAGE_STATES, type PlatformRecord} from "./records.ts";
import {takeStakingLog} from "./stakes.ts";
import {BALANCES, KEY, MASKS, MESSAGES, OUTBOXES, PLATFORMS, PROCESSES} from "./tables.ts";

const MEMO_MAX = 200;
const MEMBERS_MAX = 64;

/** The heads of one block, and how many logs each has brought so far. */
export class HeadTaker {
  readonly #open = new Map<Hex, {head: ChainHead; before: PlatformRecord; logs: number}>();

  /** The head must be beyond what is taken. Throws LedgerError. */
  takeHead({draft}: Place, head: ChainHead): void {
    const before = draft.get(PLATFORMS, head.platform);
    if (before === undefined) throw new LedgerError("UNKNOWN_PLATFORM", {got: head.platform});
    const further = head.number > before.number || (head.number === before.number && head.logs > before.logs);
    if (!further) throw new LedgerError("STALE_HEAD", {want: before.number, got: head.number});
    this.#open.set(head.platform, {head, before, logs: 0});
  }

  /** The log must lie between what was taken and the head, after the one before it. Throws LedgerError. */
  takeLog(place: Place, log: ChainLog): void {
    const open = this.#open.get(log.platform);
    if (open === undefined) throw new LedgerError("NO_HEAD", {got: log.platform});
    const {head, before} = open;
    const taken = log.block === before.number && before.logs > 0 && log.index <= before.lastIndex;
    if (log.block < before.number || log.block > head.number || taken)
      throw new LedgerError("LOG_OUT_OF_RANGE", {want: `${before.number} to ${head.number}`, got: log.block});
    open.logs++;
    const record = place.draft.get(PLATFORMS, log.platform) as PlatformRecord;
    const first = record.logs === 0 || log.block !== record.number;
    place.draft.put(PLATFORMS, log.platform, {...record, number: log.block, logs: first ? 1 : record.logs + 1, lastIndex: log.index});
    applyLog(place, log);
  }

  /** The head of this platform that the block has taken. */
  head(platform: Hex): ChainHead | null {
    return this.#open.get(platform)?.head ?? null;
  }

  /** After the last log: every head has brought one or makes an epoch due, and `logs` of its own block are taken. Throws LedgerError. */
  finish({draft, network}: Place): void {
    const due = changeDueAt(draft, network);
    for (const {head, logs} of this.#open.values()) {
      const record = draft.get(PLATFORMS, head.platform) as PlatformRecord;
      const isBoundary = head.platform === network.staking && due !== null && head.timestamp >= due;
      if (logs === 0 && !isBoundary) throw new LedgerError("EMPTY_HEAD", {got: head.number});
      const taken = record.number === head.number ? record.logs : 0;
      if (taken !== head.logs) throw new LedgerError("WRONG_LOG_COUNT", {want: head.logs, got: taken});
      if (record.number < head.number) draft.put(PLATFORMS, head.platform, {...record, number: head.number, logs: 0, lastIndex: 0});
    }
  }
}

/** What a log says takes effect; one that says nothing to us is counted: validity must not depend on a contract's bugs. */
function applyLog(place: Place, log: ChainLog): void {
  const isStaking = log.platform === place.network.staking;
  const event = isStaking ? null : read(log);
  if (isStaking ? !takeStakingLog(place.draft, log) : event === null || !applyEvent(place, log, event)) {
    const record = place.draft.get(PLATFORMS, log.platform) as PlatformRecord;
    const lastIgnored = {block: log.block, index: log.index};
    place.draft.put(PLATFORMS, log.platform, {...record, ignored: record.ignored + 1, lastIgnored});
  }
}

function read(log: ChainLog): GroupEvent | null {
  try {
    return decodeGroupEvent(log);
  } catch (error) {
    if (error instanceof DecodeError) return null;
    throw error;
  }
}

/** Whether the event means something to this ledger. */
function applyEvent(place: Place, log: ChainLog, event: GroupEvent): boolean {
  const {draft} = place;
  switch (event.kind) {
    case "activated": {
      const record = draft.get(PLATFORMS, log.platform) as PlatformRecord;
      const own = isOwnKey(place, event);
      // the first one counts, unless a later one is not ours: that is the alarm
      const keep = record.activation !== null && (own || !record.activation.own);
      if (!keep) draft.put(PLATFORMS, log.platform, {...record, activation: {block: log.block, own}});
      return true;
    }
    case "delivered": {
      const box = draft.get(OUTBOXES, [log.platform, event.seq]);
      if (box === undefined) return false;
      if (box.submitter === null) draft.put(OUTBOXES, [log.platform, event.seq], {...box, submitter: event.submitter});
      return true;
    }
    case "committed":
      return draft.get(OUTBOXES, [log.platform, event.seq]) !== undefined;
    case "messageState": {
      const message = draft.get(MESSAGES, [event.process, event.nonce]);
      const state = MESSAGE_STATES[Number(event.state)]; // by the number in the contract; decided stands for unknown
      if (message === undefined || state === undefined || !isOn(place, event.process, log.platform)) return false;
      draft.put(MESSAGES, [event.process, event.nonce], {...message, state});
      return true;
    }
    case "registered": {
      const process = draft.get(PROCESSES, event.process);
      if (process === undefined || process.platform !== log.platform) return false;
      draft.put(PROCESSES, event.process, {...process, app: event.app});
      return true;
    }
    case "systemEventIgnored":
      return false;
    case "outbound":
      return applyOutbound(place, log.platform, event);
  }
}

function isOn({draft}: Place, process: Uuid, platform: Hex): boolean {
  return draft.get(PROCESSES, process)?.platform === platform;
}

function isOwnKey({draft}: Place, event: GroupEvent & {kind: "activated"}): boolean {
  const own = draft.get(KEY, null);
  if (own === undefined || event.sid !== own.sid || event.transcript !== own.transcript || event.epoch !== BigInt(own.epoch)) return false;
  return equalBytes(event.groupKey, g1ToEip2537(own.key));
}

type Outbound = GroupEvent & {kind: "outbound"};

/** An app pays somebody: becomes a payout, or is held with its reason. False where this send is known already. */
function applyOutbound(place: Place, platform: Hex, event: Outbound): boolean {
  const {draft, network, height} = place;
  const cause = {kind: "payout", process: event.process, nonce: event.nonce} as const;
  const traceId = traceOf(network, cause);
  if (draft.get(PAYOUTS, traceId) !== undefined) return false;
  const {process, asset, amount} = event;
  const receiver = readReceiver(place, event);
  const nobody: MaskRecord = {senders: [], threshold: 0};
  const {senders: receivers, threshold} = typeof receiver === "string" ? nobody : receiver;
  const payment: Payment = {asset, amount, receivers, threshold, memo: event.memo.slice(0, MEMO_MAX)};
  const balance = isOn(place, process, platform) ? draft.get(BALANCES, [process, asset]) : undefined;
  const unbacked = unbackedReason(place, event, platform, balance ?? 0n);
  if (unbacked !== null) {
    hold(draft, traceId, height, cause, payment, unbacked);
    return true;
  }
  draft.put(BALANCES, [process, asset], (balance ?? 0n) - amount);
  const reason = unpayableReason(place, event, receiver);
  if (reason !== null) {
    book(draft, asset, {balances: -amount, held: amount});
    hold(draft, traceId, height, cause, payment, reason);
    return true;
  }
  book(draft, asset, {balances: -amount, owed: amount});
  owe(draft, traceId, height, cause, payment);
  return true;
}

/** Why there is no money behind a send: then nothing moves. The contract refuses all of these. */
function unbackedReason(place: Place, event: Outbound, platform: Hex, balance: bigint): HeldReason | null {
  if (!isOn(place, event.process, platform)) return "UNKNOWN_PROCESS";
  if (event.amount === 0n) return "ZERO_AMOUNT";
  return event.amount > balance ? "INSUFFICIENT_BALANCE" : null;
}

/** Why money that left the app's balance cannot go on: it is held. */
function unpayableReason({draft}: Place, event: Outbound, receiver: MaskRecord | "BAD_RECEIVER" | "UNKNOWN_MASK"): HeldReason | null {
  if (typeof receiver === "string") return receiver;
  if (isGroup(draft, receiver.senders, receiver.threshold)) return "GROUP_RECEIVER";
  return event.memo.length > MEMO_MAX ? "MEMO_TOO_LONG" : null;
}

/** Receiver of a send: 0 a mask of this process, 1 a user id, 2 `u16 n ‖ n user ids ‖ u16 threshold`. Members come out sorted. */
function readReceiver({draft}: Place, event: Outbound): MaskRecord | "BAD_RECEIVER" | "UNKNOWN_MASK" {
  try {
    const r = new Reader(event.receiver);
    const ids = event.receiverKind === 2 ? r.list(MEMBERS_MAX, "receiver", (from) => from.uuid("receiver")) : [r.uuid("receiver")];
    const threshold = event.receiverKind === 2 ? r.u16("receiver.threshold") : 1;
    r.end("receiver");
    if (event.receiverKind > 2) return "BAD_RECEIVER";
    if (event.receiverKind === 0) return draft.get(MASKS, [event.process, ids[0] as Uuid]) ?? "UNKNOWN_MASK";
    const senders = ids.sort();
    const good = threshold >= 1 && threshold <= senders.length && senders.every((id, i) => id !== ZERO_UUID && id !== senders[i - 1]);
    return good ? {senders, threshold} : "BAD_RECEIVER";
  } catch (error) {
    if (error instanceof DecodeError) return "BAD_RECEIVER";
    throw error;
  }
}
