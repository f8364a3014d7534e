import {spawn, spawnSync} from "node:child_process";
import {once} from "node:events";
import {mkdtempSync, readFileSync, rmSync, statSync, writeFileSync} from "node:fs";
import {tmpdir} from "node:os";
import {join} from "node:path";
import {createInterface} from "node:readline";
import {fileURLToPath} from "node:url";
import {afterEach, beforeEach, describe, expect, test} from "vitest";
import {WalError} from "./errors.ts";
import {createWal, inspectWal, repairWal} from "./wal.ts";
import {encodeAppend} from "./wal-format.ts";

let dir = "";
let file = "";
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "mvm-wal-"));
  file = join(dir, "wal", "consensus.wal");
});
afterEach(() => rmSync(dir, {recursive: true, force: true}));

const signal = new AbortController().signal;
const record = (n: number, size = 20) => Uint8Array.from({length: size}, (_, i) => ((n * 31 + i * 7) % 255) + 1);

async function opened() {
  const wal = createWal({file});
  await wal.start(signal);
  return wal;
}
async function contents(): Promise<readonly Uint8Array[]> {
  const wal = await opened();
  await wal.stop();
  return wal.recovered;
}
async function refusal(): Promise<WalError> {
  return (await opened().catch((error: unknown) => error)) as WalError;
}

