import {type Hex, utf8} from "../base/bytes.ts";
import type {Reader, Writer} from "../base/codec.ts";
import type {Uuid} from "../types/ids.ts";
import type {Table} from "./draft.ts";
import {HELD_REASONS, PAYOUT_STATES, type PayoutCause, type PayoutRecord, REFUND_REASONS} from "./records.ts";
import {BYTES_MAX, LIST_MAX, optional, readOptional, readUuid, uuidKey, writeUuid} from "./tables.ts";

const CAUSE_KINDS = ["payout", "refund", "merge", "reward"] as const;

function writeCause(w: Writer, cause: PayoutCause): Writer {
  w.tag(CAUSE_KINDS, cause.kind);
  switch (cause.kind) {
    case "payout":
      return w.uuid(cause.process).u64(cause.nonce);
    case "refund":
      return w.uuid(cause.outputId).tag(REFUND_REASONS, cause.reason);
    case "merge":
      return w.uuid(cause.asset).u64(cause.number);
    case "reward":
      return w.hex(cause.operator, 20).count(cause.height);
  }
}

function readCause(r: Reader): PayoutCause {
  const kind = r.tag(CAUSE_KINDS, "cause.kind");
  switch (kind) {
    case "payout":
      return {kind, process: r.uuid("cause.process"), nonce: r.u64("cause.nonce")};
    case "refund":
      return {kind, outputId: r.uuid("cause.outputId"), reason: r.tag(REFUND_REASONS, "cause.reason")};
    case "merge":
      return {kind, asset: r.uuid("cause.asset"), number: r.u64("cause.number")};
    case "reward":
      return {kind, operator: r.hex(20, "cause.operator"), height: r.count("cause.height")};
  }
}

/** Table 10: trace id → the group's transaction. */
export const PAYOUTS: Table<Uuid, PayoutRecord> = {
  id: 10,
  ...uuidKey,
  write: (w, p) => {
    writeCause(w, p.cause).uuid(p.asset).integer(p.amount).list(p.receivers, writeUuid).u16(p.threshold).sized(p.memo);
    optional(w.count(p.height).tag(PAYOUT_STATES, p.state), p.held, (to, reason) => to.tag(HELD_REASONS, reason));
    w.list(p.inputs, (to, i) => to.uuid(i.outputId).u64(i.sequence).hex(i.txHash, 32).u16(i.index).integer(i.amount));
    optional(w.u32(p.buildIndex), p.voidFrom, (to, from) => to.u32(from));
    optional(w.u16(p.changeParts).list(p.returned, writeUuid), p.txHash, (to, hash) => to.hex(hash, 32));
  },
  read: (r) => ({
    cause: readCause(r),
    asset: r.uuid("asset"),
    amount: r.integer("amount"),
    receivers: r.list(LIST_MAX, "receivers", readUuid),
    threshold: r.u16("threshold"),
    memo: r.sized(BYTES_MAX, "memo"),
    height: r.count("height"),
    state: r.tag(PAYOUT_STATES, "state"),
    held: readOptional(r, (from) => from.tag(HELD_REASONS, "held")),
    inputs: r.list(LIST_MAX, "inputs", (from) => ({
      outputId: from.uuid("outputId"),
      sequence: from.u64("sequence"),
      txHash: from.hex(32, "txHash"),
      index: from.u16("index"),
      amount: from.integer("amount"),
    })),
    buildIndex: r.u32("buildIndex"),
    voidFrom: readOptional(r, (from) => from.u32("voidFrom")),
    changeParts: r.u16("changeParts"),
    returned: r.list(LIST_MAX, "returned", readUuid),
    txHash: readOptional(r, (from) => from.hex(32, "txHash")),
  }),
};

/** Table 48: request id of a later build → the payout that it belongs to, and whether it gives the inputs back. */
export const BUILDS: Table<Uuid, {readonly traceId: Uuid; readonly voiding: boolean}> = {
  id: 48,
  ...uuidKey,
  write: (w, b) => w.uuid(b.traceId).flag(b.voiding),
  read: (r) => ({traceId: r.uuid("traceId"), voiding: r.flag("voiding")}),
};

/** Table 49: process → what is paid in for its fees, 1e-8 units of the fee asset. */
export const CREDITS: Table<Uuid, bigint> = {
  id: 49,
  ...uuidKey,
  write: (w, amount) => w.integer(amount),
  read: (r) => r.integer("credit"),
};

/** Table 50: process → the app that it moves to; when, says its place in the list. */
export const MOVES: Table<Uuid, Hex> = {
  id: 50,
  ...uuidKey,
  write: (w, app) => w.hex(app, 20),
  read: (r) => r.hex(20, "app"),
};

/** Table 51: asset → what it is called. */
export const ASSET_INFOS: Table<Uuid, {readonly symbol: string; readonly name: string}> = {
  id: 51,
  ...uuidKey,
  write: (w, info) => w.sized(utf8(info.symbol)).sized(utf8(info.name)),
  read: (r) => ({symbol: textOf(r, "symbol"), name: textOf(r, "name")}),
};

function textOf(r: Reader, field: string): string {
  return new TextDecoder().decode(r.sized(BYTES_MAX, field));
}
