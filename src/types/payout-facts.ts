import type {Hex} from "../base/bytes.ts";
import type {Reader, Writer} from "../base/codec.ts";
import type {Uuid} from "./ids.ts";

/** The Mixin ledger has confirmed the group's transaction that pays `traceId`, under whichever build. */
export interface PayoutReceipt {
  readonly kind: "payoutReceipt";
  /** The payout's own, which is that of its first build. */
  readonly traceId: Uuid;
  readonly txHash: Hex;
}
/** The Mixin ledger has confirmed a voiding build: the inputs of `traceId` are the group's again, and it pays nobody. */
export interface PayoutVoided {
  readonly kind: "payoutVoided";
  readonly traceId: Uuid;
  readonly txHash: Hex;
}
/**
 * Why a build leads nowhere. unusable: its request is revoked, or its id holds another transaction; the next build takes other
 * keys. impossible: the Mixin API knows no way to pay these receivers; the builds from here on give the inputs back.
 */
export const REFUSALS = ["unusable", "impossible"] as const;
/** The Mixin API refuses build `buildIndex` of `traceId`: the next one takes its place. */
export interface PayoutRefused {
  readonly kind: "payoutRefused";
  readonly traceId: Uuid;
  readonly buildIndex: number;
  readonly reason: (typeof REFUSALS)[number];
}
/** What the Mixin ledger made of a transaction of the group. */
export type PayoutFact = PayoutReceipt | PayoutVoided | PayoutRefused;

const KINDS = ["payoutReceipt", "payoutVoided", "payoutRefused"] as const;

export function isPayoutFact(fact: {readonly kind: string}): fact is PayoutFact {
  return (KINDS as readonly string[]).includes(fact.kind);
}

/** All fields, the kind first. */
export function writePayoutFact(w: Writer, fact: PayoutFact): Writer {
  w.tag(KINDS, fact.kind).uuid(fact.traceId);
  if (fact.kind !== "payoutRefused") return w.hex(fact.txHash, 32);
  return w.u32(fact.buildIndex).tag(REFUSALS, fact.reason);
}

/** Throws DecodeError. */
export function readPayoutFact(r: Reader): PayoutFact {
  const kind = r.tag(KINDS, "payout.kind");
  const traceId = r.uuid("payout.traceId");
  if (kind !== "payoutRefused") return {kind, traceId, txHash: r.hex(32, "payout.txHash")};
  return {kind, traceId, buildIndex: r.u32("payout.buildIndex"), reason: r.tag(REFUSALS, "payout.reason")};
}
