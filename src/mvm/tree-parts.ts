import {Reader, Writer} from "../base/codec.ts";
import {DecodeError, MvmError} from "../base/errors.ts";
import {
  type Binary,
  bit,
  build,
  type Entry,
  fromBinary,
  hashOf,
  hashPair,
  join,
  type Leaf,
  nameOfBytes,
  type Tree,
  toBinary,
  toEntry,
  ZERO,
} from "./tree.ts";

/**
 * A tree cut into parts, to be kept and sent piece by piece. A part is a subtree: its hash in the outline of the cut proves
 * it alone, and the outline has the root of the whole tree. So every piece is checked when it comes, against one root.
 */
export interface TreePart {
  /** Root of the subtree, 32 bytes. */
  readonly hash: Uint8Array;
  /** Its records: `encodePart`. */
  readonly bytes: Uint8Array;
}

/** Where the parts hang: a branch of two outlines, a part by its hash, or nothing. */
export type Outline = Part | {readonly left: Outline; readonly right: Outline} | null;

interface Part {
  /** Number of the part, in the order of the keys. */
  readonly index: number;
  /** First bits of its keys, as text of 0 and 1. */
  readonly path: string;
  readonly hash: Binary;
}

/** Bytes of a part's records, unless a single record is larger. */
export const PART_BYTES = 1 << 18;
/** Parts of one tree: 4 GiB of records. */
export const PARTS_MAX = 1 << 14;
/** No record of the state is larger than the block that made it. */
const RECORD_BYTES_MAX = 1 << 21;
const NAME_BYTES_MAX = 1 << 10;
const DEPTH_MAX = 256;
/** u16 and u32 before name and value. */
const RECORD_HEAD = 6;

/** A part, or the outline of parts, is not what the root promises. */
export class TreePartError extends MvmError<"WRONG_PART" | "WRONG_ORDER" | "TOO_MANY_PARTS", {index?: number; want?: number}> {}

/**
 * Cuts a tree: gives its parts one by one, in the order of their keys, then the outline. A pause between two parts is allowed,
 * as the tree never changes. The same tree is cut the same way everywhere.
 * @param bytesMax  of a part's records
 * @throws TreePartError TOO_MANY_PARTS
 */
export function* cutTree(tree: Tree, bytesMax: number = PART_BYTES): Generator<TreePart, Outline> {
  let count = 0;
  function* cut(node: Tree, path: string): Generator<TreePart, Outline> {
    if (node === null) return null;
    if (node.leaf || weigh(node, bytesMax) <= bytesMax) {
      if (count === PARTS_MAX) throw new TreePartError("TOO_MANY_PARTS", {want: PARTS_MAX});
      const hash = hashOf(node);
      yield {hash: fromBinary(hash), bytes: encodePart(node)};
      return {index: count++, path, hash};
    }
    const left = yield* cut(node.left, `${path}0`);
    return {left, right: yield* cut(node.right, `${path}1`)};
  }
  return yield* cut(tree, "");
}

/** Bytes of the records under `node`, or more than `enough` as soon as that is sure. */
function weigh(node: Tree, enough: number): number {
  if (node === null) return 0;
  if (node.leaf) return RECORD_HEAD + node.name.text.length + node.value.length;
  const left = weigh(node.left, enough);
  return left > enough ? left : left + weigh(node.right, enough - left);
}

function encodePart(node: Tree): Uint8Array {
  const w = new Writer();
  for (const leaf of leaves(node)) w.sized(fromBinary(leaf.name.text)).sized32(fromBinary(leaf.value));
  return w.bytes();
}

function* leaves(node: Tree): Generator<Leaf> {
  if (node === null) return;
  if (node.leaf) yield node;
  else {
    yield* leaves(node.left);
    yield* leaves(node.right);
  }
}

const TAGS = ["empty", "part", "branch"] as const;

