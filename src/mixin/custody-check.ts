import {describeError} from "../base/errors.ts";
import type {Clock, Logger, Service} from "../ports/system.ts";
import type {Uuid} from "../types/ids.ts";
import {createMixinClient, type MixinUserKeys} from "./client.ts";
import {MixinError} from "./errors.ts";
import {list, record, text, uuid} from "./fields.ts";
import {createRepeater} from "./repeater.ts";

export interface CustodyCheckOptions {
  /** Of the Mixin API. */
  readonly url: string;
  /** One of the own seats' users. */
  readonly user: MixinUserKeys;
  /** Outputs that nothing decided spends, as the ledger has them. */
  readonly freeOutputs: () => readonly Uuid[];
  /** Whether the ledger is as far as the others': behind them, what is spent may be decided already. */
  readonly isCurrent: () => boolean;
  /** Called once, with the outputs that are gone. */
  readonly alarm: (gone: readonly Uuid[]) => void;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Between two looks, ms. */
  readonly everyMs?: number;
  /** How long an output must have been gone before the alarm, ms. */
  readonly confirmMs?: number;
  /** Of one try of one call, ms. */
  readonly timeoutMs?: number;
}

const IDS_PER_LOOK = 100;
const PAUSE_MAX_MS = 60_000;

/**
 * Compares what the ledger has in custody with what the Mixin ledger has: an output that is spent there and free here was taken by
 * a quorum that has decided nothing. Looks at some outputs at a time, at all of them in turn.
 */
export function createCustodyCheck(options: CustodyCheckOptions): Service & {readonly gone: () => readonly Uuid[]} {
  const {clock, everyMs = 5_000, confirmMs = 15_000} = options;
  const log = options.logger;
  const client = createMixinClient({url: options.url, user: options.user, ...(options.timeoutMs && {timeoutMs: options.timeoutMs})});
  /** Spent there and free here → since when, ms. */
  let suspects = new Map<Uuid, number>();
  let gone: readonly Uuid[] = [];
  let last: Uuid | null = null;

  async function look(): Promise<boolean> {
    try {
      const free = options.freeOutputs();
      const ids = next(free);
      const answer = ids.length === 0 ? [] : await client.post("/safe/outputs/fetch", {user_id: client.userId, ids});
      const spent = list(answer, "outputs", 2 * IDS_PER_LOOK).flatMap((entry) => {
        const output = record(entry, "output");
        return text(output["state"], "output.state") === "spent" ? [uuid(output["output_id"], "output.output_id")] : [];
      });
      judge(new Set(spent), new Set(ids));
      return true;
    } catch (error) {
      if (!(error instanceof MixinError && error.code === "STOPPED")) log.warn("custody not compared", describeError(error));
      return false;
    }
  }

  /** The next outputs in turn, those under suspicion first. */
  function next(free: readonly Uuid[]): Uuid[] {
    const start = last === null ? 0 : free.indexOf(last) + 1;
    const turn = [...free.slice(start), ...free.slice(0, start)].slice(0, IDS_PER_LOOK);
    last = turn.at(-1) ?? null;
    const known = new Set(free);
    const suspected = [...suspects.keys()].filter((id) => known.has(id));
    return [...new Set([...suspected, ...turn])].slice(0, IDS_PER_LOOK);
  }

  /** What was spent by a decision that came meanwhile is no longer free, and so no suspect. */
  function judge(spent: ReadonlySet<Uuid>, asked: ReadonlySet<Uuid>): void {
    const free = new Set(options.freeOutputs());
    const now = clock.now();
    const still = [...suspects].filter(([id]) => free.has(id) && (spent.has(id) || !asked.has(id)));
    suspects = new Map(still);
    for (const id of spent) if (free.has(id) && !suspects.has(id)) suspects.set(id, now);
    const confirmed = [...suspects].filter(([, sinceMs]) => now - sinceMs >= confirmMs).map(([id]) => id);
    if (confirmed.length === 0 || gone.length > 0 || !options.isCurrent()) return;
    gone = confirmed;
    log.error("outputs of the group are spent, and no decision has spent them: no payout is signed any more", {
      outputs: confirmed.slice(0, 20),
    });
    options.alarm(confirmed);
  }

  const repeater = createRepeater({clock, pauseMs: everyMs, pauseMaxMs: PAUSE_MAX_MS, run: look});
  return {
    name: "custody check",
    gone: () => gone,
    async start(signal) {
      signal.addEventListener("abort", () => client.close(), {once: true});
      repeater.start();
    },
    async stop() {
      client.close();
      await repeater.stop();
    },
  };
}
