import {Reader, Writer} from "../base/codec.ts";
import {type Change, type Name, nameOf, type Tree, treeGet, treeUpdate} from "./tree.ts";

/** A kind of record in the state: where it is kept, and its only encoding. */
export interface Table<K, V> {
  /** First byte of the names of its records. */
  readonly id: number;
  readonly key: (key: K) => Uint8Array;
  /** The key as text, unique within the table. */
  readonly text: (key: K) => string;
  readonly write: (writer: Writer, value: V) => void;
  readonly read: (reader: Reader) => V;
}

/** Something that records can be read from. */
export interface Records {
  get<K, V>(table: Table<K, V>, key: K): V | undefined;
}

/** The records of a finished state. */
export function recordsOf(tree: Tree): Records {
  return {get: (table, key) => readRecord(tree, table, key)};
}

function readRecord<K, V>(tree: Tree, table: Table<K, V>, key: K): V | undefined {
  const value = treeGet(tree, nameOf(table.id, table.key(key)));
  return value === undefined ? undefined : decodeRecord(table, value);
}

/** A record from its bytes, which are our own. */
export function decodeRecord<K, V>(table: Table<K, V>, bytes: Uint8Array): V {
  const reader = new Reader(bytes);
  const record = table.read(reader);
  reader.end("record");
  return record;
}

interface Slot {
  readonly table: Table<unknown, unknown>;
  readonly key: unknown;
  readonly name: Name;
  value: unknown;
  dirty: boolean;
}

/**
 * A state in the making: reads through to the tree below, keeps every record that was touched as an object, and writes
 * each once at the end. Records are values: `put` a changed copy, never edit one.
 */
export class Draft implements Records {
  readonly #base: Tree;
  readonly #slots = new Map<string, Slot>();

  constructor(base: Tree) {
    this.#base = base;
  }

  get<K, V>(table: Table<K, V>, key: K): V | undefined {
    const text = slotName(table, key);
    const slot = this.#slots.get(text);
    if (slot !== undefined) return slot.value as V | undefined;
    const name = nameOf(table.id, table.key(key));
    const bytes = treeGet(this.#base, name);
    const value = bytes === undefined ? undefined : decodeRecord(table, bytes);
    this.#slots.set(text, {table: table as Table<unknown, unknown>, key, name, value, dirty: false});
    return value;
  }

  put<K, V>(table: Table<K, V>, key: NoInfer<K>, value: NoInfer<V>): void {
    this.#set(table, key, value);
  }

  remove<K, V>(table: Table<K, V>, key: NoInfer<K>): void {
    this.#set(table, key, undefined);
  }

  /** Records of `table` that were written so far, by the text of their keys: the order of reading must not matter. */
  touched<K, V>(table: Table<K, V>): {key: K; value: V}[] {
    const found: {text: string; key: K; value: V}[] = [];
    for (const [text, slot] of this.#slots)
      if (slot.dirty && slot.value !== undefined && slot.table.id === table.id)
        found.push({text, key: slot.key as K, value: slot.value as V});
    return found.sort((a, b) => (a.text < b.text ? -1 : 1));
  }

  /** The tree below with everything that was written. */
  commit(): Tree {
    const changes: Change[] = [];
    for (const {table, name, value, dirty} of this.#slots.values())
      if (dirty) changes.push({name, value: value === undefined ? null : encodeRecord(table, value)});
    return treeUpdate(this.#base, changes);
  }

  #set<K, V>(table: Table<K, V>, key: K, value: V | undefined): void {
    const text = slotName(table, key);
    const slot = this.#slots.get(text);
    if (slot !== undefined) {
      slot.value = value;
      slot.dirty = true;
      return;
    }
    const name = nameOf(table.id, table.key(key));
    this.#slots.set(text, {table: table as Table<unknown, unknown>, key, name, value, dirty: true});
  }
}

function slotName<K, V>(table: Table<K, V>, key: K): string {
  return String.fromCharCode(table.id) + table.text(key);
}

function encodeRecord<V>(table: Table<unknown, V>, value: V): Uint8Array {
  const writer = new Writer();
  table.write(writer, value);
  return writer.bytes();
}
