import {describe, expect, test} from "vitest";
import {bytesOf, codeOf, NETWORK_ID} from "../../test/support/dkg.ts";
import {concatBytes, fromHex, type Hex} from "../base/bytes.ts";
import {blsPublicKey, blsSign} from "../crypto/bls.ts";
import {decodeDkgBody, decodeEncKey, encodeEncKey, isEncKeyBody} from "../types/dkg.ts";
import {admitEncKey, DEPOSIT_EPOCH, type EncKeyOwner, encKeyProof, makeEncKey, verifyEncKeyProof} from "./enc-key.ts";

const secret = bytesOf("dealing key");
const encKey = blsPublicKey(secret);
const owner: EncKeyOwner = {networkId: NETWORK_ID, epoch: DEPOSIT_EPOCH, operator: "0x00000000000000000000000000000000000000aa"};
const proof = encKeyProof(secret, owner);

describe("proof of possession of a dealing key", () => {
  test("holds for its key and owner", () => {
    expect(verifyEncKeyProof(encKey, proof, owner)).toBe(true);
  });

  const other: Hex = `0x${"5b".repeat(32)}`;
  test.for([
    {name: "another operator", key: encKey, given: proof, of: {...owner, operator: "0x00000000000000000000000000000000000000ab" as Hex}},
    {name: "another epoch", key: encKey, given: proof, of: {...owner, epoch: 0n}},
    {name: "another network", key: encKey, given: proof, of: {...owner, networkId: other}},
    {name: "another key", key: blsPublicKey(bytesOf("other")), given: proof, of: owner},
    {name: "a signature on something else", key: encKey, given: blsSign(secret, new Uint8Array(32)), of: owner},
    {name: "no point for a key", key: new Uint8Array(48), given: proof, of: owner},
    {name: "no signature", key: encKey, given: new Uint8Array(0), of: owner},
  ])("does not hold for $name", ({key, given, of}) => {
    expect(verifyEncKeyProof(key, given, of)).toBe(false);
  });
});

describe("a dealing key for the next epoch", () => {
  const operator = owner.operator;
  const of = {networkId: NETWORK_ID, epoch: 7, operator, taken: [blsPublicKey(bytesOf("of another"))]};
  const body = makeEncKey(secret, of);
  /** The order-3 point added: the same discrete logarithm to who does not look at the subgroup. */
  const shifted = fromHex("0x86bb2d9af2beabd350bb5560fac56ec074911494611f83bbd2c266785e3c4a94b3b220595c3a73815b678a4ee8157e49");

  test("is taken, and has one encoding", () => {
    expect(admitEncKey({from: 2, body}, of)).toEqual(encKey);
    expect(isEncKeyBody(body)).toBe(true);
    expect(body).toHaveLength(154);
    expect(encodeEncKey(decodeEncKey(body))).toEqual(body);
  });

  const encoded = (change: object) => encodeEncKey({...decodeEncKey(body), ...change});
  test.for([
    {name: "of another epoch", code: "WRONG_EPOCH", given: makeEncKey(secret, {...of, epoch: 8})},
    {name: "that is another's", code: "REUSED_POINT", given: makeEncKey(bytesOf("of another"), of)},
    {
      name: "that is another's, proven by it",
      code: "BAD_PROOF",
      given: makeEncKey(secret, {...of, operator: "0x00000000000000000000000000000000000000ab"}),
    },
    {name: "proven for another epoch", code: "BAD_PROOF", given: encoded({proof: encKeyProof(secret, {...owner, epoch: 8n})})},
    {name: "proven for the deposit", code: "BAD_PROOF", given: encoded({proof})},
    {name: "that is another's and a point of order 3", code: "BAD_PROOF", given: encoded({encKey: shifted})},
    {name: "at infinity", code: "BAD_PROOF", given: encoded({encKey: fromHex(`0xc0${"00".repeat(47)}`)})},
    {name: "cut short", code: "MALFORMED", given: body.subarray(1)},
    {name: "with a byte more", code: "MALFORMED", given: concatBytes(body, new Uint8Array(1))},
    {name: "of another version", code: "MALFORMED", given: body.with(0, 2)},
    {name: "of another type", code: "MALFORMED", given: body.with(1, 4)},
  ])("$name: $code", ({code, given}) => {
    for (let i = 0; i < 2; i++) expect(codeOf(() => admitEncKey({from: 2, body: given}, of))).toBe(code);
  });

  test("is nothing that a session takes", () => {
    expect(codeOf(() => decodeDkgBody(body))).toBe("UNKNOWN_TAG");
  });
});
