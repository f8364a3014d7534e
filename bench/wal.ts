import {closeSync, fdatasyncSync, mkdtempSync, openSync, rmSync, writeSync} from "node:fs";
import {tmpdir} from "node:os";
import {join} from "node:path";
import {createWal} from "../src/store/wal.ts";
import {type Benchmark, resultOf, timed} from "./harness.ts";

const RECORD = new Uint8Array(400).fill(7);

/**
 * What the driver waits for before each vote: one record of 400 bytes appended to the node's log and on disk.
 *
 * Bound, by turns with it in the same folder: a write of as many bytes and fdatasync, both synchronous, with no record
 * format, no checksum and no queue.
 */
export const walBench: Benchmark = {
  name: "wal",
  about: "one record of 400 bytes appended and synced; bound: a bare write and fdatasync of as many bytes, in the same folder",
  async run({n}) {
    const dir = mkdtempSync(join(tmpdir(), "mvm-bench-"));
    try {
      const fd = openSync(join(dir, "bare"), "a");
      const wal = createWal({file: join(dir, "log")});
      await wal.start(new AbortController().signal);
      const bare: number[] = [];
      const samples: number[] = [];
      // by turns, so that both meet the same neighbours on the disk
      for (let i = 0; i < (n ?? 1_000); i += 10) {
        bare.push(
          ...(await timed(10, () => {
            writeSync(fd, RECORD);
            fdatasyncSync(fd);
          })),
        );
        samples.push(...(await timed(10, () => wal.append([RECORD]))));
      }
      closeSync(fd);
      await wal.stop();
      const bound = resultOf("", "ms", bare).median;
      return [resultOf("append + sync", "ms", samples, {bound}), resultOf("bare write + fdatasync", "ms", bare)];
    } finally {
      rmSync(dir, {recursive: true});
    }
  },
};
