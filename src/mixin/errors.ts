import {MvmError} from "../base/errors.ts";

export type MixinCode = "UNREACHABLE" | "SERVER" | "REFUSED" | "MALFORMED" | "STOPPED";

/**
 * What became of a call to the Mixin API. UNREACHABLE: no answer in time. SERVER: an HTTP status that is no answer. REFUSED:
 * the API's own error, with its number. MALFORMED: an answer that is not of the documented form; `field` says where. STOPPED:
 * the service is stopping.
 */
export class MixinError extends MvmError<
  MixinCode,
  {call?: string; field?: string; status?: number; apiCode?: number; description?: string; want?: number | string; got?: number | string}
> {}

export type PayoutCode = "BAD_ORDER" | "OTHER_TRANSACTION" | "REVOKED" | "NOT_A_MEMBER";

/**
 * Why the group's transaction cannot be signed. BAD_ORDER: the order contradicts itself. OTHER_TRANSACTION: the API holds another
 * transaction, or other receivers, under the trace id than this validator derives from the order. REVOKED: the request was
 * unlocked by a member and its trace id cannot be used again. NOT_A_MEMBER: an own user is not in the group.
 */
export class PayoutError extends MvmError<PayoutCode, {traceId: string; field?: string; want?: number | string; got?: number | string}> {}
