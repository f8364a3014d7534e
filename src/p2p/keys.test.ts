import {expect, test} from "vitest";
import {networkKey, peerIdOf} from "./keys.ts";

// RFC 8032, section 7.1, test 1: seed and public key; the peer id is base58 of 0x00 0x24 ‖ protobuf of the public key
const SEED = Buffer.from("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60", "hex");
const PUBLIC = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";

test("a seed gives the key of RFC 8032 and one peer id", async () => {
  const key = await networkKey(SEED);
  expect(Buffer.from(key.publicKey.raw).toString("hex")).toBe(PUBLIC);
  expect(await peerIdOf(SEED)).toBe(key.publicKey.toString());
  expect(await peerIdOf(SEED)).toMatch(/^12D3KooW[1-9A-HJ-NP-Za-km-z]{44}$/);
});

test("what is no ed25519 key is refused without a word about its bytes", async () => {
  for (const bytes of [new Uint8Array(0), new Uint8Array(31), new Uint8Array(64).fill(7), Uint8Array.of(8, 2, 18, 1, 1)]) {
    const error = await networkKey(bytes).catch((e) => e);
    expect(error).toMatchObject({code: "BAD_KEY"});
    expect(JSON.stringify(error.data)).not.toContain("7,7");
  }
});
