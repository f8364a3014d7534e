import {mkdirSync} from "node:fs";
import {Reader, Writer} from "../base/codec.ts";
import type {BlockStore, Heights} from "../ports/store.ts";
import {type DecidedBlock, encodeDecidedBlock} from "../types/messages.ts";
import {type Certificate, type Proof, readProof, writeProof} from "../types/votes.ts";
import {Database, type Write} from "./database.ts";
import {StoreError} from "./errors.ts";
import {
  APPEND_KEY,
  blockKey,
  DATABASES,
  GAP_KEY,
  HEIGHT_KEY,
  heightOfKey,
  JUMP_KEY,
  openKey,
  proofKey,
  STORE_VERSION,
  VERSION_KEY,
} from "./keyspace.ts";

const HEIGHT_MAX = Number.MAX_SAFE_INTEGER;

/**
 * Decided blocks in two LevelDB databases under `dir`: bodies, and height and proofs. A block is stored when its proof and
 * the new height are, in one synced batch after its body's; bodies without them are gone after the next start.
 *
 * `start` throws StoreError LOCKED, WRONG_VERSION, and CORRUPT where one database has lost what the other shows: LevelDB itself
 * drops damaged records without a word.
 */
export function createBlockStore(options: {dir: string}): BlockStore {
  return new LevelBlocks(options.dir);
}

class LevelBlocks implements BlockStore {
  readonly name = "block store";
  readonly #dir: string;
  readonly #bodies: Database;
  readonly #state: Database;
  #height = 0;
  #gap: Heights | null = null;
  #writes: Promise<unknown> = Promise.resolve();

  constructor(dir: string) {
    this.#dir = dir;
    this.#bodies = new Database(dir, DATABASES.bodies);
    this.#state = new Database(dir, DATABASES.state);
  }

