import "./polyfill.ts";
import {yamux} from "@chainsafe/libp2p-yamux";
import type {MessageStream, StreamMuxer, StreamMuxerFactory} from "@libp2p/interface";
import {InvariantError} from "../base/errors.ts";
import {type Rate, TokenBucket} from "./limits.ts";

/** Flow-control window per stream, and so the largest frame that an honest peer sends. */
export const WINDOW_MAX = 1 << 20;
/** Streams that one connection may have open in each direction; a handful is used. */
const STREAMS_MAX = 32;
/** Unsent bytes of one connection beyond which it is cut: answers to pings and windows heed no back pressure. */
export const UNSENT_BYTES_MAX = 16 << 20;

const FRAMES: Rate = {perSecond: 30_000, burst: 60_000};
const STREAMS: Rate = {perSecond: 50, burst: 200};
const PINGS: Rate = {perSecond: 5, burst: 50};
const BYTES: Rate = {perSecond: 64 << 20, burst: 128 << 20};

const HEADER = 12;
const DATA = 0;
const PING = 2;
const SYN = 1;

/** The other side of a connection does what no honest node does to a multiplexer. */
export class MuxerAbuse extends Error {
  override readonly name = "MuxerAbuse";
}

/**
 * Reads along with yamux (header: version, type, flags u16, stream u32, length u32; only type 0 has a payload), whose decoder
 * waits for a whole frame however long it claims to be, and which answers every ping and every new stream.
 */
export class FrameGuard {
  readonly #header = new Uint8Array(HEADER);
  #headerSize = 0;
  #payloadLeft = 0;
  readonly #frames: TokenBucket;
  readonly #streams: TokenBucket;
  readonly #pings: TokenBucket;
  readonly #bytes: TokenBucket;

  constructor(now: () => number) {
    this.#frames = new TokenBucket(now, FRAMES);
    this.#streams = new TokenBucket(now, STREAMS);
    this.#pings = new TokenBucket(now, PINGS);
    this.#bytes = new TokenBucket(now, BYTES);
  }

  /** Throws MuxerAbuse; the connection must then be cut. */
  scan(chunk: Uint8Array): void {
    if (!this.#bytes.take(chunk.length)) throw new MuxerAbuse("too many bytes a second");
    for (let at = 0; at < chunk.length; ) {
      if (this.#payloadLeft > 0) {
        const skipped = Math.min(this.#payloadLeft, chunk.length - at);
        this.#payloadLeft -= skipped;
        at += skipped;
        continue;
      }
      this.#header[this.#headerSize++] = chunk[at++] as number;
      if (this.#headerSize < HEADER) continue;
      this.#headerSize = 0;
      this.#check(new DataView(this.#header.buffer));
    }
  }
  #check(header: DataView): void {
    if (!this.#frames.take()) throw new MuxerAbuse("too many frames a second");
    const type = header.getUint8(1);
    const opens = (header.getUint16(2) & SYN) !== 0;
    if (type === PING && opens && !this.#pings.take()) throw new MuxerAbuse("too many pings a second");
    if (type < PING && opens && !this.#streams.take()) throw new MuxerAbuse("too many streams a second");
    if (type !== DATA) return;
    this.#payloadLeft = header.getUint32(8);
    if (this.#payloadLeft > WINDOW_MAX) throw new MuxerAbuse("frame is larger than any window");
  }
}

/** Yamux with bounds, and with a FrameGuard before it. */
export function guardedYamux(now: () => number): () => StreamMuxerFactory {
  const factory = yamux({
    maxInboundStreams: STREAMS_MAX,
    maxOutboundStreams: 2 * STREAMS_MAX,
    streamOptions: {maxStreamWindowSize: WINDOW_MAX},
  })();
  return () => ({
    protocol: factory.protocol,
    createStreamMuxer(connection: MessageStream): StreamMuxer {
      connection.maxWriteBufferLength = UNSENT_BYTES_MAX;
      return guarded(factory.createStreamMuxer(connection), new FrameGuard(now));
    },
  });
}

/** The muxer calls its own `onData` for what comes in, and cuts the connection where that throws. */
function guarded(muxer: StreamMuxer, guard: FrameGuard): StreamMuxer {
  const target = muxer as StreamMuxer & {onData?: (data: Uint8Array | Iterable<Uint8Array>) => void};
  const onData = target.onData?.bind(muxer);
  if (onData === undefined) throw new InvariantError("INVARIANT", {what: "this yamux has no onData to guard"});
  target.onData = (data) => {
    for (const chunk of data instanceof Uint8Array ? [data] : data) guard.scan(chunk);
    onData(data);
  };
  return muxer;
}
