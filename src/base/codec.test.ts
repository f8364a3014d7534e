import fc from "fast-check";
import {describe, expect, test} from "vitest";
import {toHex} from "./bytes.ts";
import {Reader, Writer} from "./codec.ts";

const TAGS = ["a", "b", "c"] as const;
const u = (...bytes: number[]) => Uint8Array.of(...bytes);

interface Sample {
  u8: number;
  u16: number;
  u32: number;
  i32: number;
  u64: bigint;
  count: number;
  integer: bigint;
  fixed: Uint8Array;
  hex: string;
  uuid: string;
  sized: Uint8Array;
  sized32: Uint8Array;
  flag: boolean;
  tag: (typeof TAGS)[number];
  list: number[];
  raw: Uint8Array;
}

const sample: fc.Arbitrary<Sample> = fc.record({
  u8: fc.nat(0xff),
  u16: fc.nat(0xffff),
  u32: fc.nat(0xffff_ffff),
  i32: fc.integer({min: -(2 ** 31), max: 2 ** 31 - 1}),
  u64: fc.bigInt(0n, 2n ** 64n - 1n),
  count: fc.nat(Number.MAX_SAFE_INTEGER),
  integer: fc.oneof(fc.bigInt(0n, 2n ** 256n - 1n), fc.bigInt(0n, 300n)),
  fixed: fc.uint8Array({minLength: 5, maxLength: 5}),
  hex: fc.uint8Array({minLength: 20, maxLength: 20}).map(toHex),
  uuid: fc.uuid(),
  sized: fc.uint8Array({maxLength: 400}),
  sized32: fc.uint8Array({maxLength: 400}),
  flag: fc.boolean(),
  tag: fc.constantFrom(...TAGS),
  list: fc.array(fc.nat(0xffff), {maxLength: 5}),
  raw: fc.uint8Array({maxLength: 5}),
});

const encode = (s: Sample): Uint8Array =>
  new Writer()
    .u8(s.u8)
    .u16(s.u16)
    .u32(s.u32)
    .i32(s.i32)
    .u64(s.u64)
    .count(s.count)
    .integer(s.integer)
    .fixed(s.fixed, 5)
    .hex(s.hex as `0x${string}`, 20)
    .uuid(s.uuid)
    .sized(s.sized)
    .sized32(s.sized32)
    .flag(s.flag)
    .tag(TAGS, s.tag)
    .list(s.list, (w, n) => w.u16(n))
    .raw(s.raw)
    .bytes();

function decode(bytes: Uint8Array): Sample {
  const r = new Reader(bytes);
  return {
    u8: r.u8("u8"),
    u16: r.u16("u16"),
    u32: r.u32("u32"),
    i32: r.i32("i32"),
    u64: r.u64("u64"),
    count: r.count("count"),
    integer: r.integer("integer"),
    fixed: r.fixed(5, "fixed"),
    hex: r.hex(20, "hex"),
    uuid: r.uuid("uuid"),
    sized: r.sized(400, "sized"),
    sized32: r.sized32(400, "sized32"),
    flag: r.flag("flag"),
    tag: r.tag(TAGS, "tag"),
    list: r.list(5, "list", (from) => from.u16("list")),
    raw: r.rest(),
  };
}

test("what a Writer writes, a Reader reads", () =>
  fc.assert(
    fc.property(sample, (s) => {
      expect(decode(encode(s))).toEqual(s);
    }),
  ));

test("bytes are an encoding of one value or of none", () =>
  fc.assert(
    fc.property(sample, fc.array(fc.tuple(fc.nat(150), fc.nat(255)), {maxLength: 3}), (s, edits) => {
      const bytes = encode(s);
      for (const [at, byte] of edits) bytes[at % bytes.length] = byte;
      let decoded: Sample;
      try {
        decoded = decode(bytes);
      } catch (error) {
        expect(error).toMatchObject({name: "DecodeError"});
        return;
      }
      expect(toHex(encode(decoded))).toBe(toHex(bytes));
    }),
    {numRuns: 2_000},
  ));

test("the layout is big-endian, lengths first", () => {
  const bytes = new Writer()
    .u8(1)
    .u16(2)
    .u32(3)
    .i32(-1)
    .u64(4n)
    .count(2 ** 40)
    .integer(256n)
    .sized(u(7))
    .sized32(u(8))
    .flag(true)
    .bytes();
  const parts = ["01", "0002", "00000003", "ffffffff", "0000000000000004", "0000010000000000", "00020100", "000107", "0000000108", "01"];
  expect(toHex(bytes)).toBe(`0x${parts.join("")}`);
});

