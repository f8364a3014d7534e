import type {Connection} from "@libp2p/interface";
import {Reader, Writer} from "../base/codec.ts";
import type {SnapshotAsk} from "../ports/network.ts";
import {BLOCK_BYTES_MAX} from "../types/block.ts";
import {Exchange, type ExchangeOptions} from "./exchange.ts";

/** Bytes of one encoded decided block: the block and its proof. Below 3 MiB. */
export const DECIDED_BYTES_MAX = BLOCK_BYTES_MAX + 500_000;
/** Blocks, and their bytes, in one answer. */
export const ANSWER_COUNT_MAX = 256;
export const ANSWER_BYTES_MAX = 16 << 20;
/** Bytes of a piece of a snapshot: a head is a decided block and an outline, a part at most a record more than it should be. */
export const PIECE_BYTES_MAX = DECIDED_BYTES_MAX + (1 << 20);

const ASKS = ["head", "newest head", "part"] as const;

export type SyncPorts = Pick<ExchangeOptions, "protocol" | "clock" | "report" | "mayAsk">;

/** Decided blocks by request: height u64 ‖ count u16, answered by one frame per block. */
export class BlockSync {
  readonly exchange: Exchange;

  /** @param serveBlocks  as NetworkHandler.serveBlocks */
  constructor(ports: SyncPorts, serveBlocks: (from: number, count: number) => Promise<readonly Uint8Array[]>) {
    this.exchange = new Exchange({
      ...ports,
      what: {all: "blocks", one: "block"},
      requestMax: 10,
      frameMax: DECIDED_BYTES_MAX,
      answerMax: ANSWER_BYTES_MAX,
      served: "servedBlocks",
      serve: async (request) => {
        const r = new Reader(request);
        const from = r.count("request.from");
        const count = Math.min(r.u16("request.count"), ANSWER_COUNT_MAX);
        r.end("request");
        return (await serveBlocks(from, count)).slice(0, count);
      },
    });
  }

  /**
   * Blocks of heights `from`, `from + 1`, …, encoded and unchecked: at most `count`, and at most 256; none where the peer has none.
   * @throws as Exchange.request
   */
  request(connection: Connection, {from, count, signal}: {from: number; count: number; signal: AbortSignal}): Promise<Uint8Array[]> {
    const countMax = Math.min(count, ANSWER_COUNT_MAX);
    return this.exchange.request(connection, {request: new Writer().count(from).u16(countMax).bytes(), countMax, signal});
  }
}

/** Pieces of snapshots by request: kind u8 (head, newest head, part) ‖ height u64 but for the newest ‖ part u32, answered by one frame, or none. */
export class SnapshotSync {
  readonly exchange: Exchange;

  /** @param serveSnapshot  as NetworkHandler.serveSnapshot */
  constructor(ports: SyncPorts, serveSnapshot: (ask: SnapshotAsk) => Promise<Uint8Array | null>) {
    this.exchange = new Exchange({
      ...ports,
      what: {all: "snapshot", one: "piece"},
      requestMax: 13,
      frameMax: PIECE_BYTES_MAX,
      answerMax: PIECE_BYTES_MAX,
      served: "servedPieces",
      serve: async (request) => {
        const piece = await serveSnapshot(decodeAsk(request));
        return piece === null ? [] : [piece];
      },
    });
  }

  /** What is asked for, unchecked; null where the peer has none. Throws as Exchange.request. */
  async request(connection: Connection, ask: SnapshotAsk, signal: AbortSignal): Promise<Uint8Array | null> {
    const [piece] = await this.exchange.request(connection, {request: encodeAsk(ask), countMax: 1, signal});
    return piece ?? null;
  }
}

function encodeAsk({height, part}: SnapshotAsk): Uint8Array {
  if (height === null) return new Writer().tag(ASKS, "newest head").bytes();
  if (part === null) return new Writer().tag(ASKS, "head").count(height).bytes();
  return new Writer().tag(ASKS, "part").count(height).u32(part).bytes();
}

function decodeAsk(request: Uint8Array): SnapshotAsk {
  const r = new Reader(request);
  const kind = r.tag(ASKS, "request.kind");
  const height = kind === "newest head" ? null : r.count("request.height");
  const part = kind === "part" ? r.u32("request.part") : null;
  r.end("request");
  return {height, part};
}
