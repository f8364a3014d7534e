import {Reader, Writer} from "../base/codec.ts";
import {DecodeError} from "../base/errors.ts";
import type {Uuid} from "./ids.ts";

/**
 * One message to a contract. Layout of the original MVM, big-endian:
 * `process 16 ‖ nonce u64 ‖ asset 16 ‖ amount (u16 length, minimal) ‖ extra (u16 length) ‖ timestamp u64 ‖ members (u16 count, 16 each) ‖
 * threshold u16 ‖ signature (u16 length)`. On chain the signature is empty: the certificate of the block stands for it.
 */
export interface MvmEvent {
  readonly process: Uuid;
  /** Per process, from 0, without gaps. */
  readonly nonce: bigint;
  readonly asset: Uuid;
  /** 1e-8 units. */
  readonly amount: bigint;
  readonly extra: Uint8Array;
  /** When the payment was made, nanoseconds since 1970. */
  readonly timestamp: bigint;
  /** Whom the app may answer: one masked sender; a bounce has none. */
  readonly members: readonly Uuid[];
  readonly threshold: number;
  readonly signature: Uint8Array;
}

export const EVENT_EXTRA_MAX = 4_096;
const MEMBERS_MAX = 64;
const SIGNATURE_MAX = 256;

/** Throws EncodeError where a field does not fit, DecodeError where the value is not one that decodeEvent accepts. */
export function encodeEvent(event: MvmEvent): Uint8Array {
  const encoded = new Writer()
    .uuid(event.process, "event.process")
    .u64(event.nonce, "event.nonce")
    .uuid(event.asset, "event.asset")
    .integer(event.amount, "event.amount")
    .sized(event.extra, "event.extra")
    .u64(event.timestamp, "event.timestamp")
    .list(event.members, (w, member) => w.uuid(member, "event.members"), "event.members")
    .u16(event.threshold, "event.threshold")
    .sized(event.signature, "event.signature")
    .bytes();
  const {extra, members, threshold, signature} = event;
  const fits = extra.length <= EVENT_EXTRA_MAX && members.length <= MEMBERS_MAX && signature.length <= SIGNATURE_MAX;
  if (!fits || threshold > members.length) decodeEvent(encoded); // says what does not fit
  return encoded;
}

/** Accepts exactly what encodeEvent makes. Throws DecodeError. */
export function decodeEvent(bytes: Uint8Array): MvmEvent {
  const r = new Reader(bytes);
  const process = r.uuid("event.process");
  const nonce = r.u64("event.nonce");
  const asset = r.uuid("event.asset");
  const amount = r.integer("event.amount");
  const extra = r.sized(EVENT_EXTRA_MAX, "event.extra");
  const timestamp = r.u64("event.timestamp");
  const members = r.list(MEMBERS_MAX, "event.members", () => r.uuid("event.members"));
  const offset = r.offset;
  const threshold = r.u16("event.threshold");
  if (threshold > members.length)
    throw new DecodeError("TOO_LARGE", {field: "event.threshold", offset, want: members.length, got: threshold});
  const signature = r.sized(SIGNATURE_MAX, "event.signature");
  r.end("event");
  return {process, nonce, asset, amount, extra, timestamp, members, threshold, signature};
}