/** From the root, left before right: tag u8, and the hash of a part. */
export function encodeOutline(outline: Outline): Uint8Array {
  const w = new Writer();
  const write = (node: Outline): void => {
    if (node === null) w.tag(TAGS, "empty");
    else if ("hash" in node) w.tag(TAGS, "part").fixed(fromBinary(node.hash), 32);
    else {
      w.tag(TAGS, "branch");
      write(node.left);
      write(node.right);
    }
  };
  write(outline);
  return w.bytes();
}

/** Throws DecodeError. */
export function decodeOutline(bytes: Uint8Array): Outline {
  const r = new Reader(bytes);
  let count = 0;
  const read = (path: string): Outline => {
    const tag = r.tag(TAGS, "outline");
    if (tag === "empty") return null;
    if (tag === "branch") {
      if (path.length === DEPTH_MAX) throw new DecodeError("TOO_LONG", {field: "outline.depth", offset: r.offset, want: DEPTH_MAX});
      const left = read(`${path}0`);
      return {left, right: read(`${path}1`)};
    }
    if (count === PARTS_MAX) throw new DecodeError("TOO_LONG", {field: "outline.parts", offset: r.offset, want: PARTS_MAX});
    return {index: count++, path, hash: toBinary(r.fixed(32, "outline.hash"))};
  };
  const outline = read("");
  r.end("outline");
  return outline;
}

/** Root of the tree that the outline is of, 32 bytes. */
export function outlineRoot(outline: Outline): Uint8Array {
  const hash = (node: Outline): Binary => {
    if (node === null) return ZERO;
    return "hash" in node ? node.hash : hashPair(1, hash(node.left), hash(node.right));
  };
  return fromBinary(hash(outline));
}

function* partsOf(outline: Outline): Generator<Part> {
  if (outline === null) return;
  if ("hash" in outline) yield outline;
  else {
    yield* partsOf(outline.left);
    yield* partsOf(outline.right);
  }
}

/** Puts a tree together again from the parts of an outline, in any order. Holds no part that its hash does not prove. */
export class TreeJoiner {
  readonly #outline: Outline;
  readonly #parts: readonly Part[];
  readonly #trees = new Map<number, Tree>();

  /** @param outline  its root has been compared with the one that is wanted */
  constructor(outline: Outline) {
    this.#outline = outline;
    this.#parts = [...partsOf(outline)];
  }

  /** How many parts there are. */
  get count(): number {
    return this.#parts.length;
  }
  /** Numbers of the parts that are not here. */
  missing(): number[] {
    return this.#parts.filter(({index}) => !this.#trees.has(index)).map(({index}) => index);
  }

  /** Takes part `index`: about 5 µs a record. Throws DecodeError, TreePartError WRONG_ORDER, WRONG_PART. */
  add(index: number, bytes: Uint8Array): void {
    const part = this.#parts[index];
    if (part === undefined) throw new TreePartError("WRONG_PART", {index, want: this.#parts.length});
    const entries = decodePart(bytes);
    for (const [i, {key}] of entries.entries()) {
      const inside = [...part.path].every((side, depth) => bit(key, depth) === Number(side));
      if (!inside || (i > 0 && key <= (entries[i - 1] as Entry).key)) throw new TreePartError("WRONG_ORDER", {index});
    }
    const tree = build(entries, 0, entries.length, part.path.length);
    if (hashOf(tree) !== part.hash) throw new TreePartError("WRONG_PART", {index});
    this.#trees.set(index, tree);
  }

  /** The whole tree. Throws TreePartError WRONG_PART while a part is missing. */
  tree(): Tree {
    const put = (node: Outline): Tree => {
      if (node === null) return null;
      if (!("hash" in node)) return join(put(node.left), put(node.right));
      const tree = this.#trees.get(node.index);
      if (tree === undefined) throw new TreePartError("WRONG_PART", {index: node.index});
      return tree;
    };
    return put(this.#outline);
  }
}

function decodePart(bytes: Uint8Array): Entry[] {
  const r = new Reader(bytes);
  const entries: Entry[] = [];
  while (r.offset < bytes.length) {
    const name = nameOfBytes(r.sized(NAME_BYTES_MAX, "part.name"));
    entries.push(toEntry({name, value: r.sized32(RECORD_BYTES_MAX, "part.value")}));
  }
  return entries;
}
