import {readFileSync} from "node:fs";
import {AbiCoder} from "ethers";
import fc from "fast-check";
import {expect, test} from "vitest";
import {type Hex, toHex} from "../base/bytes.ts";
import {type Checkpoint, encodeCheckpoint, rewardLeaf, validatorsHash} from "./checkpoint.ts";

const MEMBER = "tuple(address operator, address consensusKey, uint16 seats)";
const TYPE = `tuple(uint64 epoch, ${MEMBER}[] members, uint32[] participation, address[] jailed, tuple(address operator, uint32 entries)[] released, bytes32 rewardsRoot)`;
const abi = AbiCoder.defaultAbiCoder();

interface Vector {
  name: string;
  checkpoint: Checkpoint;
  encoded: Hex;
  validatorsHash: Hex;
}
const {checkpoints, leaves} = JSON.parse(readFileSync("test/vectors/checkpoint.json", "utf8")) as {
  checkpoints: Vector[];
  leaves: {operator: Hex; earned: string; leaf: Hex}[];
};

test.for(checkpoints)("the vector $name", ({checkpoint, encoded, validatorsHash: hash}) => {
  expect(toHex(encodeCheckpoint(checkpoint))).toBe(encoded);
  expect(validatorsHash(checkpoint.epoch, checkpoint.members)).toBe(hash);
});

test.for(leaves)("the leaf of $earned", ({operator, earned, leaf}) => {
  expect(toHex(rewardLeaf(operator, BigInt(earned)))).toBe(leaf);
});

const address = fc.uint8Array({minLength: 20, maxLength: 20}).map(toHex);
const u16 = fc.integer({min: 0, max: 65_535});
const checkpoint: fc.Arbitrary<Checkpoint> = fc.record({
  epoch: fc.nat(),
  members: fc.array(fc.record({operator: address, consensusKey: address, seats: u16}), {maxLength: 8}),
  participation: fc.array(fc.nat(), {maxLength: 8}),
  jailed: fc.array(address, {maxLength: 4}),
  released: fc.array(fc.record({operator: address, entries: fc.nat()}), {maxLength: 4}),
  rewardsRoot: fc.option(fc.uint8Array({minLength: 32, maxLength: 32}).map(toHex)),
});

test("is what the Solidity ABI says", () =>
  fc.assert(
    fc.property(checkpoint, (c) => {
      const args = abi.encode([TYPE], [{...c, rewardsRoot: c.rewardsRoot ?? `0x${"00".repeat(32)}`}]);
      expect(toHex(encodeCheckpoint(c))).toBe(abi.encode(["uint8", "bytes"], [8, args]));
    }),
  ));
