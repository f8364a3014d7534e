import {BoundedMap} from "../base/bounded.ts";
import type {Clock, Logger} from "../ports/system.ts";

/** What the adapter counts. Each is a number of messages unless the name says otherwise. */
export type NetworkCount =
  | "sent" // handed to a direct stream
  | "published" // handed to gossip
  | "dropped" // did not fit a peer's queue, or its stream stalled
  | "received" // came in by either path
  | "delivered" // judged by the handler
  | "duplicate"
  | "accepted"
  | "ignored"
  | "rejected"
  | "limited" // over a peer's rate
  | "handlerErrors"
  | "refusedConnections"
  | "abusedConnections" // cut for what they did to the multiplexer
  | "bans"
  | "failedDials"
  | "mismatches" // peers of another network or version
  | "servedBlocks"
  | "servedPieces" // of snapshots
  | "refusedRequests";

const QUIET_MS = 5_000;
const KEYS_MAX = 256;

/** Counters and log lines. A line that peers can cause is written once per 5 s and subject, with the number left out. */
export class Report {
  readonly log: Logger;
  readonly #clock: Clock;
  readonly #onCount: ((name: NetworkCount, by: number) => void) | undefined;
  readonly #counts = new Map<NetworkCount, number>();
  readonly #written = new BoundedMap<string, {at: number; left: number}>(KEYS_MAX);

  constructor(log: Logger, clock: Clock, onCount?: (name: NetworkCount, by: number) => void) {
    this.log = log;
    this.#clock = clock;
    this.#onCount = onCount;
  }

  count(name: NetworkCount, by = 1): void {
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + by);
    try {
      this.#onCount?.(name, by);
    } catch (error) {
      this.log.error("metrics callback failed", {error: String(error)});
    }
  }
  get counts(): Readonly<Partial<Record<NetworkCount, number>>> {
    return Object.fromEntries(this.#counts);
  }

  /** `subject` beside the text tells which lines are alike: a peer id, an address. */
  info(text: string, subject: string, fields: object = {}): void {
    this.#quiet(text, subject, fields, "info");
  }
  warn(text: string, subject: string, fields: object = {}): void {
    this.#quiet(text, subject, fields, "warn");
  }
  error(text: string, subject: string, fields: object = {}): void {
    this.#quiet(text, subject, fields, "error");
  }

  #quiet(text: string, subject: string, fields: object, level: "info" | "warn" | "error"): void {
    const key = `${text}/${subject}`;
    const now = this.#clock.now();
    const last = this.#written.get(key);
    if (last !== undefined && now - last.at < QUIET_MS) {
      last.left++;
      return;
    }
    this.#written.set(key, {at: now, left: 0});
    this.log[level](text, last !== undefined && last.left > 0 ? {...fields, alikeLeftOut: last.left} : fields);
  }
}
