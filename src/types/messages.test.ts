import fc from "fast-check";
import {expect, test} from "vitest";
import {bytesOfSize, count, hash, testCodec, u16, u32} from "../../test/support/codec.ts";
import {evidence} from "../../test/support/facts.ts";
import {decodeDecidedBlock, decodeMessage, encodeDecidedBlock, encodeMessage, MESSAGE_KINDS, type Message} from "./messages.ts";

const vote = fc.record({
  epoch: count,
  height: count,
  round: u32,
  type: fc.constantFrom("prevote" as const, "precommit" as const),
  blockHash: fc.option(hash),
  from: u16,
  signature: bytesOfSize(65),
});
const certificate = fc.record({epoch: count, height: count, round: u32, blockHash: hash, signature: bytesOfSize(96)});
const partials = fc.array(bytesOfSize(96), {maxLength: 3}).map((list) => list.map((signature, i) => ({seat: i + 1, signature})));

const messages: {[K in Message["kind"]]: fc.Arbitrary<Message & {kind: K}>} = {
  proposal: fc.record({
    kind: fc.constant("proposal"),
    proposal: fc.record({
      epoch: count,
      height: count,
      round: u32,
      polRound: fc.integer(),
      blockHash: hash,
      from: u16,
      signature: bytesOfSize(65),
    }),
    block: fc.uint8Array({maxLength: 50}),
    polka: fc.array(vote, {maxLength: 2}),
  }),
  vote: fc.record({kind: fc.constant("vote"), vote, partials}),
  partials: fc.record({kind: fc.constant("partials"), epoch: count, height: count, round: u32, blockHash: hash, partials}),
  certificate: fc.record({kind: fc.constant("certificate"), certificate}),
  dkg: fc.record({kind: fc.constant("dkg"), from: u16, body: fc.uint8Array({maxLength: 50}), signature: bytesOfSize(65)}),
  activation: fc.record({kind: fc.constant("activation"), from: u16, platform: hash, sid: hash, signature: bytesOfSize(65)}),
  maskPartials: fc.record({kind: fc.constant("maskPartials"), digest: hash, partials}),
  status: fc.record({kind: fc.constant("status"), height: count, round: u32, outputs: fc.array(fc.uuid(), {maxLength: 4})}),
  evidence,
};
for (const kind of MESSAGE_KINDS)
  testCodec<Message>(kind, messages[kind] as fc.Arbitrary<Message>, {encode: encodeMessage, decode: decodeMessage}, 500);

testCodec(
  "decided block",
  fc.record({block: fc.uint8Array({maxLength: 50}), proof: certificate.map((c) => ({kind: "certificate" as const, certificate: c}))}),
  {encode: encodeDecidedBlock, decode: decodeDecidedBlock},
  500,
);

test("a status with 101 outputs is refused", () => {
  const outputs = Array(101).fill("bd670872-76ce-3263-b933-3aa337e212a4");
  const bytes = encodeMessage({kind: "status", height: 1, round: 0, outputs});
  expect(() => decodeMessage(bytes)).toThrow(expect.objectContaining({code: "TOO_LONG"}));
});

test("an unknown kind is refused", () => {
  expect(() => decodeMessage(Uint8Array.of(MESSAGE_KINDS.length))).toThrow(expect.objectContaining({code: "UNKNOWN_TAG"}));
});
