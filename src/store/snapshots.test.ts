import {mkdtempSync, rmSync} from "node:fs";
import {tmpdir} from "node:os";
import {join} from "node:path";
import {Level} from "level";
import {afterEach, beforeEach, expect, test} from "vitest";
import type {SnapshotStore} from "../ports/store.ts";
import {partKey} from "./keyspace.ts";
import {createSnapshotStore} from "./snapshots.ts";

let dir = "";
const stores: SnapshotStore[] = [];
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "mvm-snapshots-"));
});
afterEach(async () => {
  for (const store of stores.splice(0)) await store.stop();
  rmSync(dir, {recursive: true, force: true});
});

const bytes = (n: number) => new Uint8Array(1_000).fill(n);
async function opened(): Promise<SnapshotStore> {
  const store = createSnapshotStore({dir});
  stores.push(store);
  await store.start(new AbortController().signal);
  return store;
}
async function write(store: SnapshotStore, height: number, parts: number): Promise<void> {
  for (let i = 0; i < parts; i++) await store.putPart(height, i, bytes(height + i));
}

test("snapshots survive reopening; one that is taken away is gone with its parts", async () => {
  const store = await opened();
  expect(store.heights()).toEqual([]);
  for (const height of [20, 10]) {
    await write(store, height, 3);
    await store.finish(height, bytes(height));
  }
  expect(store.heights()).toEqual([10, 20]);
  await store.stop();
  const again = await opened();
  expect(again.heights()).toEqual([10, 20]);
  expect(await again.readHead(10)).toEqual(bytes(10));
  expect(await again.readPart(20, 2)).toEqual(bytes(22));
  expect(await again.readPart(20, 3)).toBeNull();
  await again.remove(10);
  expect(again.heights()).toEqual([20]);
  expect([await again.readHead(10), await again.readPart(10, 0)]).toEqual([null, null]);
});

test("one that was not finished is gone after the next start, and the others are not", async () => {
  const store = await opened();
  await write(store, 10, 2);
  await store.finish(10, bytes(10));
  await write(store, 20, 5);
  expect(store.heights()).toEqual([10]);
  expect(await store.readHead(20)).toBeNull();
  await store.stop();
  const again = await opened();
  expect(again.heights()).toEqual([10]);
  expect(await again.readPart(20, 0)).toBeNull();
  expect(await again.readPart(10, 1)).toEqual(bytes(11));
});

test("a changed part is found when it is read", async () => {
  const store = await opened();
  await write(store, 10, 1);
  await store.finish(10, bytes(10));
  await store.stop();
  const db = new Level<Uint8Array, Uint8Array>(join(dir, "snapshots"), {keyEncoding: "view", valueEncoding: "view"});
  const key = partKey(10, 0);
  const stored = (await db.get(key)) as Uint8Array;
  stored[500] = (stored[500] as number) ^ 1;
  await db.put(key, stored);
  await db.close();
  const again = await opened();
  await expect(again.readPart(10, 0)).rejects.toMatchObject({code: "CORRUPT", data: {what: "snapshot part", height: 10}});
  await expect(opened()).rejects.toMatchObject({code: "LOCKED"});
});
