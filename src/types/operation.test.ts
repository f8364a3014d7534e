import {readFileSync} from "node:fs";
import fc from "fast-check";
import {describe, expect, test} from "vitest";
import {testCodec, u16} from "../../test/support/codec.ts";
import {concatBytes, fromHex, toHex, utf8} from "../base/bytes.ts";
import {
  decodeMemo,
  decodeOperation,
  encodeMemo,
  encodeOperation,
  encodeRawMemo,
  OPERATION_EXTRA_MAX,
  OPERATION_OVERHEAD,
  type Operation,
} from "./operation.ts";

interface Vector {
  readonly name: string;
  readonly operation: Omit<Operation, "extra"> & {readonly extra: string};
  readonly bytes: string;
  readonly memo: string;
}
const vectors = JSON.parse(readFileSync(new URL("../../test/vectors/operation.json", import.meta.url), "utf8")) as Vector[];

const ascii = fc.string({unit: fc.integer({min: 0x20, max: 0x7e}).map((c) => String.fromCharCode(c)), maxLength: 60});
const operation: fc.Arbitrary<Operation> = fc.record({
  purpose: u16,
  process: fc.uuid(),
  platform: ascii,
  address: ascii,
  extra: fc.uint8Array({maxLength: 300}),
});

describe("vectors of the original", () => {
  test.for(vectors)("$name", ({operation: {extra, ...fields}, bytes, memo}) => {
    const op = {...fields, extra: fromHex(extra)};
    expect([toHex(encodeOperation(op)), encodeMemo(op)]).toEqual([bytes, memo]);
    expect([decodeOperation(fromHex(bytes)), decodeMemo(utf8(memo)), decodeMemo(encodeRawMemo(op))]).toEqual([op, op, op]);
  });
  test("are there", () => expect(vectors.length).toBe(3));
});

testCodec("operation", operation, {encode: encodeOperation, decode: decodeOperation});
testCodec("raw memo", operation, {
  encode: encodeRawMemo,
  decode: (bytes) => decodeMemo(bytes[0] === 0 ? bytes : concatBytes(Uint8Array.of(0), bytes)),
});
testCodec(
  "memo",
  operation,
  {encode: (op) => utf8(encodeMemo(op)), decode: (bytes) => decodeMemo(bytes[0] === 0 ? bytes.subarray(0, 1) : bytes)},
  3_000,
);

const base: Operation = {purpose: 1, process: "bd670872-76ce-3263-b933-3aa337e212a4", platform: "", address: "", extra: new Uint8Array(0)};

test("an operation without texts has an overhead of 24 bytes", () => {
  expect(encodeOperation(base).length).toBe(OPERATION_OVERHEAD);
});

describe("an operation that no decoder takes is not encoded", () => {
  const cases: {name: string; of: Partial<Operation>}[] = [
    {name: "purpose 65,536", of: {purpose: 65_536}},
    {name: "no process", of: {process: ""}},
    {name: "a platform beyond ASCII", of: {platform: "é"}},
    {name: "a control character", of: {address: "a\nb"}},
    {name: "a text of 257 bytes", of: {platform: "x".repeat(257)}},
    {name: "an extra that is too long", of: {extra: new Uint8Array(OPERATION_EXTRA_MAX + 1)}},
  ];
  test.for(cases)("$name", ({of}) => {
    expect(() => encodeOperation({...base, ...of})).toThrow(expect.objectContaining({name: expect.stringMatching(/^(En|De)codeError$/)}));
  });
});

describe("a memo is refused", () => {
  const memo = encodeMemo(base);
  const cases: {name: string; extra: Uint8Array}[] = [
    {name: "empty", extra: new Uint8Array(0)},
    {name: "a zero byte alone", extra: Uint8Array.of(0)},
    {name: "padding", extra: utf8(`${memo}=`)},
    {name: "white space", extra: utf8(`${memo} `)},
    {name: "standard base64", extra: utf8(memo.replace("A", "+"))},
    {name: "a byte above ASCII", extra: concatBytes(utf8(memo), Uint8Array.of(0xc3, 0xa9))},
    {name: "hex", extra: utf8(toHex(encodeOperation(base)))},
  ];
  test.for(cases)("$name", ({extra}) => {
    expect(() => decodeMemo(extra)).toThrow(expect.objectContaining({name: "DecodeError"}));
  });
});
