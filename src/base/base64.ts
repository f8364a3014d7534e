import {DecodeError} from "./errors.ts";

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const VALUES = new Map([...ALPHABET].map((c, i) => [c, i]));

/** Base64url without padding. [RFC 4648, section 5] */
export function toBase64Url(bytes: Uint8Array): string {
  let text = "";
  for (let i = 0; i < bytes.length; i += 3) {
    const group = ((bytes[i] ?? 0) << 16) | ((bytes[i + 1] ?? 0) << 8) | (bytes[i + 2] ?? 0);
    const chars = Math.min(4, bytes.length - i + 1);
    for (let c = 0; c < chars; c++) text += ALPHABET[(group >> (18 - 6 * c)) & 63];
  }
  return text;
}

/** The bytes of base64url text; padding, other letters, and unused bits that are not 0 are refused. Throws DecodeError. */
export function fromBase64Url(text: string, field = "base64url"): Uint8Array {
  if (text.length % 4 === 1) throw new DecodeError("BAD_TEXT", {field, want: "base64url", got: `${text.length} characters`});
  const bytes = new Uint8Array(Math.floor((text.length * 3) / 4));
  let bits = 0;
  let held = 0;
  let at = 0;
  for (let i = 0; i < text.length; i++) {
    const value = VALUES.get(text.charAt(i));
    if (value === undefined) throw new DecodeError("BAD_TEXT", {field, offset: i, want: "A-Z a-z 0-9 - _"});
    held = ((held << 6) | value) & 0xffff;
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      bytes[at++] = (held >> bits) & 0xff;
    }
  }
  if ((held & ((1 << bits) - 1)) !== 0) throw new DecodeError("NOT_CANONICAL", {field, offset: text.length - 1});
  return bytes;
}
