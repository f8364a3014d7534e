import {fromBase64Url, toBase64Url} from "../base/base64.ts";
import {concatBytes, utf8} from "../base/bytes.ts";
import {Reader, Writer} from "../base/codec.ts";
import {DecodeError} from "../base/errors.ts";
import type {Uuid} from "./ids.ts";

/**
 * What a payment asks for. message, register and credit have the original MVM's numbers; 20 proves a seat's Mixin user. The
 * others are for a process's owner: another app (`address`), not so after all, another owner (`extra`: 16 bytes), its end.
 */
export const PURPOSE = {message: 1, register: 11, credit: 12, move: 13, cancelMove: 14, transfer: 15, close: 16, proveSeat: 20} as const;

/**
 * What a user asks of the group, carried by the memo of a payment. Layout of the original MVM, big-endian:
 * `purpose u16 ‖ process 16 ‖ platform (u16 length) ‖ address (u16 length) ‖ extra (u16 length)`.
 */
export interface Operation {
  readonly purpose: number;
  readonly process: Uuid;
  /** ASCII; "" or "quorum" is the network's first group contract. */
  readonly platform: string;
  /** ASCII: the contract's address in a registration, else "". */
  readonly address: string;
  /** For the app, at most OPERATION_EXTRA_MAX bytes. */
  readonly extra: Uint8Array;
}

const TEXT_MAX = 256;
export const OPERATION_EXTRA_MAX = 4_096;
/** Bytes of an Operation with empty platform, address and extra. */
export const OPERATION_OVERHEAD = 24;

/** Throws EncodeError where a field does not fit, DecodeError where the value is not one that decodeOperation accepts. */
export function encodeOperation(op: Operation): Uint8Array {
  const encoded = new Writer()
    .u16(op.purpose, "operation.purpose")
    .uuid(op.process, "operation.process")
    .sized(utf8(op.platform), "operation.platform")
    .sized(utf8(op.address), "operation.address")
    .sized(op.extra, "operation.extra")
    .bytes();
  decodeOperation(encoded);
  return encoded;
}

/** Accepts exactly what encodeOperation makes. Throws DecodeError. */
export function decodeOperation(bytes: Uint8Array): Operation {
  const r = new Reader(bytes);
  const op = {
    purpose: r.u16("operation.purpose"),
    process: r.uuid("operation.process"),
    platform: ascii(r, "operation.platform"),
    address: ascii(r, "operation.address"),
    extra: r.sized(OPERATION_EXTRA_MAX, "operation.extra"),
  };
  r.end("operation");
  return op;
}

function ascii(r: Reader, field: string): string {
  const offset = r.offset;
  const bytes = r.sized(TEXT_MAX, field);
  if (bytes.some((b) => b < 0x20 || b > 0x7e)) throw new DecodeError("BAD_TEXT", {field, offset, want: "printable ASCII"});
  return String.fromCharCode(...bytes);
}

/** The memo text that carries an Operation: base64url without padding, as the original's tools write it. */
export function encodeMemo(op: Operation): string {
  return toBase64Url(encodeOperation(op));
}

/** The shorter memo: a zero byte, then the Operation itself. */
export function encodeRawMemo(op: Operation): Uint8Array {
  return concatBytes(Uint8Array.of(0), encodeOperation(op));
}

/** The Operation that an output's `extra` bytes carry, in either form. Throws DecodeError. */
export function decodeMemo(extra: Uint8Array): Operation {
  if (extra[0] === 0) return decodeOperation(extra.subarray(1));
  const at = extra.findIndex((byte) => byte > 0x7e);
  if (at >= 0) throw new DecodeError("BAD_TEXT", {field: "memo", offset: at, want: "base64url"});
  return decodeOperation(fromBase64Url(String.fromCharCode(...extra), "memo"));
}
