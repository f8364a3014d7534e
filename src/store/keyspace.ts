import {crc32} from "node:zlib";
import {concatBytes, utf8} from "../base/bytes.ts";
import {Reader, Writer} from "../base/codec.ts";

/** Every key of the databases. A version of the layout that is not this one is not opened. */
export const STORE_VERSION = 2;

/** `bodies`: bulk, written once. `state`: small and hot, so that its syncs stay short. `snapshots`: bulk, and replaced. */
export const DATABASES = {bodies: "bodies", state: "state", snapshots: "snapshots"} as const;

/** state: the layout's version, u32. */
export const VERSION_KEY = utf8("version");
/** state: last decided height, u64. */
export const HEIGHT_KEY = utf8("height");
/** state: heights without blocks, from u64 ‖ to u64. */
export const GAP_KEY = utf8("gap");
/** state: where a jump under way leads, u64. */
export const JUMP_KEY = utf8("jump");
/** bodies: heights of the last append, from u64 ‖ to u64. */
export const APPEND_KEY = utf8("append");

const PREFIX = {block: 0x62, proof: 0x70, open: 0x6f, head: 0x68, part: 0x73} as const;

/** bodies: 'b' ‖ height u64 → encoded block. */
export function blockKey(height: number): Uint8Array {
  return new Writer().u8(PREFIX.block).count(height).bytes();
}

/** state: 'p' ‖ height u64 → encoded proof. */
export function proofKey(height: number): Uint8Array {
  return new Writer().u8(PREFIX.proof).count(height).bytes();
}

/** state: 'o' ‖ height u64 → nothing: the proof of this height is votes. */
export function openKey(height: number): Uint8Array {
  return new Writer().u8(PREFIX.open).count(height).bytes();
}

/** snapshots: 'h' ‖ height u64 → head of a whole snapshot. */
export function headKey(height: number): Uint8Array {
  return new Writer().u8(PREFIX.head).count(height).bytes();
}

/** snapshots: 's' ‖ height u64 ‖ part u32 → part. */
export function partKey(height: number, index: number): Uint8Array {
  return new Writer().u8(PREFIX.part).count(height).u32(index).bytes();
}

/** The height in a key of one record for each height or part. Throws DecodeError. */
export function heightOfKey(key: Uint8Array): number {
  const r = new Reader(key);
  r.u8("key.prefix");
  return r.count("key.height");
}

/** `value` as it is stored: CRC-32 of (key ‖ value) u32 ‖ value. The key is inside, so that a value in another's place is found. */
export function seal(key: Uint8Array, value: Uint8Array): Uint8Array {
  return concatBytes(new Writer().u32(crc32(value, crc32(key))).bytes(), value);
}

/** The value of a stored record, or null where it is not what was written under this key. */
export function unseal(key: Uint8Array, stored: Uint8Array): Uint8Array | null {
  if (stored.length < 4) return null;
  const value = new Uint8Array(stored.buffer, stored.byteOffset + 4, stored.length - 4); // not a Buffer, whose slices share memory
  return new Reader(stored).u32("record.crc") === crc32(value, crc32(key)) ? value : null;
}
