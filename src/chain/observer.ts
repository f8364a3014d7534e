import {BoundedMap} from "../base/bounded.ts";
import type {Hex} from "../base/bytes.ts";
import {describeError} from "../base/errors.ts";
import type {ChainCursor, ChainObserver, Judgement} from "../ports/chain.ts";
import type {Clock, Logger} from "../ports/system.ts";
import {platformOf} from "../types/digests.ts";
import type {ChainHead, ChainLog} from "../types/facts.ts";
import {ChainError} from "./errors.ts";
import {LogCache} from "./log-cache.ts";
import {LogFetcher} from "./log-fetcher.ts";
import {createPoller, type Poller} from "./poller.ts";
import {type ChainProvider, openProvider} from "./provider.ts";
import {type Header, readFinalHead, readHeader} from "./replies.ts";

const TIMEOUT_MS = 10_000;
const PAUSE_MAX_MS = 5_000;
/** Undecided logs kept; scanning goes on when some of them are decided. */
const LOGS_MAX = 10_000;
const HEADERS_MAX = 64;
const WANTED_MAX = 16;

export interface ChainObserverOptions {
  readonly url: string;
  readonly chainId: number;
  readonly group: Hex;
  /** 0: the chain's own "finalized" tag; else how many blocks under the head count as final. */
  readonly finality: number;
  readonly pollMs: number;
  /** What is decided already: logs before are not fetched. */
  readonly from: ChainCursor;
  readonly clock: Clock;
  readonly log: Logger;
  readonly timeoutMs?: number;
  /** Whether a new head is news by itself, whatever it brings. */
  readonly everyHead?: boolean;
}

/** A ChainObserver with what the node shows of its health. */
export interface RpcChainObserver extends ChainObserver {
  /** REORG since a final block changed: nothing is proposed or judged any more until a person has looked and restarted. */
  alarm(): ChainError | null;
  /** Polls that failed since the start. */
  failures(): number;
}

export function createChainObserver(options: ChainObserverOptions): RpcChainObserver {
  const provider = openProvider({url: options.url, chainId: options.chainId, timeoutMs: options.timeoutMs ?? TIMEOUT_MS});
  return new PollingObserver(options, provider);
}

/**
 * Polls the final head of one chain and keeps the undecided logs of one contract. The RPC node is the operator's own but not
 * trusted to be consistent: several machines may stand behind one URL. So before a proposal is called invalid, which is
 * for ever, the logs in question are fetched a second time.
 */
class PollingObserver implements RpcChainObserver {
  readonly name: string;
  readonly platform: Hex;
  readonly #options: ChainObserverOptions;
  readonly #provider: ChainProvider;
  readonly #log: Logger;
  readonly #cache: LogCache;
  readonly #fetcher: LogFetcher;
  readonly #poller: Poller;
  readonly #listeners: (() => void)[] = [];
  readonly #headers = new BoundedMap<number, Header>(HEADERS_MAX);
  /** Blocks without logs that proposals have named as heads. */
  readonly #wanted = new Set<number>();
  #head: Header | null = null;
  /** A proposal contradicts the cache, which is to be fetched again from its floor on. */
  #doubted = false;
  /** Fetched twice and equal: blocks up to this one. */
  #confirmed = -1;
  #failures = 0;
  #trouble: string | null = null;
  #alarm: ChainError | null = null;

  constructor(options: ChainObserverOptions, provider: ChainProvider) {
    this.platform = platformOf(options.chainId, options.group);
    this.name = `chain observer ${options.chainId}`;
    this.#options = options;
    this.#provider = provider;
    this.#log = options.log.child({platform: this.platform});
    this.#cache = new LogCache(this.platform, options.from);
    this.#fetcher = new LogFetcher({provider, address: options.group, platform: this.platform});
    const {clock, pollMs} = options;
    this.#poller = createPoller({clock, pollMs, pauseMaxMs: PAUSE_MAX_MS, run: () => this.#run()});
  }

