import {fromHex, type Hex, hexInto} from "../base/bytes.ts";
import {DecodeError} from "../base/errors.ts";

/** Lower-case UUID text, any version: Mixin users, assets, processes, requests. On chain the same 16 bytes are a `bytes16`. */
export type Uuid = string;

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
export const ZERO_HASH: Hex = `0x${"00".repeat(32)}`;
export const ZERO_UUID: Uuid = "00000000-0000-0000-0000-000000000000";

export function isUuid(text: string): boolean {
  return UUID.test(text);
}

/** Lower-case UUID text. Throws DecodeError BAD_TEXT. */
export function parseUuid(text: string, field = "uuid"): Uuid {
  const lower = text.toLowerCase();
  if (!UUID.test(lower)) throw new DecodeError("BAD_TEXT", {field, want: "UUID", got: text.slice(0, 80)});
  return lower;
}

/** The 16 bytes of a UUID. Throws DecodeError BAD_TEXT. */
export function uuidBytes(uuid: Uuid): Uint8Array {
  const text = parseUuid(uuid);
  const bytes = new Uint8Array(16);
  hexInto(bytes, 0, text, 0, 4);
  hexInto(bytes, 4, text, 9, 2);
  hexInto(bytes, 6, text, 14, 2);
  hexInto(bytes, 8, text, 19, 2);
  hexInto(bytes, 10, text, 24, 6);
  return bytes;
}

/** UUID text of 16 bytes in hex, as contracts show them (`bytes16`). Throws DecodeError BAD_TEXT. */
export function uuidFromHex(hex: string): Uuid {
  fromHex(hex, "bytes16", 16);
  const h = hex.toLowerCase();
  return `${h.slice(2, 10)}-${h.slice(10, 14)}-${h.slice(14, 18)}-${h.slice(18, 22)}-${h.slice(22)}`;
}

/** A 20-byte address in lower case, from either case. Throws DecodeError BAD_TEXT. */
export function parseAddress(text: string, field = "address"): Hex {
  fromHex(text, field, 20);
  return text.toLowerCase() as Hex;
}
