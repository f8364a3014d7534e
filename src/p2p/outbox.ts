import type {Connection, Stream} from "@libp2p/interface";
import {concatBytes} from "../base/bytes.ts";
import type {Clock} from "../ports/system.ts";
import {asError} from "./errors.ts";
import {encodeFrame, isWritable} from "./frames.ts";
import {SendQueue} from "./queue.ts";

const OPEN_MS = 3_000;
const REOPEN_MS = 500;
/** A peer that takes no frame for so long has its stream reset and its queue emptied. */
const STALL_MS = 10_000;
/** A peer with more bytes than this in its queue is slow. */
const FLOWS_BYTES = 256 << 10;
/** Small frames that wait are sent together up to this many bytes. */
const JOIN_BYTES = 64 << 10;

export interface OutboxOptions {
  readonly protocol: string;
  readonly clock: Clock;
  /** An open connection to the peer, if there is one. */
  connection(): Connection | undefined;
  /** So many frames were handed to the stream. */
  onSent(count: number): void;
  /** So many frames will never be sent. */
  onDropped(count: number): void;
}

/** One long-lived outgoing stream to a peer, and the bounded queue before it. Opens at once, and again after a failure. */
export class Outbox {
  readonly #options: OutboxOptions;
  readonly #queue = new SendQueue();
  readonly #stop = new AbortController();
  #stream: Stream | null = null;
  #opening = false;
  #flushing = false;
  #cancelReopen: () => void = () => {};
  #cancelStall: (() => void) | null = null;

  constructor(options: OutboxOptions) {
    this.#options = options;
    this.#open();
  }
  get queued(): {readonly count: number; readonly bytes: number} {
    return {count: this.#queue.count, bytes: this.#queue.bytes};
  }

  /** Whether what is pushed leaves at once, or will within a moment. */
  get flows(): boolean {
    return this.#stream !== null && this.#queue.bytes < FLOWS_BYTES;
  }

  /** Sends the message or queues it; never waits and never throws. */
  push(message: Uint8Array, value: number): void {
    const dropped = this.#stop.signal.aborted ? 1 : this.#queue.push(encodeFrame(message), value);
    if (dropped > 0) this.#options.onDropped(dropped);
    if (this.#flushing) return;
    this.#flushing = true; // what is pushed within one turn leaves together
    queueMicrotask(() => {
      this.#flushing = false;
      this.#flush();
    });
  }
  /** Gives up the stream, as after the peer has restarted; a new one is opened. */
  reset(): void {
    this.#fail(this.#stream, new Error("peer restarted"));
  }
  close(): void {
    this.#stop.abort(new Error("closed"));
    this.#cancelReopen();
    this.#dropAll();
    this.#stream?.abort(new Error("closed"));
    this.#stream = null;
  }

  #flush(): void {
    const stream = this.#stream;
    if (stream === null) return;
    try {
      while (this.#queue.count > 0 && isWritable(stream)) {
        const frames = this.#queue.take(JOIN_BYTES);
        this.#settled();
        stream.send(frames.length === 1 ? (frames[0] as Uint8Array) : concatBytes(...frames));
        this.#options.onSent(frames.length);
      }
    } catch (error) {
      this.#fail(stream, asError(error));
      return;
    }
    if (this.#queue.count === 0) this.#settled();
    else this.#watch(stream);
  }
  #watch(stream: Stream): void {
    this.#cancelStall ??= this.#options.clock.after(STALL_MS, () => {
      this.#dropAll();
      this.#fail(stream, new Error("peer does not read"));
    });
  }
  #settled(): void {
    this.#cancelStall?.();
    this.#cancelStall = null;
  }
  #dropAll(): void {
    this.#settled();
    const dropped = this.#queue.clear();
    if (dropped > 0) this.#options.onDropped(dropped);
  }

  #open(): void {
    if (this.#opening || this.#stream !== null || this.#stop.signal.aborted) return;
    const connection = this.#options.connection();
    if (connection === undefined) this.#openLater();
    else this.#openOn(connection);
  }
  #openOn(connection: Connection): void {
    this.#opening = true;
    const limit = new AbortController();
    const cancel = this.#options.clock.after(OPEN_MS, () => limit.abort(new Error("stream was not opened in time")));
    connection
      .newStream(this.#options.protocol, {signal: AbortSignal.any([limit.signal, this.#stop.signal])})
      .then((stream) => this.#opened(stream))
      .catch(() => this.#openLater())
      .finally(() => {
        cancel();
        this.#opening = false;
      });
  }
  #opened(stream: Stream): void {
    if (this.#stop.signal.aborted) {
      stream.abort(new Error("closed"));
      return;
    }
    this.#stream = stream;
    stream.addEventListener("close", () => this.#fail(stream, new Error("closed by the peer")));
    stream.addEventListener("drain", () => this.#flush());
    stream.addEventListener("idle", () => this.#flush());
    if (stream.status === "open") this.#flush();
    else this.#fail(stream, new Error("closed as it was opened"));
  }
  #fail(stream: Stream | null, reason: Error): void {
    if (stream === null || this.#stream !== stream) return;
    this.#stream = null;
    this.#settled();
    stream.abort(reason);
    this.#openLater();
  }
  #openLater(): void {
    if (this.#stop.signal.aborted) return;
    this.#cancelReopen();
    this.#cancelReopen = this.#options.clock.after(REOPEN_MS, () => this.#open());
  }
}
