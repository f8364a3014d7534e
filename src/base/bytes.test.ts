import fc from "fast-check";
import {describe, expect, test} from "vitest";
import {bigToBytes, bytesToBig, compareBytes, concatBytes, equalBytes, fromHex, hexInto, toHex, utf8, wordInto} from "./bytes.ts";

const bytes = fc.uint8Array({maxLength: 80});

describe("hex", () => {
  test("survives, and is what Buffer writes", () =>
    fc.assert(
      fc.property(bytes, (b) => {
        expect(toHex(b)).toBe(`0x${Buffer.from(b).toString("hex")}`);
        expect(fromHex(toHex(b))).toEqual(b);
        expect(fromHex(toHex(b).toUpperCase().replace("X", "x"), "field", b.length)).toEqual(b);
      }),
    ));
  test.for(["", "0", "0x0", "00", "0X00", "0xzz", "0x0g", "0x 0", "0x00\n", "0x0\u0130", "0x-1"])("%j is none", (text) => {
    expect(() => fromHex(text, "f")).toThrow(expect.objectContaining({name: "DecodeError", code: "BAD_TEXT"}));
  });
  test("of another size is refused", () => {
    expect(() => fromHex("0x0011", "f", 3)).toThrow(expect.objectContaining({data: {field: "f", want: 3, got: 2}}));
  });
  test("hexInto says whether all were digits, also past the end", () => {
    const out = new Uint8Array(4);
    expect(hexInto(out, 1, "zzABcd", 2, 2)).toBe(true);
    expect([...out]).toEqual([0, 0xab, 0xcd, 0]);
    for (const text of ["0g", "g0", "0", "", "0\u00e9", "0\u1000"]) expect(hexInto(out, 0, text, 0, 1)).toBe(false);
  });
});

test("concatBytes and compareBytes are Buffer's", () =>
  fc.assert(
    fc.property(bytes, bytes, (a, b) => {
      expect(concatBytes(a, b)).toEqual(new Uint8Array(Buffer.concat([a, b])));
      expect(Math.sign(compareBytes(a, b))).toBe(Buffer.compare(a, b));
      expect(equalBytes(a, b)).toBe(Buffer.compare(a, b) === 0);
      expect(equalBytes(a, a.slice())).toBe(true);
    }),
  ));

describe("numbers", () => {
  test("survive in any width that fits", () =>
    fc.assert(
      fc.property(fc.bigInt(0n, 2n ** 256n - 1n), fc.nat(8), (value, extra) => {
        const text = value.toString(16);
        const size = Math.ceil(text.length / 2) + extra;
        const encoded = bigToBytes(value, size);
        expect(toHex(encoded)).toBe(`0x${text.padStart(2 * size, "0")}`);
        expect(bytesToBig(encoded)).toBe(value);
      }),
    ));
  test("of no bytes are 0", () => {
    expect([bytesToBig(new Uint8Array(0)), bigToBytes(0n, 0).length]).toEqual([0n, 0]);
  });
  test("wordInto writes the low bytes, two's complement", () => {
    const write = (value: number, size: number) => {
      const out = new Uint8Array(size);
      wordInto(out, 0, value, size);
      return toHex(out);
    };
    expect([write(0xffff_fffe, 4), write(-2, 4), write(0x1234, 2), write(0x1234, 1)]).toEqual([
      "0xfffffffe",
      "0xfffffffe",
      "0x1234",
      "0x34",
    ]);
  });
});

test("utf8 is what TextDecoder reads", () => {
  expect(new TextDecoder().decode(utf8("é ∀ x"))).toBe("é ∀ x");
});
