import fc from "fast-check";
import {expect, test} from "vitest";
import {concatBytes, type Hex, toHex} from "../../src/base/bytes.ts";

export const bytesOfSize = (size: number): fc.Arbitrary<Uint8Array> => fc.uint8Array({minLength: size, maxLength: size});
export const hash: fc.Arbitrary<Hex> = bytesOfSize(32).map(toHex);
export const address: fc.Arbitrary<Hex> = bytesOfSize(20).map(toHex);
export const count: fc.Arbitrary<number> = fc.oneof(fc.nat(1_000), fc.maxSafeNat());
export const u16: fc.Arbitrary<number> = fc.nat(0xffff);
export const u32: fc.Arbitrary<number> = fc.nat(0xffff_ffff);
export const u64: fc.Arbitrary<bigint> = fc.bigInt(0n, 2n ** 64n - 1n);
export const amount: fc.Arbitrary<bigint> = fc.oneof(fc.bigInt(0n, 300n), fc.bigInt(0n, 2n ** 256n - 1n));

export interface Codec<T> {
  readonly encode: (value: T) => Uint8Array;
  readonly decode: (bytes: Uint8Array) => T;
}

/** What every codec keeps: a value survives, and bytes are an encoding of one value or of none. Edits valid encodings. */
export function testCodec<T>(name: string, values: fc.Arbitrary<T>, {encode, decode}: Codec<T>, numRuns = 1_000): void {
  test(`${name}: a value survives its encoding`, () =>
    fc.assert(
      fc.property(values, (value) => {
        expect(decode(encode(value))).toEqual(value);
      }),
    ));

  test(`${name}: a prefix is refused, and what is left over`, () =>
    fc.assert(
      fc.property(values, fc.nat(), fc.uint8Array({minLength: 1, maxLength: 3}), (value, size, more) => {
        const bytes = encode(value);
        const refused = expect.objectContaining({name: "DecodeError"});
        expect(() => decode(bytes.subarray(0, size % bytes.length))).toThrow(refused);
        expect(() => decode(concatBytes(bytes, more))).toThrow(refused);
      }),
    ));

  test(`${name}: bytes are an encoding of one value or of none`, () => {
    let decoded = 0;
    fc.assert(
      fc.property(values, fc.array(fc.tuple(fc.nat(), fc.nat(255)), {minLength: 1, maxLength: 2}), (value, edits) => {
        const bytes = encode(value);
        for (const [at, byte] of edits) bytes[at % bytes.length] = byte;
        let other: T;
        try {
          other = decode(bytes);
        } catch (error) {
          expect(error).toMatchObject({name: "DecodeError"});
          return;
        }
        decoded++;
        expect(toHex(encode(other))).toBe(toHex(bytes));
      }),
      {numRuns},
    );
    expect(decoded, "edits that decode").toBeGreaterThan(numRuns / 50);
  });
}
