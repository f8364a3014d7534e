import type {DecidedBlock} from "../types/messages.ts";
import type {Certificate} from "../types/votes.ts";
import type {Service} from "./system.ts";

/** Decided blocks by height, from 1, without gaps. A write is on disk when its promise resolves. */
export interface BlockStore extends Service {
  /** Last height that is stored, 0 for none. */
  height(): number;
  /** Appends height() + 1. Throws StoreError OUT_OF_ORDER for another. */
  append(height: number, decided: DecidedBlock): Promise<void>;
  /** Replaces the proof of a stored block by its certificate. */
  setCertificate(certificate: Certificate): Promise<void>;
  /** null where it is not stored. Throws StoreError CORRUPT where a record does not decode. */
  read(height: number): Promise<DecidedBlock | null>;
  /** Encoded DecidedBlocks of `from`, `from + 1`, …, at most `count` and about `bytesMax` bytes. */
  readRange(from: number, count: number, bytesMax: number): Promise<Uint8Array[]>;
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
