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
import {blockKey, HEIGHT_KEY, proofKey, seal, VERSION_KEY} from "./keyspace.ts";

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
    await edit("bodies", (db) => db.put(blockKey(3), seal(blockKey(3), new Uint8Array(7))));
    const store = await opened();
    expect(store.height()).toBe(2);
    expect(await store.read(3)).toBeNull();
    await store.append(3, decided(3));
    expect(await store.read(3)).toEqual(decided(3));
  });

  test("a database that has lost records is refused at the start", async () => {
    await filled(4);
    await edit("bodies", (db) => db.del(blockKey(4)));
    await expect(opened()).rejects.toMatchObject({code: "CORRUPT", data: {what: "bodies lost", want: 4, got: 3}});
    await edit("state", (db) => db.put(HEIGHT_KEY, seal(HEIGHT_KEY, Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 1))));
    await expect(opened()).rejects.toMatchObject({code: "CORRUPT", data: {what: "heights lost", want: 3, got: 1}});
    await edit("state", (db) => db.clear());
    await expect(opened()).rejects.toMatchObject({code: "CORRUPT", data: {what: "blocks without a version"}});
    await edit("state", (db) => db.put(VERSION_KEY, seal(VERSION_KEY, Uint8Array.of(0, 0, 0, 9))));
    await expect(opened()).rejects.toMatchObject({code: "WRONG_VERSION", data: {want: 1, got: 9}});
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
