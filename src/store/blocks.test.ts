import {spawnSync} from "node:child_process";
import {mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync} from "node:fs";
import {tmpdir} from "node:os";
import {join} from "node:path";
import {fileURLToPath} from "node:url";
import {Level} from "level";
import {afterEach, beforeEach, describe, expect, test} from "vitest";
import type {BlockStore} from "../ports/store.ts";
import {type DecidedBlock, decodeDecidedBlock} from "../types/messages.ts";
import type {Certificate} from "../types/votes.ts";
import {createBlockStore} from "./blocks.ts";
import {blockKey, HEIGHT_KEY, JUMP_KEY, proofKey, seal, VERSION_KEY} from "./keyspace.ts";

let dir = "";
const stores: BlockStore[] = [];
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "mvm-store-"));
});
afterEach(async () => {
  for (const store of stores.splice(0)) await store.stop();
  rmSync(dir, {recursive: true, force: true});
});

const signal = new AbortController().signal;
const hash = (n: number) => `0x${n.toString(16).padStart(64, "0")}` as const;

function decided(height: number, size = 500): DecidedBlock {
  const vote = {epoch: 0, height, round: 0, type: "precommit", blockHash: hash(height)} as const;
  const votes = [0, 1, 2].map((from) => ({...vote, from, signature: new Uint8Array(65).fill(from + 1)}));
  return {block: Uint8Array.from({length: size}, (_, i) => (i * height) % 256), proof: {kind: "votes", votes}};
}
function certificate(height: number): Certificate {
  return {epoch: 0, height, round: 1, blockHash: hash(height), signature: new Uint8Array(96).fill(height)};
}
const heightBytes = (height: number) => Uint8Array.of(0, 0, 0, 0, 0, 0, 0, height);
async function opened(): Promise<BlockStore> {
  const store = createBlockStore({dir});
  stores.push(store);
  await store.start(signal);
  return store;
}
/** A store of `count` blocks, closed. */
async function filled(count: number): Promise<void> {
  const store = await opened();
  for (let h = 1; h <= count; h++) await store.append(h, decided(h));
  await store.stop();
}
async function edit(name: "bodies" | "state", change: (db: Level<Uint8Array, Uint8Array>) => Promise<void>): Promise<void> {
  const db = new Level<Uint8Array, Uint8Array>(join(dir, name), {keyEncoding: "view", valueEncoding: "view"});
  await change(db);
  await db.close();
}

describe("block store", () => {
  test("blocks and proofs survive reopening; a certificate replaces votes", async () => {
    const store = await opened();
    expect(store.height()).toBe(0);
    expect(await store.read(1)).toBeNull();
    await store.append(1, decided(1));
    await Promise.all([store.append(2, decided(2)), store.append(3, decided(3))]);
    await store.setCertificate(certificate(2));
    await store.stop();
    const again = await opened();
    expect(again.height()).toBe(3);
    expect(await again.read(1)).toEqual(decided(1));
    expect(await again.read(2)).toEqual({block: decided(2).block, proof: {kind: "certificate", certificate: certificate(2)}});
    expect(await again.read(0)).toBeNull();
    expect(await again.read(4)).toBeNull();
  });

  test("heights come in order, certificates for stored blocks", async () => {
    const store = await opened();
    await expect(store.append(2, decided(2))).rejects.toMatchObject({code: "OUT_OF_ORDER", data: {want: 1, got: 2}});
    await store.append(1, decided(1));
    await expect(store.append(1, decided(1))).rejects.toMatchObject({code: "OUT_OF_ORDER", data: {want: 2, got: 1}});
    await expect(store.setCertificate(certificate(2))).rejects.toMatchObject({code: "UNKNOWN_HEIGHT"});
    await expect(store.setCertificate({...certificate(1), blockHash: hash(9)})).rejects.toMatchObject({code: "OTHER_BLOCK"});
    await store.stop();
    await expect(store.append(2, decided(2))).rejects.toMatchObject({code: "CLOSED"});
    await expect(store.read(1)).rejects.toMatchObject({code: "CLOSED"});
  });

  test("a range stops at the count, at the bytes and at the head, and has at least one block", async () => {
    const store = await opened();
    for (let h = 1; h <= 6; h++) await store.append(h, decided(h, 1_000));
    const heights = async (from: number, count: number, bytesMax: number) =>
      (await store.readRange(from, count, bytesMax))
        .map((frame) => decodeDecidedBlock(frame).proof)
        .map((p) => p.kind === "votes" && p.votes[0]?.height);
    expect(await heights(2, 3, 1e6)).toEqual([2, 3, 4]);
    expect(await heights(5, 9, 1e6)).toEqual([5, 6]);
    expect(await heights(1, 9, 4_700)).toEqual([1, 2, 3]);
    expect(await heights(1, 9, 1)).toEqual([1]);
    expect(await heights(7, 9, 1e6)).toEqual([]);
  });

  test("a directory that another process has open is refused", async () => {
    await opened();
    await expect(opened()).rejects.toMatchObject({code: "LOCKED"});
    const script = `import {createBlockStore} from "./blocks.ts";
      const how = await createBlockStore({dir: ${JSON.stringify(dir)}}).start(new AbortController().signal).catch((e) => e.code);
      process.stdout.write(String(how));`;
    const cwd = fileURLToPath(new URL(".", import.meta.url));
    const other = spawnSync(process.execPath, ["--import", "tsx", "--input-type=module", "-e", script], {cwd, encoding: "utf8"});
    expect(other.stdout).toBe("LOCKED");
  });
});

