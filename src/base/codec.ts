import {bigToBytes, bytesToBig, concatBytes, fromHex, type Hex, toHex} from "./bytes.ts";
import {DecodeError, EncodeError} from "./errors.ts";

/** Longest magnitude of an `integer`: 2^256 - 1, all that a contract can hold. */
const INTEGER_BYTES_MAX = 32;

/**
 * Reads one value, big-endian, front to back; each method names the field for its error. All throw DecodeError:
 * SHORT where bytes are missing, and what the method adds. `end` refuses what is left over.
 */
export class Reader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #offset = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get offset(): number {
    return this.#offset;
  }

  u8(field: string): number {
    return this.#view.getUint8(this.#take(1, field));
  }
  u16(field: string): number {
    return this.#view.getUint16(this.#take(2, field));
  }
  u32(field: string): number {
    return this.#view.getUint32(this.#take(4, field));
  }
  i32(field: string): number {
    return this.#view.getInt32(this.#take(4, field));
  }
  u64(field: string): bigint {
    return this.#view.getBigUint64(this.#take(8, field));
  }
  /** A u64 that fits a JS number: heights, epochs, sizes. TOO_LARGE above 2^53 - 1. */
  count(field: string): number {
    const offset = this.#offset;
    const value = this.u64(field);
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw new DecodeError("TOO_LARGE", {field, offset, got: `${value}`});
    return Number(value);
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
    const h = this.hex(16, field);
    return `${h.slice(2, 10)}-${h.slice(10, 14)}-${h.slice(14, 18)}-${h.slice(18, 22)}-${h.slice(22)}`;
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
  readonly #parts: Uint8Array[] = [];

  #int(value: number, size: number, field: string, min = 0): this {
    if (!Number.isSafeInteger(value) || value < min || value >= min + 2 ** (8 * size))
      throw new EncodeError("OUT_OF_RANGE", {field, want: `${8 * size} bits`, got: value});
    this.#parts.push(bigToBytes(BigInt.asUintN(8 * size, BigInt(value)), size));
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
    this.#parts.push(bigToBytes(value, 8));
    return this;
  }
  count(value: number, field = "count"): this {
    if (!Number.isSafeInteger(value)) throw new EncodeError("OUT_OF_RANGE", {field, want: "safe integer", got: value});
    return this.u64(BigInt(value), field);
  }
  integer(value: bigint, field = "integer"): this {
    if (value < 0n || value >= 1n << 256n) throw new EncodeError("OUT_OF_RANGE", {field, want: "256 bits", got: `${value}`});
    let size = 0;
    for (let rest = value; rest > 0n; rest >>= 8n) size++;
    return this.sized(bigToBytes(value, size), field);
  }
  fixed(bytes: Uint8Array, size: number, field = "fixed"): this {
    if (bytes.length !== size) throw new EncodeError("BAD_LENGTH", {field, want: size, got: bytes.length});
    this.#parts.push(bytes);
    return this;
  }
  hex(text: Hex, size: number, field = "hex"): this {
    return this.fixed(fromHex(text, field), size, field);
  }
  uuid(text: string, field = "uuid"): this {
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
    this.#parts.push(bytes);
    return this;
  }
  bytes(): Uint8Array {
    return concatBytes(...this.#parts);
  }
}
