import type {Hex} from "../base/bytes.ts";
import {type MixinOutput, OUTPUT_EXTRA_MAX} from "../types/facts.ts";
import {type Uuid, ZERO_UUID} from "../types/ids.ts";
import {MixinError} from "./errors.ts";
import {amount, bytes, hash, list, nanoseconds, record, text, uuid, whole} from "./fields.ts";

/** Members that a Mixin group may have. */
export const MEMBERS_MAX = 64;
const REFERENCES_MAX = 16;
const INPUTS_MAX = 256;
/** What a storage transaction's extra may have. */
const STORAGE_BYTES_MAX = 4_194_304;
const RAW_BYTES_MAX = 1_000_000;

/** A multisig: who holds it together, as the API names it. */
export interface Group {
  /** Sorted. */
  readonly members: readonly Uuid[];
  readonly threshold: number;
  /** The Mixin hash of the sorted members. */
  readonly hash: Hex;
}

/**
 * One output of `group`, from the API's form. `senders` come out sorted. An extra above 256 bytes, which only a storage
 * transaction can have, comes out empty: no memo is that long, so the payment is paid back like every other one without a memo.
 * @throws MixinError MALFORMED, also for an output of another group and for amount 0
 */
export function parseOutput(value: unknown, group: Group): MixinOutput {
  const o = record(value, "output");
  const receiversHash = hash(o["receivers_hash"], "output.receivers_hash");
  if (receiversHash !== group.hash)
    throw new MixinError("MALFORMED", {field: "output.receivers_hash", want: group.hash, got: receiversHash});
  const threshold = whole(o["receivers_threshold"], "output.receivers_threshold", MEMBERS_MAX);
  if (threshold !== group.threshold)
    throw new MixinError("MALFORMED", {field: "output.receivers_threshold", want: group.threshold, got: threshold});
  const units = amount(o["amount"], "output.amount");
  if (units === 0n) throw new MixinError("MALFORMED", {field: "output.amount", want: "above 0", got: "0"});
  const extra = bytes(o["extra"] ?? "", "output.extra", 0, STORAGE_BYTES_MAX);
  const requestId = o["request_id"] ?? "";
  return {
    kind: "mixinOutput",
    outputId: uuid(o["output_id"], "output.output_id"),
    sequence: sequenceOf(o),
    txHash: hash(o["transaction_hash"], "output.transaction_hash"),
    index: whole(o["output_index"], "output.output_index", 0xffff),
    requestId: requestId === "" ? ZERO_UUID : uuid(requestId, "output.request_id"), // a deposit has none
    asset: uuid(o["asset_id"], "output.asset_id"),
    amount: units,
    receiversHash,
    senders: list(o["senders"] ?? [], "output.senders", MEMBERS_MAX)
      .map((sender) => uuid(sender, "output.senders"))
      .sort(),
    sendersThreshold: whole(o["senders_threshold"] ?? 0, "output.senders_threshold", MEMBERS_MAX),
    extra: extra.length > OUTPUT_EXTRA_MAX ? new Uint8Array(0) : extra,
    references: list(o["references"] ?? [], "output.references", REFERENCES_MAX).map((h) => hash(h, "output.references")),
    createdAt: nanoseconds(o["created_at"], "output.created_at"),
  };
}

/** The place of an output, also of one that is otherwise malformed. Throws MixinError MALFORMED. */
export function sequenceOf(value: unknown): bigint {
  return BigInt(whole(record(value, "output")["sequence"], "output.sequence", Number.MAX_SAFE_INTEGER));
}

/** One-time keys of one output, hex without 0x. */
export interface GhostKeys {
  readonly mask: string;
  readonly keys: readonly string[];
}

