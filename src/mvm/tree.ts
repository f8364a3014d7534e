import {compareBytes} from "../base/bytes.ts";
import {sha256} from "../base/hash.ts";

/**
 * A sparse Merkle tree that never changes: an update gives a new one that shares what stayed the same. (protocol,
 * "stateRoot") key = H(name), leaf = H(0x00 ‖ key ‖ H(value)), node = H(0x01 ‖ left ‖ right), an empty subtree is 32 zero
 * bytes, and a subtree with one key is its leaf. H is SHA-256; bit 0 of a key is the highest of its first byte.
 * Leaves hold names and values, so the tree is the state itself. Hashes are computed when the root is asked for.
 */
export type Tree = Leaf | Branch | null;

export interface Leaf {
  readonly leaf: true;
  readonly name: Name;
  readonly value: Uint8Array;
  hash: Uint8Array | null;
}

/** Under which a value is kept: `bytes` are table u8 ‖ key, `key` its hash, the place in the tree. */
export interface Name {
  readonly bytes: Uint8Array;
  readonly key: Uint8Array;
}

interface Branch {
  readonly leaf: false;
  readonly left: Tree;
  readonly right: Tree;
  hash: Uint8Array | null;
}

/** One name's new value; null removes it. */
export interface Change {
  readonly name: Name;
  readonly value: Uint8Array | null;
}

interface Entry {
  readonly key: Uint8Array;
  /** First six bytes of the key as a number: compares faster. */
  readonly rank: number;
  readonly leaf: Leaf | null;
}

const ZERO = new Uint8Array(32);

/** The name of a record: of the table `table`, under `key`. */
export function nameOf(table: number, key: Uint8Array): Name {
  const bytes = new Uint8Array(1 + key.length);
  bytes[0] = table;
  bytes.set(key, 1);
  return {bytes, key: sha256(bytes)};
}

/** The value under a name. */
export function treeGet(tree: Tree, {key}: Name): Uint8Array | undefined {
  let node = tree;
  for (let depth = 0; node !== null; depth++) {
    if (node.leaf) return compareBytes(node.name.key, key) === 0 ? node.value : undefined;
    node = bit(key, depth) === 0 ? node.left : node.right;
  }
  return undefined;
}

/** The tree with all `changes`, each name at most once; touched nodes are made once, whatever the number of changes. */
export function treeUpdate(tree: Tree, changes: readonly Change[]): Tree {
  const entries = changes.map(toEntry).sort((a, b) => a.rank - b.rank || compareBytes(a.key, b.key));
  return merge(tree, entries, 0, entries.length, 0);
}

/** The tree with one value set. */
export function treeSet(tree: Tree, name: Name, value: Uint8Array): Tree {
  return treeUpdate(tree, [{name, value}]);
}

/** The tree without `name`. */
export function treeDelete(tree: Tree, name: Name): Tree {
  return treeUpdate(tree, [{name, value: null}]);
}

/** 32 bytes; the zero hash for the empty tree. About 1.2 µs for each node that no earlier root has asked for. */
export function treeRoot(tree: Tree): Uint8Array {
  if (tree === null) return ZERO;
  if (tree.hash === null)
    tree.hash = tree.leaf ? hashPair(0, tree.name.key, sha256(tree.value)) : hashPair(1, treeRoot(tree.left), treeRoot(tree.right));
  return tree.hash;
}

/** All leaves, in the order of their keys. */
export function* treeLeaves(tree: Tree): Generator<Leaf> {
  if (tree === null) return;
  if (tree.leaf) {
    yield tree;
    return;
  }
  yield* treeLeaves(tree.left);
  yield* treeLeaves(tree.right);
}

function toEntry({name, value}: Change): Entry {
  const {key} = name;
  let rank = 0;
  for (let i = 0; i < 6; i++) rank = rank * 256 + (key[i] as number);
  return {key, rank, leaf: value === null ? null : {leaf: true, name, value, hash: null}};
}

/** `node` at `depth` with entries[from, to), which all belong under it. */
function merge(node: Tree, entries: readonly Entry[], from: number, to: number, depth: number): Tree {
  if (from === to) return node;
  if (node === null) return build(entries, from, to, depth);
  if (node.leaf) {
    if (to - from === 1 && compareBytes((entries[from] as Entry).key, node.name.key) === 0) return (entries[from] as Entry).leaf;
    return mergeLeaf(node, entries.slice(from, to), depth);
  }
  const middle = split(entries, from, to, depth);
  return join(merge(node.left, entries, from, middle, depth + 1), merge(node.right, entries, middle, to, depth + 1));
}

function mergeLeaf(node: Leaf, entries: Entry[], depth: number): Tree {
  const at = entries.findIndex((entry) => compareBytes(entry.key, node.name.key) >= 0);
  const place = at < 0 ? entries.length : at;
  const same = at >= 0 && compareBytes((entries[at] as Entry).key, node.name.key) === 0;
  if (!same) entries.splice(place, 0, {key: node.name.key, rank: 0, leaf: node});
  return build(entries, 0, entries.length, depth);
}

/** The tree of entries[from, to) alone. */
function build(entries: readonly Entry[], from: number, to: number, depth: number): Tree {
  if (to - from === 0) return null;
  if (to - from === 1) return (entries[from] as Entry).leaf;
  const middle = split(entries, from, to, depth);
  return join(build(entries, from, middle, depth + 1), build(entries, middle, to, depth + 1));
}

function join(left: Tree, right: Tree): Tree {
  if (left === null && (right === null || right.leaf)) return right;
  if (right === null && left?.leaf) return left;
  return {leaf: false, left, right, hash: null};
}

/** Where the keys with bit `depth` set begin. */
function split(entries: readonly Entry[], from: number, to: number, depth: number): number {
  let low = from;
  let high = to;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (bit((entries[middle] as Entry).key, depth) === 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

function bit(key: Uint8Array, depth: number): number {
  return ((key[depth >> 3] as number) >> (7 - (depth & 7))) & 1;
}

const scratch = new Uint8Array(65);

function hashPair(tag: number, a: Uint8Array, b: Uint8Array): Uint8Array {
  scratch[0] = tag;
  scratch.set(a, 1);
  scratch.set(b, 33);
  return sha256(scratch);
}
