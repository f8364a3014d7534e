import {AbiCoder, keccak256, solidityPacked, toUtf8Bytes} from "ethers";
import fc from "fast-check";
import {describe, expect, test} from "vitest";
import {address, count, hash, testCodec, u32, u64} from "../../test/support/codec.ts";
import {anyFact} from "../../test/support/facts.ts";
import {BLOCK_BYTES_MAX, BLOCK_VERSION, type Block, blockHash, blockHashOf, coreHash, decodeBlock, encodeBlock} from "./block.ts";

const block: fc.Arbitrary<Block> = fc.record({
  height: count,
  header: fc.record({
    networkId: hash,
    parentHash: hash,
    epoch: count,
    proposer: address,
    time: count,
    payloadRoot: hash,
    stateRoot: hash,
  }),
  outboxes: fc.array(fc.record({platform: hash, seq: u64, systemHash: hash, root: hash, count: u32}), {maxLength: 3}),
  facts: fc.array(anyFact, {maxLength: 4}),
});

testCodec("block", block, {encode: encodeBlock, decode: decodeBlock});

test("coreHash and blockHash are what ethers computes of the protocol's formulas", () =>
  fc.assert(
    fc.property(block, (b) => {
      const {networkId, parentHash, epoch, proposer, time, payloadRoot, stateRoot} = b.header;
      const core = keccak256(
        solidityPacked(
          ["uint16", "bytes32", "bytes32", "uint64", "address", "uint64", "bytes32", "bytes32"],
          [BLOCK_VERSION, networkId, parentHash, epoch, proposer, time, payloadRoot, stateRoot],
        ),
      );
      expect(coreHash(b.header)).toBe(core);
      const hashed = keccak256(
        AbiCoder.defaultAbiCoder().encode(
          ["bytes32", "uint64", "bytes32", "tuple(bytes32 platform,uint64 seq,bytes32 systemHash,bytes32 root,uint32 count)[]"],
          [keccak256(toUtf8Bytes("mvm.block.v1")), b.height, core, b.outboxes],
        ),
      );
      expect(blockHash(b)).toBe(hashed);
      expect(blockHashOf(b.height, coreHash(b.header), b.outboxes)).toBe(hashed);
    }),
  ));

describe("the block hash names", () => {
  const [base] = fc.sample(
    block.filter((b) => b.outboxes.length > 0),
    {numRuns: 1, seed: 1},
  ) as [Block];
  const zero = `0x${"00".repeat(32)}` as const;
  const changes: [string, Block][] = [
    ["the height", {...base, height: base.height + 1}],
    ["the network", {...base, header: {...base.header, networkId: zero}}],
    ["the parent", {...base, header: {...base.header, parentHash: zero}}],
    ["the epoch", {...base, header: {...base.header, epoch: base.header.epoch + 1}}],
    ["the proposer", {...base, header: {...base.header, proposer: `0x${"00".repeat(20)}`}}],
    ["the time", {...base, header: {...base.header, time: base.header.time + 1}}],
    ["the payload", {...base, header: {...base.header, payloadRoot: zero}}],
    ["the state", {...base, header: {...base.header, stateRoot: zero}}],
    ["the outboxes", {...base, outboxes: []}],
  ];
  test.for(changes)("%s", ([, other]) => {
    expect(blockHash(other)).not.toBe(blockHash(base));
  });
});

describe("decodeBlock refuses", () => {
  const [base] = fc.sample(block, {numRuns: 1, seed: 2}) as [Block];
  test("another version", () => {
    const bytes = encodeBlock(base);
    bytes[9] = BLOCK_VERSION + 1;
    expect(() => decodeBlock(bytes)).toThrow(
      expect.objectContaining({code: "UNKNOWN_TAG", data: expect.objectContaining({field: "block.version"})}),
    );
  });
  test("what is too large, before it reads", () => {
    expect(() => decodeBlock(new Uint8Array(BLOCK_BYTES_MAX + 1))).toThrow(expect.objectContaining({code: "TOO_LONG"}));
  });
  test("1,001 facts and 1,001 outboxes", () => {
    const facts = Array(1_001).fill({kind: "tick"});
    const outboxes = Array(1_001).fill({
      platform: `0x${"00".repeat(32)}`,
      seq: 0n,
      systemHash: base.header.networkId,
      root: base.header.networkId,
      count: 0,
    });
    for (const block of [
      {...base, facts},
      {...base, outboxes},
    ])
      expect(() => decodeBlock(encodeBlock(block))).toThrow(expect.objectContaining({code: "TOO_LONG"}));
  });
});
