import {mkdirSync} from "node:fs";
import type {SnapshotStore} from "../ports/store.ts";
import {Database} from "./database.ts";
import {DATABASES, headKey, heightOfKey, partKey} from "./keyspace.ts";

const HEIGHT_MAX = Number.MAX_SAFE_INTEGER;
const INDEX_MAX = 2 ** 32 - 1;

/**
 * Snapshots in a LevelDB database of their own under `dir`, so that their bulk delays nobody's syncs. A snapshot is whole when
 * its head is there, which is written last; parts without a head are what a crash has left, and `start` takes them away.
 *
 * `start` throws StoreError LOCKED, CORRUPT, FAILED.
 */
export function createSnapshotStore(options: {dir: string}): SnapshotStore {
  const {dir} = options;
  const db = new Database(dir, DATABASES.snapshots);
  let heights: number[] = [];

  async function remove(height: number): Promise<void> {
    heights = heights.filter((other) => other !== height);
    await db.write({key: headKey(height), value: null});
    await db.clear(partKey(height, 0), partKey(height, INDEX_MAX));
  }

  return {
    name: "snapshot store",
    heights: () => heights,
    remove,
    putPart: (height, index, part) => db.write({key: partKey(height, index), value: part}),
    async finish(height, head) {
      await db.write({key: headKey(height), value: head});
      heights = [...heights.filter((other) => other !== height), height].sort((a, b) => a - b);
    },
    readHead: (height) => db.get(headKey(height), "snapshot head", height),
    readPart: (height, index) => db.get(partKey(height, index), "snapshot part", height),

    async start() {
      if (db.isOpen) return;
      mkdirSync(dir, {recursive: true, mode: 0o700});
      await db.open();
      try {
        heights = (await db.keys(headKey(0), headKey(HEIGHT_MAX))).map(heightOfKey);
        const parts = await db.keys(partKey(0, 0), partKey(HEIGHT_MAX, INDEX_MAX));
        const unfinished = new Set(parts.map(heightOfKey).filter((height) => !heights.includes(height)));
        for (const height of unfinished) await remove(height);
      } catch (error) {
        await db.close();
        throw error;
      }
    },
    stop: () => db.close(),
  };
}