describe("ranges, pruning and jumps", () => {
  const stored = async (store: BlockStore, upTo: number) => {
    const found: number[] = [];
    for (let h = 1; h <= upTo; h++) if ((await store.read(h)) !== null) found.push(h);
    return found;
  };

  test("a range is appended as one, in order", async () => {
    const store = await opened();
    await store.appendAll(
      1,
      [1, 2, 3].map((h) => decided(h)),
    );
    await expect(store.appendAll(3, [decided(3)])).rejects.toMatchObject({code: "OUT_OF_ORDER", data: {want: 4, got: 3}});
    await store.appendAll(4, []);
    await store.append(4, decided(4));
    await store.stop();
    const again = await opened();
    expect(await stored(again, 5)).toEqual([1, 2, 3, 4]);
    expect(await again.read(3)).toEqual(decided(3));
  });

  test("what votes prove is found again until a certificate is there", async () => {
    const store = await opened();
    await store.appendAll(1, [
      decided(1),
      decided(2),
      {...decided(3), proof: {kind: "certificate", certificate: certificate(3)}},
      decided(4),
    ]);
    expect(await store.uncertified(0)).toEqual([1, 2, 4]);
    await store.setCertificate(certificate(2));
    expect(await store.readProof(2)).toEqual({kind: "certificate", certificate: certificate(2)});
    await store.stop();
    const again = await opened();
    expect(await again.uncertified(0)).toEqual([1, 4]);
    expect(await again.uncertified(1)).toEqual([4]);
  });

  test("pruned heights are read as nothing, served as nothing, and stay so; the gap is one", async () => {
    const store = await opened();
    await store.appendAll(
      1,
      Array.from({length: 20}, (_, i) => decided(i + 1)),
    );
    expect(store.gap()).toBeNull();
    await store.prune({from: 4, to: 9});
    await store.prune({from: 4, to: 12});
    await store.prune({from: 4, to: 10});
    expect(store.gap()).toEqual({from: 4, to: 12});
    await expect(store.prune({from: 4, to: 20})).rejects.toMatchObject({code: "OUT_OF_ORDER"});
    await expect(store.setCertificate(certificate(5))).rejects.toMatchObject({code: "UNKNOWN_HEIGHT"});
    const check = async (of: BlockStore) => {
      expect(await stored(of, 20)).toEqual([1, 2, 3, 13, 14, 15, 16, 17, 18, 19, 20]);
      expect(await of.readProof(5)).toBeNull();
      expect(await of.readRange(2, 9, 1e6)).toHaveLength(2);
      expect(await of.readRange(6, 9, 1e6)).toEqual([]);
      expect(await of.uncertified(3)).toEqual([13, 14, 15, 16, 17, 18, 19, 20]);
    };
    await check(store);
    await store.stop();
    const again = await opened();
    expect(again.gap()).toEqual({from: 4, to: 12});
    await check(again);
  });

  test("after a jump the next block follows it, and what was between is given up", async () => {
    await filled(6);
    const store = await opened();
    await expect(store.jump(6, decided(6), 4)).rejects.toMatchObject({code: "OUT_OF_ORDER"});
    await store.jump(100, decided(100), 4);
    await store.append(101, decided(101));
    expect(store.gap()).toEqual({from: 4, to: 99});
    await store.stop();
    const again = await opened();
    expect([again.height(), again.gap()]).toEqual([101, {from: 4, to: 99}]);
    expect(await stored(again, 101)).toEqual([1, 2, 3, 100, 101]);
    await again.jump(200, decided(200), 102);
    expect(again.gap()).toEqual({from: 4, to: 199});
    expect(await stored(again, 201)).toEqual([1, 2, 3, 200]);
  });

  test("a jump that a crash has cut in two was none", async () => {
    await filled(3);
    await edit("state", (db) => db.put(JUMP_KEY, seal(JUMP_KEY, heightBytes(99))));
    await edit("bodies", (db) => db.put(blockKey(99), seal(blockKey(99), new Uint8Array(7))));
    const store = await opened();
    expect(store.height()).toBe(3);
    await store.append(4, decided(4));
    await store.stop();
    const again = await opened();
    expect(await stored(again, 99)).toEqual([1, 2, 3, 4]);
  });
});

