import {mkdtempSync, rmSync, writeFileSync} from "node:fs";
import {tmpdir} from "node:os";
import {join} from "node:path";
import {expect, onTestFinished, test} from "vitest";
import {FeedCursor, readCursor} from "./feed-cursor.ts";
import {systemClock} from "./system.ts";

const silent = {debug() {}, info() {}, warn() {}, error() {}, child: () => silent};

test("what was written last is read back; a file that is missing or broken means the beginning", async () => {
  const dir = mkdtempSync(join(tmpdir(), "mvm-cursor-"));
  onTestFinished(() => rmSync(dir, {recursive: true}));
  const file = join(dir, "db", "cursor");
  expect(readCursor(file)).toBe(0n);
  const cursor = new FeedCursor({file, cursor: () => 12_345_678_901n, clock: systemClock, log: silent});
  await cursor.start();
  await cursor.stop();
  expect(readCursor(file)).toBe(12_345_678_901n);
  for (const broken of ["", "-1", "12x", "9".repeat(30)]) {
    writeFileSync(file, broken);
    expect(readCursor(file)).toBe(0n);
  }
});
