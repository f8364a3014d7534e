import fc from "fast-check";
import {describe, expect, test} from "vitest";
import {testCodec} from "../../test/support/codec.ts";
import {type Author, blockNamed, evidenceBy, proposalBy, voteBy} from "../../test/support/evidence.ts";
import {evidence} from "../../test/support/facts.ts";
import {secretOf, testNetwork} from "../../test/support/ledger.ts";
import {toHex} from "../base/bytes.ts";
import {Reader, Writer} from "../base/codec.ts";
import {addressOf, recover} from "../crypto/secp256k1.ts";
import {domainSeparator} from "./digests.ts";
import {
  type Evidence,
  type EvidencePlace,
  evidenceDigests,
  evidenceFrom,
  type ProposalEvidence,
  placeKey,
  placeOf,
  readEvidence,
  type VoteEvidence,
  writeEvidence,
} from "./evidence.ts";
import {ZERO_HASH} from "./ids.ts";

const {genesis} = testNetwork();
const author: Author = {genesis, secret: secretOf("liar"), from: 2};
const encode = (of: Evidence) => writeEvidence(new Writer(), of).bytes();
const decode = (bytes: Uint8Array): Evidence => {
  const r = new Reader(bytes);
  const read = readEvidence(r);
  r.end("evidence");
  return read;
};

testCodec("evidence", evidence, {encode, decode}, 2_000);

describe("two signed messages", () => {
  const place = fc.record({
    epoch: fc.nat(3),
    height: fc.nat(1_000),
    round: fc.nat(5),
    type: fc.constantFrom<EvidencePlace["type"]>("proposal", "prevote", "precommit"),
  });

  test("make one evidence in either order, and both signatures recover from its digests to their author", () =>
    fc.assert(
      fc.property(place, fc.nat(255), fc.nat(255), ({type, ...at}, one, other) => {
        const [a, b] = [one, other].map((byte) => {
          const blockHash = blockNamed(byte);
          return type === "proposal"
            ? proposalBy(author, {...at, blockHash})
            : voteBy(author, {...at, type, blockHash: byte === 0 ? null : blockHash});
        }) as [ReturnType<typeof voteBy>, ReturnType<typeof voteBy>];
        const made = evidenceFrom(a, b);
        expect(evidenceFrom(b, a)).toEqual(made);
        if (one === other) expect(made).toBeNull();
        else if (made !== null && !(type === "proposal" && Math.min(one, other) === 0)) {
          expect(decode(encode(made))).toEqual(made);
          expect(placeKey(made)).toBe(placeKey(placeOf(a)));
          const [first, second] = evidenceDigests(domainSeparator(genesis), made);
          expect(recover(first, made.first.signature)).toBe(addressOf(author.secret));
          expect(recover(second, made.second.signature)).toBe(addressOf(author.secret));
          expect([a.blockHash, b.blockHash]).toContain(made.first.blockHash);
        }
      }),
      {numRuns: 60},
    ));

  const vote = voteBy(author);
  const other = blockNamed(0xbb);
  const apart: {name: string; b: ReturnType<typeof voteBy> | ReturnType<typeof proposalBy>}[] = [
    {name: "the same value, signed again", b: {...vote, signature: voteBy({...author, secret: secretOf("x")}).signature}},
    {name: "another epoch", b: voteBy(author, {epoch: 1, blockHash: other})},
    {name: "another height", b: voteBy(author, {height: 2, blockHash: other})},
    {name: "another round", b: voteBy(author, {round: 1, blockHash: other})},
    {name: "another type", b: voteBy(author, {type: "precommit", blockHash: other})},
    {name: "another author", b: voteBy({...author, from: 1}, {blockHash: other})},
    {name: "a proposal", b: proposalBy(author, {blockHash: other})},
  ];
  test.for(apart)("prove nothing: $name", ({b}) => {
    expect(evidenceFrom(vote, b)).toBeNull();
    expect(evidenceFrom(b, vote)).toBeNull();
  });

  test("proposals of one block with another polRound prove nothing", () => {
    expect(evidenceFrom(proposalBy(author, {round: 2, polRound: 0}), proposalBy(author, {round: 2, polRound: 1}))).toBeNull();
  });
});

describe("one encoding", () => {
  const votes = evidenceBy(author) as VoteEvidence;
  const proposals = evidenceBy(author, {type: "proposal"}) as ProposalEvidence;
  const swapped: {name: string; of: Evidence}[] = [
    {name: "votes in the other order", of: {...votes, first: votes.second, second: votes.first}},
    {name: "one value twice", of: {...votes, second: votes.first}},
    {name: "nil second", of: {...votes, second: {...votes.second, blockHash: null}}},
    {name: "proposals in the other order", of: {...proposals, first: proposals.second, second: proposals.first}},
    {name: "a proposal of nothing", of: {...proposals, first: {...proposals.first, blockHash: ZERO_HASH}}},
  ];
  test.for(swapped)("$name is neither encoded nor decoded", ({of}) => {
    expect(() => encode(of)).toThrow(expect.objectContaining({name: "EncodeError"}));
    const raw = new Writer()
      .count(of.epoch)
      .count(of.height)
      .u32(of.round)
      .u8(of.type === "proposal" ? 0 : 1)
      .u16(of.from);
    for (const side of [of.first, of.second]) {
      raw.hex(side.blockHash ?? ZERO_HASH, 32);
      if ("polRound" in side) raw.i32(side.polRound as number);
      raw.fixed(side.signature, 65);
    }
    expect(() => decode(raw.bytes())).toThrow(expect.objectContaining({name: "DecodeError", code: "NOT_CANONICAL"}));
  });

  test("has a fixed size, nil first", () => {
    const nil: VoteEvidence = {...votes, first: {...votes.first, blockHash: null}};
    expect(encode(nil).length).toBe(8 + 8 + 4 + 1 + 2 + 2 * (32 + 65));
    expect(toHex(encode(nil).subarray(23, 55))).toBe(ZERO_HASH);
    expect(decode(encode(nil))).toEqual(nil);
    expect(encode(proposals).length).toBe(encode(votes).length + 8);
  });
});
