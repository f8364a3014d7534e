import {expect, test} from "vitest";
import {type Hex, toHex} from "../base/bytes.ts";
import {blsPublicKey, blsSign, g1ToEip2537} from "../crypto/bls.ts";
import {blockHashOf, type Outbox} from "../types/block.ts";
import {certificateDigest} from "../types/digests.ts";
import {type CertificateClaim, verifyCertificate} from "./certificate.ts";

const word = (byte: string): Hex => `0x${byte.repeat(32)}`;
const secret = new Uint8Array(32).fill(7);
const outboxes: Outbox[] = [{platform: word("01"), seq: 3n, systemHash: word("00"), root: word("02"), count: 1}];
const of = {networkId: word("0a"), epoch: 0, height: 42, round: 1};
const blockHash = blockHashOf(of.height, word("0b"), outboxes);
const signature = toHex(blsSign(secret, certificateDigest({...of, blockHash})));
const claim: CertificateClaim = {...of, block: {coreHash: word("0b"), outboxes}, signature};
const key = toHex(blsPublicKey(secret));

test("a certificate verifies by the block's parts or its hash, and by either form of the key", () => {
  expect(verifyCertificate(claim, key)).toBe(true);
  expect(verifyCertificate({...claim, block: blockHash}, toHex(g1ToEip2537(blsPublicKey(secret))))).toBe(true);
});

const altered: [string, Partial<CertificateClaim>][] = [
  ["network", {networkId: word("0c")}],
  ["epoch", {epoch: 1}],
  ["height", {height: 43}],
  ["round", {round: 0}],
  ["core hash", {block: {coreHash: word("0d"), outboxes}}],
  ["outbox", {block: {coreHash: word("0b"), outboxes: outboxes.map((o) => ({...o, count: 2}))}}],
  ["signature of another message", {signature: toHex(blsSign(secret, new Uint8Array(32)))}],
  ["signature at infinity", {signature: `0xc0${"00".repeat(95)}`}],
  ["short signature", {signature: "0x00"}],
];
test.for(altered)("another %s is refused", ([, change]) => {
  expect(verifyCertificate({...claim, ...change}, key)).toBe(false);
});

test.for<[string, Hex]>([
  ["another key", toHex(blsPublicKey(new Uint8Array(32).fill(8)))],
  ["the point at infinity", `0xc0${"00".repeat(47)}`],
  ["a point outside the subgroup", `0x80${"00".repeat(47)}`],
  ["zeros", `0x${"00".repeat(128)}`],
])("%s verifies nothing", ([, other]) => {
  expect(verifyCertificate(claim, other)).toBe(false);
});
