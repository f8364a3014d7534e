import type {Stream} from "@libp2p/interface";
import type {Clock} from "../ports/system.ts";
import {MESSAGE_BYTES_MAX} from "../types/messages.ts";
import {asError} from "./errors.ts";
import {FrameReader} from "./frames.ts";
import type {PathLimit} from "./limits.ts";

/** Frames judged in one go, before timers and other peers have their turn. */
const BATCH = 64;

export interface InboxOptions {
  readonly clock: Clock;
  readonly limit: PathLimit;
  /** Judges one message; must not throw. */
  receive(message: Uint8Array): void;
  /** The peer sent a frame that is larger than any message. */
  onOversize(): void;
}

/**
 * Reads a peer's direct stream. A peer over its rate is not dropped but made to wait: a paused stream grants no further
 * window, so that no more than a window and one unfinished frame are held.
 */
export class Inbox {
  readonly #stream: Stream;
  readonly #options: InboxOptions;
  readonly #reader = new FrameReader(MESSAGE_BYTES_MAX);
  #cancelWait: (() => void) | null = null;
  #closed = false;
  #resuming = false;

  constructor(stream: Stream, options: InboxOptions) {
    this.#stream = stream;
    this.#options = options;
    stream.addEventListener("close", () => this.#end());
    stream.addEventListener("message", ({data}) => {
      if (this.#closed) return;
      for (const chunk of data instanceof Uint8Array ? [data] : data) this.#reader.push(chunk);
      if (this.#cancelWait === null && !this.#resuming) this.#pump();
    });
  }
  get buffered(): number {
    return this.#reader.buffered;
  }
  close(reason: Error): void {
    this.#end();
    this.#stream.abort(reason);
  }

  #pump(): void {
    try {
      let waitMs = this.#judge();
      while (waitMs === null && this.#resume()) waitMs = this.#judge();
      if (waitMs !== null) this.#pause(waitMs);
    } catch (error) {
      this.close(asError(error));
      this.#options.onOversize();
    }
  }
  /** Judges what is there; milliseconds to wait where the rate or the batch is used up. Throws NetworkError TOO_LARGE. */
  #judge(): number | null {
    for (let judged = 0; this.#reader.ready && !this.#closed; judged++) {
      const waitMs = this.#options.limit.waitMs(this.#reader.nextSize() ?? 0);
      if (waitMs > 0 || judged === BATCH) return waitMs;
      const message = this.#reader.next();
      if (message === null) break;
      this.#options.limit.take(message.length);
      this.#options.receive(message);
    }
    return null;
  }
  /** Ends a pause; whether there is more to judge. */
  #resume(): boolean {
    if (this.#closed || this.#stream.readStatus !== "paused") return false;
    this.#resuming = true; // what came in meanwhile is handed over within this call, which must not pause the stream again
    this.#stream.resume();
    this.#resuming = false;
    return this.#reader.ready;
  }
  #pause(ms: number): void {
    if (this.#stream.readStatus === "readable") this.#stream.pause();
    this.#cancelWait = this.#options.clock.after(ms, () => {
      this.#cancelWait = null;
      this.#pump();
    });
  }
  #end(): void {
    this.#closed = true;
    this.#cancelWait?.();
    this.#cancelWait = null;
  }
}
