import {join} from "node:path";
import {Level} from "level";
import {StoreError} from "./errors.ts";
import {seal, unseal} from "./keyspace.ts";

type Db = Level<Uint8Array, Uint8Array>;
const SYNC = {sync: true} as const;

export type Write = {readonly key: Uint8Array; readonly value: Uint8Array | null};

/** One LevelDB database whose records carry a checksum of key and value. What it throws is a StoreError. */
export class Database {
  readonly #dir: string;
  readonly #name: string;
  #db: Db | null = null;

  /** @param name  of the folder in `dir` */
  constructor(dir: string, name: string) {
    this.#dir = dir;
    this.#name = name;
  }

  get isOpen(): boolean {
    return this.#db !== null;
  }

  /** Throws StoreError LOCKED, CORRUPT, FAILED. */
  async open(): Promise<void> {
    const db: Db = new Level(join(this.#dir, this.#name), {keyEncoding: "view", valueEncoding: "view"});
    try {
      await db.open();
    } catch (cause) {
      const reason = (cause as {cause?: {code?: string; message?: string}}).cause;
      const what = {dir: this.#dir, what: this.#name};
      if (reason?.code === "LEVEL_LOCKED") throw new StoreError("LOCKED", what, {cause});
      const code = reason?.code === "LEVEL_CORRUPTION" || /corrupt/i.test(reason?.message ?? "") ? "CORRUPT" : "FAILED";
      throw new StoreError(code, what, {cause});
    }
    this.#db = db;
  }
  async close(): Promise<void> {
    const db = this.#db;
    this.#db = null;
    await db?.close();
  }

  /** null where there is none. Throws StoreError CORRUPT for what was not written under this key. */
  async get(key: Uint8Array, what: string, height?: number): Promise<Uint8Array | null> {
    const stored = await this.#guarded((db) => db.get(key));
    if (stored === undefined) return null;
    const value = unseal(key, stored);
    if (value === null) throw new StoreError("CORRUPT", {dir: this.#dir, what, ...(height !== undefined && {height})});
    return value;
  }

  /** All or none of these, on disk when it resolves. A value of null takes the record away. */
  async write(...writes: readonly Write[]): Promise<void> {
    const batch = writes.map(({key, value}) =>
      value === null ? {type: "del" as const, key} : {type: "put" as const, key, value: seal(key, value)},
    );
    await this.#guarded((db) => db.batch(batch, SYNC));
  }

  /** Keys from `from` to `to`, both included, ascending. */
  async keys(from: Uint8Array, to: Uint8Array): Promise<Uint8Array[]> {
    return this.#guarded((db) => db.keys({gte: from, lte: to}).all());
  }
  /** The highest key from `from` to `to`, both included. */
  async lastKey(from: Uint8Array, to: Uint8Array): Promise<Uint8Array | null> {
    const [last] = await this.#guarded((db) => db.keys({gte: from, lte: to, limit: 1, reverse: true}).all());
    return last ?? null;
  }
  async isEmpty(): Promise<boolean> {
    return (await this.#guarded((db) => db.keys({limit: 1}).all())).length === 0;
  }
  /** Takes away all records from `from` to `to`, both included. After a crash some may still be there. */
  async clear(from: Uint8Array, to: Uint8Array): Promise<void> {
    await this.#guarded((db) => db.clear({gte: from, lte: to}));
  }

  async #guarded<T>(run: (db: Db) => Promise<T>): Promise<T> {
    const db = this.#db;
    if (db === null) throw new StoreError("CLOSED", {dir: this.#dir});
    try {
      return await run(db);
    } catch (cause) {
      if (cause instanceof StoreError) throw cause;
      const corrupt = (cause as {code?: string}).code === "LEVEL_CORRUPTION";
      throw new StoreError(corrupt ? "CORRUPT" : "FAILED", {dir: this.#dir, what: "database"}, {cause});
    }
  }
}
