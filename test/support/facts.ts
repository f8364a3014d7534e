import fc from "fast-check";
import type {Fact} from "../../src/types/facts.ts";
import {amount, bytesOfSize, count, hash, u16, u32, u64} from "./codec.ts";

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
  payoutReceipt: fc.record({kind: fc.constant("payoutReceipt"), traceId: fc.uuid(), txHash: hash}),
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
