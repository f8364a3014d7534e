import {DecodeError} from "./errors.ts";

/** Lower-case hexadecimal text with the prefix 0x. */
export type Hex = `0x${string}`;

const DIGITS = Array.from({length: 256}, (_, i) => i.toString(16).padStart(2, "0"));
const HEX = /^0x(?:[0-9a-f]{2})*$/;

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
  const lower = text.toLowerCase();
  if (!HEX.test(lower)) throw new DecodeError("BAD_TEXT", {field, want: "0x and pairs of hex digits", got: text.slice(0, 80)});
  const bytes = new Uint8Array(lower.length / 2 - 1);
  if (size !== undefined && bytes.length !== size) throw new DecodeError("BAD_TEXT", {field, want: size, got: bytes.length});
  for (let i = 0; i < bytes.length; i++) bytes[i] = Number.parseInt(lower.slice(2 + 2 * i, 4 + 2 * i), 16);
  return bytes;
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
  for (let i = size - 1; i >= 0 && rest > 0n; i--) {
    bytes[i] = Number(rest & 0xffn);
    rest >>= 8n;
  }
  return bytes;
}

/** The number that big-endian `bytes` say; none is 0. */
export function bytesToBig(bytes: Uint8Array): bigint {
  return bytes.length === 0 ? 0n : BigInt(toHex(bytes));
}

const encoder = new TextEncoder();

/** UTF-8 bytes of `text`. */
export function utf8(text: string): Uint8Array {
  return encoder.encode(text);
}
