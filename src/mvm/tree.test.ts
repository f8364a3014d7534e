import fc from "fast-check";
import {describe, expect, test} from "vitest";
import {concatBytes, toHex} from "../base/bytes.ts";
import {sha256} from "../base/hash.ts";
import {nameOf, type Tree, treeDelete, treeEntries, treeGet, treeRoot, treeSet, treeUpdate} from "./tree.ts";

const key = (n: number) => Uint8Array.of(n >> 8, n & 0xff);
const name = (n: number) => nameOf(7, key(n));
const value = (n: number) => Uint8Array.of(0xaa, n & 0xff, n >> 8);

/** The definition, word for word: no sharing, no laziness. */
function rootByDefinition(entries: ReadonlyMap<number, Uint8Array>): string {
  const leaves = [...entries].map(([n, bytes]) => ({path: sha256(Uint8Array.of(7), key(n)), bytes}));
  const root = (under: typeof leaves, depth: number): Uint8Array => {
    const [only] = under;
    if (only === undefined) return new Uint8Array(32);
    if (under.length === 1) return sha256(Uint8Array.of(0), only.path, sha256(only.bytes));
    const bit = (path: Uint8Array) => ((path[depth >> 3] as number) >> (7 - (depth & 7))) & 1;
    const side = (b: number) =>
      root(
        under.filter((leaf) => bit(leaf.path) === b),
        depth + 1,
      );
    return sha256(concatBytes(Uint8Array.of(1), side(0), side(1)));
  };
  return toHex(root(leaves, 0));
}

function treeOf(entries: ReadonlyMap<number, Uint8Array>): Tree {
  return treeUpdate(
    null,
    [...entries].map(([n, bytes]) => ({name: name(n), value: bytes})),
  );
}

describe("the root", () => {
  test("of nothing is zero, of one key its leaf", () => {
    expect(toHex(treeRoot(null))).toBe(`0x${"00".repeat(32)}`);
    const leaf = sha256(Uint8Array.of(0), sha256(Uint8Array.of(7), key(1)), sha256(value(1)));
    expect(toHex(treeRoot(treeSet(null, name(1), value(1))))).toBe(toHex(leaf));
  });

  test("is the definition's for any set of keys", () =>
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat(0xffff), {maxLength: 200}), (ns) => {
        const entries = new Map(ns.map((n) => [n, value(n)]));
        expect(toHex(treeRoot(treeOf(entries)))).toBe(rootByDefinition(entries));
      }),
      {numRuns: 50},
    ));
});

test("any sequence of updates ends in the tree that is built at once, and leaves older trees alone", () =>
  fc.assert(
    fc.property(
      fc.array(fc.array(fc.record({n: fc.nat(60), value: fc.option(fc.uint8Array({maxLength: 5}))}), {maxLength: 12}), {maxLength: 12}),
      (batches) => {
        const entries = new Map<number, Uint8Array>();
        const versions: {tree: Tree; root: string}[] = [];
        let tree: Tree = null;
        for (const batch of batches) {
          const changes = new Map(batch.map((change) => [change.n, change.value]));
          tree = treeUpdate(
            tree,
            [...changes].map(([n, bytes]) => ({name: name(n), value: bytes})),
          );
          for (const [n, bytes] of changes) {
            if (bytes === null) entries.delete(n);
            else entries.set(n, bytes);
          }
          versions.push({tree, root: rootByDefinition(entries)});
        }
        for (const version of versions) expect(toHex(treeRoot(version.tree))).toBe(version.root);
        for (let n = 0; n <= 60; n++) expect(treeGet(tree, name(n))).toEqual(entries.get(n));
        expect([...treeEntries(tree)].length).toBe(entries.size);
      },
    ),
    {numRuns: 200},
  ));

test("an update keeps the subtrees that it does not touch", () => {
  const before = treeOf(new Map(Array.from({length: 500}, (_, n) => [n, value(n)])));
  const after = treeSet(before, name(3), value(99));
  if (before === null || before.leaf || after === null || after.leaf) throw new Error("a tree of 500 has branches");
  expect(Number(before.left === after.left) + Number(before.right === after.right)).toBe(1);
});

test("removing what is not there changes nothing", () => {
  const tree = treeOf(
    new Map([
      [1, value(1)],
      [2, value(2)],
    ]),
  );
  expect(toHex(treeRoot(treeDelete(tree, name(3))))).toBe(toHex(treeRoot(tree)));
  expect(treeDelete(treeDelete(tree, name(1)), name(2))).toBeNull();
});

test("long values survive", () => {
  const long = Uint8Array.from({length: 300_000}, (_, i) => i * 7);
  expect(treeGet(treeSet(null, name(1), long), name(1))).toEqual(long);
});
