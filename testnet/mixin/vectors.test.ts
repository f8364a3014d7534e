import {buildMixAddress, deriveGhostPublicKey, edwards25519, hashMembers, parseMixAddress} from "@mixin.dev/mixin-node-sdk";
import {ed25519} from "@noble/curves/ed25519.js";
import fc from "fast-check";
import {describe, expect, test} from "vitest";
import {ghostOf, hashScalar, scalarOf} from "./ghost.ts";
import {isPoint, md5Uuid, membersHash, sha3Hex, sha256, verifies} from "./keys.ts";

/** Facts made with the SDK and with the real network's configuration: the devnet must give the same. */

const MEMBERS = [
  "a15e0b6d-76ed-4443-b83f-ade9eca2681a",
  "b9126674-b07d-49b6-bf4f-48d965b2242b",
  "15141fe4-1cfd-40f8-9819-71e453054639",
  "3e72ca0c-1bab-49ad-aa0a-4d8471d375e7",
];
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");
const littleEndian = (scalar: bigint) => Buffer.from(scalar.toString(16).padStart(64, "0"), "hex").reverse();
const seeds = fc.uint8Array({minLength: 32, maxLength: 32}).map(hex);

describe("names", () => {
  test("a group is named by the hash of its sorted members", () => {
    const hash = "b8c310b0fa13acda1b0271f68ca3ed25a9312ec5e1a9e943609e5b9463bcf857";
    expect(membersHash(MEMBERS)).toBe(hash);
    expect(membersHash(MEMBERS.toReversed())).toBe(hash);
    expect(hashMembers([...MEMBERS])).toBe(hash);
  });

  test("its MIX address depends on the order; sorted it is this", () => {
    const mix = (uuidMembers: string[]) => buildMixAddress({version: 2, uuidMembers, xinMembers: [], threshold: 3});
    const sorted = "MIXPdeLi2W6cN5sFQ8hh9E2cv6tsyBK8yjhaSyS3EkgGJW1cTUTyq9pAGbtBEysvnxmGhoGQyqYETPxN6UALqbsF8L8ZTZ8oKYT";
    const given = "MIXPdef4YZTpoJtkeTnu56cYamQvS5wsibuELUjjeKuJUsVtdBV3k6KXpXKMFEZ1E8SVKj3TA2scP2CsfXe3Wdpku72uqLRV6un";
    expect(mix([...MEMBERS].sort())).toBe(sorted);
    expect(mix([...MEMBERS])).toBe(given);
    expect(parseMixAddress(sorted)?.uuidMembers).toEqual([...MEMBERS].sort());
  });

  test("the kernel's id of XIN", () => {
    expect(sha3Hex("c94ac88f-4671-3976-b60a-09064f1811e8")).toBe("a99c2e0e2b1da4d648755ef19bd95139acbbe6564cfb06dec7cd34931ca72cdc");
  });

  test("what a token signs of a poll", () => {
    const url = `/safe/outputs?members=${membersHash(MEMBERS)}&threshold=3&state=unspent&offset=0&limit=500`;
    expect(sha256("GET", url, "").toString("hex")).toBe("0f9b2c7389206dc5a30fd551017bf005b75a4ee9b660c0c0fbe0d049c344f7e4");
  });

  test("ids of outputs are version 3 UUIDs", () => {
    expect(md5Uuid(`${"00".repeat(32)}:0`)).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-3[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  });
});

describe("one-time keys", () => {
  test("the hash to a scalar is the SDK's, for every size of index", () => {
    fc.assert(
      fc.property(seeds, fc.nat(0xffff), (seed, index) => {
        const bytes = Buffer.from(seed, "hex");
        expect(hashScalar(bytes, index)).toBe(edwards25519.hashScalar(bytes, index));
      }),
    );
  });

  test("are what the SDK derives from the same secret, and open to view key and spend key only", () => {
    fc.assert(
      fc.property(seeds, seeds, seeds, fc.nat(255), (seed, viewSeed, spendSeed, index) => {
        const spendPublic = hex(ed25519.getPublicKey(Buffer.from(spendSeed, "hex")));
        const ghost = ghostOf(seed, [{viewSeed, spendPublic}], index);
        const r = littleEndian(scalarOf(seed));
        const viewPublic = edwards25519.publicFromPrivate(littleEndian(scalarOf(viewSeed)));
        expect(ghost.mask).toBe(hex(edwards25519.publicFromPrivate(r)));
        expect(ghost.keys).toEqual([hex(deriveKey(r, viewPublic, Buffer.from(spendPublic, "hex"), index))]);
        const y = ed25519.utils.getExtendedPublicKey(Buffer.from(spendSeed, "hex")).scalar;
        const x = edwards25519.setCanonicalBytes(Buffer.from(ghost.views[0] ?? "", "hex"));
        const key = Buffer.from(edwards25519.scalar.toBytes(edwards25519.scalar.add(x, y)));
        const message = Buffer.alloc(32, index);
        expect(verifies(ghost.keys[0] ?? "", message, edwards25519.sign(message, key))).toBe(true);
      }),
      {numRuns: 25},
    );
  });
});

function deriveKey(r: Buffer, viewPublic: Buffer, spendPublic: Buffer, index: number): Uint8Array {
  return deriveGhostPublicKey(r as never, viewPublic as never, spendPublic as never, index) as unknown as Uint8Array;
}

describe("keys from outside", () => {
  const good = hex(ed25519.getPublicKey(new Uint8Array(32).fill(1)));
  test.for([
    {name: "a key", key: good, is: true},
    {name: "upper case", key: good.toUpperCase(), is: false},
    {name: "short", key: good.slice(2), is: false},
    {name: "the neutral point", key: `01${"00".repeat(31)}`, is: false},
    {name: "a point of order 2", key: `ec${"ff".repeat(30)}7f`, is: false},
    {name: "y above the field's prime", key: `ee${"ff".repeat(30)}7f`, is: false},
    {name: "no point", key: `02${"00".repeat(31)}`, is: false},
    {name: "no hex", key: "zz".repeat(32), is: false},
  ])("$name: $is", ({key, is}) => {
    expect(isPoint(key)).toBe(is);
  });
});
