import type {Stream} from "@libp2p/interface";
import {asError, NetworkError} from "./errors.ts";

/** Bytes before each frame: its length, big-endian. */
const HEAD = 4;
const BUFFER_MIN = 4_096;
const BUFFER_KEPT = 64 << 10;
/** A stream with more unsent bytes than this takes no further frame. */
const UNSENT_MAX = 64 << 10;
/** What may wait beyond a whole frame: one flow-control window. */
const AHEAD_MAX = 1 << 20;

/** u32 length ‖ frame. */
export function encodeFrame(frame: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(HEAD + frame.length);
  new DataView(bytes.buffer).setUint32(0, frame.length);
  bytes.set(frame, HEAD);
  return bytes;
}

/**
 * Cuts a byte stream into frames. Holds no more than what came in, at most one unfinished frame once `next` has
 * answered null, in one buffer: chunks of one byte cost no more than large ones.
 */
export class FrameReader {
  readonly #frameMax: number;
  #buffer = new Uint8Array(BUFFER_MIN);
  #start = 0;
  #end = 0;

  /** @param frameMax  bytes that a frame may have */
  constructor(frameMax: number) {
    this.#frameMax = frameMax;
  }
  /** Bytes that came in and are not taken. */
  get buffered(): number {
    return this.#end - this.#start;
  }
  push(chunk: Uint8Array): void {
    if (this.#end + chunk.length > this.#buffer.length) this.#makeRoom(chunk.length);
    this.#buffer.set(chunk, this.#end);
    this.#end += chunk.length;
  }
  /** Bytes of the next frame, whether it is complete or not; null before its head is there. Throws NetworkError TOO_LARGE. */
  nextSize(): number | null {
    if (this.buffered < HEAD) return null;
    const size = new DataView(this.#buffer.buffer, this.#start, HEAD).getUint32(0);
    if (size > this.#frameMax) throw new NetworkError("TOO_LARGE", {what: "frame", want: this.#frameMax, got: size});
    return size;
  }
  /** Whether `next` has one. Throws NetworkError TOO_LARGE. */
  get ready(): boolean {
    const size = this.nextSize();
    return size !== null && this.buffered >= HEAD + size;
  }
  /** The next complete frame, copied, or null. Throws NetworkError TOO_LARGE. */
  next(): Uint8Array | null {
    const size = this.nextSize();
    if (size === null || this.buffered < HEAD + size) return null;
    const from = this.#start + HEAD;
    const frame = this.#buffer.slice(from, from + size);
    this.#start = from + size;
    if (this.#start === this.#end) {
      this.#start = 0;
      this.#end = 0;
      if (this.#buffer.length > BUFFER_KEPT) this.#buffer = new Uint8Array(BUFFER_MIN);
    }
    return frame;
  }

  #makeRoom(size: number): void {
    const held = this.#buffer.subarray(this.#start, this.#end);
    const need = held.length + size;
    const to = need <= this.#buffer.length ? this.#buffer : new Uint8Array(Math.max(need, 2 * this.#buffer.length));
    to.set(held, 0);
    this.#buffer = to;
    this.#end = held.length;
    this.#start = 0;
  }
}

/** Whether the stream takes a frame now. `send` alone does not tell: what it cannot pass on it keeps, without bound. */
export function isWritable(stream: Stream): boolean {
  return stream.writeStatus === "writable" && !stream.writableNeedsDrain && stream.writeBufferLength < UNSENT_MAX;
}

/** Frames in turn over one stream, for short exchanges. Waits end by their signal, with its reason. */
export class FrameChannel {
  readonly #stream: Stream;
  readonly #reader: FrameReader;
  #failure: Error | null = null;
  #ended = false;
  #wake: () => void = () => {};

  constructor(stream: Stream, frameMax: number) {
    this.#stream = stream;
    this.#reader = new FrameReader(frameMax);
    stream.addEventListener("message", ({data}) => {
      for (const chunk of data instanceof Uint8Array ? [data] : data) this.#reader.push(chunk);
      if (this.#reader.buffered > HEAD + frameMax + AHEAD_MAX)
        this.abort(new NetworkError("TOO_LARGE", {what: "bytes ahead", want: frameMax, got: this.#reader.buffered}));
      this.#wake();
    });
    stream.addEventListener("remoteCloseWrite", () => this.#wake());
    stream.addEventListener("close", ({error}) => {
      if (error !== undefined) this.#failure ??= asError(error);
      this.#ended = true;
      this.#wake();
    });
    stream.addEventListener("drain", () => this.#wake());
    stream.addEventListener("idle", () => this.#wake());
  }

  /** The next frame; null once the other side has ended between two frames. Throws NetworkError TOO_LARGE, CUT, REFUSED. */
  async next(signal: AbortSignal): Promise<Uint8Array | null> {
    for (;;) {
      const frame = this.#reader.next();
      if (frame !== null) return frame;
      if (this.#failure instanceof NetworkError) throw this.#failure;
      if (this.#failure !== null) throw new NetworkError("REFUSED", {what: this.#failure.message}, {cause: this.#failure});
      if (this.#hasEnded() && this.#reader.buffered > 0) throw new NetworkError("CUT", {got: this.#reader.buffered});
      if (this.#hasEnded()) return null;
      await this.#woken(signal);
    }
  }
  /** Resolves once the transport has nearly all of it. Throws NetworkError REFUSED. */
  async send(frame: Uint8Array, signal: AbortSignal): Promise<void> {
    while (!isWritable(this.#stream)) await this.#wokenToWrite(signal);
    this.#stream.send(encodeFrame(frame));
    while (!isWritable(this.#stream)) await this.#wokenToWrite(signal);
  }
  async close(signal: AbortSignal): Promise<void> {
    await this.#stream.close({signal});
  }
  abort(reason: Error): void {
    this.#failure ??= reason;
    this.#stream.abort(reason);
  }

  /** Also where that happened before this channel began to listen. */
  #hasEnded(): boolean {
    const {status, remoteWriteStatus, readBufferLength} = this.#stream;
    return this.#ended || ((status !== "open" || remoteWriteStatus !== "writable") && readBufferLength === 0);
  }
  async #wokenToWrite(signal: AbortSignal): Promise<void> {
    if (this.#stream.writeStatus !== "writable") throw this.#failure ?? new NetworkError("REFUSED", {what: "stream is closed"});
    await this.#woken(signal);
  }
  /** Resolves at the next event of the stream, rejects with the signal's reason. */
  #woken(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(asError(signal.reason));
      const stop = () => reject(asError(signal.reason));
      signal.addEventListener("abort", stop, {once: true});
      this.#wake = () => {
        signal.removeEventListener("abort", stop);
        resolve();
      };
    });
  }
}
