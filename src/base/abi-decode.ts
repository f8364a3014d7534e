import {bytesToBig, fromHex, type Hex, plainBytes, toHex} from "./bytes.ts";
import {DecodeError} from "./errors.ts";

/** The Solidity types that events of our contracts use. */
export type AbiType = AbiWord | "bytes" | "bytes16[]";
/** Those that are one word. */
export type AbiWord = `uint${number}` | `bytes${number}` | "address";

/** uintN: bigint; bytesN and address: 0x text; bytes: the bytes themselves; bytes16[]: 0x text each. */
export type AbiDecoded<T extends AbiType> = T extends "bytes"
  ? Uint8Array
  : T extends "bytes16[]"
    ? readonly Hex[]
    : T extends `uint${number}`
      ? bigint
      : Hex;

type AbiDecodedAll<T extends readonly AbiType[]> = {[K in keyof T]: AbiDecoded<T[K]>};

const WORD = 32;

/**
 * The values of `abi.encode(…)`, strictly: only what solc's encoder itself writes is accepted, so that one value has one
 * encoding: tails in order without gaps, padding of zeros, nothing left over. [Solidity ABI specification]
 * @throws DecodeError
 */
export function abiDecode<const T extends readonly AbiType[]>(types: T, encoded: Uint8Array, field = "abi"): AbiDecodedAll<T> {
  const data = plainBytes(encoded);
  let tail = WORD * types.length;
  if (data.length < tail) throw new DecodeError("SHORT", {field, offset: data.length, want: tail, got: data.length});
  const values = types.map((type, i) => {
    const head = data.subarray(WORD * i, WORD * (i + 1));
    if (type !== "bytes" && type !== "bytes16[]") return abiDecodeWord(type, head, field, WORD * i);
    if (toCount(head, field, WORD * i) !== tail) throw new DecodeError("NOT_CANONICAL", {field, offset: WORD * i, want: tail});
    const value = type === "bytes" ? tailBytes(data, tail, field) : tailWords(data, tail, field);
    tail += WORD + (type === "bytes" ? padded(value.length) : WORD * value.length);
    return value;
  });
  if (data.length !== tail) throw new DecodeError("TRAILING", {field, offset: tail, got: data.length - tail});
  return values as AbiDecodedAll<T>;
}

/** The value of one word: a head, or an indexed topic. Unused bytes must be zero. Throws DecodeError. */
export function abiDecodeWord<T extends AbiWord>(type: T, word: Uint8Array | Hex, field = "abi", offset = 0): AbiDecoded<T> {
  const bytes = typeof word === "string" ? fromHex(word, field, WORD) : word;
  const right = type.startsWith("bytes");
  const size = type === "address" ? 20 : right ? Number(type.slice(5)) : Number(type.slice(4)) / 8;
  const value = right ? bytes.subarray(0, size) : bytes.subarray(WORD - size);
  const unused = right ? bytes.subarray(size) : bytes.subarray(0, WORD - size);
  if (unused.some((byte) => byte !== 0)) throw new DecodeError("NOT_CANONICAL", {field, offset, want: type});
  return (type.startsWith("uint") ? bytesToBig(value) : toHex(value)) as AbiDecoded<T>;
}

/** A bytes16[]: each in a word of its own. */
function tailWords(data: Uint8Array, at: number, field: string): Hex[] {
  if (data.length < at + WORD) throw new DecodeError("SHORT", {field, offset: at, want: WORD, got: data.length - at});
  const count = toCount(data.subarray(at, at + WORD), field, at);
  const start = at + WORD;
  if (data.length < start + WORD * count)
    throw new DecodeError("SHORT", {field, offset: start, want: WORD * count, got: data.length - start});
  return Array.from({length: count}, (_, i) => {
    const offset = start + WORD * i;
    return abiDecodeWord("bytes16", data.subarray(offset, offset + WORD), field, offset);
  });
}

function tailBytes(data: Uint8Array, at: number, field: string): Uint8Array {
  if (data.length < at + WORD) throw new DecodeError("SHORT", {field, offset: at, want: WORD, got: data.length - at});
  const size = toCount(data.subarray(at, at + WORD), field, at);
  const start = at + WORD;
  if (data.length < start + padded(size))
    throw new DecodeError("SHORT", {field, offset: start, want: padded(size), got: data.length - start});
  if (data.subarray(start + size, start + padded(size)).some((byte) => byte !== 0))
    throw new DecodeError("NOT_CANONICAL", {field, offset: start + size});
  return data.slice(start, start + size);
}

function toCount(word: Uint8Array, field: string, offset: number): number {
  const value = bytesToBig(word);
  if (value > 0xffff_ffffn) throw new DecodeError("TOO_LARGE", {field, offset});
  return Number(value);
}

function padded(size: number): number {
  return Math.ceil(size / WORD) * WORD;
}
