import type {Hex} from "../base/bytes.ts";
import type {Reader, Writer} from "../base/codec.ts";
import type {Uuid} from "../types/ids.ts";

/**
 * Why a payment was given back; also in the memo of the refund. REGISTERED, MOVING, MOVE_CANCELLED, TRANSFERRED, CLOSED and
 * SEAT_PROVEN are good ends: what was asked for is done.
 */
export const REFUND_REASONS = [
  "REGISTERED",
  "BAD_MEMO",
  "MASK_MISSING",
  "UNKNOWN_PURPOSE",
  "UNKNOWN_PROCESS",
  "UNKNOWN_PLATFORM",
  "NOT_OWNER",
  "BAD_ADDRESS",
  "BAD_REGISTRATION",
  "ALREADY_REGISTERED",
  "FEE_TOO_LOW",
  "NO_CREDIT",
  "NOT_FEE_ASSET",
  "BAD_CHANGE",
  "MOVING",
  "MOVE_CANCELLED",
  "TRANSFERRED",
  "CLOSED",
  "SEAT_PROVEN",
] as const;
export type RefundReason = (typeof REFUND_REASONS)[number];

/**
 * Why something stays where it is, listed. Outputs: nobody to pay back, nothing to pay back, or money from the group itself
 * that is not the change it expects. Sends of apps: not payable as they are. Refunds: RECEIVER_REFUSED, where Mixin pays none of
 * the senders.
 */
export const HELD_REASONS = [
  "NO_SENDER",
  "BELOW_MINIMUM",
  "ZERO_AMOUNT",
  "UNEXPECTED_CHANGE",
  "UNKNOWN_PROCESS",
  "INSUFFICIENT_BALANCE",
  "BAD_RECEIVER",
  "UNKNOWN_MASK",
  "GROUP_RECEIVER",
  "MEMO_TOO_LONG",
  "RECEIVER_REFUSED",
] as const;
export type HeldReason = (typeof HELD_REASONS)[number];

/** The one thing that became of a decided output. waiting: a message whose sender gets a mask first; only this one changes. */
export type Fate =
  | {readonly kind: "message"; readonly process: Uuid; readonly nonce: bigint}
  | {readonly kind: "registered"; readonly process: Uuid; readonly traceId: Uuid}
  | {readonly kind: "refund"; readonly reason: RefundReason; readonly traceId: Uuid}
  | {readonly kind: "held"; readonly reason: HeldReason}
  | {readonly kind: "change"; readonly traceId: Uuid}
  | {readonly kind: "credited"; readonly process: Uuid}
  | {readonly kind: "waiting"; readonly process: Uuid};
export const FATE_KINDS = ["message", "registered", "refund", "held", "change", "credited", "waiting"] as const;

export interface OutputRecord {
  readonly height: number;
  readonly fate: Fate;
  /** The fact, as it stands in the block of `height`. */
  readonly fact: Uint8Array;
}

export interface ProcessRecord {
  readonly platform: Hex;
  readonly address: Hex;
  /** 0 STRICT, 1 PARK. */
  readonly policy: number;
  readonly gasLimit: number;
  readonly nextNonce: bigint;
  readonly height: number;
  /** The output that paid for the registration. */
  readonly outputId: Uuid;
  /** Who may change it: the user whose id it has, until it is handed on. */
  readonly owner: Uuid;
  /** Closed by its owner: takes no messages until it is registered again. */
  readonly closed: boolean;
  /** What the contract made of it; zero address where the app belongs to another process; null: not there yet. */
  readonly app: Hex | null;
}

/** decided: on its way; the others as the contract's logs say. */
export const MESSAGE_STATES = ["decided", "queued", "delivered", "parked", "returned", "credited"] as const;
export type MessageState = (typeof MESSAGE_STATES)[number];

export interface MessageRecord {
  /** The payment; of a bounce, the trace id of the payout that could not be paid. */
  readonly outputId: Uuid;
  /** An app's own money that comes back to it: a message that no payment made. */
  readonly isBounce: boolean;
  /** Outbox of the process's platform, and the place of the event in it. */
  readonly seq: bigint;
  readonly place: number;
  readonly state: MessageState;
}

export interface OutboxRecord {
  readonly height: number;
  /** System events as they are sent, and the messages by (process, nonce): what it commits to. */
  readonly system: readonly Uint8Array[];
  readonly messages: readonly (readonly [Uuid, bigint])[];
  /** Who had it delivered, per the first Delivered log. */
  readonly submitter: Hex | null;
}

/** A pair of senders and process, and its mask once the group has signed it. */
export interface PairRecord extends MaskRecord {
  readonly process: Uuid;
  readonly mask: Uuid | null;
}

export interface MaskRecord {
  readonly senders: readonly Uuid[];
  readonly threshold: number;
}

/** How far a platform's logs are taken, and what they told of the contract as such. */
export interface PlatformRecord {
  readonly number: number;
  /** Logs taken of block `number`, and the index of the last of them. */
  readonly logs: number;
  readonly lastIndex: number;
  /** Of the next outbox. */
  readonly nextSeq: bigint;
  /** Chain block in which the contract took a key, and whether it is ours. */
  readonly activation: {readonly block: number; readonly own: boolean} | null;
  /** Logs that said nothing to us, and the last of them. */
  readonly ignored: number;
  readonly lastIgnored: {readonly block: number; readonly index: number} | null;
}

/**
 * The books of one asset, 1e-8 units. Always: received = custody + paid + refunded + rewarded; custody = free +
 * reserved + transit (where it is) = balances + owed + held + credits + fees + waiting (whose it is).
 */
