import type {DecidedBlock} from "../types/messages.ts";
import type {Certificate, Proof} from "../types/votes.ts";
import type {Service} from "./system.ts";

/** Heights from … to, both included. */
export interface Heights {
  readonly from: number;
  readonly to: number;
}

/** Decided blocks by height, from 1, without gaps but the one that `gap` names. A write is on disk when its promise resolves. */
export interface BlockStore extends Service {
  /** Last height that is stored, 0 for none. */
  height(): number;
  /** Heights that were pruned, or passed over by `jump`; null: none. */
  gap(): Heights | null;
  /** Appends height() + 1. Throws StoreError OUT_OF_ORDER for another. */
  append(height: number, decided: DecidedBlock): Promise<void>;
  /** Appends height() + 1 = `first`, and those after it, at the cost of one; all or none of them survive a crash. Throws as append. */
  appendAll(first: number, blocks: readonly DecidedBlock[]): Promise<void>;
  /** Replaces the proof of a stored block by its certificate. */
  setCertificate(certificate: Certificate): Promise<void>;
  /** null where it is not stored. Throws StoreError CORRUPT where a record does not decode. */
  read(height: number): Promise<DecidedBlock | null>;
  /** The proof alone. As read. */
  readProof(height: number): Promise<Proof | null>;
  /** Encoded DecidedBlocks of `from`, `from + 1`, …, at most `count` and about `bytesMax` bytes. */
  readRange(from: number, count: number, bytesMax: number): Promise<Uint8Array[]>;
  /** Stored heights above `above` that are proven by votes, ascending. */
  uncertified(above: number): Promise<number[]>;
  /** Takes away the blocks of these heights, and what lies between them and the gap. Throws StoreError OUT_OF_ORDER at the head. */
  prune(heights: Heights): Promise<void>;
  /**
   * Goes on from `height`, above height(), with this block: the next to append is the one after it. Blocks from `gapFrom` up to it are
   * given up. A crash leaves all as it was, or all done. Throws StoreError OUT_OF_ORDER.
   */
  jump(height: number, decided: DecidedBlock, gapFrom: number): Promise<void>;
}

/** Snapshots of the state: a head, which says what the parts are, and the parts by number. What the bytes mean is not its business. */
export interface SnapshotStore extends Service {
  /** Heights of whole snapshots, ascending. */
  heights(): readonly number[];
  /** Keeps one part of a snapshot that is not whole yet. */
  putPart(height: number, index: number, part: Uint8Array): Promise<void>;
  /** Makes the snapshot whole: all its parts are kept. One that is never finished is gone after the next start. */
  finish(height: number, head: Uint8Array): Promise<void>;
  /** null where there is none, or not a whole one. Throws StoreError CORRUPT. */
  readHead(height: number): Promise<Uint8Array | null>;
  /** null where there is none. Throws StoreError CORRUPT. */
  readPart(height: number, index: number): Promise<Uint8Array | null>;
  /** Takes it away, whole or not. */
  remove(height: number): Promise<void>;
}

/**
 * Records that must be on disk before a vote leaves, in the order in which they were appended.
 * A torn last record is dropped at open; damage before it is refused with WalError CORRUPT, which says where.
 */
export interface Wal extends Service {
  /** What the file held when it was opened. */
  readonly recovered: readonly Uint8Array[];
  /** One append and one fdatasync for all of them. */
  append(records: readonly Uint8Array[]): Promise<void>;
  /** Replaces the whole file by these records, atomically. */
  reset(records: readonly Uint8Array[]): Promise<void>;
  /** Bytes in the file. */
  size(): number;
}
