import {equalBytes, type Hex} from "../base/bytes.ts";
import type {ChainCursor} from "../ports/chain.ts";
import type {ChainHead, ChainLog} from "../types/facts.ts";
import type {Header} from "./replies.ts";

/** A final block with logs of the contract: all of them, by index. */
export interface LogBlock {
  readonly header: Header;
  readonly logs: readonly ChainLog[];
}

/** A block of the cache; its first `skipped` logs are decided and forgotten. */
interface Held extends LogBlock {
  readonly skipped: number;
}

/**
 * What the cache knows of a head: "unseen": not that far, or forgotten already; "noHeader": the logs agree, but the head is
 * a block without logs whose header is not known; "contradicts": the node shows something else; "malformed": no node could
 * show it.
 */
export type Finding = "valid" | "unseen" | "noHeader" | "contradicts" | "malformed";

/** The logs of one contract in final blocks that are not decided yet. Blocks are whole up to `scanned`, and none is beyond. */
export class LogCache {
  readonly #platform: Hex;
  #blocks: Held[] = [];
  /** Everything before is decided. */
  #floor: ChainCursor;
  #scanned: number;
  #size = 0;

  constructor(platform: Hex, from: ChainCursor) {
    this.#platform = platform;
    this.#floor = from;
    this.#scanned = from.number - 1;
  }

  /** Last block whose logs are here. */
  get scanned(): number {
    return this.#scanned;
  }
  get floor(): ChainCursor {
    return this.#floor;
  }
  /** Logs held. */
  get size(): number {
    return this.#size;
  }

  /** The logs of the blocks after `scanned` up to `to`. Returns whether one is new. */
  append(to: number, blocks: readonly LogBlock[]): boolean {
    const held = this.#withoutDecided(blocks);
    this.#blocks.push(...held);
    this.#scanned = to;
    this.#size += countLogs(held);
    return held.length > 0;
  }

  /** Puts what the node shows now for the blocks from the floor up to `scanned` in place of what it showed. Returns whether it differs. */
  replace(blocks: readonly LogBlock[]): boolean {
    const held = this.#withoutDecided(blocks);
    const differs = held.length !== this.#blocks.length || held.some((block, i) => !isSameBlock(block, this.#blocks[i] as Held));
    this.#blocks = held;
    this.#size = countLogs(held);
    return differs;
  }

  /** As ChainObserver.next. */
  next(cursor: ChainCursor, logsMax: number): {head: ChainHead; logs: readonly ChainLog[]} | null {
    if (isBefore(cursor, this.#floor)) return null;
    const logs: ChainLog[] = [];
    let head: ChainHead | null = null;
    for (const {header, logs: all, skipped} of this.#blocks) {
      if (logs.length >= logsMax) break;
      if (header.number < cursor.number) continue;
      const start = header.number === cursor.number ? cursor.logs - skipped : 0;
      const taken = all.slice(start, start + logsMax - logs.length);
      if (taken.length === 0) continue;
      logs.push(...taken);
      head = this.#head(header, skipped + start + taken.length);
    }
    return head === null ? null : {head, logs};
  }

  /** Whether `head` and `logs` are what follows `cursor`. `header` is that of block `head.number`, where it is known. */
  judge(cursor: ChainCursor, proposal: {head: ChainHead; logs: readonly ChainLog[]}, header: Header | null): Finding {
    const {head, logs} = proposal;
    if (!isBefore(cursor, head) || head.platform !== this.#platform) return "malformed";
    if (isBefore(cursor, this.#floor) || head.number > this.#scanned) return "unseen";
    const own: ChainLog[] = [];
    let inHead = head.number === cursor.number ? cursor.logs : 0;
    let known = header;
    for (const block of this.#blocks) {
      const {number} = block.header;
      if (number < cursor.number || number > head.number) continue;
      const start = number === cursor.number ? cursor.logs - block.skipped : 0;
      const taken = block.logs.slice(start, number === head.number ? head.logs - block.skipped : undefined);
      own.push(...taken);
      if (number !== head.number) continue;
      inHead += taken.length;
      known = block.header;
    }
    if (inHead !== head.logs || own.length !== logs.length) return "contradicts";
    if (!own.every((log, i) => isSameLog(log, logs[i] as ChainLog))) return "contradicts";
    if (known === null) return "noHeader";
    return known.hash === head.hash && known.timestamp === head.timestamp ? "valid" : "contradicts";
  }

  /** As ChainObserver.forget. */
  forget(cursor: ChainCursor): void {
    if (isBefore(cursor, this.#floor)) return;
    this.#floor = cursor;
    this.#scanned = Math.max(this.#scanned, cursor.number - 1);
    this.#blocks = this.#withoutDecided(this.#blocks);
    this.#size = countLogs(this.#blocks);
  }

  #withoutDecided(blocks: readonly (LogBlock & {skipped?: number})[]): Held[] {
    const floor = this.#floor;
    return blocks.flatMap(({header, logs, skipped = 0}) => {
      if (header.number < floor.number) return [];
      const drop = header.number === floor.number ? Math.max(0, floor.logs - skipped) : 0;
      return drop >= logs.length ? [] : [{header, logs: drop === 0 ? logs : logs.slice(drop), skipped: skipped + drop}];
    });
  }

  #head({number, hash, timestamp}: Header, logs: number): ChainHead {
    return {kind: "chainHead", platform: this.#platform, number, hash, timestamp, logs};
  }
}

/** Whether `a` decides less than `b`. */
export function isBefore(a: ChainCursor, b: ChainCursor): boolean {
  return a.number < b.number || (a.number === b.number && a.logs < b.logs);
}

function countLogs(blocks: readonly LogBlock[]): number {
  return blocks.reduce((sum, block) => sum + block.logs.length, 0);
}

function isSameBlock(a: Held, b: Held): boolean {
  if (a.header.hash !== b.header.hash || a.logs.length !== b.logs.length) return false;
  return a.logs.every((log, i) => isSameLog(log, b.logs[i] as ChainLog));
}

function isSameLog(a: ChainLog, b: ChainLog): boolean {
  const same = a.platform === b.platform && a.block === b.block && a.index === b.index && a.topics.length === b.topics.length;
  return same && a.topics.every((topic, i) => topic === b.topics[i]) && equalBytes(a.data, b.data);
}
