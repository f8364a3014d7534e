import {badField} from "./failure.ts";

/** Reads fields of requests. Every function throws Failure 10002 with the field's name. */

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

export function object(value: unknown): Record<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw badField("want an object");
  return value as Record<string, unknown>;
}

export function list(value: unknown, field: string, max: number): readonly unknown[] {
  if (!Array.isArray(value) || value.length > max) throw badField(`${field}: want a list of at most ${max}`);
  return value;
}

export function text(value: unknown, field: string, max = 4 << 20): string {
  if (typeof value !== "string" || value.length > max) throw badField(field);
  return value;
}

export function uuid(value: unknown, field: string): string {
  if (typeof value !== "string" || !UUID.test(value)) throw badField(field);
  return value;
}

/** A whole number, or its decimal text. */
export function whole(value: unknown, field: string, max: number, min = 0): number {
  const number = typeof value === "string" && /^\d{1,16}$/.test(value) ? Number(value) : value;
  if (typeof number !== "number" || !Number.isSafeInteger(number) || number < min || number > max) throw badField(field);
  return number;
}

export function oneOf<T extends string>(value: unknown, field: string, known: readonly T[]): T {
  const found = known.find((item) => item === value);
  if (found === undefined) throw badField(field);
  return found;
}

/** Members of a group: 1 to 64 different users, sorted. */
export function members(value: unknown, field: string): string[] {
  const ids = list(value, field, 64)
    .map((id) => uuid(id, field))
    .sort();
  if (ids.length === 0 || new Set(ids).size !== ids.length) throw badField(field);
  return ids;
}
