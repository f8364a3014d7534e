import {bigToBytes, bytesToBig, fromHex, type Hex, hexInto, plainBytes, toHex, wordInto} from "./bytes.ts";
import {DecodeError, EncodeError} from "./errors.ts";

/** Longest magnitude of an `integer`: 2^256 - 1, all that a contract can hold. */
const INTEGER_BYTES_MAX = 32;

const DIGIT_CODES = [..."0123456789abcdef"].map((digit) => digit.charCodeAt(0));
/** Where each byte of a UUID stands in its text, and where its dashes do. */
const UUID_PLACES = [0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34];
const UUID_DASHES = [8, 13, 18, 23];
const DASH = 45;
const uuidCodes: number[] = new Array(36).fill(DASH);

/**
 * Reads one value, big-endian, front to back; each method names the field for its error. All throw DecodeError:
 * SHORT where bytes are missing, and what the method adds. `end` refuses what is left over.
 */
export class Reader {
  readonly #bytes: Uint8Array;
  #offset = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = plainBytes(bytes);
  }

  get offset(): number {
    return this.#offset;
  }

  u8(field: string): number {
    return this.#bytes[this.#take(1, field)] as number;
  }
  u16(field: string): number {
    return this.#number(2, field);
  }
  u32(field: string): number {
    return this.#number(4, field);
  }
  i32(field: string): number {
    return this.#number(4, field) | 0;
  }
  u64(field: string): bigint {
    const start = this.#take(8, field);
    return (BigInt(this.#numberAt(start, 4)) << 32n) | BigInt(this.#numberAt(start + 4, 4));
  }
  #number(size: number, field: string): number {
    return this.#numberAt(this.#take(size, field), size);
  }
  #numberAt(start: number, size: number): number {
    let value = 0;
    for (let i = start; i < start + size; i++) value = value * 256 + (this.#bytes[i] as number);
    return value;
  }
  /** A u64 that fits a JS number: heights, epochs, sizes. TOO_LARGE above 2^53 - 1. */
  count(field: string): number {
    const offset = this.#offset;
    const value = this.#number(8, field);
    if (value > Number.MAX_SAFE_INTEGER) throw new DecodeError("TOO_LARGE", {field, offset});
    return value;
  }
  /** u16 length, then a minimal big-endian magnitude; zero has length 0. NOT_CANONICAL, TOO_LONG. */
  integer(field: string): bigint {
    const offset = this.#offset;
    const bytes = this.sized(INTEGER_BYTES_MAX, field);
    if (bytes[0] === 0) throw new DecodeError("NOT_CANONICAL", {field, offset});
    return bytesToBig(bytes);
  }
  /** The next `size` bytes, copied. */
  fixed(size: number, field: string): Uint8Array {
    const start = this.#take(size, field);
    return this.#bytes.slice(start, start + size);
  }
  hex(size: number, field: string): Hex {
    return toHex(this.fixed(size, field));
  }
  /** 16 bytes as lower-case UUID text. */
  uuid(field: string): string {
    const start = this.#take(16, field);
    for (let i = 0; i < 16; i++) {
      const byte = this.#bytes[start + i] as number;
      const at = UUID_PLACES[i] as number;
      uuidCodes[at] = DIGIT_CODES[byte >> 4] as number;
      uuidCodes[at + 1] = DIGIT_CODES[byte & 15] as number;
    }
    return String.fromCharCode.apply(null, uuidCodes);
  }
  /** u16 length, then that many bytes; TOO_LONG is found before anything is read. */
  sized(sizeMax: number, field: string): Uint8Array {
    return this.#sized(this.u16(field), 2, sizeMax, field);
  }
  /** u32 length, then that many bytes; TOO_LONG is found before anything is read. */
  sized32(sizeMax: number, field: string): Uint8Array {
    return this.#sized(this.u32(field), 4, sizeMax, field);
  }
  #sized(size: number, head: number, sizeMax: number, field: string): Uint8Array {
    if (size > sizeMax) throw new DecodeError("TOO_LONG", {field, offset: this.#offset - head, want: sizeMax, got: size});
    return this.fixed(size, field);
  }
  /** 0 or 1. NOT_CANONICAL else. */
  flag(field: string): boolean {
    const offset = this.#offset;
    const got = this.u8(field);
    if (got > 1) throw new DecodeError("NOT_CANONICAL", {field, offset, got});
    return got === 1;
  }
  /** One byte that names an entry of `tags`. UNKNOWN_TAG else. */
  tag<T extends string>(tags: readonly T[], field: string): T {
    const offset = this.#offset;
    const got = this.u8(field);
    const tag = tags[got];
    if (tag === undefined) throw new DecodeError("UNKNOWN_TAG", {field, offset, want: tags.length - 1, got});
    return tag;
  }
  /** u16 count, then that many items; TOO_LONG is found before any is read. */
  list<T>(countMax: number, field: string, item: (reader: Reader) => T): T[] {
    const offset = this.#offset;
    const count = this.u16(field);
    if (count > countMax) throw new DecodeError("TOO_LONG", {field, offset, want: countMax, got: count});
    return Array.from({length: count}, () => item(this));
  }
  /** All that is left. */
  rest(): Uint8Array {
    return this.fixed(this.#bytes.length - this.#offset, "rest");
  }
  /** TRAILING where bytes are left. */
  end(field = "end"): void {
    const left = this.#bytes.length - this.#offset;
    if (left !== 0) throw new DecodeError("TRAILING", {field, offset: this.#offset, got: left});
  }

  #take(size: number, field: string): number {
    const start = this.#offset;
    const left = this.#bytes.length - start;
    if (left < size) throw new DecodeError("SHORT", {field, offset: start, want: size, got: left});
    this.#offset = start + size;
    return start;
  }
}

/** Writes one value, big-endian, front to back; the mirror of Reader. Throws EncodeError where a value does not fit. */
export class Writer {
  #bytes = new Uint8Array(64);
  #size = 0;

  /** Makes room for `size` more bytes. Where they go. */
  #grow(size: number): number {
    const at = this.#size;
    this.#size += size;
    if (this.#size > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(this.#size, 4 * this.#bytes.length));
      larger.set(this.#bytes);
      this.#bytes = larger;
    }
    return at;
  }
  #int(value: number, size: number, field: string, min = 0): this {
    if (!Number.isSafeInteger(value) || value < min || value >= min + 2 ** (8 * size))
      throw new EncodeError("OUT_OF_RANGE", {field, want: `${8 * size} bits`, got: value});
    const at = this.#grow(size);
    wordInto(this.#bytes, at, value, size);
    return this;
  }
  u8(value: number, field = "u8"): this {
    return this.#int(value, 1, field);
  }
  u16(value: number, field = "u16"): this {
    return this.#int(value, 2, field);
  }
  u32(value: number, field = "u32"): this {
    return this.#int(value, 4, field);
  }
  i32(value: number, field = "i32"): this {
    return this.#int(value, 4, field, -(2 ** 31));
  }
  u64(value: bigint, field = "u64"): this {
    if (value < 0n || value >= 1n << 64n) throw new EncodeError("OUT_OF_RANGE", {field, want: "64 bits", got: `${value}`});
    return this.#u64(Number(value >> 32n), Number(value & 0xffff_ffffn));
  }
  count(value: number, field = "count"): this {
    if (!Number.isSafeInteger(value) || value < 0) throw new EncodeError("OUT_OF_RANGE", {field, want: "safe integer", got: value});
    return this.#u64(Math.floor(value / 2 ** 32), value % 2 ** 32);
  }
  #u64(high: number, low: number): this {
    const at = this.#grow(8);
    wordInto(this.#bytes, at, high, 4);
    wordInto(this.#bytes, at + 4, low, 4);
    return this;
  }
  integer(value: bigint, field = "integer"): this {
    if (value < 0n || value >= 1n << 256n) throw new EncodeError("OUT_OF_RANGE", {field, want: "256 bits", got: `${value}`});
    const size = value === 0n ? 0 : Math.ceil(value.toString(16).length / 2);
    return this.sized(bigToBytes(value, size), field);
  }
  fixed(bytes: Uint8Array, size: number, field = "fixed"): this {
    if (bytes.length !== size) throw new EncodeError("BAD_LENGTH", {field, want: size, got: bytes.length});
    return this.raw(bytes);
  }
  hex(text: Hex, size: number, field = "hex"): this {
    const at = this.#grow(size);
    if (text.length === 2 + 2 * size && text.startsWith("0x") && hexInto(this.#bytes, at, text, 2, size)) return this;
    this.#size = at;
    return this.fixed(fromHex(text, field), size, field);
  }
  uuid(text: string, field = "uuid"): this {
    const at = this.#grow(16);
    if (text.length === 36 && UUID_DASHES.every((dash) => text.charCodeAt(dash) === DASH)) {
      let fine = true;
      for (let i = 0; i < 16; i++) fine = hexInto(this.#bytes, at + i, text, UUID_PLACES[i] as number, 1) && fine;
      if (fine) return this;
    }
    this.#size = at;
    return this.fixed(fromHex(`0x${text.replaceAll("-", "")}`, field), 16, field);
  }
  sized(bytes: Uint8Array, field = "sized"): this {
    return this.u16(bytes.length, field).raw(bytes);
  }
  sized32(bytes: Uint8Array, field = "sized32"): this {
    return this.u32(bytes.length, field).raw(bytes);
  }
  flag(value: boolean): this {
    return this.u8(value ? 1 : 0);
  }
  tag<T extends string>(tags: readonly T[], tag: T, field = "tag"): this {
    return this.u8(tags.indexOf(tag), field);
  }
  list<T>(items: readonly T[], item: (writer: Writer, value: T) => void, field = "list"): this {
    this.u16(items.length, field);
    for (const value of items) item(this, value);
    return this;
  }
  raw(bytes: Uint8Array): this {
    const at = this.#grow(bytes.length);
    this.#bytes.set(bytes, at);
    return this;
  }
  /** All that was written. */
  bytes(): Uint8Array {
    return this.#bytes.slice(0, this.#size);
  }
}