describe("damage", () => {
  test("a changed body, a changed proof and a record in another's place are found when read", async () => {
    await filled(4);
    await edit("bodies", async (db) => {
      const key = blockKey(1);
      const stored = (await db.get(key)) as Uint8Array;
      stored[100] = (stored[100] as number) ^ 1;
      await db.put(key, stored);
      await db.put(blockKey(2), (await db.get(blockKey(3))) as Uint8Array);
    });
    await edit("state", async (db) => {
      const stored = (await db.get(proofKey(3))) as Uint8Array;
      await db.put(proofKey(3), stored.subarray(0, 50));
      await db.del(proofKey(4));
    });
    const store = await opened();
    for (const [height, what] of [
      [1, "body"],
      [2, "body"],
      [3, "proof"],
      [4, "proof missing"],
    ] as const)
      await expect(store.read(height)).rejects.toMatchObject({code: "CORRUPT", data: {what, height}});
    await expect(store.readRange(1, 4, 1e6)).rejects.toMatchObject({code: "CORRUPT"});
  });

  test("a body without its height is an append that was cut in two: it is written again", async () => {
    await filled(2);
    const two = heightBytes(2);
    const cut = async (last: number) => {
      const store = await opened();
      await store.appendAll(3, [decided(3), decided(4), decided(5)].slice(0, last - 2));
      await store.stop();
      await edit("state", async (db) => {
        await db.put(HEIGHT_KEY, seal(HEIGHT_KEY, two));
        for (let at = 3; at <= last; at++) await db.del(proofKey(at));
      });
    };
    await cut(3);
    await cut(5);
    const store = await opened();
    expect(store.height()).toBe(2);
    expect(await store.read(3)).toBeNull();
    await store.append(3, decided(3));
    expect(await store.read(3)).toEqual(decided(3));
    await store.stop();
    expect((await opened()).height()).toBe(3);
  });

  test("a database that has lost records is refused at the start", async () => {
    await filled(4);
    await edit("bodies", (db) => db.del(blockKey(4)));
    await expect(opened()).rejects.toMatchObject({code: "CORRUPT", data: {what: "bodies lost", want: 4, got: 3}});
    await edit("state", (db) => db.put(HEIGHT_KEY, seal(HEIGHT_KEY, heightBytes(1))));
    await expect(opened()).rejects.toMatchObject({code: "CORRUPT", data: {what: "heights lost", want: 3, got: 1}});
    await edit("state", (db) => db.clear());
    await expect(opened()).rejects.toMatchObject({code: "CORRUPT", data: {what: "blocks without a version"}});
    await edit("state", (db) => db.put(VERSION_KEY, seal(VERSION_KEY, Uint8Array.of(0, 0, 0, 9))));
    await expect(opened()).rejects.toMatchObject({code: "WRONG_VERSION", data: {want: 2, got: 9}});
  });

  test.for(["bodies", "state"])("a flipped byte in the log of %s never goes unnoticed", async (name) => {
    await filled(40);
    const log = readdirSync(join(dir, name)).find((file) => file.endsWith(".log")) as string;
    const damaged = readFileSync(join(dir, name, log));
    const middle = Math.floor(damaged.length / 2);
    damaged[middle] = (damaged[middle] as number) ^ 0x10;
    writeFileSync(join(dir, name, log), damaged);
    const readAll = async () => {
      const store = await opened();
      for (let h = 1; h <= store.height(); h++) await store.read(h);
    };
    await expect(readAll()).rejects.toMatchObject({code: "CORRUPT"});
  });
});
