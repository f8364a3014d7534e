import {closeSync, existsSync, fdatasync, fsyncSync, ftruncateSync, mkdirSync, openSync, readFileSync} from "node:fs";
import {dirname} from "node:path";
import type {Wal} from "../ports/store.ts";
import type {Logger} from "../ports/system.ts";
import {WalError} from "./errors.ts";
import {replaceFile, syncDir, writeAll} from "./files.ts";
import {encodeAppend, RECORD_BYTES_MAX, type ScannedWal, scanWal} from "./wal-format.ts";

interface Job {
  readonly kind: "append" | "reset";
  readonly records: readonly Uint8Array[];
  readonly resolve: () => void;
  readonly reject: (error: WalError) => void;
}

/**
 * A write-ahead log in one file. Calls are served in the order in which they are made; appends that wait while a sync runs
 * go to disk together in the next one. One process per file: the lock of the block store beside it keeps others out.
 * After a failed write or sync every call is refused with WalError FAILED, for what is on disk is unknown.
 *
 * `start` throws WalError CORRUPT, and MISSING where `isExpected` says that there was a file; `repairWal` is what an operator may do.
 */
export function createWal(options: {file: string; logger?: Logger; isExpected?: () => boolean}): Wal {
  const {file} = options;
  const recovered: Uint8Array[] = [];
  const jobs: Job[] = [];
  let fd: number | null = null;
  let size = 0;
  let failure: unknown = null;
  let working: Promise<void> | null = null;

  function open(): void {
    if (options.isExpected?.() === true && !existsSync(file))
      throw new WalError("MISSING", {file, advice: "put it back, or see what is lost without it: mvm repair"});
    mkdirSync(dirname(file), {recursive: true, mode: 0o700});
    const opened = openSync(file, "a+", 0o600);
    closeSync(opened);
    syncDir(dirname(file));
    const bytes = readFileSync(file);
    const scan = scanWal(bytes);
    const lost = {offset: scan.end, lostBytes: bytes.length - scan.end, lostRecords: scan.behind.length};
    if (scan.tail === "corrupt") throw new WalError("CORRUPT", {file, ...lost, advice: "stop the node and look with: mvm repair"});
    fd = openSync(file, "r+");
    if (scan.tail === "torn") {
      ftruncateSync(fd, scan.end);
      fsyncSync(fd);
      options.logger?.warn("torn end of the write-ahead log dropped", {file, ...lost});
    }
    size = scan.end;
    recovered.push(...scan.records);
  }

  async function appendAll(group: readonly Job[]): Promise<void> {
    const bytes = encodeAppend(group.flatMap((job) => job.records));
    const handle = fd as number;
    writeAll(handle, bytes, size);
    await new Promise<void>((done, fail) => fdatasync(handle, (error) => (error === null ? done() : fail(error))));
    size += bytes.length;
  }

  function reset(job: Job): void {
    const bytes = encodeAppend(job.records);
    const replaced = replaceFile(file, bytes, {mode: 0o600, overwrite: true, keepOpen: true});
    closeSync(fd as number);
    fd = replaced;
    size = bytes.length;
  }

  async function work(): Promise<void> {
    for (let next = jobs.shift(); next !== undefined; next = jobs.shift()) {
      const group = [next];
      while (next.kind === "append" && jobs[0]?.kind === "append") group.push(jobs.shift() as Job);
      try {
        if (failure !== null) throw failure;
        if (next.kind === "reset") reset(next);
        else await appendAll(group);
        for (const job of group) job.resolve();
      } catch (cause) {
        failure = cause;
        for (const job of group) job.reject(new WalError("FAILED", {file}, {cause}));
      }
    }
    working = null;
  }

  function enqueue(kind: Job["kind"], records: readonly Uint8Array[]): Promise<void> {
    if (fd === null) return Promise.reject(new WalError("CLOSED", {file}));
    const long = records.find((record) => record.length > RECORD_BYTES_MAX);
    if (long !== undefined) return Promise.reject(new WalError("TOO_LONG", {file, want: RECORD_BYTES_MAX, got: long.length}));
    if (kind === "append" && records.length === 0) return Promise.resolve();
    return new Promise((resolve, reject) => {
      jobs.push({kind, records: [...records], resolve, reject});
      working ??= Promise.resolve().then(work);
    });
  }

  return {
    name: "wal",
    recovered,
    size: () => size,
    append: (records) => enqueue("append", records),
    reset: (records) => enqueue("reset", records),
    async start() {
      if (fd === null) open();
    },
    async stop() {
      await working;
      if (fd !== null) closeSync(fd);
      fd = null;
    },
  };
}

/** What a log holds without being opened: null where there is no file. */
export function inspectWal(file: string): (ScannedWal & {readonly bytes: number}) | null {
  if (!existsSync(file)) return null;
  const bytes = readFileSync(file);
  return {...scanWal(bytes), bytes: bytes.length};
}

/**
 * Puts the records of `file` before its first damage and then `added` in its place, whole or not at all. The old file is kept beside
 * it as `<file>.damaged-<offset>`. What is lost may hold votes that have been sent: `added` is to keep the validator from voting again
 * where it may have voted.
 * @returns the file that is kept; null where there was none
 */
export function repairWal(file: string, added: readonly Uint8Array[]): string | null {
  const old = existsSync(file) ? readFileSync(file) : null;
  const end = old === null ? 0 : scanWal(old).end;
  const kept = old === null ? null : `${file}.damaged-${end}`;
  mkdirSync(dirname(file), {recursive: true, mode: 0o700});
  if (old !== null && kept !== null) replaceFile(kept, old, {mode: 0o600, overwrite: true, keepOpen: false});
  const good = old?.subarray(0, end) ?? Buffer.alloc(0);
  replaceFile(file, Buffer.concat([good, encodeAppend(added)]), {mode: 0o600, overwrite: true, keepOpen: false});
  return kept;
}
