import {bls12_381} from "@noble/curves/bls12-381.js";
import {describe, expect, test} from "vitest";
import {bigToBytes, concatBytes, fromHex, toHex} from "../base/bytes.ts";
import {
  assertNative,
  blsPublicKey,
  blsSign,
  blsVerify,
  g1FromEip2537,
  g1ToEip2537,
  g2ToEip2537,
  parseG1,
  parseG2,
  trustedG1,
  uncheckedG2,
  verifyBatch,
  verifyDistinct,
} from "./bls.ts";

const secret = fromHex("0x263dbd792f5b1be47ed85f8938c0f29586af0d3ac7b977f21c278fe1462040e3");
const publicKey = blsPublicKey(secret);
const zeros = new Uint8Array(32);
const signature = blsSign(secret, zeros);

const P = "1a0111ea397fe69a4b1ba7b6434bacd764774b84f38512bf6730d2a0f6b0f6241eabfffeb153ffffb9feffffffffaaab";
const flag = (hex: string, bits: number) => {
  const bytes = fromHex(`0x${hex}`);
  bytes[0] = (bytes[0] as number) | bits;
  return bytes;
};
const of = (size: number, first: number, last = 0) =>
  Uint8Array.from({length: size}, (_, i) => (i === 0 ? first : i === size - 1 ? last : 0));
const withFirst = (bytes: Uint8Array, first: number) => concatBytes(Uint8Array.of(first), bytes.subarray(1));

const badG1: {name: string; bytes: Uint8Array}[] = [
  {name: "order 3, sign bit clear", bytes: of(48, 0x80)},
  {name: "order 3, sign bit set", bytes: of(48, 0xa0)},
  {name: "infinity", bytes: of(48, 0xc0)},
  {name: "infinity with the sign bit", bytes: of(48, 0xe0)},
  {name: "infinity with another bit", bytes: of(48, 0xc0, 1)},
  {name: "all zeros", bytes: of(48, 0)},
  {name: "x = p", bytes: flag(P, 0x80)},
  {
    name: "x + p for x of a point",
    bytes: fromHex("0xbf73ddd4c9cd4de0d32470a193f4f1e3fb9926b584ad13e4aac0ffabba099c4f013b75ba40707c427d998c5529beb9f9"),
  },
  {
    name: "a key plus a point of order 3",
    bytes: fromHex("0x86bb2d9af2beabd350bb5560fac56ec074911494611f83bbd2c266785e3c4a94b3b220595c3a73815b678a4ee8157e49"),
  },
  {name: "x without a point", bytes: of(48, 0x80, 1)},
  {name: "no compression bit", bytes: withFirst(publicKey, (publicKey[0] as number) & 0x7f)},
  {name: "47 bytes", bytes: publicKey.subarray(1)},
  {name: "49 bytes", bytes: concatBytes(publicKey, Uint8Array.of(0))},
  {name: "uncompressed", bytes: parseG1(publicKey).toBytes(false)},
  {name: "nothing", bytes: new Uint8Array(0)},
];

const badG2: {name: string; bytes: Uint8Array}[] = [
  {name: "infinity", bytes: of(96, 0xc0)},
  {name: "all zeros", bytes: of(96, 0)},
  {name: "c1 = p", bytes: concatBytes(flag(P, 0x80), new Uint8Array(48))},
  {name: "c0 = p", bytes: concatBytes(of(48, 0x80), fromHex(`0x${P}`))},
  {name: "on the curve, not in the subgroup", bytes: outsideG2()},
  {name: "no compression bit", bytes: withFirst(signature, (signature[0] as number) & 0x7f)},
  {name: "95 bytes", bytes: signature.subarray(1)},
  {name: "97 bytes", bytes: concatBytes(signature, Uint8Array.of(0))},
  {name: "uncompressed", bytes: parseG2(signature).toBytes(false)},
];

/** x = (2, 0) is on the twist: a random point there is in the subgroup with probability 2^-250. */
function outsideG2(): Uint8Array {
  const bytes = of(96, 0x80, 2);
  uncheckedG2(bytes);
  return bytes;
}

