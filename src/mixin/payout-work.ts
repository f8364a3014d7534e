import type {PayoutBuild, PayoutOrder} from "../ports/mixin.ts";
import type {Clock, Logger} from "../ports/system.ts";
import type {Uuid} from "../types/ids.ts";
import {PayoutError} from "./errors.ts";
import {currentBuild, type DerivedPayout, derivePayout, fetchSpent, isRefusal, type Signatory, signPayout} from "./payout-api.ts";
import type {PayoutBook, Refusal} from "./payout-book.ts";
import {fetchLockers, fetchRival, unlock} from "./payout-locks.ts";
import type {Group} from "./replies.ts";

/** What is under way for the build of one order. */
export interface PayoutJob {
  readonly order: PayoutOrder;
  /** null until the ghost keys are there. */
  payout: DerivedPayout | null;
  /** Own users whose signature the API has. */
  readonly signed: Set<Uuid>;
  /** Why this build leads nowhere: to be decided, then the next one comes. */
  refusal: Refusal | null;
  /** Since when another transaction stands in its way, ms; null: none does. */
  rivalSinceMs: number | null;
  /** Since when the API calls the payout impossible, ms. */
  impossibleSinceMs: number | null;
}

/** Numbers of the API: an input is locked or spent, or the request revoked; the id holds another transaction. */
const LOCKED = 10105;
const OTHER_DATA = 20125;
/** A receiver that is no user, or that cannot receive: bad field, no Safe. */
const IMPOSSIBLE = [10002, 10404] as const;
/** After so many looks that found it unspent, the request itself is looked at again: it may have been unlocked since. */
const LOOKS_PER_REVIEW = 8;

interface WorkPorts {
  readonly group: Group;
  readonly signatories: readonly Signatory[];
  readonly book: PayoutBook;
  readonly clock: Clock;
  readonly log: Logger;
  readonly patienceMs: number;
  readonly voidAfterMs: number;
  /** An own signature was given. */
  readonly signed: () => void;
  /** Something can be proposed that could not before. */
  readonly news: () => void;
}

/** What one look at one order does with the API. Throws MixinError and PayoutError of whatever has to be tried again. */
export class PayoutWork {
  readonly #p: WorkPorts;
  readonly #first: Signatory;

  constructor(ports: WorkPorts) {
    this.#p = ports;
    this.#first = ports.signatories[0] as Signatory;
  }

  /** Is it spent, and if not, is there anything that the own seats have not done yet? */
  async attend(job: PayoutJob, looks: number): Promise<void> {
    const {order} = job;
    const review = looks % LOOKS_PER_REVIEW === 0;
    if (await this.lookUp(order.traceId, review ? order.builds : order.builds.slice(-1), job)) return;
    if (job.refusal === "unusable") return;
    if (review) job.signed.clear();
    job.payout ??= await this.#derive(job);
    try {
      await this.#sign(job, job.payout);
      job.rivalSinceMs = null;
    } catch (error) {
      await this.#meet(job, error);
    }
  }