/** The keys of outputs with `counts` receivers, in order. Throws MixinError MALFORMED. */
export function parseGhostKeys(value: unknown, counts: readonly number[]): GhostKeys[] {
  const all = list(value, "keys", counts.length);
  return counts.map((count, i) => {
    const item = record(all[i], "keys");
    const keys = list(item["keys"], "keys.keys", MEMBERS_MAX).map((key) => hash(key, "keys.keys").slice(2));
    if (keys.length !== count) throw new MixinError("MALFORMED", {field: "keys.keys", want: count, got: keys.length});
    return {mask: hash(item["mask"], "keys.mask").slice(2), keys};
  });
}

/** A multisig request as the API holds it. */
export interface MultisigRequest {
  readonly requestId: Uuid;
  readonly txHash: Hex;
  readonly asset: Uuid;
  /** 1e-8 units. */
  readonly amount: bigint;
  /** Lower-case hex without 0x. */
  readonly raw: string;
  readonly receivers: readonly {readonly members: readonly Uuid[]; readonly threshold: number}[];
  readonly sendersHash: Hex;
  readonly sendersThreshold: number;
  readonly signers: readonly Uuid[];
  /** One scalar per input for the caller, 64 hex digits; none once the caller's signature is not needed. */
  readonly views: readonly string[];
  readonly revoked: boolean;
}

/** Throws MixinError MALFORMED. */
export function parseMultisig(value: unknown): MultisigRequest {
  const m = record(value, "multisig");
  return {
    requestId: uuid(m["request_id"], "multisig.request_id"),
    txHash: hash(m["transaction_hash"], "multisig.transaction_hash"),
    asset: uuid(m["asset_id"], "multisig.asset_id"),
    amount: amount(m["amount"], "multisig.amount"),
    raw: hexText(m["raw_transaction"], "multisig.raw_transaction"),
    receivers: list(m["receivers"], "multisig.receivers", INPUTS_MAX).map((item) => {
      const receiver = record(item, "multisig.receivers");
      return {
        members: ids(receiver["members"], "multisig.receivers.members"),
        threshold: whole(receiver["threshold"], "multisig.receivers.threshold", MEMBERS_MAX),
      };
    }),
    sendersHash: hash(m["senders_hash"], "multisig.senders_hash"),
    sendersThreshold: whole(m["senders_threshold"], "multisig.senders_threshold", MEMBERS_MAX),
    signers: ids(m["signers"] ?? [], "multisig.signers"),
    views: list(m["views"] ?? [], "multisig.views", INPUTS_MAX).map((view) => hash(view, "multisig.views").slice(2)),
    revoked: text(m["revoked_by"] ?? "", "multisig.revoked_by") !== "",
  };
}

/** How far the transaction of a request id is, and whose it is. */
export interface TransactionState {
  readonly requestId: Uuid;
  readonly txHash: Hex;
  readonly sendersHash: Hex;
  readonly sendersThreshold: number;
  readonly spent: boolean;
}

/** Throws MixinError MALFORMED. */
export function parseTransaction(value: unknown): TransactionState {
  const t = record(value, "transaction");
  return {
    requestId: uuid(t["request_id"], "transaction.request_id"),
    txHash: hash(t["transaction_hash"], "transaction.transaction_hash"),
    sendersHash: hash(t["senders_hash"], "transaction.senders_hash"),
    sendersThreshold: whole(t["senders_threshold"], "transaction.senders_threshold", MEMBERS_MAX),
    spent: text(t["state"], "transaction.state") === "spent",
  };
}

/** Throws MixinError MALFORMED. */
export function parseUsers(value: unknown, countMax: number): {userId: Uuid; hasSafe: boolean}[] {
  return list(value, "users", countMax).map((item) => {
    const user = record(item, "users");
    return {userId: uuid(user["user_id"], "users.user_id"), hasSafe: user["has_safe"] === true};
  });
}

function ids(value: unknown, field: string): Uuid[] {
  return list(value, field, MEMBERS_MAX)
    .map((id) => uuid(id, field))
    .sort();
}
function hexText(value: unknown, field: string): string {
  bytes(value, field, 1, RAW_BYTES_MAX);
  return (value as string).toLowerCase();
}
