import {concatBytes, utf8} from "../base/bytes.ts";
import {Writer} from "../base/codec.ts";
import type {MvmEvent} from "../types/event.ts";
import type {Uuid} from "../types/ids.ts";
import type {Place} from "./intake.ts";
import type {PayoutCause, PayoutRecord, ProcessRecord} from "./records.ts";
import {PROCESSES} from "./tables.ts";

/** First bytes of the extra of a bounce. */
const BOUNCE = utf8("BOUNCE");

/** An app's money that could not be paid comes back to it as a message: the next one of its process. */
export function sendBounce(
  {draft, packer}: Place,
  traceId: Uuid,
  payout: PayoutRecord,
  cause: Extract<PayoutCause, {kind: "payout"}>,
): void {
  const process = draft.get(PROCESSES, cause.process) as ProcessRecord;
  draft.put(PROCESSES, cause.process, {...process, nextNonce: process.nextNonce + 1n});
  const event = bounceEvent(payout, cause, process.nextNonce);
  packer.message(process.platform, event, {outputId: traceId, isBounce: true}, process.gasLimit);
}

/** Nobody sent it, and nobody paid for it: no members, time 0. Its extra names the send that came back (protocol, "Payouts"). */
export function bounceEvent(payout: PayoutRecord, cause: Extract<PayoutCause, {kind: "payout"}>, nonce: bigint): MvmEvent {
  const extra = concatBytes(BOUNCE, new Writer().u64(cause.nonce).bytes());
  const {asset, amount} = payout;
  const nobody = {timestamp: 0n, members: [], threshold: 0, signature: new Uint8Array(0)};
  return {process: cause.process, nonce, asset, amount, extra, ...nobody};
}
