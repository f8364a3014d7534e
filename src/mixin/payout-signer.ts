import {BoundedMap} from "../base/bounded.ts";
import type {Hex} from "../base/bytes.ts";
import {describeError} from "../base/errors.ts";
import type {PayoutOrder, PayoutSigner} from "../ports/mixin.ts";
import type {Clock, Logger} from "../ports/system.ts";
import type {Uuid} from "../types/ids.ts";
import {createMixinClient, groupOf, type MixinUserKeys} from "./client.ts";
import {MixinError, PayoutError} from "./errors.ts";
import {type DerivedPayout, derivePayout, fetchSpent, type Signatory, signPayout} from "./payout-api.ts";

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

interface Job {
  readonly order: PayoutOrder;
  /** null until the ghost keys are there. */
  payout: DerivedPayout | null;
  /** Own users whose signature the API has. */
  readonly signed: Set<Uuid>;
  txHash: Hex | null;
  failures: number;
  looks: number;
  dueMs: number;
  running: boolean;
  /** What was wrong last, so that it is logged once. */
  trouble: string;
}

const PAUSE_MAX_MS = 10_000;
const CONFIRMED_MAX = 1_000;
/** After so many looks that found it unspent, the request itself is looked at again: it may have been unlocked since. */
const LOOKS_PER_REVIEW = 8;

/**
 * Signs the group's payouts for the own seats, each on its own: what is stuck is repeated for ever and holds up nothing else.
 * Nothing is stored: after a restart all is derived from the orders and the API again, and what was signed is not signed twice.
 *
 * @throws PayoutError NOT_A_MEMBER where an own user is not in the group
 */
export function createPayoutSigner(options: PayoutSignerOptions): PayoutSigner & {stats(): PayoutStats} {
  const {clock, pollMs = 250, concurrency = 8} = options;
  const group = groupOf(options.members, options.threshold);
  const log = options.logger.child({part: "mixin payouts"});
  const signatories = options.users.map((user): Signatory => {
    const index = group.members.indexOf(user.app_id);
    if (index < 0) throw new PayoutError("NOT_A_MEMBER", {traceId: "", field: "users", got: user.app_id});
    const client = createMixinClient({url: options.url, user, ...(options.timeoutMs && {timeoutMs: options.timeoutMs})});
    return {user, client, index};
  });
  const [first] = signatories;
  if (first === undefined) throw new PayoutError("NOT_A_MEMBER", {traceId: "", field: "users", want: "at least one", got: 0});

  let jobs = new Map<Uuid, Job>();
  /** What the API has shown as spent, also for traces without an order. */
  const spent = new BoundedMap<Uuid, Hex>(CONFIRMED_MAX);
  const listeners: (() => void)[] = [];
  const stats = {signed: 0, confirmed: 0, failures: 0};
  const under = new Set<Promise<void>>();
  let active = false;
  let cancel: (() => void) | null = null;

  /** One look at one order: is it spent, and if not, is there anything that the own seats have not done yet? */
  async function attend(job: Job): Promise<void> {
    const {order} = job;
    if (await lookUp(order.traceId)) return;
    if (job.looks % LOOKS_PER_REVIEW === 0) job.signed.clear();
    job.payout ??= await derivePayout((first as Signatory).client, order, group);
    for (const signatory of signatories) {
      if (job.signed.has(signatory.user.app_id)) continue;
      const {complete, gave} = await signPayout(signatory, job.payout, order, group);
      job.signed.add(signatory.user.app_id);
      if (gave) stats.signed++;
      if (gave) log.debug("payout signed", {traceId: order.traceId, member: signatory.index, complete});
      if (complete) {
        await lookUp(order.traceId);
        return;
      }
    }
  }

  /** Whether the payout is confirmed. */
  async function lookUp(traceId: Uuid): Promise<boolean> {
    const txHash = await fetchSpent((first as Signatory).client, traceId);
    if (txHash === null) return false;
    spent.set(traceId, txHash);
    const job = jobs.get(traceId);
    if (job === undefined || job.txHash !== null) return true;
    job.txHash = txHash;
    stats.confirmed++;
    const own = job.payout?.transaction.txHash ?? txHash;
    if (own === txHash) log.info("payout confirmed", {traceId, txHash});
    else log.error("payout confirmed with another transaction than derived here", {traceId, txHash, own});
    notify();
    return true;
  }

  async function run(job: Job): Promise<void> {
    job.running = true;
    try {
      await attend(job);
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
    }
  }

  function complain(job: Job, error: unknown): void {
    const fields = {traceId: job.order.traceId, ...describeError(error)};
    const trouble = JSON.stringify(fields);
    if (trouble === job.trouble) return;
    job.trouble = trouble;
    if (error instanceof PayoutError) log.error("payout not signed", fields);
    else log.warn("payout delayed", fields);
  }

  /** Starts what is due, longest waiting first, and sets the timer for the rest. */
  function pump(): void {
    if (!active) return;
    cancel?.();
    cancel = null;
    const now = clock.now();
    const waiting = [...jobs.values()].filter((job) => !job.running && job.txHash === null).sort((a, b) => a.dueMs - b.dueMs);
    for (const job of waiting) {
      if (under.size >= concurrency) return; // the next one that ends pumps again
      if (job.dueMs > now) {
        cancel = clock.after(job.dueMs - now, pump);
        return;
      }
      track(run(job));
    }
  }
  function track(work: Promise<void>): void {
    const tracked = work.finally(() => {
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

  return {
    name: "mixin payouts",
    setOrders(orders) {
      const before = jobs;
      jobs = new Map(orders.map((order) => [order.traceId, before.get(order.traceId) ?? newJob(order, spent.get(order.traceId) ?? null)]));
      pump();
    },
    receipts: () =>
      [...jobs.values()].flatMap(({order, txHash}) =>
        txHash === null ? [] : [{kind: "payoutReceipt" as const, traceId: order.traceId, txHash}],
      ),
    judge(receipt) {
      const txHash = jobs.get(receipt.traceId)?.txHash ?? spent.get(receipt.traceId);
      if (txHash === undefined || txHash === null) return "unknown";
      return txHash === receipt.txHash ? "valid" : "invalid";
    },
    async check(traceId) {
      try {
        await lookUp(traceId);
      } catch (error) {
        if (error instanceof MixinError && error.code === "STOPPED") return;
        stats.failures++;
        log.warn("payout not looked up", {traceId, ...describeError(error)});
      }
    },
    onNew: (listener) => void listeners.push(listener),
    stats: () => ({...stats, open: [...jobs.values()].filter((job) => job.txHash === null).length}),
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

function newJob(order: PayoutOrder, txHash: Hex | null): Job {
  return {order, payout: null, signed: new Set(), txHash, failures: 0, looks: 0, dueMs: 0, running: false, trouble: ""};
}
