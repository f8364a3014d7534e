import {mkdirSync, readFileSync, renameSync, writeFileSync} from "node:fs";
import {dirname} from "node:path";
import {describeError} from "../base/errors.ts";
import type {Clock, Logger, Service} from "../ports/system.ts";

const WRITE_MS = 10_000;

/**
 * Remembers in a file from which sequence on the Mixin outputs are to be read after a restart. It only saves time: a file that is
 * missing, old or broken makes the feed read more, and what lies before it is read again by and by.
 */
export class FeedCursor implements Service {
  readonly name = "feed cursor";
  readonly #p: {file: string; cursor: () => bigint; clock: Clock; log: Logger};
  #written: bigint;
  #cancel: (() => void) | null = null;

  constructor(ports: {file: string; cursor: () => bigint; clock: Clock; log: Logger}) {
    this.#p = ports;
    this.#written = readCursor(ports.file);
  }

  async start(): Promise<void> {
    this.#cancel = this.#p.clock.after(WRITE_MS, () => {
      this.#write();
      void this.start();
    });
  }
  async stop(): Promise<void> {
    this.#cancel?.();
    this.#write();
  }

  #write(): void {
    const {file, log} = this.#p;
    const cursor = this.#p.cursor();
    if (cursor === this.#written) return;
    try {
      mkdirSync(dirname(file), {recursive: true, mode: 0o700});
      writeFileSync(`${file}.new`, `${cursor}\n`, {mode: 0o600});
      renameSync(`${file}.new`, file);
      this.#written = cursor;
    } catch (error) {
      log.warn("where to resume reading outputs is not written", describeError(error));
    }
  }
}

/** The sequence that was written last; 0 where there is none that can be read. */
export function readCursor(file: string): bigint {
  try {
    const text = readFileSync(file, "utf8").trim();
    return /^\d{1,19}$/.test(text) ? BigInt(text) : 0n;
  } catch {
    return 0n;
  }
}
