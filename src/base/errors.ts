/**
 * Base of every error that is thrown on purpose. `code` is stable: handlers map it to a verdict, metrics count it and
 * tests assert it. `data` says what was wrong and where, and is what the log line carries: never a secret.
 */
export abstract class MvmError<Code extends string = string, Data extends object = object> extends Error {
  readonly code: Code;
  readonly data: Data;

  constructor(code: Code, data: Data, options?: {cause?: unknown}) {
    super(`${code} ${JSON.stringify(data, (_, v) => (typeof v === "bigint" ? `${v}` : v))}`, options);
    this.name = new.target.name;
    this.code = code;
    this.data = data;
  }
}

/** What can be wrong with an encoding. */
export type DecodeCode = "SHORT" | "TRAILING" | "TOO_LONG" | "UNKNOWN_TAG" | "TOO_LARGE" | "NOT_CANONICAL" | "BAD_TEXT";

/** Bytes or text from outside are not an encoding of what was expected; `offset` is in bytes from the start. */
export class DecodeError extends MvmError<DecodeCode, {field: string; offset?: number; want?: number | string; got?: number | string}> {}

export type EncodeCode = "OUT_OF_RANGE" | "BAD_LENGTH";

/** A value of ours does not fit its encoding: the caller must check before it encodes. */
export class EncodeError extends MvmError<EncodeCode, {field: string; want?: number | string; got?: number | string}> {}

/** An invariant of our own code does not hold. Never the answer to input from outside. */
export class InvariantError extends MvmError<"INVARIANT", {what: string}> {}

/** Throws InvariantError where `condition` is false. */
export function invariant(condition: boolean, what: string): asserts condition {
  if (!condition) throw new InvariantError("INVARIANT", {what});
}

/** What a caught value says, for a log line: code and data of an MvmError, else name and message. */
export function describeError(error: unknown): {error: string; [key: string]: unknown} {
  if (error instanceof MvmError) return {error: error.code, ...error.data};
  if (error instanceof Error) return {error: error.name, message: error.message.slice(0, 500)};
  return {error: String(error).slice(0, 500)};
}
