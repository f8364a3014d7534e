import {crc32} from "node:zlib";

/** Bytes of one record, without its head: a proposal with its block fits. */
export const RECORD_BYTES_MAX = 4_194_304;
const HEAD_BYTES = 8;
/** Set in the length of the first record of an append: whatever stands before such a record had been synced. */
const FIRST = 0x8000_0000;
/** What a disk writes whole; a power cut leaves such a part of an unsynced append old, that is zero, or new. */
const SECTOR_BYTES = 512;

/**
 * The bytes of one append: for each record `length u32 ‖ CRC-32 of (length ‖ bytes) u32 ‖ bytes`, big-endian. The top bit of
 * the length marks the first one.
 */
export function encodeAppend(records: readonly Uint8Array[]): Buffer {
  const whole = Buffer.allocUnsafe(records.reduce((sum, record) => sum + HEAD_BYTES + record.length, 0));
  let at = 0;
  records.forEach((record, i) => {
    whole.writeUInt32BE((record.length | (i === 0 ? FIRST : 0)) >>> 0, at);
    whole.writeUInt32BE(checksum(whole.subarray(at, at + 4), record), at + 4);
    whole.set(record, at + HEAD_BYTES);
    at += HEAD_BYTES + record.length;
  });
  return whole;
}

export interface ScannedWal {
  readonly records: readonly Uint8Array[];
  /** Bytes of the good records. */
  readonly end: number;
  /** whole: nothing after `end`. torn: an append that never completed. corrupt: damage of what had been synced. */
  readonly tail: "whole" | "torn" | "corrupt";
  /** Readable records behind `end`: what is whole of what would be lost. */
  readonly behind: readonly Uint8Array[];
}

/**
 * Reads a whole file. What follows the last good record is a torn append only where that explains it: the file ends inside
 * the record, or a sector of it was never written; and no later append follows. Everything else is damage: a flipped byte in
 * the last record may be in a vote that has left the node.
 */
export function scanWal(bytes: Buffer): ScannedWal {
  const records: Uint8Array[] = [];
  let end = 0;
  for (let record = recordAt(bytes, end); record !== null; record = recordAt(bytes, end)) {
    records.push(record.bytes);
    end = record.end;
  }
  if (end === bytes.length) return {records, end, tail: "whole", behind: []};
  const behind = recordsBehind(bytes, end);
  const torn =
    !behind.synced &&
    !lengthIsDamaged(bytes, end) &&
    (hasUnwrittenSector(bytes, end) || (behind.records.length === 0 && endsInside(bytes, end)));
  return {records, end, tail: torn ? "torn" : "corrupt", behind: behind.records};
}

function recordAt(bytes: Buffer, at: number): {bytes: Uint8Array; end: number; first: boolean} | null {
  if (bytes.length - at < HEAD_BYTES) return null;
  const field = bytes.readUInt32BE(at);
  const end = at + HEAD_BYTES + (field & ~FIRST);
  if (end > bytes.length || end - at > HEAD_BYTES + RECORD_BYTES_MAX) return null;
  const body = bytes.subarray(at + HEAD_BYTES, end);
  if (bytes.readUInt32BE(at + 4) !== checksum(bytes.subarray(at, at + 4), body)) return null;
  return {bytes: new Uint8Array(body), end, first: (field & FIRST) !== 0};
}

function recordsBehind(bytes: Buffer, damage: number): {records: Uint8Array[]; synced: boolean} {
  const records: Uint8Array[] = [];
  let synced = false;
  for (let at = damage + 1; at < bytes.length; ) {
    const record = recordAt(bytes, at);
    if (record !== null) {
      records.push(record.bytes);
      synced ||= record.first;
    }
    at = record?.end ?? at + 1;
  }
  return {records, synced};
}

/** Whether the record is whole up to the end of the file but for its length. */
function lengthIsDamaged(bytes: Buffer, at: number): boolean {
  const size = bytes.length - at - HEAD_BYTES;
  if (size < 0 || size > RECORD_BYTES_MAX) return false;
  const length = Buffer.alloc(4);
  return [0, FIRST].some((mark) => {
    length.writeUInt32BE((size | mark) >>> 0);
    return bytes.readUInt32BE(at + 4) === checksum(length, bytes.subarray(at + HEAD_BYTES));
  });
}

function endsInside(bytes: Buffer, at: number): boolean {
  if (bytes.length - at < HEAD_BYTES) return true;
  const size = bytes.readUInt32BE(at) & ~FIRST;
  return size <= RECORD_BYTES_MAX && at + HEAD_BYTES + size > bytes.length;
}

function hasUnwrittenSector(bytes: Buffer, from: number): boolean {
  for (let at = from; at < bytes.length; ) {
    const next = Math.min(bytes.length, (Math.floor(at / SECTOR_BYTES) + 1) * SECTOR_BYTES);
    if (bytes.subarray(at, next).every((byte) => byte === 0)) return true;
    at = next;
  }
  return false;
}

function checksum(length: Uint8Array, body: Uint8Array): number {
  return crc32(body, crc32(length));
}
