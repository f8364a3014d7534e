import fc from "fast-check";
import {describe, expect, test} from "vitest";
import {toHex} from "../base/bytes.ts";
import {MvmError} from "../base/errors.ts";
import {nameOf, type Tree, treeEntries, treeRoot, treeSet, treeUpdate} from "./tree.ts";
import {
  cutTree,
  decodeOutline,
  encodeOutline,
  type Outline,
  outlineRoot,
  PART_BYTES,
  TreeJoiner,
  type TreePart,
  TreePartError,
} from "./tree-parts.ts";

const name = (n: number) => nameOf(7, Uint8Array.of(n >> 8, n & 0xff));
const treeOf = (count: number, size = 20): Tree =>
  treeUpdate(
    null,
    Array.from({length: count}, (_, n) => ({name: name(n), value: new Uint8Array(size).fill(n & 0xff)})),
  );

function cut(tree: Tree, bytesMax: number): {parts: TreePart[]; outline: Outline} {
  const parts: TreePart[] = [];
  const cutting = cutTree(tree, bytesMax);
  for (let next = cutting.next(); ; next = cutting.next()) {
    if (next.done) return {parts, outline: next.value};
    parts.push(next.value);
  }
}
const codeOf = (run: () => unknown): string => {
  try {
    run();
    return "none";
  } catch (error) {
    return error instanceof MvmError ? error.code : String(error);
  }
};

describe("a cut", () => {
  test("is put together again in any order, and has the root of the tree", () => {
    fc.assert(
      fc.property(fc.nat(400), fc.integer({min: 1, max: 3_000}), fc.infiniteStream(fc.nat()), (count, bytesMax, picks) => {
        const tree = treeOf(count);
        const {parts, outline} = cut(tree, bytesMax);
        const sent = decodeOutline(encodeOutline(outline));
        expect(toHex(outlineRoot(sent))).toBe(toHex(treeRoot(tree)));
        const joiner = new TreeJoiner(sent);
        expect(joiner.count).toBe(parts.length);
        for (let left = joiner.missing(); left.length > 0; left = joiner.missing()) {
          const index = left[(picks.next().value as number) % left.length] as number;
          joiner.add(index, (parts[index] as TreePart).bytes);
        }
        const joined = joiner.tree();
        expect([...treeEntries(joined)]).toEqual([...treeEntries(tree)]);
        expect(toHex(treeRoot(joined))).toBe(toHex(treeRoot(tree)));
        expect(toHex(treeRoot(treeSet(joined, name(3), Uint8Array.of(1))))).toBe(toHex(treeRoot(treeSet(tree, name(3), Uint8Array.of(1)))));
      }),
      {numRuns: 60},
    );
  });

  test("keeps to the bytes of a part, unless a record alone is larger", () => {
    const {parts} = cut(treeOf(3_000), 2_000);
    expect(parts.length).toBeGreaterThan(40);
    expect(Math.max(...parts.map((part) => part.bytes.length))).toBeLessThanOrEqual(2_000);
    const large = treeSet(treeOf(300), name(9_999), new Uint8Array(PART_BYTES));
    const sizes = cut(large, 1_000).parts.map((part) => part.bytes.length);
    expect(sizes.filter((size) => size > 1_000)).toEqual([PART_BYTES + 6 + 3]);
  });

  test("of nothing has no parts", () => {
    const {parts, outline} = cut(null, 10);
    expect(parts).toEqual([]);
    expect(new TreeJoiner(outline).tree()).toBeNull();
  });
});

describe("what is wrong", () => {
  const tree = treeOf(500);
  const {parts, outline} = cut(tree, 1_500);
  const bytesOf = (index: number) => (parts[index] as TreePart).bytes;

  test("another part, a part without its last record, and a number beyond the last are refused, and nothing is kept", () => {
    const joiner = new TreeJoiner(outline);
    const [first, second] = [bytesOf(0), bytesOf(1)];
    expect(codeOf(() => joiner.add(0, second))).toBe("WRONG_ORDER");
    expect(codeOf(() => joiner.add(0, first.subarray(0, first.length - 29)))).toBe("WRONG_PART");
    expect(codeOf(() => joiner.add(0, first.subarray(0, first.length - 1)))).toBe("SHORT");
    expect(codeOf(() => joiner.add(0, new Uint8Array(0)))).toBe("WRONG_PART");
    expect(codeOf(() => joiner.add(parts.length, first))).toBe("WRONG_PART");
    expect(joiner.missing()).toHaveLength(parts.length);
    expect(codeOf(() => joiner.tree())).toBe("WRONG_PART");
  });

  test("no edit of a part gets past its hash", () => {
    fc.assert(
      fc.property(
        fc.nat(parts.length - 1),
        fc.array(fc.tuple(fc.nat(1_000), fc.integer({min: 1, max: 255})), {minLength: 1}),
        (index, edits) => {
          const bytes = bytesOf(index).slice();
          for (const [at, mask] of edits) bytes[at % bytes.length] = (bytes[at % bytes.length] as number) ^ mask;
          const same = bytes.every((byte, i) => byte === bytesOf(index)[i]);
          const joiner = new TreeJoiner(outline);
          try {
            joiner.add(index, bytes);
          } catch (error) {
            expect(error).toBeInstanceOf(MvmError);
            expect(same).toBe(false);
            return;
          }
          expect(same).toBe(true);
        },
      ),
    );
  });

  test("an edited outline has another root, or is none", () => {
    const bytes = encodeOutline(outline);
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.integer({min: 1, max: 255}), (at, mask) => {
        const edited = bytes.slice();
        edited[at] = (edited[at] as number) ^ mask;
        const code = codeOf(() => {
          if (toHex(outlineRoot(decodeOutline(edited))) !== toHex(treeRoot(tree))) throw new TreePartError("WRONG_PART", {});
        });
        expect(["WRONG_PART", "UNKNOWN_TAG", "SHORT", "TRAILING"]).toContain(code);
      }),
    );
  });

  test("an outline deeper than keys have bits, or with too many parts, is refused", () => {
    const deep = new Uint8Array(600).fill(2);
    expect(codeOf(() => decodeOutline(deep))).toBe("TOO_LONG");
    let wide: Outline = {index: 0, path: "", hash: "\0".repeat(32)};
    for (let i = 0; i < 15; i++) wide = {left: wide, right: wide};
    expect(codeOf(() => decodeOutline(encodeOutline(wide)))).toBe("TOO_LONG");
  });
});
