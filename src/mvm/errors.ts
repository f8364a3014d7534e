import {MvmError} from "../base/errors.ts";

export type LedgerCode =
  // header
  | "WRONG_HEIGHT"
  | "WRONG_EPOCH"
  | "WRONG_PARENT"
  | "WRONG_NETWORK"
  | "WRONG_TIME"
  | "WRONG_PAYLOAD_ROOT"
  | "WRONG_STATE_ROOT"
  | "WRONG_OUTBOXES"
  // the list of facts
  | "NOTHING_TO_DECIDE"
  | "TOO_MANY_FACTS"
  | "TOO_LARGE"
  | "NOT_CANONICAL"
  /** Not before the block after the one that completes the DKG. */
  | "TOO_EARLY"
  // tick, DKG
  | "IDLE_TICK"
  | "UNKNOWN_VALIDATOR"
  | "BAD_SIGNATURE"
  | "DKG_REFUSED"
  // evidence
  | "EVIDENCE_AHEAD"
  | "EVIDENCE_EXPIRED"
  | "DUPLICATE_EVIDENCE"
  /** Of this block, or against this validator. */
  | "EVIDENCE_FULL"
  // chains
  | "UNKNOWN_PLATFORM"
  | "STALE_HEAD"
  | "EMPTY_HEAD"
  | "NO_HEAD"
  | "LOG_OUT_OF_RANGE"
  | "WRONG_LOG_COUNT"
  // Mixin
  | "DUPLICATE_OUTPUT"
  | "AMOUNT_TOO_LARGE"
  | "NOT_WANTED"
  | "MASKS_FULL"
  | "UNKNOWN_TRACE"
  | "PAYOUT_NOT_OPEN"
  /** Not the build at hand, or of a kind that was never made. */
  | "WRONG_BUILD"
  | "CANNOT_VOID"
  | "UNKNOWN_ASSET"
  | "DUPLICATE_ASSET_INFO"
  | "BAD_ASSET_INFO";

/** Why a block is invalid, or a fact may not stand where it was put; `fact` is its place in the list. */
export class LedgerError extends MvmError<
  LedgerCode,
  {height?: number; fact?: number; want?: number | string; got?: number | string; reason?: string}
> {}