describe("a Reader refuses", () => {
  const cases: {name: string; bytes: Uint8Array; read: (r: Reader) => unknown; error: object}[] = [
    {name: "what ends early", bytes: u(1), read: (r) => r.u16("f"), error: {code: "SHORT", data: {field: "f", offset: 0, want: 2, got: 1}}},
    {name: "a length beyond the bytes", bytes: u(0, 2, 1), read: (r) => r.sized(9, "f"), error: {code: "SHORT"}},
    {
      name: "a length beyond the bound",
      bytes: u(0, 2, 1, 1),
      read: (r) => r.sized(1, "f"),
      error: {code: "TOO_LONG", data: {field: "f", offset: 0, want: 1, got: 2}},
    },
    {
      name: "a huge length, before it asks for memory",
      bytes: u(255, 255, 255, 255),
      read: (r) => r.sized32(9, "f"),
      error: {code: "TOO_LONG"},
    },
    {name: "a count beyond the bound", bytes: u(0, 3), read: (r) => r.list(2, "f", (from) => from.u8("f")), error: {code: "TOO_LONG"}},
    {name: "a count above 2^53 - 1", bytes: u(0, 0x20, 0, 0, 0, 0, 0, 0), read: (r) => r.count("f"), error: {code: "TOO_LARGE"}},
    {name: "the largest count", bytes: u(255, 255, 255, 255, 255, 255, 255, 255), read: (r) => r.count("f"), error: {code: "TOO_LARGE"}},
    {name: "a leading zero", bytes: u(0, 2, 0, 1), read: (r) => r.integer("f"), error: {code: "NOT_CANONICAL"}},
    {name: "zero in one byte", bytes: u(0, 1, 0), read: (r) => r.integer("f"), error: {code: "NOT_CANONICAL"}},
    {name: "a number of 33 bytes", bytes: u(0, 33, ...Array(33).fill(1)), read: (r) => r.integer("f"), error: {code: "TOO_LONG"}},
    {name: "a flag of 2", bytes: u(2), read: (r) => r.flag("f"), error: {code: "NOT_CANONICAL"}},
    {
      name: "an unknown tag",
      bytes: u(3),
      read: (r) => r.tag(TAGS, "f"),
      error: {code: "UNKNOWN_TAG", data: {field: "f", offset: 0, want: 2, got: 3}},
    },
    {name: "what is left over", bytes: u(1), read: (r) => r.end("f"), error: {code: "TRAILING", data: {field: "f", offset: 0, got: 1}}},
  ];
  test.for(cases)("$name", ({bytes, read, error}) => {
    expect(() => read(new Reader(bytes))).toThrow(expect.objectContaining({name: "DecodeError", ...error}));
  });
  test.for([u(1, 2, 3), Buffer.from([1, 2, 3])])("and gives copies, not views, of any kind of array", (bytes) => {
    const got = new Reader(bytes).fixed(2, "f");
    bytes[0] = 9;
    expect([got.constructor, ...got]).toEqual([Uint8Array, 1, 2]);
  });
  test("what is a view at an offset is read from there", () => {
    expect(new Reader(u(9, 9, 0, 5, 9).subarray(2, 4)).u16("f")).toBe(5);
  });
});

describe("a Writer refuses", () => {
  const uuid = "bd670872-76ce-3263-b933-3aa337e212a4";
  const cases: {name: string; write: (w: Writer) => unknown; code: string}[] = [
    {name: "u8 256", write: (w) => w.u8(256), code: "OUT_OF_RANGE"},
    {name: "u16 -1", write: (w) => w.u16(-1), code: "OUT_OF_RANGE"},
    {name: "u32 2^32", write: (w) => w.u32(2 ** 32), code: "OUT_OF_RANGE"},
    {name: "i32 2^31", write: (w) => w.i32(2 ** 31), code: "OUT_OF_RANGE"},
    {name: "a fraction", write: (w) => w.u8(0.5), code: "OUT_OF_RANGE"},
    {name: "NaN", write: (w) => w.u8(Number.NaN), code: "OUT_OF_RANGE"},
    {name: "u64 2^64", write: (w) => w.u64(2n ** 64n), code: "OUT_OF_RANGE"},
    {name: "u64 -1", write: (w) => w.u64(-1n), code: "OUT_OF_RANGE"},
    {name: "a negative count", write: (w) => w.count(-1), code: "OUT_OF_RANGE"},
    {name: "a count of 2^53", write: (w) => w.count(2 ** 53), code: "OUT_OF_RANGE"},
    {name: "a number of 257 bits", write: (w) => w.integer(2n ** 256n), code: "OUT_OF_RANGE"},
    {name: "a negative number", write: (w) => w.integer(-1n), code: "OUT_OF_RANGE"},
    {name: "other sizes", write: (w) => w.fixed(u(1), 2), code: "BAD_LENGTH"},
    {name: "hex of another size", write: (w) => w.hex("0x0011", 1), code: "BAD_LENGTH"},
    {name: "65,536 bytes", write: (w) => w.sized(new Uint8Array(65_536)), code: "OUT_OF_RANGE"},
    {name: "a tag that is not in the list", write: (w) => w.tag(TAGS, "d" as "a"), code: "OUT_OF_RANGE"},
    {name: "no hex", write: (w) => w.hex("0xzz", 1), code: "BAD_TEXT"},
    {name: "no UUID", write: (w) => w.uuid(""), code: "BAD_LENGTH"},
    {name: "a UUID with a letter wrong", write: (w) => w.uuid(uuid.replace("b", "g")), code: "BAD_TEXT"},
    {name: "a UUID that is too long", write: (w) => w.uuid(`${uuid}00`), code: "BAD_LENGTH"},
  ];
  test.for(cases)("$name", ({write, code}) => {
    expect(() => write(new Writer().u8(1))).toThrow(expect.objectContaining({code}));
  });
  test("nothing half", () => {
    const w = new Writer().u8(1);
    expect(() => w.uuid(uuid.replace("4", "x"))).toThrow();
    expect(() => w.hex("0xzz", 1)).toThrow();
    expect(toHex(w.u8(2).bytes())).toBe("0x0102");
  });
});
