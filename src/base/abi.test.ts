import {AbiCoder, TypedDataEncoder} from "ethers";
import fc from "fast-check";
import {describe, expect, test} from "vitest";
import {type AbiValue, abiEncode, abiHash, address, array, bytes, fixedBytes, int, tagHash, tuple, typedDataDigest, uint} from "./abi.ts";
import {type AbiType, abiDecode, abiDecodeWord} from "./abi-decode.ts";
import {toHex} from "./bytes.ts";
import {keccakHex} from "./hash.ts";

const coder = AbiCoder.defaultAbiCoder();

/** A Solidity type, our value and ethers' value of it. */
interface Case {
  type: string;
  ours: AbiValue;
  theirs: unknown;
}
const sized = (size: number) => fc.uint8Array({minLength: size, maxLength: size});
const leaf: fc.Arbitrary<Case> = fc.oneof(
  fc.bigInt(0n, 2n ** 256n - 1n).map((n) => ({type: "uint256", ours: uint(n), theirs: n})),
  fc.nat(255).map((n) => ({type: "uint8", ours: uint(n), theirs: n})),
  fc.integer().map((n) => ({type: "int32", ours: int(n), theirs: n})),
  sized(16).map((b) => ({type: "bytes16", ours: fixedBytes(b), theirs: b})),
  sized(32).map((b) => ({type: "bytes32", ours: fixedBytes(toHex(b)), theirs: b})),
  sized(20).map((b) => ({type: "address", ours: address(toHex(b)), theirs: toHex(b)})),
  fc.uint8Array({maxLength: 100}).map((b) => ({type: "bytes", ours: bytes(b), theirs: b})),
);
const value: fc.Arbitrary<Case> = fc.letrec<{value: Case}>((tie) => ({
  value: fc.oneof(
    {maxDepth: 3},
    leaf,
    fc.tuple(tie("value"), fc.nat(3)).map(([{type, ours, theirs}, n]) => ({
      type: `${type}[]`,
      ours: array(Array(n).fill(ours)),
      theirs: Array(n).fill(theirs),
    })),
    fc.array(tie("value"), {minLength: 1, maxLength: 3}).map((items) => ({
      type: `tuple(${items.map((i) => i.type).join(",")})`,
      ours: tuple(...items.map((i) => i.ours)),
      theirs: items.map((i) => i.theirs),
    })),
  ),
})).value;

test("values are encoded as ethers does", () =>
  fc.assert(
    fc.property(fc.array(value, {maxLength: 4}), (items) => {
      const theirs = coder.encode(
        items.map((i) => i.type),
        items.map((i) => i.theirs),
      );
      expect(toHex(abiEncode(...items.map((i) => i.ours)))).toBe(theirs);
      expect(toHex(abiHash(...items.map((i) => i.ours)))).toBe(keccakHex(Buffer.from(theirs.slice(2), "hex")));
    }),
    {numRuns: 500},
  ));

test("what does not fit a word is an error of ours", () => {
  for (const bad of [-1n, 2n ** 256n]) expect(() => uint(bad)).toThrow(expect.objectContaining({code: "INVARIANT"}));
});

test("typed data is hashed as ethers does", () =>
  fc.assert(
    fc.property(fc.nat(255), sized(32), sized(32), (n, b, salt) => {
      const types = {Thing: ["uint8 n", "bytes32 b"].map((field) => ({type: field.split(" ")[0] ?? "", name: field.split(" ")[1] ?? ""}))};
      const domain = {name: "MVM", salt: toHex(salt)};
      const separator = Buffer.from(TypedDataEncoder.hashDomain(domain).slice(2), "hex");
      const digest = typedDataDigest(separator, "Thing(uint8 n,bytes32 b)", uint(n), fixedBytes(b));
      expect(toHex(digest)).toBe(TypedDataEncoder.hash(domain, types, {n, b}));
    }),
    {numRuns: 20},
  ));

test("a tag is the keccak256 of its text", () => {
  expect(toHex(abiEncode(tagHash("mvm.block.v1")))).toBe(keccakHex(new TextEncoder().encode("mvm.block.v1")));
});

const TYPES = ["uint8", "uint64", "uint256", "bytes16", "bytes32", "address", "bytes", "bytes16[]"] as const;
const arbitraryOf: Record<(typeof TYPES)[number], fc.Arbitrary<unknown>> = {
  uint8: fc.nat(255).map(BigInt),
  uint64: fc.bigInt(0n, 2n ** 64n - 1n),
  uint256: fc.bigInt(0n, 2n ** 256n - 1n),
  bytes16: sized(16).map(toHex),
  bytes32: sized(32).map(toHex),
  address: sized(20).map(toHex),
  bytes: fc.uint8Array({maxLength: 70}),
  "bytes16[]": fc.array(sized(16).map(toHex), {maxLength: 3}),
};
const sequence = fc
  .array(fc.constantFrom(...TYPES), {minLength: 1, maxLength: 5})
  .chain((types) => fc.tuple(...types.map((type) => arbitraryOf[type])).map((values) => ({types, values: values as unknown[]})));
const encodeTheirs = (types: readonly string[], values: readonly unknown[]) => Buffer.from(coder.encode(types, values).slice(2), "hex");

describe("decoding", () => {
  test("reads what ethers writes", () =>
    fc.assert(
      fc.property(sequence, ({types, values}) => {
        expect(abiDecode(types as readonly AbiType[], encodeTheirs(types, values))).toEqual(values);
      }),
    ));

  test("accepts one encoding of a value and no other", () =>
    fc.assert(
      fc.property(sequence, fc.nat(), fc.integer({min: 1, max: 255}), ({types, values}, at, mask) => {
        const data = encodeTheirs(types, values);
        data[at % data.length] = (data[at % data.length] as number) ^ mask;
        let decoded: readonly unknown[];
        try {
          decoded = abiDecode(types as readonly AbiType[], data);
        } catch (error) {
          expect(error).toMatchObject({name: "DecodeError"});
          return;
        }
        expect(toHex(encodeTheirs(types, decoded))).toBe(toHex(data));
      }),
      {numRuns: 2_000},
    ));

  test("refuses a prefix and what is left over", () =>
    fc.assert(
      fc.property(sequence, fc.nat(), ({types, values}, size) => {
        const data = encodeTheirs(types, values);
        expect(() => abiDecode(types as readonly AbiType[], data.subarray(0, size % data.length))).toThrow(
          expect.objectContaining({name: "DecodeError"}),
        );
        expect(() => abiDecode(types as readonly AbiType[], Buffer.concat([data, Buffer.alloc(32)]))).toThrow(
          expect.objectContaining({name: "DecodeError", code: "TRAILING"}),
        );
      }),
    ));

  test("of a length of 2^256 - 1 asks for no memory", () => {
    const data = new Uint8Array(96);
    data[31] = 32;
    data.fill(255, 32, 64);
    expect(() => abiDecode(["bytes"], data)).toThrow(expect.objectContaining({code: "TOO_LARGE"}));
  });

  test("of a word checks its padding and its size", () => {
    expect(abiDecodeWord("uint64", `0x${"00".repeat(31)}07`)).toBe(7n);
    expect(abiDecodeWord("bytes16", `0x${"11".repeat(16)}${"00".repeat(16)}`)).toBe(`0x${"11".repeat(16)}`);
    for (const bad of [`0x${"11".repeat(32)}`, `0x${"00".repeat(33)}`, "0x"] as const)
      expect(() => abiDecodeWord("address", bad)).toThrow(expect.objectContaining({name: "DecodeError"}));
  });
});
