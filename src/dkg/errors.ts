import {MvmError} from "../base/errors.ts";

/**
 * Why a message is not admitted:
 * MALFORMED     not an encoding; the cause is a DecodeError
 * WRONG_SESSION of another session
 * WRONG_EPOCH   a dealing key for another epoch than the next
 * NOT_OPEN      its kind is not taken in this phase
 * NOT_SENDER    it names another validator, or a seat of another, than the one that signed it; a fresh dealing has old seat 0
 * EXCLUDED      its sender has been found misbehaving and may not do this any more
 * DUPLICATE     the sender has said this already
 * WRONG_SIZE    commitments or ciphertexts are not one per threshold and seat
 * OTHER_SECRET  in a resharing: C_0 is not the public share of the old seat, so it deals something else than its share
 * REUSED_POINT  R is another dealing's, or a dealing key is somebody's already
 * BAD_POINT     not the canonical encoding of a point of the subgroup other than infinity
 * BAD_SCALAR    not below the group order
 * BAD_PROOF     a proof or signature does not verify
 * NO_DEALING    the accused has no dealing in the session
 * WRONG_TRANSCRIPT  it acknowledges another key
 */
export type DkgCode =
  | "MALFORMED"
  | "WRONG_SESSION"
  | "WRONG_EPOCH"
  | "NOT_OPEN"
  | "NOT_SENDER"
  | "EXCLUDED"
  | "DUPLICATE"
  | "WRONG_SIZE"
  | "OTHER_SECRET"
  | "REUSED_POINT"
  | "BAD_POINT"
  | "BAD_SCALAR"
  | "BAD_PROOF"
  | "NO_DEALING"
  | "WRONG_TRANSCRIPT";

/** The admission rules refuse a message. */
export class DkgError extends MvmError<DkgCode, {from: number; field?: string; want?: number | string; got?: number | string}> {}
