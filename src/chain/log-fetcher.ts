import type {Hex} from "../base/bytes.ts";
import type {ChainLog} from "../types/facts.ts";
import {ChainError} from "./errors.ts";
import type {LogBlock} from "./log-cache.ts";
import type {ChainProvider} from "./provider.ts";
import {type Header, type LogEntry, parseLogs, quantity, readHeader} from "./replies.ts";

/** Blocks of one eth_getLogs: what public nodes allow at least. Halved where a node refuses, doubled again where it answers. */
const SPAN_MAX = 2_000;
const HEADERS_AT_ONCE = 8;

/** Fetches the logs of one contract in ranges of blocks that the node is willing to answer. */
export class LogFetcher {
  readonly #provider: ChainProvider;
  readonly #address: Hex;
  readonly #platform: Hex;
  #span = SPAN_MAX;

  constructor(of: {provider: ChainProvider; address: Hex; platform: Hex}) {
    this.#provider = of.provider;
    this.#address = of.address;
    this.#platform = of.platform;
  }

  /**
   * The blocks with logs from `from` on, up to `to` or less: as far as one answer went. All these blocks must be final.
   * @param head header of block `to`, where it is known
   * @throws ChainError
   */
  async fetch(from: number, to: number, head: Header | null): Promise<{to: number; blocks: LogBlock[]}> {
    for (;;) {
      const end = Math.min(to, from + this.#span - 1);
      try {
        // asked by hash, a machine that does not have the block yet refuses; asked by number, it would show no logs
        const query = from === to && head !== null ? {blockHash: head.hash} : {};
        const entries = await readLogs(this.#provider, {address: this.#address, from, to: end, ...query});
        const blocks = await this.#group(entries, head);
        if (this.#span < SPAN_MAX) this.#span = Math.min(SPAN_MAX, this.#span * 2);
        return {to: end, blocks};
      } catch (error) {
        if (!isTooMuch(error) || this.#span === 1) throw error;
        this.#span = Math.max(1, Math.floor(Math.min(this.#span, to - from + 1) / 2));
      }
    }
  }

  async #group(entries: readonly LogEntry[], head: Header | null): Promise<LogBlock[]> {
    const byBlock = new Map<number, LogEntry[]>();
    for (const entry of entries) {
      const block = byBlock.get(entry.blockNumber);
      if (block === undefined) byBlock.set(entry.blockNumber, [entry]);
      else block.push(entry);
    }
    const groups = [...byBlock.values()];
    const blocks: LogBlock[] = [];
    for (let i = 0; i < groups.length; i += HEADERS_AT_ONCE)
      blocks.push(...(await Promise.all(groups.slice(i, i + HEADERS_AT_ONCE).map((group) => this.#block(group, head)))));
    return blocks;
  }

  async #block(entries: readonly LogEntry[], head: Header | null): Promise<LogBlock> {
    const {blockNumber, blockHash} = entries[0] as LogEntry;
    const header = head?.number === blockNumber ? head : await readHeader(this.#provider, blockNumber);
    if (header === null || entries.some((entry) => entry.blockHash !== header.hash))
      throw new ChainError("BAD_REPLY", {field: "logs.blockHash", block: blockNumber, want: header?.hash ?? "a block", got: blockHash});
    const platform = this.#platform;
    const logs = entries.map(({index, topics, data}): ChainLog => ({kind: "chainLog", platform, block: blockNumber, index, topics, data}));
    return {header, logs};
  }
}

/**
 * Logs of one contract in ascending order, blocks `from` to `to` included.
 * @param query `topic`: first topic, any where absent; `blockHash`: asks for that block, which must be `from` and `to`
 * @throws ChainError BAD_REPLY also where the order, the range or the address is wrong
 */
export async function readLogs(
  provider: ChainProvider,
  query: {address: Hex; from: number; to: number; topic?: Hex; blockHash?: Hex},
): Promise<LogEntry[]> {
  const {address, from, to, topic, blockHash} = query;
  const blocks = blockHash === undefined ? {fromBlock: quantity(from), toBlock: quantity(to)} : {blockHash};
  const filter = {address, ...blocks, ...(topic !== undefined && {topics: [topic]})};
  const logs = parseLogs(await provider.request("eth_getLogs", [filter]));
  let last = {block: from, index: -1};
  for (const log of logs) {
    const ascends = log.blockNumber > last.block || (log.blockNumber === last.block && log.index > last.index);
    if (!ascends || log.blockNumber > to || log.address !== address)
      throw new ChainError("BAD_REPLY", {field: "logs", block: log.blockNumber, index: log.index, address: log.address});
    last = {block: log.blockNumber, index: log.index};
  }
  return logs;
}

/** Nodes name their limit in many words: any refusal, and an answer that is too long or too late, may be one. */
export function isTooMuch(error: unknown): boolean {
  return error instanceof ChainError && (error.code === "REFUSED" || error.code === "TOO_LARGE" || error.code === "TIMEOUT");
}
