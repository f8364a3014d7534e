import {computeAddress, recoverAddress, SigningKey} from "ethers";
import fc from "fast-check";
import {describe, expect, test} from "vitest";
import {bigToBytes, bytesToBig, concatBytes, fromHex, toHex} from "../base/bytes.ts";
import {addressOf, assertNativeSecp, recover, sign} from "./secp256k1.ts";

const ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
const secret = fc.bigInt({min: 1n, max: ORDER - 1n}).map((k) => bigToBytes(k, 32));
const digest = fc.uint8Array({minLength: 32, maxLength: 32});

describe("secp256k1", () => {
  test("is native and knows a well-known address", () => {
    expect(assertNativeSecp).not.toThrow();
    expect(addressOf(fromHex("0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80"))).toBe(
      "0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266",
    );
  });

  test("signs byte for byte as ethers and is recovered by it", () => {
    fc.assert(
      fc.property(secret, digest, (k, d) => {
        const signature = sign(k, d);
        expect(toHex(signature)).toBe(new SigningKey(toHex(k)).sign(d).serialized);
        expect(recoverAddress(d, toHex(signature)).toLowerCase()).toBe(addressOf(k));
        expect(computeAddress(toHex(k)).toLowerCase()).toBe(addressOf(k));
        expect(recover(d, signature)).toBe(addressOf(k));
      }),
      {numRuns: 50},
    );
  });

  test("a changed byte never recovers the signer", () => {
    fc.assert(
      fc.property(secret, digest, fc.nat(64), fc.integer({min: 1, max: 255}), (k, d, at, by) => {
        const signature = sign(k, d);
        expect(recover(d, signature.with(at, (signature[at] as number) ^ by))).not.toBe(addressOf(k));
      }),
      {numRuns: 200},
    );
  });

  const key = new Uint8Array(32).fill(7);
  const hash = new Uint8Array(32).fill(8);
  const good = sign(key, hash);
  const v = good[64] as number;
  const s = bytesToBig(good.subarray(32, 64));
  test.for([
    {name: "the other s", signature: concatBytes(good.subarray(0, 32), bigToBytes(ORDER - s, 32), Uint8Array.of(55 - v))},
    {name: "s = 0", signature: concatBytes(good.subarray(0, 32), new Uint8Array(32), Uint8Array.of(v))},
    {name: "r = 0", signature: concatBytes(new Uint8Array(32), good.subarray(32))},
    {name: "r = order", signature: concatBytes(bigToBytes(ORDER, 32), good.subarray(32))},
    {name: "v = 0 or 1", signature: good.with(64, v - 27)},
    {name: "v = 29", signature: good.with(64, 29)},
    {name: "64 bytes", signature: good.subarray(0, 64)},
    {name: "66 bytes", signature: concatBytes(good, Uint8Array.of(0))},
    {name: "nothing", signature: new Uint8Array(0)},
  ])("refuses $name", ({signature}) => {
    expect(recover(hash, signature)).toBeNull();
  });
  test("refuses a digest of another size and secrets out of range", () => {
    expect(recover(hash.subarray(1), good)).toBeNull();
    for (const bad of [new Uint8Array(32), bigToBytes(ORDER, 32), new Uint8Array(31)]) {
      expect(() => sign(bad, hash)).toThrow();
      expect(() => addressOf(bad)).toThrow();
    }
  });
});
