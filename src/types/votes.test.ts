import fc from "fast-check";
import {describe, expect, test} from "vitest";
import {bytesOfSize, count, hash, testCodec, u16, u32} from "../../test/support/codec.ts";
import {Reader, Writer} from "../base/codec.ts";
import {ZERO_HASH} from "./ids.ts";
import {
  type Certificate,
  decodeVote,
  encodeVote,
  type Proof,
  readCertificate,
  readProof,
  readProposal,
  readSeatSignatures,
  type SeatSignature,
  type SignedProposal,
  type SignedVote,
  writeCertificate,
  writeProof,
  writeProposal,
  writeSeatSignatures,
} from "./votes.ts";

const someHash = hash.filter((h) => h !== ZERO_HASH);
const vote: fc.Arbitrary<SignedVote> = fc.record({
  epoch: count,
  height: count,
  round: u32,
  type: fc.constantFrom("prevote", "precommit"),
  blockHash: fc.option(someHash),
  from: u16,
  signature: bytesOfSize(65),
});
const proposal: fc.Arbitrary<SignedProposal> = fc.record({
  epoch: count,
  height: count,
  round: u32,
  polRound: fc.integer(),
  blockHash: hash,
  from: u16,
  signature: bytesOfSize(65),
});
const certificate: fc.Arbitrary<Certificate> = fc.record({
  epoch: count,
  height: count,
  round: u32,
  blockHash: hash,
  signature: bytesOfSize(96),
});
const seats: fc.Arbitrary<SeatSignature[]> = fc
  .uniqueArray(fc.integer({min: 1, max: 0xffff}), {maxLength: 4})
  .chain((list) => fc.tuple(...list.sort((a, b) => a - b).map((seat) => bytesOfSize(96).map((signature) => ({seat, signature})))));
const proof: fc.Arbitrary<Proof> = fc.oneof(
  certificate.map((c) => ({kind: "certificate" as const, certificate: c})),
  fc.uniqueArray(vote, {maxLength: 3, selector: (v) => v.from}).map((votes) => ({
    kind: "votes" as const,
    votes: votes.sort((a, b) => a.from - b.from),
  })),
);

/** A reader of part of a message as a decoder of the whole. */
const whole =
  <T>(read: (r: Reader) => T) =>
  (bytes: Uint8Array): T => {
    const r = new Reader(bytes);
    const value = read(r);
    r.end("end");
    return value;
  };

testCodec("vote", vote, {encode: encodeVote, decode: decodeVote});
testCodec("proposal", proposal, {encode: (p) => writeProposal(new Writer(), p).bytes(), decode: whole(readProposal)});
testCodec("certificate", certificate, {encode: (c) => writeCertificate(new Writer(), c).bytes(), decode: whole(readCertificate)});
testCodec("seat signatures", seats, {encode: (s) => writeSeatSignatures(new Writer(), s).bytes(), decode: whole(readSeatSignatures)});
testCodec("proof", proof, {encode: (p) => writeProof(new Writer(), p).bytes(), decode: whole(readProof)});

describe("refused", () => {
  const [base] = fc.sample(vote, {numRuns: 1, seed: 3}) as [SignedVote];
  const notCanonical = expect.objectContaining({name: "DecodeError", code: "NOT_CANONICAL"});
  test("a nil vote with a hash, and a vote for the zero hash", () => {
    const nil = encodeVote({...base, blockHash: null});
    const place = 8 + 8 + 4 + 1 + 1;
    const withHash = nil.slice();
    withHash[place + 31] = 1;
    expect(() => decodeVote(withHash)).toThrow(notCanonical);
    const present = nil.slice();
    present[place - 1] = 1;
    expect(() => decodeVote(present)).toThrow(notCanonical);
  });
  test("seats out of order, twice, or 0", () => {
    const signature = new Uint8Array(96);
    for (const list of [[2, 1], [1, 1], [0], [0, 1]]) {
      const bytes = writeSeatSignatures(
        new Writer(),
        list.map((seat) => ({seat, signature})),
      ).bytes();
      expect(() => whole(readSeatSignatures)(bytes)).toThrow(notCanonical);
    }
  });
  test("votes of a proof out of order, or of one validator twice", () => {
    for (const from of [
      [2, 1],
      [1, 1],
    ]) {
      const votes = from.map((index) => ({...base, from: index}));
      expect(() => whole(readProof)(writeProof(new Writer(), {kind: "votes", votes}).bytes())).toThrow(notCanonical);
    }
  });
  test("65 of anything", () => {
    const signature = new Uint8Array(96);
    const bytes = writeSeatSignatures(
      new Writer(),
      Array.from({length: 65}, (_, i) => ({seat: i + 1, signature})),
    ).bytes();
    expect(() => whole(readSeatSignatures)(bytes)).toThrow(expect.objectContaining({code: "TOO_LONG"}));
  });
});
