import {BoundedMap} from "../base/bounded.ts";
import {describeError, MvmError} from "../base/errors.ts";
import type {OutputFeed} from "../ports/mixin.ts";
import type {Clock, Logger} from "../ports/system.ts";
import {encodeFact, type MixinOutput} from "../types/facts.ts";
import type {Uuid} from "../types/ids.ts";
import {createMixinClient, groupOf, type MixinUserKeys} from "./client.ts";
import {MixinError} from "./errors.ts";
import {list} from "./fields.ts";
import {OutputSet} from "./output-set.ts";
import {createRepeater} from "./repeater.ts";
import {parseOutput, sequenceOf} from "./replies.ts";

export interface OutputFeedOptions {
  /** Of the Mixin API. */
  readonly url: string;
  /** One of the own seats' users: the API shows a group's outputs to members only. */
  readonly user: MixinUserKeys;
  readonly members: readonly Uuid[];
  readonly threshold: number;
  /** The first sequence that is read, inclusive: everything before it is decided. */
  readonly fromSequence: bigint;
  /** What an earlier run's `cursor` has said: reading starts there, and what lies before it is read again bit by bit. */
  readonly resumeFrom?: bigint;
  /** Whether the ledger knows this output: such ones are never shown. Without it only ids given to `decided` are left out. */
  readonly isDecided?: (outputId: Uuid) => boolean;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Between two polls, ms. */
  readonly pollMs?: number;
  /** Of one try of one call, ms. */
  readonly timeoutMs?: number;
  /** Undecided outputs that are held; nothing more is read until some are decided. */
  readonly undecidedMax?: number;
  /** Between two readings of the newest `OVERLAP` outputs again, for those that came late, ms. */
  readonly overlapMs?: number;
}

/** Counters of a feed, from its start. */
export interface FeedStats {
  polls: number;
  failures: number;
  /** Entries of answers that are no outputs of the group. */
  badEntries: number;
  /** Outputs that appeared below the watermark. */
  late: number;
  /** Outputs that the API shows otherwise than before, or than they were decided. */
  contradictions: number;
  undecided: number;
  /** Highest sequence seen. */
  watermark: bigint;
}

const PAGE = 500;
const PAGES_PER_POLL = 20;
const OVERLAP = 200;
const DECIDED_MAX = 50_000;
const BAD_ENTRIES_REMEMBERED = 1_000;
const FETCH_MAX = 100;
const PAUSE_MAX_MS = 10_000;

export interface RestartableFeed extends OutputFeed {
  stats(): FeedStats;
  /** Where a later run may resume: all outputs below that the API has shown are decided, and more than the newest `OVERLAP` lie above. */
  cursor(): bigint;
}