  /** Whether one of the builds is confirmed. */
  async lookUp(traceId: Uuid, builds: readonly PayoutBuild[], job: PayoutJob | undefined): Promise<boolean> {
    const {book, group, log} = this.#p;
    if (book.spent(traceId) !== null) return true;
    for (const {requestId, voiding} of [...builds].reverse()) {
      const txHash = await fetchSpent(this.#first.client, requestId, group);
      if (txHash === null) continue;
      if (book.spent(traceId) !== null) return true;
      book.noteSpent(traceId, {txHash, voiding});
      const payout = job?.payout;
      const own = payout?.build.requestId === requestId ? payout.transaction.txHash : txHash;
      if (own !== txHash) log.error("payout confirmed with another transaction than derived here", {traceId, txHash, own});
      else if (job !== undefined) log.info(voiding ? "payout given up, its inputs are back" : "payout confirmed", {traceId, txHash});
      if (job !== undefined) this.#p.news();
      return true;
    }
    return false;
  }

  async #derive(job: PayoutJob): Promise<DerivedPayout> {
    const {group, clock, voidAfterMs} = this.#p;
    try {
      const payout = await derivePayout(this.#first.client, job.order, group);
      job.impossibleSinceMs = null;
      return payout;
    } catch (error) {
      if (isRefusal(error, ...IMPOSSIBLE) && !currentBuild(job.order).voiding) {
        job.impossibleSinceMs ??= clock.now();
        this.#p.book.noteRefusal(job.order, "impossible");
        if (clock.now() - job.impossibleSinceMs >= voidAfterMs) this.#refuse(job, "impossible");
      }
      throw error;
    }
  }

  async #sign(job: PayoutJob, payout: DerivedPayout): Promise<void> {
    const {group, signatories, signed, log} = this.#p;
    for (const signatory of signatories) {
      if (job.signed.has(signatory.user.app_id)) continue;
      const {complete, gave} = await signPayout(signatory, payout, job.order, group);
      job.signed.add(signatory.user.app_id);
      if (gave) signed();
      if (gave) log.debug("payout signed", {traceId: job.order.traceId, member: signatory.index, complete});
      if (!complete) continue;
      await this.lookUp(job.order.traceId, [payout.build], job);
      return;
    }
  }

  /** What stands in the way of the own signature: a build that is used up, or a rival that can be taken back. */
  async #meet(job: PayoutJob, error: unknown): Promise<void> {
    const {requestId} = currentBuild(job.order);
    if (error instanceof PayoutError && error.code === "REVOKED") {
      this.#refuse(job, "unusable");
      return;
    }
    const isOther = isRefusal(error, OTHER_DATA) || (error instanceof PayoutError && error.code === "OTHER_TRANSACTION");
    if (isOther) await this.#meetOther(job, requestId);
    if (isRefusal(error, LOCKED)) await this.#meetLock(job);
    throw error;
  }

  /** Another transaction under the own request id. A member's is taken back, unless it was only made a moment ago by keys that differ. */
  async #meetOther(job: PayoutJob, requestId: Uuid): Promise<void> {
    const {client} = this.#first;
    const rival = await fetchRival(client, requestId, this.#p.group);
    if (rival === null || rival.revoked) {
      this.#refuse(job, "unusable");
      return;
    }
    if (rival.txHash === job.payout?.transaction.txHash || !this.#isPatienceOver(job)) return;
    await this.#takeBack(rival.requestId, job);
    this.#refuse(job, "unusable");
  }

  /** Transactions that the group has not decided hold inputs: whoever signed one is no honest member. */
  async #meetLock(job: PayoutJob): Promise<void> {
    const {client} = this.#first;
    const own = job.payout?.transaction.txHash.slice(2);
    for (const hash of await fetchLockers(client, job.order)) {
      if (hash === own) continue;
      const rival = await fetchRival(client, hash, this.#p.group);
      if (rival !== null && !rival.revoked && this.#isPatienceOver(job)) await this.#takeBack(rival.requestId, job);
    }
  }

  async #takeBack(requestId: Uuid, {order}: PayoutJob): Promise<void> {
    this.#p.log.warn("a transaction that was not decided is taken back", {traceId: order.traceId, requestId});
    await unlock(this.#first.client, requestId);
  }

  #isPatienceOver(job: PayoutJob): boolean {
    const now = this.#p.clock.now();
    job.rivalSinceMs ??= now;
    return now - job.rivalSinceMs >= this.#p.patienceMs;
  }

  #refuse(job: PayoutJob, refusal: Refusal): void {
    if (job.refusal === refusal) return;
    job.refusal = refusal;
    this.#p.book.noteRefusal(job.order, refusal);
    this.#p.log.warn("a build of a payout leads nowhere", {traceId: job.order.traceId, buildIndex: job.order.buildIndex, refusal});
    this.#p.news();
  }
}
