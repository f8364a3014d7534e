import {randomBytes} from "node:crypto";
import {bls12_381} from "@noble/curves/bls12-381.js";
import {concat, dataSlice, getBytes, hexlify, id, toBeHex} from "ethers";
import fc from "fast-check";
import {afterAll, beforeAll, describe, expect, test} from "vitest";
import {blsKey, g2} from "./support/bls.ts";
import {type Chain, type Deployed, startChain} from "./support/chain.ts";

const P = bls12_381.fields.Fp.ORDER;
const DST = "BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_";
const G1_INFINITY = `0x${"00".repeat(128)}`;
const G2_INFINITY = `0x${"00".repeat(256)}`;

let chain: Chain;
let harness: Deployed;
beforeAll(async () => {
  chain = await startChain();
  harness = await chain.deploy("Harness", []);
});
afterAll(() => chain.stop());

const verify = async (key: string, signature: string, message: string): Promise<boolean> =>
  (await harness.read("verify", key, signature, message))[0];

describe("hash to G2", () => {
  test("is noble's", async () => {
    for (const message of ["00", "ff", ...Array.from({length: 20}, () => "")].map((byte) =>
      byte === "" ? hexlify(randomBytes(32)) : `0x${byte.repeat(32)}`,
    )) {
      const want = g2(bls12_381.G2.hashToCurve(getBytes(message), {DST}).toBytes(false));
      expect((await harness.read("hashToG2", message))[0], message).toBe(want);
    }
  });

  test("reduces 512 bits modulo p", async () => {
    const all = 2n ** 512n - 1n;
    const edges = [
      0n,
      1n,
      P - 1n,
      P,
      P + 1n,
      2n * P - 1n,
      2n * P,
      2n ** 380n,
      2n ** 381n,
      2n ** 256n - 1n,
      2n ** 256n,
      all,
      all - (all % P),
    ];
    const near = edges.flatMap((x) => [x - 1n, x, x + 1n]).filter((x) => x >= 0n && x <= all);
    const multiples = fc.sample(fc.bigInt(0n, all / P), 20).flatMap((k) => [k * P - 1n, k * P, k * P + 1n]);
    for (const x of [...near, ...multiples, ...fc.sample(fc.bigInt(0n, all), 40)].filter((x) => x >= 0n && x <= all)) {
      const [high, low] = await harness.read("modulo", x >> 256n, x & (2n ** 256n - 1n));
      expect((BigInt(high) << 256n) | BigInt(low), `${x}`).toBe(x % P);
    }
  });
});

describe("verification", () => {
  const message = id("message");
  const key = blsKey(123_456_789n);
  const signature = key.sign(message);

  test("accepts what blst signs, under its own key and message only", async () => {
    for (let i = 0; i < 5; i++) {
      const secret = BigInt(hexlify(randomBytes(31)));
      const digest = hexlify(randomBytes(32));
      const other = blsKey(secret);
      expect(await verify(other.publicKey, other.sign(digest), digest)).toBe(true);
      expect(await verify(key.publicKey, other.sign(digest), digest)).toBe(false);
      expect(await verify(other.publicKey, other.sign(digest), message)).toBe(false);
    }
  });

  test("refuses the identity as key, as signature and as both", async () => {
    expect(await verify(key.publicKey, signature, message)).toBe(true);
    expect(await verify(G1_INFINITY, G2_INFINITY, message)).toBe(false);
    expect(await verify(G1_INFINITY, signature, message)).toBe(false);
    expect(await verify(key.publicKey, G2_INFINITY, message)).toBe(false);
  });

  test("refuses wrong lengths", async () => {
    expect(await verify(dataSlice(key.publicKey, 1), signature, message)).toBe(false);
    expect(await verify(key.publicKey, dataSlice(signature, 0, 255), message)).toBe(false);
    expect(await verify(key.publicKey, concat([signature, "0x00"]), message)).toBe(false);
    expect(await verify("0x", "0x", message)).toBe(false);
  });

  test("refuses a field element plus p: one point, one encoding", async () => {
    for (const at of [0, 64, 128, 192]) {
      const element = BigInt(dataSlice(signature, at, at + 64)) + P;
      const changed = concat([dataSlice(signature, 0, at), toBeHex(element, 64), dataSlice(signature, at + 64)]);
      expect(await verify(key.publicKey, changed, message)).toBe(false);
    }
    const changedKey = concat([toBeHex(BigInt(dataSlice(key.publicKey, 0, 64)) + P, 64), dataSlice(key.publicKey, 64)]);
    expect(await verify(changedKey, signature, message)).toBe(false);
  });

  test("refuses points off the curve and outside the subgroup", async () => {
    const off = concat([dataSlice(signature, 0, 255), "0x01"]);
    expect(await verify(key.publicKey, off, message)).toBe(false);
    // (0, 2) is on y² = x³ + 4 and has order 3
    const small = concat([toBeHex(0n, 64), toBeHex(2n, 64)]);
    expect(await verify(small, signature, message)).toBe(false);
    expect(await verify(small, G2_INFINITY, message)).toBe(false);
  });

  test("refuses any flipped bit of key, signature and message", async () => {
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(0, 1, 2), fc.nat(2_047), async (which, bit) => {
        const parts = [key.publicKey, signature, message];
        const bytes = getBytes(parts[which] ?? "0x");
        const at = (bit >> 3) % bytes.length;
        bytes[at] = (bytes[at] ?? 0) ^ (1 << (bit & 7));
        parts[which] = hexlify(bytes);
        const [k = "", s = "", m = ""] = parts;
        expect(await verify(k, s, m)).toBe(false);
      }),
      {numRuns: 40},
    );
  });

  test("too little gas reverts, and never reads as invalid", async () => {
    for (const gas of [110_000, 140_000, 160_000, 180_000]) {
      const revert = await harness.reverts("verify", [key.publicKey, signature, message], {gas});
      expect(revert.name).toBe("PrecompileFailed");
    }
  });
});

test("the group contract does not deploy where the precompiles are missing", async () => {
  const old = await startChain(["--hardfork", "cancun"]);
  try {
    const revert = await old.deployReverts("MixinGroup", [1, harness.address, id("salt"), id("validators")]);
    expect(revert.name).toBe("PrecompileFailed");
  } finally {
    await old.stop();
  }
});