describe("the suite", () => {
  test("is native and signs as Ethereum does", () => {
    expect(assertNative).not.toThrow();
    expect(toHex(signature)).toBe(
      "0xb6ed936746e01f8ecf281f020953fbf1f01debd5657c4a383940b020b26507f6076334f91e2366c96e9ab279fb5158090352ea1c5b0c9274504f4f0e7053af24802e51e4568d164fe986834f41e55c8e850ce1f98458c0cfc9ab380b55285a55",
    );
  });

  test("verifies what was signed and nothing else", () => {
    expect(blsVerify(publicKey, zeros, signature)).toBe(true);
    expect(blsVerify(publicKey, new Uint8Array(32).fill(1), signature)).toBe(false);
    expect(blsVerify(blsPublicKey(zeros.with(31, 2)), zeros, signature)).toBe(false);
    expect(blsVerify(publicKey, zeros, blsSign(zeros.with(31, 2), zeros))).toBe(false);
  });

  test("a key plus a point of order 3 would verify the key's signatures, if its group were not looked at", () => {
    const point = bls12_381.G1.Point.fromBytes(publicKey).add(bls12_381.G1.Point.fromAffine({x: 0n, y: 2n}));
    const {x, y} = point.toAffine();
    const key = trustedG1(concatBytes(bigToBytes(x, 48), bigToBytes(y, 48))).toBytes();
    expect(verifyDistinct([trustedG1(key)], [zeros], parseG2(signature))).toBe(true);
    expect(blsVerify(key, zeros, signature)).toBe(false);
  });

  test.for([zeros, fromHex("0x73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000001"), new Uint8Array(31)])(
    "refuses a secret out of range: %#",
    (bad) => {
      expect(() => blsPublicKey(bad)).toThrow();
      expect(() => blsSign(bad, zeros)).toThrow();
    },
  );
});

describe("malformed points", () => {
  test.for(badG1)("G1: $name", ({bytes}) => {
    expect(() => parseG1(bytes)).toThrow(expect.objectContaining({name: "PointError", code: "BAD_POINT"}));
    expect(() => g1ToEip2537(bytes)).toThrow(expect.objectContaining({code: "BAD_POINT"}));
    expect(blsVerify(bytes, zeros, signature)).toBe(false);
    expect(verifyBatch(zeros, [{publicKey: bytes, signature}])).toBe(false);
  });
  /** noble has infinity for a point; everything else it must judge alike. */
  const forNoble = (size: number) => (bad: {name: string; bytes: Uint8Array}) => bad.bytes.length === size && bad.name !== "infinity";
  test.for(badG1.filter(forNoble(48)))("noble says the same of G1: $name", ({bytes}) => {
    expect(() => bls12_381.G1.Point.fromBytes(bytes).assertValidity()).toThrow();
  });
  test.for(badG2)("G2: $name", ({bytes}) => {
    expect(() => parseG2(bytes)).toThrow(expect.objectContaining({name: "PointError", code: "BAD_POINT"}));
    expect(() => g2ToEip2537(bytes)).toThrow(expect.objectContaining({code: "BAD_POINT"}));
    expect(blsVerify(publicKey, zeros, bytes)).toBe(false);
    expect(verifyBatch(zeros, [{publicKey, signature: bytes}])).toBe(false);
  });
  test.for(badG2.filter(forNoble(96)))("noble says the same of G2: $name", ({bytes}) => {
    expect(() => bls12_381.G2.Point.fromBytes(bytes).assertValidity()).toThrow();
  });
});

describe("EIP-2537", () => {
  const word = (value: bigint) => value.toString(16).padStart(128, "0");

  test("a key is x, y in 64 bytes each, there and back", () => {
    const {x, y} = bls12_381.G1.Point.fromBytes(publicKey).toAffine();
    expect(toHex(g1ToEip2537(publicKey))).toBe(`0x${word(x)}${word(y)}`);
    expect(g1FromEip2537(g1ToEip2537(publicKey))).toEqual(publicKey);
  });

  test("a signature is x.c0, x.c1, y.c0, y.c1", () => {
    const {x, y} = bls12_381.G2.Point.fromBytes(signature).toAffine();
    expect(toHex(g2ToEip2537(signature))).toBe(`0x${[x.c0, x.c1, y.c0, y.c1].map(word).join("")}`);
  });

  const good = g1ToEip2537(publicKey);
  test.for([
    {name: "a padding byte", bytes: good.with(3, 1)},
    {name: "flag bits of the serialised form", bytes: good.with(16, 0x80)},
    {name: "y of another point", bytes: good.with(127, (good[127] as number) ^ 1)},
    {name: "infinity", bytes: new Uint8Array(128)},
    {name: "infinity with its flag", bytes: new Uint8Array(128).with(16, 0x40)},
    {name: "127 bytes", bytes: good.subarray(1)},
  ])("refuses $name", ({bytes}) => {
    expect(() => g1FromEip2537(bytes)).toThrow(expect.objectContaining({name: "PointError", code: "BAD_POINT"}));
  });
});

test("a batch holds only if each signature does", () => {
  const sets = [1, 2, 3, 4].map((n) => {
    const key = zeros.with(31, n);
    return {publicKey: blsPublicKey(key), signature: blsSign(key, zeros)};
  });
  expect(verifyBatch(zeros, sets)).toBe(true);
  const [a, b, ...rest] = sets as [(typeof sets)[0], (typeof sets)[0]];
  // Swapped signatures keep the sum: without random factors they would pass.
  const swapped = [{...a, signature: b.signature}, {...b, signature: a.signature}, ...rest];
  expect(verifyBatch(zeros, swapped)).toBe(false);
});
