import fc from "fast-check";
import type {Hex} from "../../src/base/bytes.ts";
import type {Evidence, ProposalEvidence, VoteEvidence} from "../../src/types/evidence.ts";
import type {Fact} from "../../src/types/facts.ts";
import {amount, bytesOfSize, count, hash, u16, u32, u64} from "./codec.ts";

const place = {kind: fc.constant("evidence" as const), epoch: count, height: count, round: u32, from: u16};
const twoHashes = fc.uniqueArray(hash, {minLength: 2, maxLength: 2}).map((pair) => pair.sort());
const signature = bytesOfSize(65);

const voteEvidence: fc.Arbitrary<VoteEvidence> = fc
  .record({...place, type: fc.constantFrom("prevote", "precommit"), hashes: twoHashes, nil: fc.boolean(), one: signature, other: signature})
  .map(({hashes, nil, one, other, ...rest}) => ({
    ...rest,
    first: {blockHash: nil ? null : (hashes[0] as Hex), signature: one},
    second: {blockHash: hashes[1] as Hex, signature: other},
  }));
const proposalEvidence: fc.Arbitrary<ProposalEvidence> = fc
  .record({
    ...place,
    type: fc.constant("proposal"),
    hashes: twoHashes,
    pols: fc.tuple(fc.integer(), fc.integer()),
    one: signature,
    other: signature,
  })
  .map(({hashes, pols, one, other, ...rest}) => ({
    ...rest,
    first: {blockHash: hashes[0] as Hex, polRound: pols[0], signature: one},
    second: {blockHash: hashes[1] as Hex, polRound: pols[1], signature: other},
  }));
export const evidence: fc.Arbitrary<Evidence> = fc.oneof(voteEvidence, proposalEvidence);

/** Facts of each kind, of any value that has an encoding. */
export const facts: Record<Fact["kind"], fc.Arbitrary<Fact>> = {
  tick: fc.constant({kind: "tick"}),
  chainHead: fc.record({kind: fc.constant("chainHead"), platform: hash, number: count, hash, timestamp: count, logs: u32}),
  chainLog: fc.record({
    kind: fc.constant("chainLog"),
    platform: hash,
    block: count,
    index: u32,
    topics: fc.array(hash, {maxLength: 4}),
    data: fc.uint8Array({maxLength: 100}),
  }),
  dkgMessage: fc.record({
    kind: fc.constant("dkgMessage"),
    from: u16,
    body: fc.uint8Array({maxLength: 100}),
    signature: bytesOfSize(65),
  }),
  evidence,
  assetInfo: fc.record({
    kind: fc.constant("assetInfo"),
    asset: fc.uuid(),
    symbol: fc.constantFrom("BTC", "é", "x".repeat(32)),
    name: fc.constantFrom("Bitcoin", "名前", "y".repeat(64)),
  }),
  mask: fc.record({
    kind: fc.constant("mask"),
    process: fc.uuid(),
    senders: fc.array(fc.uuid(), {maxLength: 3}),
    threshold: u16,
    signature: bytesOfSize(96),
  }),
  payoutReceipt: fc.record({kind: fc.constant("payoutReceipt"), traceId: fc.uuid(), txHash: hash}),
  payoutVoided: fc.record({kind: fc.constant("payoutVoided"), traceId: fc.uuid(), txHash: hash}),
  payoutRefused: fc.record({
    kind: fc.constant("payoutRefused"),
    traceId: fc.uuid(),
    buildIndex: u32,
    reason: fc.constantFrom("unusable", "impossible"),
  }),
  mixinOutput: fc.record({
    kind: fc.constant("mixinOutput"),
    outputId: fc.uuid(),
    sequence: u64,
    txHash: hash,
    index: u16,
    requestId: fc.uuid(),
    asset: fc.uuid(),
    amount,
    receiversHash: hash,
    senders: fc.array(fc.uuid(), {maxLength: 3}),
    sendersThreshold: u16,
    extra: fc.uint8Array({maxLength: 256}),
    references: fc.array(hash, {maxLength: 3}),
    createdAt: u64,
  }),
};

export const anyFact: fc.Arbitrary<Fact> = fc.oneof(...Object.values(facts));
