import type {Wal} from "../../src/ports/store.ts";
import {createWal} from "../../src/store/wal.ts";
import type {Entry} from "./records.ts";
import {DevnetState} from "./state.ts";

/** The state with its journal: an entry is on disk before anybody is told that it happened. Without a file it lives in memory. */
export class Devnet {
  readonly state: DevnetState;
  readonly #wal: Wal | null;
  #last = 0n;

  constructor(options: {file: string | null; multiSign: boolean}) {
    this.state = new DevnetState(options.multiSign);
    this.#wal = options.file === null ? null : createWal({file: options.file});
  }

  async start(): Promise<void> {
    await this.#wal?.start(new AbortController().signal);
    for (const record of this.#wal?.recovered ?? []) {
      const entry = JSON.parse(Buffer.from(record).toString()) as Entry;
      this.state.apply(entry);
      if ("at" in entry) this.#last = BigInt(entry.at);
    }
  }

  async stop(): Promise<void> {
    await this.#wal?.stop();
  }

  /** Nanoseconds since 1970, never the same twice. */
  now(): string {
    const now = BigInt(Date.now()) * 1_000_000n;
    // room for the outputs of one transaction, which follow each other by one nanosecond
    this.#last = now > this.#last + 1_000n ? now : this.#last + 1_000n;
    return this.#last.toString();
  }

  /** Applies entries one by one, then syncs them together. Throws Failure where one is refused: those before it stand. */
  async commit(...entries: readonly Entry[]): Promise<void> {
    const applied: Uint8Array[] = [];
    try {
      for (const entry of entries) {
        this.state.apply(entry);
        applied.push(Buffer.from(JSON.stringify(entry)));
      }
    } finally {
      if (applied.length > 0) await this.#wal?.append(applied);
    }
  }
}
