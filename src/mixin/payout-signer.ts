import {describeError} from "../base/errors.ts";
import type {PayoutOrder, PayoutSigner} from "../ports/mixin.ts";
import type {Clock, Logger} from "../ports/system.ts";
import type {Uuid} from "../types/ids.ts";
import type {PayoutFact} from "../types/payout-facts.ts";
import {createMixinClient, groupOf, type MixinUserKeys} from "./client.ts";
import {MixinError, PayoutError} from "./errors.ts";
import type {Signatory} from "./payout-api.ts";
import {PayoutBook} from "./payout-book.ts";
import {type PayoutJob, PayoutWork} from "./payout-work.ts";

export interface PayoutSignerOptions {
  /** Of the Mixin API. */
  readonly url: string;
  /** The users of the own seats. */
  readonly users: readonly MixinUserKeys[];
  /** The group that holds the inputs. */
  readonly members: readonly Uuid[];
  readonly threshold: number;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Between two looks at a payout that waits for the others, ms; grows to eight times that. */
  readonly pollMs?: number;
  /** Of one try of one call, ms. */
  readonly timeoutMs?: number;
  /** Orders that are worked on at one time. */
  readonly concurrency?: number;
  /** How long another transaction may stand in the way of a payout before it is taken back, ms. */
  readonly patienceMs?: number;
  /** How long the API has to call a payout impossible before it is given up, ms. */
  readonly voidAfterMs?: number;
}

/** Counters of a signer, from its start. */
export interface PayoutStats {
  /** Signatures given, one per seat and payout. */
  signed: number;
  confirmed: number;
  /** Attempts that failed and are repeated. */
  failures: number;
  open: number;
}

interface Job extends PayoutJob {
  failures: number;
  looks: number;
  dueMs: number;
  running: boolean;
  /** What was wrong last, so that it is logged once. */
  trouble: string;
}

const PAUSE_MAX_MS = 10_000;

/**
 * Signs the group's payouts for the own seats, each on its own: what is stuck is repeated for ever and holds up nothing else.
 * Nothing is stored: after a restart all is derived from the orders and the API again, and what was signed is not signed twice.
 *
 * @throws PayoutError NOT_A_MEMBER where an own user is not in the group
 */
