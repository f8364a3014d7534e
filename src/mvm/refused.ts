import type {RefundReason} from "./records.ts";

/** A payment that is not what it should be: it goes back. */
export class Refused extends Error {
  readonly reason: RefundReason;
  constructor(reason: RefundReason) {
    super(reason);
    this.reason = reason;
  }
}
