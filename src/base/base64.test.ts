import fc from "fast-check";
import {expect, test} from "vitest";
import {fromBase64Url, toBase64Url} from "./base64.ts";

const text = (bytes: Uint8Array) => Buffer.from(bytes).toString("base64url");

test("is what Buffer writes, and is read back", () =>
  fc.assert(
    fc.property(fc.uint8Array({maxLength: 60}), (bytes) => {
      expect(toBase64Url(bytes)).toBe(text(bytes));
      expect(fromBase64Url(toBase64Url(bytes))).toEqual(bytes);
    }),
  ));

test("a text is the encoding of one value or of none", () =>
  fc.assert(
    fc.property(fc.uint8Array({minLength: 1, maxLength: 20}), fc.nat(), fc.string({minLength: 1, maxLength: 1}), (bytes, at, letter) => {
      const encoded = toBase64Url(bytes);
      const place = at % encoded.length;
      const edited = encoded.slice(0, place) + letter + encoded.slice(place + 1);
      let decoded: Uint8Array;
      try {
        decoded = fromBase64Url(edited);
      } catch (error) {
        expect(error).toMatchObject({name: "DecodeError"});
        return;
      }
      expect(toBase64Url(decoded)).toBe(edited);
    }),
    {numRuns: 2_000},
  ));

test.for([
  ["A", "BAD_TEXT"],
  ["AA==", "BAD_TEXT"],
  ["AAA=", "BAD_TEXT"],
  ["A+/A", "BAD_TEXT"],
  ["AA A", "BAD_TEXT"],
  ["AB", "NOT_CANONICAL"],
  ["AAB", "NOT_CANONICAL"],
])("%s is refused: %s", ([encoded, code]) => {
  expect(() => fromBase64Url(encoded as string)).toThrow(expect.objectContaining({name: "DecodeError", code}));
});
