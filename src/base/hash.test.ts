import {createHash} from "node:crypto";
import {keccak256 as theirs} from "ethers";
import fc from "fast-check";
import {expect, test} from "vitest";
import {toHex} from "./bytes.ts";
import {keccak256, keccakHex, sha3, sha256} from "./hash.ts";

test("hashes are those of ethers and of OpenSSL, in one part or in many, one call after the other", () =>
  fc.assert(
    fc.property(fc.array(fc.uint8Array({maxLength: 150}), {maxLength: 4}), (parts) => {
      const whole = Buffer.concat(parts);
      expect(toHex(keccak256(...parts))).toBe(theirs(whole));
      expect(keccakHex(...parts)).toBe(theirs(whole));
      expect(toHex(sha256(...parts))).toBe(`0x${createHash("sha256").update(whole).digest("hex")}`);
      expect(toHex(sha3(...parts))).toBe(`0x${createHash("sha3-256").update(whole).digest("hex")}`);
    }),
  ));

test("a digest stays what it was", () => {
  const first = sha256(Uint8Array.of(1));
  const text = toHex(first);
  sha256(Uint8Array.of(2));
  expect(toHex(first)).toBe(text);
});