  /** Throws ChainError WRONG_CHAIN. A node that does not answer yet is no reason to fail: polls go on asking it. */
  async start(): Promise<void> {
    await this.#provider.verify().catch((error: unknown) => {
      if (error instanceof ChainError && error.code === "WRONG_CHAIN") throw error;
    });
    this.#poller.start();
  }
  async stop(): Promise<void> {
    this.#provider.destroy();
    await this.#poller.stop();
  }

  poll(): Promise<void> {
    return this.#poller.now();
  }
  head(): number {
    return this.#head?.number ?? 0;
  }
  alarm(): ChainError | null {
    return this.#alarm;
  }
  failures(): number {
    return this.#failures;
  }
  onNew(listener: () => void): void {
    this.#listeners.push(listener);
  }
  forget(cursor: ChainCursor): void {
    this.#cache.forget(cursor);
    for (const number of [...this.#headers.keys()]) if (number < cursor.number) this.#headers.delete(number);
  }

  next(cursor: ChainCursor, logsMax: number): {head: ChainHead; logs: readonly ChainLog[]} | null {
    return this.#alarm === null ? this.#cache.next(cursor, logsMax) : null;
  }

  boundary(cursor: ChainCursor, since: number): ChainHead | null {
    const head = this.#head;
    if (this.#alarm !== null || head === null || head.timestamp < since || head.number <= cursor.number) return null;
    if (this.#cache.scanned < head.number || this.#cache.next(cursor, 1) !== null) return null;
    return {kind: "chainHead", platform: this.platform, number: head.number, hash: head.hash, timestamp: head.timestamp, logs: 0};
  }

  judge(cursor: ChainCursor, head: ChainHead, logs: readonly ChainLog[]): Judgement {
    if (this.#alarm !== null) return "unknown";
    switch (this.#cache.judge(cursor, {head, logs}, this.#headers.get(head.number) ?? null)) {
      case "valid":
        return "valid";
      case "malformed":
        return "invalid";
      case "unseen":
        return "unknown";
      case "noHeader":
        if (this.#wanted.size < WANTED_MAX) this.#wanted.add(head.number);
        return "unknown";
      case "contradicts":
        if (head.number <= this.#confirmed) return "invalid";
        this.#doubted = true;
        return "unknown";
    }
  }

  async #run(): Promise<boolean> {
    if (this.#alarm !== null) return false;
    try {
      if (await this.#look()) this.#notify();
      if (this.#trouble !== null) this.#log.info("chain node answers again", {head: this.head()});
      this.#trouble = null;
      return true;
    } catch (error) {
      this.#failed(error);
      return false;
    }
  }

  /** Returns whether there is news: a log, or a head where those are wanted. */
  async #look(): Promise<boolean> {
    const head = await readFinalHead(this.#provider, this.#options.finality);
    if (head === null) return false;
    await this.#checkFinal(head);
    const isNew = this.#head === null || head.number > this.#head.number;
    if (isNew) {
      this.#head = head;
      this.#headers.set(head.number, head);
    }
    const found = (await this.#scan(head)) || (isNew && this.#options.everyHead === true);
    if (this.#doubted) await this.#fetchAgain();
    for (const number of [...this.#wanted]) {
      const header = await readHeader(this.#provider, number);
      this.#wanted.delete(number);
      if (header !== null) this.#headers.set(number, header);
    }
    return found;
  }

  async #scan(head: Header): Promise<boolean> {
    let found = false;
    while (this.#cache.scanned < head.number && this.#cache.size < LOGS_MAX) {
      const from = this.#cache.scanned + 1;
      const range = await this.#fetcher.fetch(from, head.number, head);
      if (this.#cache.scanned >= from) continue; // decided and forgotten meanwhile
      if (this.#cache.append(range.to, range.blocks)) found = true;
    }
    return found;
  }

  async #fetchAgain(): Promise<void> {
    const {floor, scanned} = this.#cache;
    const blocks = [];
    for (let from = floor.number; from <= scanned; ) {
      const range = await this.#fetcher.fetch(from, scanned, null);
      blocks.push(...range.blocks);
      from = range.to + 1;
    }
    // a decision meanwhile has moved the floor, a stop has ended the scan: what was fetched covers at least what is held
    const differs = this.#cache.replace(blocks);
    if (differs) this.#log.warn("chain node shows other logs than before", {from: floor.number, to: scanned});
    this.#headers.clear();
    this.#doubted = false;
    this.#confirmed = differs ? -1 : scanned;
  }

  /** Throws ChainError REORG where `head` shows that a block which counted as final is no more. */
  async #checkFinal(head: Header): Promise<void> {
    const before = this.#head;
    if (before === null) return;
    const {number} = before;
    let now: Header | null = null;
    if (head.number > number + 1) now = await readHeader(this.#provider, number);
    else if (head.number === number) now = head;
    const hash = head.number === number + 1 ? head.parentHash : now?.hash;
    const known = this.#headers.get(head.number);
    if (hash !== undefined && hash !== before.hash) throw new ChainError("REORG", {block: number, want: before.hash, got: hash});
    // one machine of several may lag; what it shows must be the same nevertheless
    if (head.number < number && known !== undefined && known.hash !== head.hash)
      throw new ChainError("REORG", {block: head.number, want: known.hash, got: head.hash});
  }

  #notify(): void {
    for (const listener of this.#listeners) {
      try {
        listener();
      } catch (error) {
        this.#log.error("a listener of the chain observer failed", describeError(error));
      }
    }
  }

  #failed(error: unknown): void {
    if (error instanceof ChainError && error.code === "STOPPED") return;
    this.#failures++;
    const {error: code, ...data} = describeError(error);
    if (error instanceof ChainError && error.code === "REORG") {
      this.#alarm = error;
      this.#log.error("a final block of the chain changed: nothing from this chain is proposed any more", data);
    } else if (!(error instanceof ChainError)) {
      this.#log.error("chain observer failed", {code, ...data});
    } else if (this.#trouble !== code) {
      this.#log.warn("chain node gives no answer that can be used; asking again", {code, ...data});
    }
    this.#trouble = code;
  }
}
