import {AbiCoder, keccak256, TypedDataEncoder, toUtf8Bytes} from "ethers";
import fc from "fast-check";
import {describe, expect, test} from "vitest";
import {address, bytesOfSize, count, hash, u32, u64} from "../../test/support/codec.ts";
import {type Hex, toHex} from "../base/bytes.ts";
import {
  ackDigest,
  activateDigest,
  certificateDigest,
  consensusKeyDigest,
  dkgMessageDigest,
  domainSeparator,
  maskDigest,
  networkIdOf,
  platformOf,
  proposalDigest,
  traceId,
  voteDigest,
} from "./digests.ts";
import {uuidBytes, ZERO_HASH} from "./ids.ts";

const coder = AbiCoder.defaultAbiCoder();
const tag = (text: string) => keccak256(toUtf8Bytes(text));
const hashOf = (types: string[], values: unknown[]) => keccak256(coder.encode(types, values));
/** Runs one comparison for many values. */
const same = <T>(values: fc.Arbitrary<T>, ours: (value: T) => Uint8Array | Hex, theirs: (value: T) => string) =>
  fc.assert(
    fc.property(values, (value) => {
      const own = ours(value);
      expect(typeof own === "string" ? own : toHex(own)).toBe(theirs(value));
    }),
    {numRuns: 50},
  );

describe("abi.encode digests are those of ethers", () => {
  test("networkId", () =>
    same(fc.record({homeChainId: count, staking: address, salt: hash}), networkIdOf, ({homeChainId, staking, salt}) =>
      hashOf(["bytes32", "uint256", "address", "bytes32"], [tag("mvm.network.v1"), homeChainId, staking, salt]),
    ));
  test("platform", () =>
    same(
      fc.tuple(count, address),
      ([id, group]) => platformOf(id, group),
      ([id, group]) => hashOf(["uint256", "address"], [id, group]),
    ));
  test("certificate", () =>
    same(fc.record({networkId: hash, epoch: count, height: count, round: u32, blockHash: hash}), certificateDigest, (c) =>
      hashOf(
        ["bytes32", "bytes32", "uint64", "uint64", "uint32", "bytes32"],
        [tag("mvm.certificate.v1"), c.networkId, c.epoch, c.height, c.round, c.blockHash],
      ),
    ));
  test("ack", () =>
    same(fc.record({networkId: hash, sid: hash, transcript: hash, groupKey: bytesOfSize(128)}), ackDigest, (a) =>
      hashOf(
        ["bytes32", "bytes32", "bytes32", "bytes32", "bytes32"],
        [tag("mvm.ack.v1"), a.networkId, a.sid, a.transcript, keccak256(a.groupKey)],
      ),
    ));
  test("DKG message", () =>
    same(
      fc.tuple(hash, fc.uint8Array({maxLength: 99})),
      ([id, body]) => dkgMessageDigest(id, body),
      ([id, body]) => hashOf(["bytes32", "bytes32", "bytes32"], [tag("mvm.dkg.v1"), id, keccak256(body)]),
    ));
  test("trace id: 16 bytes of it, in the form of a UUID of version 3", () =>
    fc.assert(
      fc.property(fc.record({networkId: hash, kind: fc.nat(255), id: hash, buildIndex: u32}), (of) => {
        const full = hashOf(
          ["bytes32", "bytes32", "uint8", "bytes32", "uint32"],
          [tag("mvm.trace.v1"), of.networkId, of.kind, of.id, of.buildIndex],
        );
        const id = traceId(of);
        expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-3[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
        const digits = id.replaceAll("-", "");
        for (let i = 0; i < 32; i++) if (i !== 12 && i !== 16) expect(digits.charAt(i)).toBe(full.charAt(2 + i));
      }),
      {numRuns: 50},
    ));
  test("mask: the same for any order of the senders", () =>
    fc.assert(
      fc.property(
        hash,
        fc.uuid(),
        fc.array(fc.uuid(), {minLength: 1, maxLength: 4}),
        fc.nat(4),
        (networkId, process, senders, threshold) => {
          const sorted = [...senders].sort().map(uuidBytes);
          const full = hashOf(
            ["bytes32", "bytes32", "bytes16", "bytes16[]", "uint16"],
            [tag("mvm.mask.v1"), networkId, uuidBytes(process), sorted, threshold],
          );
          expect(toHex(maskDigest({networkId, process, senders, threshold}))).toBe(full);
          expect(toHex(maskDigest({networkId, process, senders: [...senders].reverse(), threshold}))).toBe(full);
        },
      ),
      {numRuns: 50},
    ));
});

describe("typed data is that of ethers", () => {
  const chain = {homeChainId: 31_337, staking: `0x${"ab".repeat(20)}`, networkId: `0x${"5a".repeat(32)}`} as const;
  const domain = {name: "MVM", version: "1", chainId: chain.homeChainId, verifyingContract: chain.staking, salt: chain.networkId};
  const separator = domainSeparator(chain);
  const fields = (text: string) =>
    text.split(",").map((field) => {
      const [type = "", name = ""] = field.split(" ");
      return {type, name};
    });
  test("domain", () => {
    expect(toHex(separator)).toBe(TypedDataEncoder.hashDomain(domain));
  });
  test("vote", () => {
    const types = {Vote: fields("uint64 epoch,uint64 height,uint32 round,uint8 voteType,bytes32 blockHash")};
    const vote = fc.record({
      epoch: count,
      height: count,
      round: u32,
      type: fc.constantFrom("prevote" as const, "precommit" as const),
      blockHash: fc.option(hash),
    });
    same(
      vote,
      (v) => voteDigest(separator, v),
      ({type, blockHash, ...v}) =>
        TypedDataEncoder.hash(domain, types, {...v, voteType: type === "prevote" ? 1 : 2, blockHash: blockHash ?? ZERO_HASH}),
    );
  });
  test("proposal", () => {
    const types = {Proposal: fields("uint64 epoch,uint64 height,uint32 round,int32 polRound,bytes32 blockHash")};
    const proposal = fc.record({epoch: count, height: count, round: u32, polRound: fc.integer({min: -1}), blockHash: hash});
    same(
      proposal,
      (p) => proposalDigest(separator, p),
      (p) => TypedDataEncoder.hash(domain, types, p),
    );
  });
  test("consensus key", () =>
    same(
      address,
      (operator) => consensusKeyDigest(separator, operator),
      (operator) => TypedDataEncoder.hash(domain, {ConsensusKey: fields("address operator")}, {operator}),
    ));
  test("activation", () => {
    const types = {Admin: fields("bytes32 action,bytes32 platform,uint64 counter,bytes32 argsHash,uint64 deadline")};
    const args = fc.record({
      platform: hash,
      counter: u64,
      groupKey: bytesOfSize(128),
      pop: bytesOfSize(256),
      sid: hash,
      transcript: hash,
      epoch: count,
      deadline: u64,
    });
    same(
      args,
      (a) => activateDigest(separator, a),
      ({platform, counter, deadline, ...a}) => {
        const argsHash = hashOf(["bytes", "bytes", "bytes32", "bytes32", "uint64"], [a.groupKey, a.pop, a.sid, a.transcript, a.epoch]);
        return TypedDataEncoder.hash(domain, types, {action: tag("activate"), platform, counter, argsHash, deadline});
      },
    );
  });
});