export function createPayoutSigner(options: PayoutSignerOptions): PayoutSigner & {stats(): PayoutStats; halt(): void} {
  const {clock, pollMs = 250, concurrency = 8, patienceMs = 3_000, voidAfterMs = 600_000} = options;
  const group = groupOf(options.members, options.threshold);
  const log = options.logger.child({part: "mixin payouts"});
  const signatories = options.users.map((user): Signatory => {
    const index = group.members.indexOf(user.app_id);
    if (index < 0) throw new PayoutError("NOT_A_MEMBER", {traceId: "", field: "users", got: user.app_id});
    const client = createMixinClient({url: options.url, user, ...(options.timeoutMs && {timeoutMs: options.timeoutMs})});
    return {user, client, index};
  });
  if (signatories.length === 0) throw new PayoutError("NOT_A_MEMBER", {traceId: "", field: "users", want: "at least one", got: 0});

  let jobs = new Map<Uuid, Job>();
  const book = new PayoutBook();
  const listeners: (() => void)[] = [];
  const stats = {signed: 0, failures: 0};
  const confirmed = new Set<Uuid>();
  let confirmedCount = 0;
  const under = new Set<Promise<void>>();
  let active = false;
  let halted = false;
  let cancel: (() => void) | null = null;
  const work = new PayoutWork({
    group,
    signatories,
    book,
    clock,
    log,
    patienceMs,
    voidAfterMs,
    signed: () => stats.signed++,
    news: () => notify(),
  });

  async function run(job: Job): Promise<void> {
    job.running = true;
    try {
      await work.attend(job, job.looks);
      job.failures = 0;
      job.trouble = "";
      job.dueMs = clock.now() + pollMs * Math.min(8, 2 ** Math.floor(job.looks++ / 4));
    } catch (error) {
      if (error instanceof MixinError && error.code === "STOPPED") return;
      stats.failures++;
      job.dueMs = clock.now() + Math.min(PAUSE_MAX_MS, pollMs * 2 ** Math.min(job.failures++, 20));
      complain(job, error);
    } finally {
      job.running = false;
      noteConfirmed(job);
    }
  }

  function noteConfirmed({order: {traceId}}: Job): void {
    if (book.spent(traceId) === null || confirmed.has(traceId)) return;
    confirmed.add(traceId);
    confirmedCount++;
  }

  function complain(job: Job, error: unknown): void {
    const fields = {traceId: job.order.traceId, ...describeError(error)};
    const trouble = JSON.stringify(fields);
    if (trouble === job.trouble) return;
    job.trouble = trouble;
    if (error instanceof PayoutError) log.error("payout not signed", fields);
    else log.warn("payout delayed", fields);
  }

  const isOpen = ({order}: Job) => book.spent(order.traceId) === null;

  /** Starts what is due, longest waiting first, and sets the timer for the rest. */
  function pump(): void {
    if (!active || halted) return;
    cancel?.();
    cancel = null;
    const now = clock.now();
    const waiting = [...jobs.values()].filter((job) => !job.running && isOpen(job)).sort((a, b) => a.dueMs - b.dueMs);
    for (const job of waiting) {
      if (under.size >= concurrency) return; // the next one that ends pumps again
      if (job.dueMs > now) {
        cancel = clock.after(job.dueMs - now, pump);
        return;
      }
      track(run(job));
    }
  }
  function track(attempt: Promise<void>): void {
    const tracked = attempt.finally(() => {
      under.delete(tracked);
      pump();
    });
    under.add(tracked);
  }

  function notify(): void {
    for (const listener of listeners) {
      try {
        listener();
      } catch (error) {
        log.error("listener failed", describeError(error));
      }
    }
  }

  function factOf({order, refusal}: Job): PayoutFact | null {
    const {traceId, buildIndex} = order;
    const spent = book.spent(traceId);
    if (spent !== null) return {kind: spent.voiding ? "payoutVoided" : "payoutReceipt", traceId, txHash: spent.txHash};
    return refusal === null ? null : {kind: "payoutRefused", traceId, buildIndex, reason: refusal};
  }

  return {
    name: "mixin payouts",
    setOrders(orders) {
      const before = jobs;
      jobs = new Map(
        orders.map((order) => {
          const known = before.get(order.traceId);
          return [order.traceId, known?.order.buildIndex === order.buildIndex ? known : newJob(order)];
        }),
      );
      for (const traceId of confirmed) if (!jobs.has(traceId)) confirmed.delete(traceId);
      pump();
    },
    receipts: () => [...jobs.values()].flatMap((job) => factOf(job) ?? []),
    judge: (fact) => book.judge(fact),
    async check(payout) {
      try {
        const job = jobs.get(payout.traceId);
        if (await work.lookUp(payout.traceId, payout.builds, job)) return;
        if (job !== undefined && !job.running && !halted) await run(job);
      } catch (error) {
        if (error instanceof MixinError && error.code === "STOPPED") return;
        stats.failures++;
        log.warn("payout not looked up", {traceId: payout.traceId, ...describeError(error)});
      }
    },
    onNew: (listener) => void listeners.push(listener),
    /** Signs nothing from here on, until the node is started again; what others confirm is still known. */
    halt() {
      halted = true;
    },
    stats: () => ({...stats, confirmed: confirmedCount, open: [...jobs.values()].filter(isOpen).length}),
    async start(signal) {
      signal.addEventListener("abort", closeAll, {once: true});
      active = true;
      pump();
    },
    async stop() {
      active = false;
      cancel?.();
      closeAll();
      await Promise.all(under);
    },
  };

  function closeAll(): void {
    for (const {client} of signatories) client.close();
  }
}

function newJob(order: PayoutOrder): Job {
  const fresh = {payout: null, signed: new Set<Uuid>(), refusal: null, rivalSinceMs: null, impossibleSinceMs: null};
  return {order, ...fresh, failures: 0, looks: 0, dueMs: 0, running: false, trouble: ""};
}
