import {mkdtempSync, readFileSync, rmSync, writeFileSync} from "node:fs";
import {tmpdir} from "node:os";
import {join} from "node:path";
import {afterEach, beforeEach, describe, expect, test} from "vitest";
import type {Hex} from "../../src/base/bytes.ts";
import {handlers} from "../../src/cli/handlers.ts";
import {program} from "../../src/cli/program.ts";
import {decodeWalRecord, encodeWalRecord, type WalRecord} from "../../src/node/bft/wal-records.ts";
import {inspectLog, logFileOf} from "../../src/node/repair.ts";
import {createBlockStore} from "../../src/store/blocks.ts";
import {createWal} from "../../src/store/wal.ts";
import {encodeAppend, scanWal} from "../../src/store/wal-format.ts";

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "mvm-repair-"));
});
afterEach(() => rmSync(dir, {recursive: true, force: true}));

const signal = new AbortController().signal;
const hash: Hex = `0x${"ab".repeat(32)}`;
const record = (height: number): WalRecord => ({kind: "input", height, input: {kind: "verdict", value: hash, verdict: "valid"}});
/** Each append is one record of the same size. */
const appends = (...heights: number[]) => heights.map((height) => encodeAppend([encodeWalRecord(record(height))]));

async function nodeWith(of: {blocks: number; log: Buffer | null}): Promise<string> {
  const store = createBlockStore({dir: join(dir, "db")});
  await store.start(signal);
  const proof = {
    kind: "certificate",
    certificate: {epoch: 0, height: 0, round: 0, blockHash: hash, signature: new Uint8Array(96)},
  } as const;
  for (let height = 1; height <= of.blocks; height++)
    await store.append(height, {block: Uint8Array.of(height), proof: {...proof, certificate: {...proof.certificate, height}}});
  await store.stop();
  const file = logFileOf(dir);
  const wal = createWal({file});
  await wal.start(signal);
  await wal.stop();
  if (of.log === null) rmSync(file);
  else writeFileSync(file, of.log);
  return file;
}

const repair = (...args: string[]) => program(handlers).parseAsync(["node", "mvm", "repair", "--dir", dir, ...args]);
const recordsOf = (file: string) => scanWal(readFileSync(file)).records.map(decodeWalRecord);

describe("mvm repair", () => {
  const damaged = (...heights: number[]) => {
    const whole = Buffer.concat(appends(...heights));
    whole[appends(1)[0]?.length ?? 0] = 0x40; // the head of the second record
    return whole;
  };

  test("says what is lost and changes nothing; with --yes it keeps what is good, the old file, and silence where it may have voted", async () => {
    const file = await nodeWith({blocks: 3, log: damaged(3, 4, 4, 4)});
    const size = appends(1)[0]?.length ?? 0;
    const before = readFileSync(file);
    await expect(repair()).rejects.toMatchObject({code: "NOT_REPAIRED"});
    expect(readFileSync(file)).toEqual(before);
    expect(await inspectLog(dir)).toEqual({
      file,
      state: "damaged",
      offset: size,
      keptRecords: 1,
      lostBytes: 3 * size,
      lostRecords: 2,
      height: 3,
      votesFrom: 5,
      backup: `${file}.damaged-${size}`,
    });
    await repair("--yes");
    expect(readFileSync(`${file}.damaged-${size}`)).toEqual(before);
    expect(recordsOf(file)).toEqual([record(3), {kind: "quarantine", height: 4}]);
    await repair();
    expect(await inspectLog(dir)).toMatchObject({state: "sound", keptRecords: 2});
  });

  test("believes what can still be read of the log where the database shows less", async () => {
    await nodeWith({blocks: 1, log: damaged(8, 9, 9, 9)});
    expect(await inspectLog(dir)).toMatchObject({state: "damaged", height: 1, votesFrom: 10});
  });

  test("begins a log that is gone, in silence at the height in progress", async () => {
    const file = await nodeWith({blocks: 3, log: null});
    await expect(repair("--json")).rejects.toMatchObject({code: "NOT_REPAIRED"});
    expect(await inspectLog(dir)).toMatchObject({state: "missing", votesFrom: 5, backup: null});
    await repair("--yes", "--json");
    expect(recordsOf(file)).toEqual([{kind: "quarantine", height: 4}]);
  });

  test("has nothing to do where an append was cut short, nor in a new directory", async () => {
    await nodeWith({blocks: 1, log: Buffer.concat(appends(2, 2)).subarray(0, -3)});
    expect(await inspectLog(dir)).toMatchObject({state: "sound", keptRecords: 1});
    await repair("--yes");
    rmSync(dir, {recursive: true});
    expect(await inspectLog(dir)).toMatchObject({state: "sound", keptRecords: 0});
    await repair();
  });

  test("leaves a node alone that runs", async () => {
    await nodeWith({blocks: 1, log: damaged(2, 2, 2)});
    const store = createBlockStore({dir: join(dir, "db")});
    await store.start(signal);
    await expect(repair("--yes")).rejects.toMatchObject({code: "LOCKED"});
    await store.stop();
  });
});
