import type {Connection, Stream} from "@libp2p/interface";
import type {Clock} from "../ports/system.ts";
import {within} from "./deadline.ts";
import {asError, NetworkError} from "./errors.ts";
import {FrameChannel} from "./frames.ts";
import type {NetworkCount, Report} from "./report.ts";

const FRAME_MS = 5_000;
const TOTAL_MS = 30_000;
/** Requests that are served at a time, and of one peer. */
const SERVED_MAX = 8;
const SERVED_PER_PEER_MAX = 2;
/** Requests of ours to one peer that are open at a time. */
const ASKED_PER_PEER_MAX = 2;

export interface ExchangeOptions {
  readonly protocol: string;
  /** What an answer, and one of its frames, is called in errors. */
  readonly what: {readonly all: string; readonly one: string};
  /** Bytes of a request, of a frame of an answer, and of all its frames. */
  readonly requestMax: number;
  readonly frameMax: number;
  readonly answerMax: number;
  readonly served: NetworkCount;
  readonly clock: Clock;
  readonly report: Report;
  /** The frames of an answer. Throws where the request is malformed. */
  serve(request: Uint8Array): Promise<readonly Uint8Array[]>;
  /** Whether the peer may be served now. */
  mayAsk(peerId: string): boolean;
}

/** Requests of one frame, each on a stream of its own, answered by frames and the end of the stream. Both sides are bounded. */
export class Exchange {
  readonly #options: ExchangeOptions;
  readonly #stop = new AbortController();
  readonly #serving = new Map<string, number>();
  readonly #asking = new Map<string, number>();

  constructor(options: ExchangeOptions) {
    this.#options = options;
  }
  get serving(): number {
    return [...this.#serving.values()].reduce((sum, n) => sum + n, 0);
  }
  close(): void {
    this.#stop.abort();
  }

  /**
   * The frames of an answer, unchecked, at most `countMax`.
   * @throws NetworkError BUSY, TIMEOUT (5 s between frames, 30 s in all), ABORTED, REFUSED, CUT, TOO_LARGE, TOO_MANY
   */
  async request(
    connection: Connection,
    of: {readonly request: Uint8Array; readonly countMax: number; readonly signal: AbortSignal},
  ): Promise<Uint8Array[]> {
    const peer = connection.remotePeer.toString();
    const open = this.#asking.get(peer) ?? 0;
    if (open >= ASKED_PER_PEER_MAX) throw new NetworkError("BUSY", {peer, want: ASKED_PER_PEER_MAX});
    this.#asking.set(peer, open + 1);
    const {clock, what} = this.#options;
    try {
      const parent = AbortSignal.any([of.signal, this.#stop.signal]);
      return await within(clock, {ms: TOTAL_MS, what: what.all, parent}, (total) => this.#ask(connection, of.request, of.countMax, total));
    } finally {
      leave(this.#asking, peer);
    }
  }
  async #ask(connection: Connection, request: Uint8Array, countMax: number, total: AbortSignal): Promise<Uint8Array[]> {
    const {clock, protocol, what, frameMax, answerMax} = this.#options;
    const step = {ms: FRAME_MS, what: what.one, parent: total};
    const stream = await within(clock, step, (signal) => connection.newStream(protocol, {signal})).catch((error) => {
      throw error instanceof NetworkError ? error : new NetworkError("REFUSED", {what: what.all}, {cause: error});
    });
    const channel = new FrameChannel(stream, frameMax);
    try {
      await within(clock, step, (signal) => channel.send(request, signal));
      const frames: Uint8Array[] = [];
      for (let bytes = 0; ; ) {
        const frame = await within(clock, step, (signal) => channel.next(signal));
        if (frame === null) break;
        bytes += frame.length;
        if (frames.length === countMax) throw new NetworkError("TOO_MANY", {want: countMax});
        if (bytes > answerMax) throw new NetworkError("TOO_LARGE", {what: "answer", want: answerMax, got: bytes});
        frames.push(frame);
      }
      await within(clock, step, (signal) => channel.close(signal));
      return frames;
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
    const {clock, report, serve, requestMax, frameMax, answerMax, served} = this.#options;
    const step = {ms: FRAME_MS, what: "serve", parent: total};
    const channel = new FrameChannel(stream, requestMax);
    const request = await within(clock, step, (signal) => channel.next(signal));
    if (request === null) throw new NetworkError("CUT", {want: requestMax, got: 0});
    const frames = await within(clock, step, () => serve(request));
    let bytes = 0;
    for (const frame of frames) {
      bytes += frame.length;
      if (frame.length > frameMax || bytes > answerMax) break;
      await within(clock, step, (signal) => channel.send(frame, signal));
      report.count(served);
    }
    await within(clock, step, (signal) => channel.close(signal));
  }
}

function leave(counts: Map<string, number>, peer: string): void {
  const left = (counts.get(peer) ?? 1) - 1;
  if (left > 0) counts.set(peer, left);
  else counts.delete(peer);
}