describe("write-ahead log", () => {
  test("what was appended is there after reopening, in order", async () => {
    const wal = await opened();
    expect(wal.recovered).toEqual([]);
    await wal.append([record(1), record(2)]);
    await wal.append([]);
    await wal.append([new Uint8Array(0), record(3, 100_000)]);
    expect(wal.size()).toBe(statSync(file).size);
    await wal.stop();
    expect(await contents()).toEqual([record(1), record(2), new Uint8Array(0), record(3, 100_000)]);
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  test("concurrent appends keep the order of the calls, also around a reset", async () => {
    const wal = await opened();
    const done: number[] = [];
    const append = (n: number) => wal.append([record(n)]).then(() => done.push(n));
    await Promise.all([append(1), append(2), append(3)]);
    await Promise.all([append(4), wal.reset([record(5)]).then(() => done.push(5)), append(6), append(7)]);
    await append(8);
    await wal.stop();
    expect(done).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect(await contents()).toEqual([5, 6, 7, 8].map((n) => record(n)));
  });

  test("appends that wait for a sync share the next one", async () => {
    const wal = await opened();
    await Promise.all(Array.from({length: 50}, (_, n) => wal.append([record(n)])));
    await wal.stop();
    const marks = appendsIn(readFileSync(file));
    expect(marks).toBe(1);
  });

  test("a closed log and a record above the limit are refused", async () => {
    const wal = createWal({file});
    await expect(wal.append([record(1)])).rejects.toMatchObject({code: "CLOSED"});
    await wal.start(signal);
    await expect(wal.append([new Uint8Array(4_194_305)])).rejects.toMatchObject({code: "TOO_LONG", data: {want: 4_194_304}});
    const last = wal.append([record(1)]);
    await wal.stop();
    await last;
    await expect(wal.append([record(1)])).rejects.toMatchObject({code: "CLOSED"});
    expect(await contents()).toEqual([record(1)]);
  });
});

/** Appends in an undamaged file, by the top bit of the lengths. */
function appendsIn(bytes: Buffer): number {
  let count = 0;
  for (let at = 0; at < bytes.length; ) {
    const field = bytes.readUInt32BE(at);
    if (field >= 0x8000_0000) count++;
    at += 8 + (field & 0x7fff_ffff);
  }
  return count;
}

describe("damage", () => {
  const appends = [[record(1), record(2)], [record(3)], [record(4), record(5)]];
  const whole = Buffer.concat(appends.map(encodeAppend));
  const ends = [0, 28, 56, 84, 112, 140];

  test("cut at any byte, the records before it are kept and the file is good again", async () => {
    for (let size = 0; size <= whole.length; size++) {
      await createWal({file}).start(signal);
      writeFileSync(file, whole.subarray(0, size));
      const kept = ends.filter((end) => end <= size).length - 1;
      const wal = await opened();
      expect(wal.recovered.length, `cut at ${size}`).toBe(kept);
      await wal.append([record(9)]);
      await wal.stop();
      expect(await contents()).toEqual([...appends.flat().slice(0, kept), record(9)]);
    }
  });

  test("any flipped byte is refused, with the place and what a repair loses", async () => {
    await createWal({file}).start(signal);
    for (let at = 0; at < whole.length; at++) {
      for (const bits of [0x01, 0x80, 0xff]) {
        const damaged = Buffer.from(whole);
        damaged[at] = (damaged[at] as number) ^ bits;
        writeFileSync(file, damaged);
        const error = await refusal();
        const start = ends.filter((end) => end <= at).at(-1) as number;
        expect(error, `byte ${at} ^ ${bits}`).toBeInstanceOf(WalError);
        expect(error.data).toMatchObject({file, offset: start, lostBytes: 140 - start, lostRecords: 4 - ends.indexOf(start)});
        expect(error.data.advice).toContain("mvm repair");
      }
    }
  });

  test("an append whose sectors reached the disk out of order is torn, damage under a later append is not", async () => {
    await createWal({file}).start(signal);
    const before = encodeAppend([record(1)]);
    const big = encodeAppend([record(2, 2_000), record(3, 2_000)]);
    const unwritten = Buffer.concat([before, big]);
    unwritten.fill(0, 512, 1_024);
    writeFileSync(file, unwritten);
    expect(await contents()).toEqual([record(1)]);
    writeFileSync(file, Buffer.concat([unwritten, encodeAppend([record(4)])]));
    expect((await refusal()).data).toMatchObject({offset: 28, lostRecords: 2});
  });

  test("a repair keeps the good records and the old file, and adds what it is given", async () => {
    await createWal({file}).start(signal);
    const damaged = Buffer.from(whole);
    damaged[60] = 0;
    writeFileSync(file, damaged);
    expect(inspectWal(file)).toMatchObject({tail: "corrupt", end: 56, bytes: 140, behind: [record(4), record(5)]});
    expect(repairWal(file, [record(7)])).toBe(`${file}.damaged-56`);
    expect(readFileSync(`${file}.damaged-56`)).toEqual(damaged);
    expect(await contents()).toEqual([record(1), record(2), record(7)]);
  });

  test("a file that is gone is not begun anew where it is expected, and a repair begins it", async () => {
    const wal = createWal({file, isExpected: () => true});
    await expect(wal.start(signal)).rejects.toMatchObject({code: "MISSING", data: {file}});
    expect(inspectWal(file)).toBeNull();
    expect(repairWal(file, [record(7)])).toBeNull();
    expect(await contents()).toEqual([record(7)]);
  });
});

test("kill -9 at full speed loses nothing that was acknowledged", {timeout: 120_000}, async () => {
  const child = fileURLToPath(new URL("../../test/support/wal-writer.ts", import.meta.url));
  let next = 0;
  for (let kill = 0; kill < 20; kill++) {
    const writer = spawn(process.execPath, ["--import", "tsx", child, file, `${next}`], {stdio: ["ignore", "pipe", "inherit"]});
    const exited = once(writer, "exit");
    let acknowledged = next - 1;
    const lines = createInterface({input: writer.stdout});
    lines.on("line", (line) => {
      acknowledged = Number(line);
      if (acknowledged >= next + 50 + kill * 13) writer.kill("SIGKILL");
    });
    const [, how] = await exited;
    expect(how).toBe("SIGKILL");
    const kept = (await contents()).map((bytes) => Buffer.from(bytes).readUInt32BE(0));
    const count = kept.length;
    expect(kept).toEqual(Array.from({length: count}, (_, i) => i));
    expect(count).toBeGreaterThan(acknowledged);
    next = count;
  }
  expect(next).toBeGreaterThan(20 * 50);
});

test("when the disk takes no more, nothing more is accepted, and what was acknowledged is kept", async () => {
  const child = fileURLToPath(new URL("../../test/support/wal-filler.ts", import.meta.url));
  const limited = `trap "" XFSZ; ulimit -f 1024; exec "$0" --import tsx "$1" "$2"`; // 1 MiB a file
  const filler = spawnSync("bash", ["-c", limited, process.execPath, child, file], {encoding: "utf8"});
  const [taken, refused, again] = JSON.parse(filler.stdout) as [number, string, string];
  expect([taken, refused, again]).toEqual([10, "FAILED", "FAILED"]);
  expect((await contents()).map((bytes) => bytes[99_999])).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
});