export interface AssetRecord {
  /** Decided outputs that are not change. */
  readonly received: bigint;
  readonly custody: bigint;
  readonly paid: bigint;
  readonly refunded: bigint;
  /** Fees that were paid out to validators. */
  readonly rewarded: bigint;
  /** Outputs that can be spent, inputs of open payouts, and change that is still to arrive. */
  readonly free: bigint;
  readonly reserved: bigint;
  readonly transit: bigint;
  /** What processes have, what payouts and refunds that are not confirmed will pay, and what is held. */
  readonly balances: bigint;
  readonly owed: bigint;
  readonly held: bigint;
  /** What processes have paid in for fees to come, and fees that are the validators'. */
  readonly credits: bigint;
  readonly fees: bigint;
  /** Messages whose senders have no mask yet. */
  readonly waiting: bigint;
  /** Bit c is set where free outputs of size class c exist. */
  readonly classes: bigint;
  /** Merges made so far, and the open one. */
  readonly merges: bigint;
  readonly merge: Uuid | null;
}

export interface PayoutInput {
  readonly outputId: Uuid;
  readonly sequence: bigint;
  readonly txHash: Hex;
  readonly index: number;
  readonly amount: bigint;
}

/** Why the group pays: an app's send, a payment given back, many small outputs made one, or a validator's share of the fees. */
export type PayoutCause =
  | {readonly kind: "payout"; readonly process: Uuid; readonly nonce: bigint}
  | {readonly kind: "refund"; readonly outputId: Uuid; readonly reason: RefundReason}
  | {readonly kind: "merge"; readonly asset: Uuid; readonly number: bigint}
  | {readonly kind: "reward"; readonly operator: Hex; readonly height: number};

/** waiting: for inputs; open: inputs reserved, to be signed; paid: confirmed; held: not payable; voided: given up, the inputs are back. */
export const PAYOUT_STATES = ["waiting", "open", "paid", "held", "voided"] as const;

export interface PayoutRecord {
  readonly cause: PayoutCause;
  readonly asset: Uuid;
  readonly amount: bigint;
  readonly receivers: readonly Uuid[];
  readonly threshold: number;
  readonly memo: Uint8Array;
  readonly height: number;
  readonly state: (typeof PAYOUT_STATES)[number];
  readonly held: HeldReason | null;
  /** By sequence ascending; their sum less `amount` comes back. */
  readonly inputs: readonly PayoutInput[];
  /** The build that is signed: all spend the same inputs, so that at most one is ever confirmed. */
  readonly buildIndex: number;
  /** Builds from this one on give the inputs back to the group; null: all pay. */
  readonly voidFrom: number | null;
  /** In how many outputs the change comes back. */
  readonly changeParts: number;
  /** The outputs that brought the change, or the inputs back, as far as they are decided. */
  readonly returned: readonly Uuid[];
  readonly txHash: Hex | null;
}

/** One place in an ordered list; ids are UUIDs. */
export interface LinkRecord {
  readonly prev: Uuid | null;
  readonly next: Uuid | null;
  /** The list ascends by it. */
  readonly rank: bigint;
  readonly weight: bigint;
}
export interface ListRecord {
  readonly head: Uuid;
  readonly tail: Uuid;
  readonly count: number;
}

export interface MetaRecord {
  readonly height: number;
  readonly outputs: number;
  /** Highest sequence of a decided output; 0 before the first. */
  readonly watermark: bigint;
}

/** What the DKG made, once the ACK quorum is there. */
export interface KeyRecord {
  readonly epoch: number;
  readonly sid: Hex;
  readonly transcript: Hex;
  /** 48 bytes. */
  readonly key: Uint8Array;
  /** 96 bytes: the group's signature over the ACK digest. */
  readonly pop: Uint8Array;
  /** 48 bytes per seat. */
  readonly publicShares: readonly Uint8Array[];
  /** K: height of the block that completed the ACK quorum. */
  readonly keyHeight: number;
}

export interface EvidenceRecord {
  /** Of the block that took it. */
  readonly height: number;
  /** The fact, as it stands in that block. */
  readonly fact: Uint8Array;
}

/** How often validators have contradicted themselves, in the order of their first time. */
export interface FaultsRecord {
  /** Pieces of evidence in all. */
  readonly count: number;
  readonly equivocators: readonly {readonly epoch: number; readonly from: number; readonly count: number}[];
}

export function writeFate(w: Writer, fate: Fate): Writer {
  w.tag(FATE_KINDS, fate.kind);
  switch (fate.kind) {
    case "message":
      return w.uuid(fate.process).u64(fate.nonce);
    case "registered":
      return w.uuid(fate.process).uuid(fate.traceId);
    case "refund":
      return w.tag(REFUND_REASONS, fate.reason).uuid(fate.traceId);
    case "held":
      return w.tag(HELD_REASONS, fate.reason);
    case "change":
      return w.uuid(fate.traceId);
    case "credited":
    case "waiting":
      return w.uuid(fate.process);
  }
}

export function readFate(r: Reader): Fate {
  const kind = r.tag(FATE_KINDS, "fate.kind");
  switch (kind) {
    case "message":
      return {kind, process: r.uuid("fate.process"), nonce: r.u64("fate.nonce")};
    case "registered":
      return {kind, process: r.uuid("fate.process"), traceId: r.uuid("fate.traceId")};
    case "refund":
      return {kind, reason: r.tag(REFUND_REASONS, "fate.reason"), traceId: r.uuid("fate.traceId")};
    case "held":
      return {kind, reason: r.tag(HELD_REASONS, "fate.reason")};
    case "change":
      return {kind, traceId: r.uuid("fate.traceId")};
    case "credited":
    case "waiting":
      return {kind, process: r.uuid("fate.process")};
  }
}