  async start(): Promise<void> {
    if (this.#state.isOpen) return;
    mkdirSync(this.#dir, {recursive: true, mode: 0o700});
    try {
      await this.#state.open();
      await this.#bodies.open();
      await this.#checkVersion();
      await this.#recover();
    } catch (error) {
      await this.stop();
      throw error;
    }
  }
  async stop(): Promise<void> {
    await this.#writes;
    await this.#bodies.close();
    await this.#state.close();
  }

  height(): number {
    return this.#height;
  }
  gap(): Heights | null {
    return this.#gap;
  }

  append(height: number, decided: DecidedBlock): Promise<void> {
    return this.appendAll(height, [decided]);
  }

  appendAll(first: number, blocks: readonly DecidedBlock[]): Promise<void> {
    return this.#serialise(async () => {
      if (first !== this.#height + 1) throw new StoreError("OUT_OF_ORDER", {dir: this.#dir, want: this.#height + 1, got: first});
      if (blocks.length === 0) return;
      const last = first + blocks.length - 1;
      const bodies = blocks.map(({block}, i) => ({key: blockKey(first + i), value: block}));
      await this.#bodies.write(...bodies, {key: APPEND_KEY, value: heightsBytes({from: first, to: last})});
      const proofs = blocks.flatMap(({proof}, i) => proofWrites(first + i, proof));
      await this.#state.write(...proofs, {key: HEIGHT_KEY, value: new Writer().count(last).bytes()});
      this.#height = last;
    });
  }

  setCertificate(certificate: Certificate): Promise<void> {
    const {height, blockHash} = certificate;
    return this.#serialise(async () => {
      const proof = await this.readProof(height);
      if (proof === null) throw new StoreError("UNKNOWN_HEIGHT", {dir: this.#dir, height, want: this.#height});
      const stored = hashOf(proof);
      if (stored !== blockHash) throw new StoreError("OTHER_BLOCK", {dir: this.#dir, height, want: `${stored}`, got: blockHash});
      await this.#state.write(...proofWrites(height, {kind: "certificate", certificate}));
    });
  }

  async read(height: number): Promise<DecidedBlock | null> {
    if (!this.#isStored(height)) return null;
    const block = await this.#bodies.get(blockKey(height), "body", height);
    const proof = block === null ? null : await this.readProof(height);
    if (block !== null && proof !== null) return {block, proof};
    if (!this.#isStored(height)) return null; // pruned meanwhile
    throw new StoreError("CORRUPT", {dir: this.#dir, what: "body missing", height});
  }

  async readProof(height: number): Promise<Proof | null> {
    if (!this.#isStored(height)) return null;
    const stored = await this.#state.get(proofKey(height), "proof", height);
    if (stored === null && !this.#isStored(height)) return null; // pruned meanwhile
    if (stored === null) throw new StoreError("CORRUPT", {dir: this.#dir, what: "proof missing", height});
    try {
      const r = new Reader(stored);
      const proof = readProof(r);
      r.end("proof");
      return proof;
    } catch (cause) {
      throw new StoreError("CORRUPT", {dir: this.#dir, what: "proof", height}, {cause});
    }
  }

  async readRange(from: number, count: number, bytesMax: number): Promise<Uint8Array[]> {
    const frames: Uint8Array[] = [];
    let bytes = 0;
    for (let at = from; at < from + count && (frames.length === 0 || bytes < bytesMax); at++) {
      const decided = await this.read(at);
      if (decided === null) break;
      const frame = encodeDecidedBlock(decided);
      if (frames.length > 0 && bytes + frame.length > bytesMax) break;
      frames.push(frame);
      bytes += frame.length;
    }
    return frames;
  }

  async uncertified(above: number): Promise<number[]> {
    return (await this.#state.keys(openKey(above + 1), openKey(HEIGHT_MAX))).map(heightOfKey);
  }

  prune({from, to}: Heights): Promise<void> {
    return this.#serialise(async () => {
      if (to >= this.#height) throw new StoreError("OUT_OF_ORDER", {dir: this.#dir, want: this.#height - 1, got: to});
      const before = this.#gap;
      const gap = {from: Math.min(from, before?.from ?? from), to: Math.max(to, before?.to ?? to)};
      if (gap.to < gap.from || (gap.from === before?.from && gap.to === before.to)) return;
      await this.#state.write({key: GAP_KEY, value: heightsBytes(gap)});
      this.#gap = gap;
      if (before === null) return this.#clear(gap);
      await this.#clear({from: gap.from, to: before.from - 1});
      await this.#clear({from: before.to + 1, to: gap.to});
    });
  }

  jump(height: number, decided: DecidedBlock, gapFrom: number): Promise<void> {
    return this.#serialise(async () => {
      const {from: gapStart = gapFrom} = this.#gap ?? {};
      const gap = {from: Math.min(gapFrom, gapStart), to: height - 1};
      if (height <= this.#height || gap.to < gap.from)
        throw new StoreError("OUT_OF_ORDER", {dir: this.#dir, want: this.#height + 1, got: height});
      // the mark tells the next start that a body above the height is no damage
      await this.#state.write({key: JUMP_KEY, value: new Writer().count(height).bytes()});
      await this.#bodies.write(
        {key: blockKey(height), value: decided.block},
        {key: APPEND_KEY, value: heightsBytes({from: height, to: height})},
      );
      await this.#state.write(
        ...proofWrites(height, decided.proof),
        {key: HEIGHT_KEY, value: new Writer().count(height).bytes()},
        {key: GAP_KEY, value: heightsBytes(gap)},
        {key: JUMP_KEY, value: null},
      );
      this.#height = height;
      this.#gap = gap;
      await this.#clear(gap);
    });
  }

  #isStored(height: number): boolean {
    const {from, to} = this.#gap ?? {from: 0, to: -1};
    return height >= 1 && height <= this.#height && !(height >= from && height <= to);
  }

  /** One write at a time, in the order of the calls. */
  #serialise<T>(write: () => Promise<T>): Promise<T> {
    const result = this.#writes.then(write);
    this.#writes = result.catch(() => undefined);
    return result;
  }

  async #clear({from, to}: Heights): Promise<void> {
    if (to < from) return;
    await this.#bodies.clear(blockKey(from), blockKey(to));
    await this.#state.clear(proofKey(from), proofKey(to));
    await this.#state.clear(openKey(from), openKey(to));
  }

  async #checkVersion(): Promise<void> {
    const found = await this.#state.get(VERSION_KEY, "version");
    const version = found === null ? null : new Reader(found).u32("version");
    if (version === STORE_VERSION) return;
    if (version !== null) throw new StoreError("WRONG_VERSION", {dir: this.#dir, want: STORE_VERSION, got: version});
    if (!(await this.#bodies.isEmpty())) throw new StoreError("CORRUPT", {dir: this.#dir, what: "blocks without a version"});
    await this.#state.write({key: VERSION_KEY, value: new Writer().u32(STORE_VERSION).bytes()});
  }

  async #recover(): Promise<void> {
    const stored = await this.#state.get(HEIGHT_KEY, "height");
    const height = stored === null ? 0 : new Reader(stored).count("height");
    const gap = readHeights(await this.#state.get(GAP_KEY, "gap"));
    const jump = await this.#state.get(JUMP_KEY, "jump");
    const lastKey = await this.#bodies.lastKey(blockKey(0), blockKey(HEIGHT_MAX));
    const last = lastKey === null ? 0 : heightOfKey(lastKey);
    const append = readHeights(await this.#bodies.get(APPEND_KEY, "append"));
    // bodies above the height are of an append or a jump that a crash cut in two
    const cut = jump !== null || (append !== null && append.from === height + 1 && append.to === last);
    if (last < height) throw new StoreError("CORRUPT", {dir: this.#dir, what: "bodies lost", want: height, got: last});
    if (last > height && !cut) throw new StoreError("CORRUPT", {dir: this.#dir, what: "heights lost", want: last, got: height});
    if (last > height) await this.#bodies.clear(blockKey(height + 1), blockKey(last));
    if (jump !== null) await this.#state.write({key: JUMP_KEY, value: null});
    this.#height = height;
    this.#gap = gap;
    if (gap !== null) await this.#clear(gap);
  }
}

/** The proof of a height, and whether it is one by votes. */
function proofWrites(height: number, proof: Proof): Write[] {
  return [
    {key: proofKey(height), value: writeProof(new Writer(), proof).bytes()},
    {key: openKey(height), value: proof.kind === "votes" ? new Uint8Array(0) : null},
  ];
}

function heightsBytes({from, to}: Heights): Uint8Array {
  return new Writer().count(from).count(to).bytes();
}

function readHeights(bytes: Uint8Array | null): Heights | null {
  if (bytes === null) return null;
  const r = new Reader(bytes);
  return {from: r.count("heights.from"), to: r.count("heights.to")};
}

/** The hash of the block that a proof proves; null where it proves none. */
function hashOf(proof: Proof): string | null {
  return proof.kind === "certificate" ? proof.certificate.blockHash : (proof.votes[0]?.blockHash ?? null);
}
