import {Level} from "level";
import type {Wal} from "../../src/ports/store.ts";
import {createWal} from "../../src/store/wal.ts";
import {apply} from "./apply.ts";
import type {Entry} from "./records.ts";
import {DevnetState} from "./state.ts";

/** The outputs of one transaction follow each other by one nanosecond: this much is free after every time given out. */
const STEP_NS = 1_000n;

/** The state with its journal: an entry is on disk before anybody is told that it happened. Without a file it lives in memory. */
export class Devnet {
  readonly state: DevnetState;
  /** Whether the state of an earlier run was taken up. */
  resumed = false;
  readonly #wal: Wal | null;
  /** Held for its lock only: two processes on one journal would write two ledgers into it. */
  readonly #lock: Level | null;
  #lastNs = 0n;
  #synced: Promise<void> = Promise.resolve();

  /** @param options.file  the journal, null for none; its lock is the directory `<file>.lock` beside it */
  constructor(options: {file: string | null; multiSign: boolean}) {
    const {file, multiSign} = options;
    this.state = new DevnetState(multiSign);
    this.#wal = file === null ? null : createWal({file});
    this.#lock = file === null ? null : new Level(`${file}.lock`);
  }

  /** Rejects where another process has the journal, or it is damaged. */
  async start(): Promise<void> {
    await this.#lock?.open();
    try {
      await this.#wal?.start(new AbortController().signal);
    } catch (error) {
      await this.#lock?.close();
      throw error;
    }
    const records = this.#wal?.recovered ?? [];
    for (const record of records) {
      const entry = JSON.parse(Buffer.from(record).toString()) as Entry;
      apply(this.state, entry);
      if ("at" in entry) this.#lastNs = BigInt(entry.at);
    }
    this.resumed = records.length > 0;
  }

  async stop(): Promise<void> {
    await this.#wal?.stop();
    await this.#lock?.close();
  }

  /** Nanoseconds since 1970, never the same twice, also over restarts. */
  now(): string {
    const now = BigInt(Date.now()) * 1_000_000n;
    this.#lastNs = now > this.#lastNs + STEP_NS ? now : this.#lastNs + STEP_NS;
    return this.#lastNs.toString();
  }

  /**
   * Applies entries one by one and writes those that changed something. Throws Failure where one is refused: those before it stand.
   * `settled` says when they are on disk.
   */
  commit(...entries: readonly Entry[]): void {
    const changes: Uint8Array[] = [];
    try {
      for (const entry of entries) if (apply(this.state, entry)) changes.push(Buffer.from(JSON.stringify(entry)));
    } finally {
      if (changes.length > 0 && this.#wal !== null) {
        const written = this.#wal.append(changes);
        this.#synced = this.#synced.then(() => written);
        this.#synced.catch(() => {}); // whoever waits in `settled` hears of it
      }
    }
  }

  /** Resolves when all that has been committed so far is on disk. Rejects for ever after a failed write. */
  settled(): Promise<void> {
    return this.#synced;
  }
}
