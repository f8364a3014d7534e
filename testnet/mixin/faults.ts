import {badField} from "./failure.ts";

/** What goes wrong with the next calls: HTTP status, an error of the API, silence for a while, or an answer that is no JSON. */
export type Fault = {
  readonly path: string;
  left: number;
  readonly then: {readonly status?: number; readonly code?: number; readonly delayMs?: number; readonly garbage?: boolean};
};

const FAULTS_MAX = 100;

/** Faults on request, for tests of clients. */
export class Faults {
  #faults: Fault[] = [];

  /** `{path, count, status?, code?, delay_ms?, garbage?}`: the next `count` calls whose path starts with `path`. */
  set(body: Record<string, unknown>): object {
    const {path, count, status, code, delay_ms, garbage} = body;
    if (typeof path !== "string" || typeof count !== "number" || this.#faults.length >= FAULTS_MAX) throw badField("path, count");
    const then = {
      ...(typeof status === "number" && {status}),
      ...(typeof code === "number" && {code}),
      ...(typeof delay_ms === "number" && {delayMs: Math.min(delay_ms, 60_000)}),
      ...(garbage === true && {garbage}),
    };
    this.#faults.push({path, left: count, then});
    return {set: true};
  }

  clear(): object {
    this.#faults = [];
    return {cleared: true};
  }

  /** The fault of this call, if any; it counts down. */
  take(path: string): Fault["then"] | null {
    const fault = this.#faults.find((f) => path.startsWith(f.path));
    if (fault === undefined) return null;
    fault.left--;
    if (fault.left <= 0) this.#faults = this.#faults.filter((f) => f !== fault);
    return fault.then;
  }
}
