import {fromHex, type Hex} from "../base/bytes.ts";
import {isUuid, type Uuid} from "../types/ids.ts";
import {MixinError} from "./errors.ts";

/** Digits before the point that an amount may have: far above every asset's supply, and under 256 bits. */
const WHOLE_DIGITS_MAX = 40;
const AMOUNT = /^(\d+)(?:\.(\d{1,8}))?$/;
const RFC3339 = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)$/;

function malformed(field: string, want: string, got: unknown): MixinError {
  const shown = typeof got === "string" ? got.slice(0, 80) : got === null ? "null" : typeof got === "number" ? got : typeof got;
  return new MixinError("MALFORMED", {field, want, got: shown});
}

/** All readers below throw MixinError MALFORMED. */
export function record(value: unknown, field: string): Record<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw malformed(field, "object", value);
  return value as Record<string, unknown>;
}

export function list(value: unknown, field: string, countMax: number): readonly unknown[] {
  if (!Array.isArray(value)) throw malformed(field, "array", value);
  if (value.length > countMax) throw malformed(field, `at most ${countMax} items`, value.length);
  return value;
}

export function text(value: unknown, field: string): string {
  if (typeof value !== "string") throw malformed(field, "text", value);
  return value;
}

export function uuid(value: unknown, field: string): Uuid {
  const id = text(value, field).toLowerCase();
  if (!isUuid(id)) throw malformed(field, "UUID", value);
  return id;
}

/** Hex without 0x, as the API writes it, `sizeMin` to `sizeMax` bytes. */
export function bytes(value: unknown, field: string, sizeMin: number, sizeMax: number): Uint8Array {
  const digits = text(value, field);
  if (!/^(?:[0-9a-fA-F]{2})*$/.test(digits)) throw malformed(field, "hex", value);
  if (digits.length < 2 * sizeMin || digits.length > 2 * sizeMax)
    throw malformed(field, `${sizeMin} to ${sizeMax} bytes`, digits.length / 2);
  return fromHex(`0x${digits}`, field);
}

/** 32 bytes in hex without 0x → 0x text. */
export function hash(value: unknown, field: string): Hex {
  bytes(value, field, 32, 32);
  return `0x${(value as string).toLowerCase()}`;
}

export function whole(value: unknown, field: string, max: number): number {
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 0 || value > max)
    throw malformed(field, `whole number up to ${max}`, value);
  return value;
}

/** Decimal text with at most 8 places → 1e-8 units. */
export function amount(value: unknown, field: string): bigint {
  const [, whole, fraction = ""] = AMOUNT.exec(text(value, field)) ?? [];
  if (whole === undefined || whole.length > WHOLE_DIGITS_MAX) throw malformed(field, "decimal with at most 8 places", value);
  return BigInt(whole + fraction.padEnd(8, "0"));
}

/** 1e-8 units → decimal text without trailing zeros, as the SDK takes it. */
export function formatAmount(units: bigint): string {
  const digits = `${units}`.padStart(9, "0");
  const fraction = digits.slice(-8).replace(/0+$/, "");
  return fraction === "" ? digits.slice(0, -8) : `${digits.slice(0, -8)}.${fraction}`;
}

/** RFC 3339 time → nanoseconds since 1970. A Date keeps milliseconds only, so it gives the whole seconds and no more. */
export function nanoseconds(value: unknown, field: string): bigint {
  const match = RFC3339.exec(text(value, field));
  if (match === null) throw malformed(field, "RFC 3339 time", value);
  const [, year, month, day, hour, minute, second, fraction = "", zone = ""] = match;
  const parts = [year, month, day, hour, minute, second].map(Number) as [number, number, number, number, number, number];
  const at = Date.UTC(parts[0], parts[1] - 1, parts[2], parts[3], parts[4], parts[5]);
  const back = new Date(at);
  const exact = back.getUTCMonth() + 1 === parts[1] && back.getUTCDate() === parts[2] && back.getUTCHours() === parts[3];
  if (!exact || parts[4] > 59 || parts[5] > 59) throw malformed(field, "RFC 3339 time", value);
  const offset = zone === "Z" ? 0 : Number(`${zone[0]}1`) * (Number(zone.slice(1, 3)) * 60 + Number(zone.slice(4, 6)));
  const seconds = at / 1_000 - offset * 60;
  if (seconds < 0) throw malformed(field, "time since 1970", value);
  return BigInt(seconds) * 1_000_000_000n + BigInt(fraction.padEnd(9, "0"));
}
