import {sha256} from "../base/hash.ts";

/**
 * A sparse Merkle tree that never changes: an update gives a new one that shares what stayed the same. (protocol,
 * "stateRoot") key = H(name), leaf = H(0x00 ‖ key ‖ H(value)), node = H(0x01 ‖ left ‖ right), an empty subtree is 32 zero
 * bytes, and a subtree with one key is its leaf. H is SHA-256; bit 0 of a key is the highest of its first byte.
 * Leaves hold names and values, so the tree is the state itself. Hashes are computed when the root is asked for.
 */
export type Tree = Leaf | Branch | null;

/**
 * Bytes as text, one character each. A node lives as long as the network, and four small byte arrays in it take three
 * times the memory of four short strings; besides, strings compare and share natively.
 */
export type Binary = string;

export interface Leaf {
  readonly leaf: true;
  readonly name: Name;
  readonly value: Binary;
  hash: Binary | null;
}

interface Branch {
  readonly leaf: false;
  readonly left: Tree;
  readonly right: Tree;
  hash: Binary | null;
}

/** Under which a value is kept: `text` is table u8 ‖ key of the record, `key` its hash, the place in the tree. */
export interface Name {
  readonly text: Binary;
  readonly key: Binary;
}

/** One name's new value; null removes it. */
export interface Change {
  readonly name: Name;
  readonly value: Uint8Array | null;
}

/** A leaf on its way into a tree; null: out of it. */
export interface Entry {
  readonly key: Binary;
  readonly leaf: Leaf | null;
}

/** Hash of the empty tree. */
export const ZERO = "\0".repeat(32);

/** The name of a record: of the table `table`, under `key`. */
export function nameOf(table: number, key: Uint8Array): Name {
  const bytes = new Uint8Array(1 + key.length);
  bytes[0] = table;
  bytes.set(key, 1);
  return nameOfBytes(bytes);
}

/** The name whose text is `bytes`: table u8 ‖ key of the record. */
export function nameOfBytes(bytes: Uint8Array): Name {
  return {text: toBinary(bytes), key: toBinary(sha256(bytes))};
}

/** The value under a name. */
export function treeGet(tree: Tree, {key}: Name): Uint8Array | undefined {
  let node = tree;
  for (let depth = 0; node !== null; depth++) {
    if (node.leaf) return node.name.key === key ? fromBinary(node.value) : undefined;
    node = bit(key, depth) === 0 ? node.left : node.right;
  }
  return undefined;
}

/** The tree with all `changes`, each name at most once; touched nodes are made once, whatever the number of changes. */
export function treeUpdate(tree: Tree, changes: readonly Change[]): Tree {
  const entries = changes.map(toEntry).sort((a, b) => (a.key < b.key ? -1 : 1));
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

/** 32 bytes; zeros for the empty tree. About 1.5 µs for each node that no earlier root has asked for. */
export function treeRoot(tree: Tree): Uint8Array {
  return fromBinary(hashOf(tree));
}

/** All names and values, in the order of their keys. */
export function* treeEntries(tree: Tree): Generator<{name: Uint8Array; value: Uint8Array}> {
  if (tree === null) return;
  if (tree.leaf) yield {name: fromBinary(tree.name.text), value: fromBinary(tree.value)};
  else {
    yield* treeEntries(tree.left);
    yield* treeEntries(tree.right);
  }
}

export function toEntry({name, value}: Change): Entry {
  return {key: name.key, leaf: value === null ? null : {leaf: true, name, value: toBinary(value), hash: null}};
}

/** `node` at `depth` with entries[from, to), which all belong under it. */
function merge(node: Tree, entries: readonly Entry[], from: number, to: number, depth: number): Tree {
  if (from === to) return node;
  if (node === null) return build(entries, from, to, depth);
  if (node.leaf) return mergeLeaf(node, entries.slice(from, to), depth);
  const middle = split(entries, from, to, depth);
  return join(merge(node.left, entries, from, middle, depth + 1), merge(node.right, entries, middle, to, depth + 1));
}

function mergeLeaf(node: Leaf, entries: Entry[], depth: number): Tree {
  const {key} = node.name;
  const at = entries.findIndex((entry) => entry.key >= key);
  if (entries[at]?.key !== key) entries.splice(at < 0 ? entries.length : at, 0, {key, leaf: node});
  return build(entries, 0, entries.length, depth);
}

/** The tree of entries[from, to) alone: leaves by key ascending, which agree in their first `depth` bits. */
export function build(entries: readonly Entry[], from: number, to: number, depth: number): Tree {
  if (to - from === 0) return null;
  if (to - from === 1) return (entries[from] as Entry).leaf;
  const middle = split(entries, from, to, depth);
  return join(build(entries, from, middle, depth + 1), build(entries, middle, to, depth + 1));
}

/** The tree of two halves: one that holds a single leaf is that leaf. */
export function join(left: Tree, right: Tree): Tree {
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

/** Bit `depth` of a key. */
export function bit(key: Binary, depth: number): number {
  return (key.charCodeAt(depth >> 3) >> (7 - (depth & 7))) & 1;
}

/** Hash of a subtree; computed once. */
export function hashOf(tree: Tree): Binary {
  if (tree === null) return ZERO;
  tree.hash ??= tree.leaf
    ? hashPair(0, tree.name.key, toBinary(sha256(fromBinary(tree.value))))
    : hashPair(1, hashOf(tree.left), hashOf(tree.right));
  return tree.hash;
}

const scratch = new Uint8Array(65);

/** H(tag ‖ a ‖ b). */
export function hashPair(tag: number, a: Binary, b: Binary): Binary {
  scratch[0] = tag;
  for (let i = 0; i < 32; i++) {
    scratch[1 + i] = a.charCodeAt(i);
    scratch[33 + i] = b.charCodeAt(i);
  }
  return toBinary(sha256(scratch));
}

/** Arguments of one call of fromCharCode. */
const CHUNK = 4_096;

export function toBinary(bytes: Uint8Array): Binary {
  if (bytes.length <= CHUNK) return String.fromCharCode.apply(null, bytes as unknown as number[]);
  let text = "";
  for (let at = 0; at < bytes.length; at += CHUNK) text += toBinary(bytes.subarray(at, at + CHUNK));
  return text;
}

export function fromBinary(text: Binary): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}
