import {badField, tooMany} from "./failure.ts";
import {oneOf, text, uuid, whole} from "./fields.ts";

/** What happens instead of, or around, an honest answer. */
export interface Fault {
  /** Calls whose path starts with this. */
  readonly path: string;
  readonly method: string | null;
  /** Calls of this user only. */
  readonly user: string | null;
  /** Calls that it still meets. */
  left: number;
  /** Silence before anything happens. */
  readonly delayMs: number;
  readonly outcome: Outcome;
}

/** `lost`: the call is carried out and the connection dropped without an answer. `hang_up`: it is dropped before. */
export type Outcome =
  | {readonly kind: "answer"}
  | {readonly kind: "status"; readonly status: number}
  | {readonly kind: "code"; readonly code: number}
  | {readonly kind: "garbage"}
  | {readonly kind: "lost"}
  | {readonly kind: "hang_up"};

const FAULTS_MAX = 100;
const COUNT_MAX = 1_000_000;
const DELAY_MS_MAX = 60_000;
const METHODS = ["GET", "POST"] as const;

/** Faults on request, for tests of clients. The first that fits a call meets it. */
export class Faults {
  #faults: Fault[] = [];

  /** `{path, count, method?, user?, delay_ms?}` and at most one of `{status}`, `{code}`, `{garbage}`, `{lost}`, `{hang_up}`. Throws Failure. */
  set(body: Record<string, unknown>): object {
    const {path, count, method, user, delay_ms} = body;
    if (this.#faults.length >= FAULTS_MAX) throw tooMany("faults");
    const fault: Fault = {
      path: text(path, "path", 1_000),
      method: method === undefined ? null : oneOf(method, "method", METHODS),
      user: user === undefined ? null : uuid(user, "user"),
      left: whole(count, "count", COUNT_MAX, 1),
      delayMs: delay_ms === undefined ? 0 : whole(delay_ms, "delay_ms", DELAY_MS_MAX),
      outcome: outcomeOf(body),
    };
    if (fault.outcome.kind === "answer" && fault.delayMs === 0) throw badField("a fault that does nothing");
    this.#faults.push(fault);
    return fault;
  }

  list(): readonly Fault[] {
    return this.#faults;
  }

  clear(): object {
    const cleared = this.#faults.length;
    this.#faults = [];
    return {cleared};
  }

  /** The fault that meets this call, if any; it counts down. */
  take(call: {method: string; path: string; user: string}): Fault | null {
    const fault = this.#faults.find(
      ({path, method, user}) =>
        call.path.startsWith(path) && (method === null || call.method === method) && (user === null || call.user === user),
    );
    if (fault === undefined) return null;
    fault.left--;
    if (fault.left === 0) this.#faults = this.#faults.filter((f) => f !== fault);
    return fault;
  }
}

function outcomeOf({status, code, garbage, lost, hang_up}: Record<string, unknown>): Outcome {
  const given = [status, code, garbage, lost, hang_up].filter((value) => value !== undefined);
  if (given.length > 1) throw badField("more than one of status, code, garbage, lost, hang_up");
  if (status !== undefined) return {kind: "status", status: whole(status, "status", 599, 200)};
  if (code !== undefined) return {kind: "code", code: whole(code, "code", 9_999_999, 1)};
  if (garbage === true) return {kind: "garbage"};
  if (lost === true) return {kind: "lost"};
  if (hang_up === true) return {kind: "hang_up"};
  if (given.length > 0) throw badField("garbage, lost and hang_up are true or absent");
  return {kind: "answer"};
}