/** The group's outputs, as the API shows them to one of its members. */
export function createOutputFeed(options: OutputFeedOptions): RestartableFeed {
  const {clock, pollMs = 250, overlapMs = 5_000, fromSequence} = options;
  const start = options.resumeFrom !== undefined && options.resumeFrom > fromSequence ? options.resumeFrom : fromSequence;
  const group = groupOf(options.members, options.threshold);
  const log = options.logger.child({part: "mixin outputs"});
  const client = createMixinClient({url: options.url, user: options.user, ...(options.timeoutMs && {timeoutMs: options.timeoutMs})});
  const outputs = new OutputSet({
    undecidedMax: options.undecidedMax ?? 10_000,
    decidedMax: DECIDED_MAX,
    isDecided: options.isDecided ?? (() => false),
  });
  const listeners: (() => void)[] = [];
  const reported = new BoundedMap<string, true>(BAD_ENTRIES_REMEMBERED);
  const stats: FeedStats = {
    polls: 0,
    failures: 0,
    badEntries: 0,
    late: 0,
    contradictions: 0,
    undecided: 0,
    watermark: start,
  };
  /** The newest sequences, ascending, at most OVERLAP: the first is where a second reading starts. */
  let newest: bigint[] = [];
  let overlapDueMs = clock.now() + overlapMs;
  /** Below `start`, what lies before this one has been read again. */
  let swept = fromSequence;

  function report(entry: unknown, error: unknown): void {
    stats.badEntries++;
    const fields = error instanceof MvmError ? error.data : {};
    const name = JSON.stringify([idOf(entry), fields]);
    if (reported.has(name)) return;
    reported.set(name, true);
    log.warn("entry of the Mixin API is no output of the group", {outputId: idOf(entry), ...describeError(error)});
  }

  /** null where the entry is none of the group's outputs. */
  function parse(entry: unknown): MixinOutput | null {
    try {
      const output = parseOutput(entry, group);
      encodeFact(output); // what cannot be proposed is not taken
      return output;
    } catch (error) {
      report(entry, error);
      return null;
    }
  }

  /** full: the entry was not taken, for lack of room. */
  function take(output: MixinOutput): "new" | "known" | "full" {
    const result = outputs.add(output, clock.now());
    if (result === "new" || result === "known" || result === "full") return result;
    const name = `${result} ${output.outputId}`;
    if (reported.has(name)) return "known";
    reported.set(name, true);
    stats.contradictions++;
    log.error("the Mixin API contradicts itself or a decided block", {outputId: output.outputId, how: result});
    return "known";
  }

  /** Advances the watermark by one output that has been taken. */
  function passed({sequence}: MixinOutput): void {
    if (sequence < stats.watermark || (sequence === stats.watermark && newest.length > 0)) return;
    stats.watermark = sequence;
    newest.push(sequence);
    if (newest.length > 2 * OVERLAP) newest = newest.slice(-OVERLAP);
  }

  async function readPage(offset: bigint): Promise<readonly unknown[]> {
    const params = {members: group.hash.slice(2), threshold: group.threshold, offset: `${offset}`, limit: PAGE, order: "ASC"};
    return list(await client.get("/safe/outputs", params), "outputs", PAGE);
  }

  /** Reads from `offset` to the end. Returns how many outputs are new. */
  async function readFrom(offset: bigint): Promise<number> {
    let found = 0;
    let from = offset;
    for (let page = 0; page < PAGES_PER_POLL && !outputs.isFull; page++) {
      const entries = await readPage(from);
      for (const entry of entries) {
        const output = parse(entry);
        if (output === null) continue;
        const result = take(output);
        if (result === "full") return found;
        if (result === "new") {
          found++;
          if (output.sequence < stats.watermark) stats.late++;
        }
        passed(output);
      }
      const last = lastSequence(entries);
      if (entries.length < PAGE || last === null || last <= from) return found;
      from = last;
    }
    return found;
  }

  /** One page of what earlier runs have read: an output that came very late is there, and nobody may have named it. */
  async function sweep(): Promise<number> {
    if (swept >= start || outputs.isFull) return 0;
    const entries = await readPage(swept);
    const taken = entries.map(parse).map((output) => (output === null ? "known" : take(output)));
    const found = taken.filter((result) => result === "new").length;
    stats.late += found;
    const last = lastSequence(entries);
    if (entries.length < PAGE || last === null || last <= swept) swept = start;
    else if (!taken.includes("full")) swept = last;
    return found;
  }

  async function poll(): Promise<boolean> {
    stats.polls++;
    const overlap = clock.now() >= overlapDueMs;
    try {
      let found = await readFrom(overlap ? (newest.at(-OVERLAP) ?? start) : stats.watermark);
      if (overlap) {
        overlapDueMs = clock.now() + overlapMs;
        found += await sweep();
      }
      if (found > 0) notify();
      return true;
    } catch (error) {
      failed("Mixin outputs not read", error);
      return false;
    }
  }

  async function fetch(ids: readonly Uuid[]): Promise<void> {
    try {
      const asked = new Set(ids.slice(0, FETCH_MAX));
      const answer = await client.post("/safe/outputs/fetch", {user_id: client.userId, ids: [...asked]});
      let found = 0;
      for (const entry of list(answer, "outputs", FETCH_MAX)) {
        const output = parse(entry);
        if (output !== null && asked.has(output.outputId) && take(output) === "new") found++;
      }
      if (found > 0) notify();
    } catch (error) {
      failed("Mixin outputs not fetched", error);
    }
  }

  function failed(text: string, error: unknown): void {
    if (error instanceof MixinError && error.code === "STOPPED") return;
    stats.failures++;
    log.warn(text, describeError(error));
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

  const repeater = createRepeater({clock, pauseMs: pollMs, pauseMaxMs: PAUSE_MAX_MS, run: poll});
  return {
    name: "mixin outputs",
    undecided: (count) => outputs.undecided(count),
    judge: (output) => outputs.judge(output),
    knows: (id) => outputs.knows(id),
    fetch,
    poll: () => repeater.now(),
    decided(decided) {
      for (const output of outputs.decide(decided)) {
        stats.contradictions++;
        log.error("an output was decided otherwise than the own Mixin API shows it", {outputId: output.outputId});
      }
    },
    onNew: (listener) => void listeners.push(listener),
    cursor() {
      const lowest = outputs.undecided(1)[0]?.output.sequence;
      const safe = newest.at(-OVERLAP) ?? start;
      return lowest !== undefined && lowest < safe ? lowest : safe;
    },
    stats: () => ({...stats, undecided: outputs.size}),
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

function lastSequence(entries: readonly unknown[]): bigint | null {
  for (let i = entries.length - 1; i >= 0; i--) {
    try {
      return sequenceOf(entries[i]);
    } catch {
      // a bad entry has been reported already
    }
  }
  return null;
}

function idOf(entry: unknown): string {
  const id = (entry as {output_id?: unknown} | null)?.output_id;
  return typeof id === "string" ? id.slice(0, 40) : "";
}
