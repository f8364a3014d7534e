import {mkdirSync} from "node:fs";
import {join} from "node:path";
import {Level} from "level";
import {Reader, Writer} from "../base/codec.ts";
import type {BlockStore} from "../ports/store.ts";
import {type DecidedBlock, encodeDecidedBlock} from "../types/messages.ts";
import {type Proof, readProof, writeProof} from "../types/votes.ts";
import {StoreError} from "./errors.ts";
import {blockKey, DATABASES, HEIGHT_KEY, heightOfKey, proofKey, STORE_VERSION, seal, unseal, VERSION_KEY} from "./keyspace.ts";

type Database = Level<Uint8Array, Uint8Array>;
const SYNC = {sync: true} as const;

/**
 * Decided blocks in two LevelDB databases under `dir`: bodies, and height and proofs. A block is stored when its proof and
 * the new height are, in one synced batch after its body's; a body without them is overwritten by the next append.
 *
 * `start` throws StoreError LOCKED, WRONG_VERSION, and CORRUPT where one database has lost what the other shows: LevelDB itself
 * drops damaged records without a word.
 */
export function createBlockStore(options: {dir: string}): BlockStore {
  const {dir} = options;
  let bodies: Database | null = null;
  let state: Database | null = null;
  let height = 0;
  let writes: Promise<unknown> = Promise.resolve();

  const open = (db: Database | null): Database => {
    if (db === null) throw new StoreError("CLOSED", {dir});
    return db;
  };

  /** One write at a time, in the order of the calls. */
  function serialise<T>(write: () => Promise<T>): Promise<T> {
    const result = writes.then(write);
    writes = result.catch(() => undefined);
    return result;
  }

  async function readRecord(db: Database | null, key: Uint8Array, what: string, at?: number): Promise<Uint8Array | null> {
    const stored = await guarded(dir, () => open(db).get(key));
    if (stored === undefined) return null;
    const value = unseal(key, stored);
    if (value === null) throw new StoreError("CORRUPT", {dir, what, ...(at !== undefined && {height: at})});
    return value;
  }

  async function checkVersion(): Promise<void> {
    const found = await readRecord(state, VERSION_KEY, "version");
    const version = found === null ? null : new Reader(found).u32("version");
    if (version === STORE_VERSION) return;
    const [first] = await guarded(dir, () => open(bodies).keys({limit: 1}).all());
    if (version !== null) throw new StoreError("WRONG_VERSION", {dir, want: STORE_VERSION, got: version});
    if (first !== undefined) throw new StoreError("CORRUPT", {dir, what: "blocks without a version"});
    await open(state).put(VERSION_KEY, seal(VERSION_KEY, new Writer().u32(STORE_VERSION).bytes()), SYNC);
  }

  async function readHeight(): Promise<number> {
    const stored = await readRecord(state, HEIGHT_KEY, "height");
    const value = stored === null ? 0 : new Reader(stored).count("height");
    const [lastKey] = await guarded(dir, () => open(bodies).keys({limit: 1, reverse: true}).all());
    const last = lastKey === undefined ? 0 : heightOfKey(lastKey);
    // last = value + 1 is an append that a crash cut in two.
    if (last < value) throw new StoreError("CORRUPT", {dir, what: "bodies lost", want: value, got: last});
    if (last > value + 1) throw new StoreError("CORRUPT", {dir, what: "heights lost", want: last, got: value});
    return value;
  }

  async function readProofAt(at: number): Promise<Proof> {
    const stored = await readRecord(state, proofKey(at), "proof", at);
    if (stored === null) throw new StoreError("CORRUPT", {dir, what: "proof missing", height: at});
    try {
      const r = new Reader(stored);
      const proof = readProof(r);
      r.end("proof");
      return proof;
    } catch (cause) {
      throw new StoreError("CORRUPT", {dir, what: "proof", height: at}, {cause});
    }
  }

  async function read(at: number): Promise<DecidedBlock | null> {
    if (at < 1 || at > height) return null;
    const block = await readRecord(bodies, blockKey(at), "body", at);
    if (block === null) throw new StoreError("CORRUPT", {dir, what: "body missing", height: at});
    return {block, proof: await readProofAt(at)};
  }

  return {
    name: "block store",
    height: () => height,
    read,

    append: (at, decided) =>
      serialise(async () => {
        if (at !== height + 1) throw new StoreError("OUT_OF_ORDER", {dir, want: height + 1, got: at});
        const proof = writeProof(new Writer(), decided.proof).bytes();
        await guarded(dir, () => open(bodies).put(blockKey(at), seal(blockKey(at), decided.block), SYNC));
        const next = new Writer().count(at).bytes();
        await guarded(dir, () =>
          open(state).batch(
            [
              {type: "put", key: proofKey(at), value: seal(proofKey(at), proof)},
              {type: "put", key: HEIGHT_KEY, value: seal(HEIGHT_KEY, next)},
            ],
            SYNC,
          ),
        );
        height = at;
      }),

    setCertificate: (certificate) =>
      serialise(async () => {
        const at = certificate.height;
        if (at < 1 || at > height) throw new StoreError("UNKNOWN_HEIGHT", {dir, height: at, want: height});
        const stored = hashOf(await readProofAt(at));
        if (stored !== certificate.blockHash)
          throw new StoreError("OTHER_BLOCK", {dir, height: at, want: `${stored}`, got: certificate.blockHash});
        const proof = writeProof(new Writer(), {kind: "certificate", certificate}).bytes();
        await guarded(dir, () => open(state).put(proofKey(at), seal(proofKey(at), proof), SYNC));
      }),

    async readRange(from, count, bytesMax) {
      const frames: Uint8Array[] = [];
      let bytes = 0;
      for (let at = from; at < from + count && (frames.length === 0 || bytes < bytesMax); at++) {
        const decided = await read(at);
        if (decided === null) break;
        const frame = encodeDecidedBlock(decided);
        if (frames.length > 0 && bytes + frame.length > bytesMax) break;
        frames.push(frame);
        bytes += frame.length;
      }
      return frames;
    },

    async start() {
      if (state !== null) return;
      mkdirSync(dir, {recursive: true, mode: 0o700});
      try {
        state = await openDatabase(dir, DATABASES.state);
        bodies = await openDatabase(dir, DATABASES.bodies);
        await checkVersion();
        height = await readHeight();
      } catch (error) {
        await close();
        throw error;
      }
    },
    stop: close,
  };

  async function close(): Promise<void> {
    await writes;
    const opened = [bodies, state];
    bodies = null;
    state = null;
    for (const db of opened) await db?.close();
  }
}

async function openDatabase(dir: string, name: string): Promise<Database> {
  const db: Database = new Level(join(dir, name), {keyEncoding: "view", valueEncoding: "view"});
  try {
    await db.open();
    return db;
  } catch (cause) {
    const reason = (cause as {cause?: {code?: string; message?: string}}).cause;
    if (reason?.code === "LEVEL_LOCKED") throw new StoreError("LOCKED", {dir, what: name}, {cause});
    const code = reason?.code === "LEVEL_CORRUPTION" || /corrupt/i.test(reason?.message ?? "") ? "CORRUPT" : "FAILED";
    throw new StoreError(code, {dir, what: name}, {cause});
  }
}

/** What the database throws, as a StoreError. */
async function guarded<T>(dir: string, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (cause) {
    if (cause instanceof StoreError) throw cause;
    const corrupt = (cause as {code?: string}).code === "LEVEL_CORRUPTION";
    throw new StoreError(corrupt ? "CORRUPT" : "FAILED", {dir, what: "database"}, {cause});
  }
}

/** The hash of the block that a proof proves; null where it proves none. */
function hashOf(proof: Proof): string | null {
  return proof.kind === "certificate" ? proof.certificate.blockHash : (proof.votes[0]?.blockHash ?? null);
}
