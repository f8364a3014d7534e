import type {Hex} from "../../src/base/bytes.ts";
import {type LogBlock, LogCache} from "../../src/chain/log-cache.ts";
import type {ChainObserver} from "../../src/ports/chain.ts";
import type {RawLog} from "./group-logs.ts";

/** A home chain that a test mines by hand: its blocks are final at once, and hold logs of Staking alone. */
export class HomeChain {
  readonly #platform: Hex;
  readonly #blocks: LogBlock[] = [];
  readonly #watchers = new Set<() => void>();

  constructor(platform: Hex) {
    this.#platform = platform;
  }

  /** One more block, at this time (s). */
  mine(timestamp: number, logs: readonly RawLog[] = []): void {
    const number = this.#blocks.length + 1;
    const hash = (n: number): Hex => `0x${n.toString(16).padStart(64, "0")}`;
    const platform = this.#platform;
    this.#blocks.push({
      header: {number, hash: hash(number), parentHash: hash(number - 1), timestamp, baseFee: 0n},
      logs: logs.map((log, index) => ({kind: "chainLog", platform, block: number, index, ...log})),
    });
    for (const see of this.#watchers) see();
  }

  observer(): ChainObserver {
    const cache = new LogCache(this.#platform, {number: 0, logs: 0});
    const listeners: (() => void)[] = [];
    const see = () => {
      const fresh = this.#blocks.slice(Math.max(0, cache.scanned));
      if (fresh.length === 0) return;
      cache.append(
        this.#blocks.length,
        fresh.filter(({logs}) => logs.length > 0),
      );
      for (const listener of listeners) listener();
    };
    const headerOf = (number: number) => this.#blocks[number - 1]?.header ?? null;
    return {
      name: "home chain",
      platform: this.#platform,
      start: async () => {
        this.#watchers.add(see);
        see();
      },
      stop: async () => {
        this.#watchers.delete(see);
      },
      next: (cursor, logsMax) => cache.next(cursor, logsMax),
      boundary: (cursor, since) => {
        const head = headerOf(cache.scanned);
        if (head === null || head.timestamp < since || head.number <= cursor.number || cache.next(cursor, 1) !== null) return null;
        const {number, hash, timestamp} = head;
        return {kind: "chainHead", platform: this.#platform, number, hash, timestamp, logs: 0};
      },
      judge: (cursor, head, logs) => {
        const finding = cache.judge(cursor, {head, logs}, headerOf(head.number));
        if (finding === "valid") return "valid";
        return finding === "malformed" || finding === "contradicts" ? "invalid" : "unknown";
      },
      poll: async () => see(),
      forget: (cursor) => cache.forget(cursor),
      onNew: (listener) => void listeners.push(listener),
      head: () => cache.scanned,
    };
  }
}
