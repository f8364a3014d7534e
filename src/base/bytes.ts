import {DecodeError} from "./errors.ts";

/** Lower-case hexadecimal text with the prefix 0x. */
export type Hex = `0x${string}`;

const DIGITS = Array.from({length: 256}, (_, i) => i.toString(16).padStart(2, "0"));
const HEX = /^0x(?:[0-9a-fA-F]{2})*$/;
/** Value of a hex digit by its character code, 255 for anything else. */
const NIBBLES = Uint8Array.from({length: 128}, (_, code) => {
  const value = Number.parseInt(String.fromCharCode(code), 16);
  return Number.isNaN(value) ? 255 : value;
});

/** `bytes` as 0x text, two lower-case digits a byte. */
export function toHex(bytes: Uint8Array): Hex {
  let text: Hex = "0x";
  for (const byte of bytes) text += DIGITS[byte];
  return text;
}

/**
 * The bytes of 0x text, either case.
 * @param size  how many bytes the text must hold; any number where absent
 * @throws DecodeError BAD_TEXT
 */
export function fromHex(text: string, field = "hex", size?: number): Uint8Array {
  if (!HEX.test(text)) throw new DecodeError("BAD_TEXT", {field, want: "0x and pairs of hex digits", got: text.slice(0, 80)});
  const bytes = new Uint8Array(text.length / 2 - 1);
  if (size !== undefined && bytes.length !== size) throw new DecodeError("BAD_TEXT", {field, want: size, got: bytes.length});
  hexInto(bytes, 0, text, 2, bytes.length);
  return bytes;
}

/** Writes the `size` bytes whose hex digits stand at `start` of `text` into `bytes` at `at`. Whether they all were digits. */
export function hexInto(bytes: Uint8Array, at: number, text: string, start: number, size: number): boolean {
  let seen = 0;
  for (let i = 0; i < size; i++) {
    const high = NIBBLES[text.charCodeAt(start + 2 * i)] ?? 255;
    const low = NIBBLES[text.charCodeAt(start + 2 * i + 1)] ?? 255;
    seen |= high | low;
    bytes[at + i] = (high << 4) | low;
  }
  return seen < 16;
}

/** The same bytes as a plain array: the `slice` of a Node Buffer is no copy. */
export function plainBytes(bytes: Uint8Array): Uint8Array {
  return bytes.constructor === Uint8Array ? bytes : new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** One array that holds all `parts` in order. */
export function concatBytes(...parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** Below 0, 0 or above 0: the order of `a` and `b` byte by byte, a prefix first. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const size = Math.min(a.length, b.length);
  for (let i = 0; i < size; i++) {
    const d = (a[i] as number) - (b[i] as number);
    if (d !== 0) return d;
  }
  return a.length - b.length;
}

/** Whether both hold the same bytes. Not for secrets: it stops at the first difference. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && compareBytes(a, b) === 0;
}

/** Big-endian bytes of a number that is not negative, padded on the left to `size`. The caller checks that it fits. */
export function bigToBytes(value: bigint, size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  let rest = value;
  for (let at = size; at > 0 && rest > 0n; at -= 4) {
    const width = Math.min(at, 4);
    wordInto(bytes, at - width, Number(rest & 0xffff_ffffn), width);
    rest >>= 32n;
  }
  return bytes;
}

/** Writes the low `size` bytes (at most 4) of a whole number below 2^32, big-endian. */
export function wordInto(bytes: Uint8Array, at: number, value: number, size: number): void {
  for (let i = size - 1, rest = value; i >= 0; i--, rest >>>= 8) bytes[at + i] = rest & 0xff;
}

/** The number that big-endian `bytes` say; none is 0. */
export function bytesToBig(bytes: Uint8Array): bigint {
  if (bytes.length > 6) return BigInt(toHex(bytes));
  let value = 0;
  for (const byte of bytes) value = value * 256 + byte;
  return BigInt(value);
}

const encoder = new TextEncoder();

/** UTF-8 bytes of `text`. */
export function utf8(text: string): Uint8Array {
  return encoder.encode(text);
}
