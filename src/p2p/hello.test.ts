import fc from "fast-check";
import {describe, expect, test} from "vitest";
import {toHex} from "../base/bytes.ts";
import {DecodeError} from "../base/errors.ts";
import {ADDRESSES_PER_VALIDATOR, decodeHello, encodeHello, HELLO_BYTES_MAX, type Hello} from "./hello.ts";

const hex = (size: number) => fc.uint8Array({minLength: size, maxLength: size}).map(toHex);
const address = fc.string({maxLength: 40, unit: "grapheme"});
const hello: fc.Arbitrary<Hello> = fc.record({
  networkId: hex(32),
  genesisHash: hex(32),
  instance: hex(8),
  listen: fc.array(address, {maxLength: ADDRESSES_PER_VALIDATOR}),
  known: fc.array(fc.record({validator: fc.nat(0xffff), address}), {maxLength: 20}),
});

describe("hello", () => {
  test("survives its encoding", () => {
    fc.assert(
      fc.property(hello, (h) => {
        expect(decodeHello(encodeHello(h))).toEqual(h);
      }),
    );
  });

  test("bytes are an encoding of one hello or of none", () => {
    fc.assert(
      fc.property(hello, fc.array(fc.tuple(fc.nat(400), fc.nat(255)), {maxLength: 3}), fc.nat(400), (h, edits, cut) => {
        const bytes = encodeHello(h).slice(0, cut % 2 === 0 ? undefined : cut);
        for (const [at, byte] of edits) if (at < bytes.length) bytes[at] = byte;
        let decoded: ReturnType<typeof decodeHello>;
        try {
          decoded = decodeHello(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(DecodeError);
          return;
        }
        if ("networkId" in decoded) expect(encodeHello(decoded)).toEqual(bytes);
      }),
      {numRuns: 1_000},
    );
  });

  test("another version is told apart before anything else is read", () => {
    expect(decodeHello(Uint8Array.of(0, 7, 1, 2, 3))).toEqual({version: 7});
  });

  test("the longest one fits its bound, and what is too long is left out", () => {
    const long = "/dns4/".padEnd(160, "x");
    const bytes = encodeHello({
      networkId: `0x${"00".repeat(32)}`,
      genesisHash: `0x${"00".repeat(32)}`,
      instance: `0x${"00".repeat(8)}`,
      listen: [`${long}x`, ...Array.from({length: 10}, () => long)],
      known: Array.from({length: 1_000}, (_, validator) => ({validator, address: long})),
    });
    expect(bytes.length).toBeLessThanOrEqual(HELLO_BYTES_MAX);
    expect(decodeHello(bytes)).toMatchObject({listen: Array.from({length: 4}, () => long)});
  });
});
