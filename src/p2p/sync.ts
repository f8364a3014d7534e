import type {Connection, Stream} from "@libp2p/interface";
import {Reader, Writer} from "../base/codec.ts";
import type {Clock} from "../ports/system.ts";
import {BLOCK_BYTES_MAX} from "../types/block.ts";
import {within} from "./deadline.ts";
import {asError, NetworkError} from "./errors.ts";
import {FrameChannel} from "./frames.ts";
import type {Report} from "./report.ts";

/** Bytes of one encoded decided block: the block and its proof. Below 3 MiB. */
export const DECIDED_BYTES_MAX = BLOCK_BYTES_MAX + 500_000;
/** Blocks, and their bytes, in one answer. */
export const ANSWER_COUNT_MAX = 256;
export const ANSWER_BYTES_MAX = 16 << 20;

const REQUEST_BYTES = 10;
const FRAME_MS = 5_000;
const TOTAL_MS = 30_000;
/** Requests that are served at a time, and of one peer. */
const SERVED_MAX = 8;
const SERVED_PER_PEER_MAX = 2;
/** Requests of ours to one peer that are open at a time. */
const ASKED_PER_PEER_MAX = 2;

export interface SyncOptions {
  readonly protocol: string;
  readonly clock: Clock;
  readonly report: Report;
  /** As NetworkHandler.serveBlocks. */
  serveBlocks(from: number, count: number): Promise<readonly Uint8Array[]>;
  /** Whether the peer may be served now. */
  mayAsk(peerId: string): boolean;
}

/** Decided blocks by request: height u64 ‖ count u16, answered by one frame per block, then the end of the stream. */
export class Sync {
  readonly #options: SyncOptions;
  readonly #stop = new AbortController();
  readonly #serving = new Map<string, number>();
  readonly #asking = new Map<string, number>();

  constructor(options: SyncOptions) {
    this.#options = options;
  }
  get serving(): number {
    return [...this.#serving.values()].reduce((sum, n) => sum + n, 0);
  }
  close(): void {
    this.#stop.abort();
  }

  /**
   * Blocks of heights `from`, `from + 1`, …, encoded and unchecked: at most `count`, and at most 256; none where the peer has none.
   * @throws NetworkError BUSY, TIMEOUT (5 s between frames, 30 s in all), ABORTED, REFUSED, CUT, TOO_LARGE, TOO_MANY
   */
  async request(
    connection: Connection,
    {from, count, signal}: {readonly from: number; readonly count: number; readonly signal: AbortSignal},
  ): Promise<Uint8Array[]> {
    const wanted = Math.min(count, ANSWER_COUNT_MAX);
    const peer = connection.remotePeer.toString();
    const open = this.#asking.get(peer) ?? 0;
    if (open >= ASKED_PER_PEER_MAX) throw new NetworkError("BUSY", {peer, want: ASKED_PER_PEER_MAX});
    this.#asking.set(peer, open + 1);
    try {
      const parent = AbortSignal.any([signal, this.#stop.signal]);
      return await within(this.#options.clock, {ms: TOTAL_MS, what: "blocks", parent}, (total) =>
        this.#ask(connection, from, wanted, total),
      );
    } finally {
      leave(this.#asking, peer);
    }
  }
  async #ask(connection: Connection, from: number, wanted: number, total: AbortSignal): Promise<Uint8Array[]> {
    const {clock, protocol} = this.#options;
    const step = {ms: FRAME_MS, what: "block", parent: total};
    const stream = await within(clock, step, (signal) => connection.newStream(protocol, {signal})).catch((error) => {
      throw error instanceof NetworkError ? error : new NetworkError("REFUSED", {what: "blocks"}, {cause: error});
    });
    const channel = new FrameChannel(stream, DECIDED_BYTES_MAX);
    try {
      const request = new Writer().count(from).u16(wanted).bytes();
      await within(clock, step, (signal) => channel.send(request, signal));
      const blocks: Uint8Array[] = [];
      for (let bytes = 0; ; ) {
        const block = await within(clock, step, (signal) => channel.next(signal));
        if (block === null) break;
        bytes += block.length;
        if (blocks.length === wanted) throw new NetworkError("TOO_MANY", {want: wanted});
        if (bytes > ANSWER_BYTES_MAX) throw new NetworkError("TOO_LARGE", {what: "answer", want: ANSWER_BYTES_MAX, got: bytes});
        blocks.push(block);
      }
      await within(clock, step, (signal) => channel.close(signal));
      return blocks;
    } catch (error) {
      channel.abort(asError(error));
      throw error;
    }
  }

  /** Answers a request, or ends the stream. Never rejects. */
  async answer(stream: Stream, connection: Connection): Promise<void> {
    const {clock, report, mayAsk} = this.#options;
    const peer = connection.remotePeer.toString();
    const open = this.#serving.get(peer) ?? 0;
    if (!mayAsk(peer) || open >= SERVED_PER_PEER_MAX || this.serving >= SERVED_MAX) {
      report.count("refusedRequests");
      stream.abort(new Error("too many requests"));
      return;
    }
    this.#serving.set(peer, open + 1);
    try {
      await within(clock, {ms: TOTAL_MS, what: "serve", parent: this.#stop.signal}, (total) => this.#serve(stream, total));
    } catch (error) {
      report.count("refusedRequests");
      stream.abort(asError(error));
    } finally {
      leave(this.#serving, peer);
    }
  }
  async #serve(stream: Stream, total: AbortSignal): Promise<void> {
    const {clock, report, serveBlocks} = this.#options;
    const step = {ms: FRAME_MS, what: "serve", parent: total};
    const channel = new FrameChannel(stream, REQUEST_BYTES);
    const request = await within(clock, step, (signal) => channel.next(signal));
    if (request === null) throw new NetworkError("CUT", {want: REQUEST_BYTES, got: 0});
    const r = new Reader(request);
    const from = r.count("request.from");
    const count = Math.min(r.u16("request.count"), ANSWER_COUNT_MAX);
    r.end("request");
    const blocks = await within(clock, step, () => serveBlocks(from, count));
    let bytes = 0;
    for (const block of blocks.slice(0, count)) {
      bytes += block.length;
      if (block.length > DECIDED_BYTES_MAX || bytes > ANSWER_BYTES_MAX) break;
      await within(clock, step, (signal) => channel.send(block, signal));
      report.count("servedBlocks");
    }
    await within(clock, step, (signal) => channel.close(signal));
  }
}

function leave(counts: Map<string, number>, peer: string): void {
  const left = (counts.get(peer) ?? 1) - 1;
  if (left > 0) counts.set(peer, left);
  else counts.delete(peer);
}
