import {describe, expect, test} from "vitest";
import {bytesOf, NETWORK_ID} from "../../test/support/dkg.ts";
import type {Hex} from "../base/bytes.ts";
import {blsPublicKey, blsSign} from "../crypto/bls.ts";
import {DEPOSIT_EPOCH, type EncKeyOwner, encKeyProof, verifyEncKeyProof} from "./enc-key.ts";

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
