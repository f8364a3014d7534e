import {existsSync} from "node:fs";
import {join} from "node:path";
import {createBlockStore} from "../store/blocks.ts";
import {inspectWal, repairWal} from "../store/wal.ts";
import {decodeWalRecord, encodeWalRecord} from "./bft/wal-records.ts";

/** What a validator's log is worth, and what a repair does about it. */
export interface LogReport {
  readonly file: string;
  /** sound: nothing to do; a torn last append counts as that, the node drops it at its start. */
  readonly state: "sound" | "damaged" | "missing";
  /** Bytes before the first damage, and the records in them. */
  readonly offset: number;
  readonly keptRecords: number;
  /** From the first damage to the end of the file; of these records so many can still be read. */
  readonly lostBytes: number;
  readonly lostRecords: number;
  /** Height of the last stored block. */
  readonly height: number;
  /** First height at which the validator votes again after a repair. */
  readonly votesFrom: number;
  /** Where a repair keeps the damaged file; null: there is nothing to keep. */
  readonly backup: string | null;
}

export function logFileOf(dir: string): string {
  return join(dir, "wal", "consensus.wal");
}

/**
 * Looks at the log of a node that does not run.
 *
 * A validator votes at a height only after it has stored the block below, so what is lost can hold votes up to the height after the last
 * stored block, or up to the highest that the log itself names where the store has lost blocks. It votes again above that.
 * @throws StoreError LOCKED where the node runs, CORRUPT where its blocks are damaged
 */
export async function inspectLog(dir: string): Promise<LogReport> {
  const file = logFileOf(dir);
  const height = await storedHeight(dir);
  const log = inspectWal(file);
  if (log === null) {
    const state = height === 0 ? "sound" : "missing";
    return {file, state, offset: 0, keptRecords: 0, lostBytes: 0, lostRecords: 0, height, votesFrom: height + 2, backup: null};
  }
  const named = [...log.records, ...log.behind].map(heightOf);
  return {
    file,
    state: log.tail === "corrupt" ? "damaged" : "sound",
    offset: log.end,
    keptRecords: log.records.length,
    lostBytes: log.bytes - log.end,
    lostRecords: log.behind.length,
    height,
    votesFrom: Math.max(height + 1, ...named) + 1,
    backup: `${file}.damaged-${log.end}`,
  };
}

/** Keeps what stands before the damage, and keeps the validator silent up to where it may have voted. Looks again first. */
export async function repairLog(dir: string): Promise<LogReport> {
  const report = await inspectLog(dir);
  if (report.state !== "sound") repairWal(report.file, [encodeWalRecord({kind: "quarantine", height: report.votesFrom - 1})]);
  return report;
}

async function storedHeight(dir: string): Promise<number> {
  if (!existsSync(join(dir, "db"))) return 0;
  const store = createBlockStore({dir: join(dir, "db")});
  await store.start(new AbortController().signal);
  const height = store.height();
  await store.stop();
  return height;
}

/** 0 for a record that is none any more: what it named cannot be known. */
function heightOf(bytes: Uint8Array): number {
  try {
    return decodeWalRecord(bytes).height;
  } catch {
    return 0;
  }
}
