import fc from "fast-check";
import {describe, expect, test} from "vitest";
import {toHex} from "../base/bytes.ts";
import {isUuid, parseAddress, parseUuid, uuidBytes, uuidFromHex, ZERO_UUID} from "./ids.ts";

const badText = expect.objectContaining({name: "DecodeError", code: "BAD_TEXT"});

test("a UUID is its 16 bytes", () =>
  fc.assert(
    fc.property(fc.uint8Array({minLength: 16, maxLength: 16}), (bytes) => {
      const uuid = uuidFromHex(toHex(bytes));
      expect(isUuid(uuid)).toBe(true);
      expect([uuidBytes(uuid), uuidBytes(uuid.toUpperCase())]).toEqual([bytes, bytes]);
      expect(toHex(uuidBytes(uuid))).toBe(`0x${uuid.replaceAll("-", "")}`);
      expect(parseUuid(uuid.toUpperCase())).toBe(uuid);
    }),
  ));

describe("refused", () => {
  const text = "bd670872-76ce-3263-b933-3aa337e212a4";
  test.for([
    "",
    text.replaceAll("-", ""),
    `${text}0`,
    `{${text}}`,
    text.replace("b", "g"),
    text.replace("-", "+"),
    ` ${text}`,
    `${text}\n`,
  ])("%j as a UUID", (bad) => {
    expect(isUuid(bad)).toBe(false);
    for (const read of [parseUuid, uuidBytes]) expect(() => read(bad)).toThrow(badText);
  });
  test.for(["0x", `0x${"00".repeat(15)}`, `0x${"00".repeat(17)}`, ZERO_UUID])("%s as bytes16", (bad) => {
    expect(() => uuidFromHex(bad)).toThrow(badText);
  });
  test.for(["", "0x", "00".repeat(20), `0x${"00".repeat(19)}`, `0x${"0g".repeat(20)}`])("%s as an address", (bad) => {
    expect(() => parseAddress(bad)).toThrow(badText);
  });
});

test("an address comes out in lower case", () => {
  expect(parseAddress(`0x${"AB".repeat(20)}`)).toBe(`0x${"ab".repeat(20)}`);
});
