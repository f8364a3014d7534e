import {dataSlice, id, Signature, Wallet} from "ethers";
import {afterAll, beforeAll, describe, expect, test} from "vitest";
import {blsKey} from "./support/bls.ts";
import {type Chain, startChain} from "./support/chain.ts";
import {type Activation, activateArgs, deployGroup, type Group, highS, validatorKeys, validatorsHash} from "./support/group.ts";

let chain: Chain;
beforeAll(async () => {
  chain = await startChain();
});
afterAll(() => chain.stop());

const refused = async (group: Group, change: Partial<Activation>, signers = [0, 1, 2]) =>
  (await group.contract.reverts("activate", activateArgs({...group.activation(signers), ...change}))).name;

describe("activation", () => {
  test("by a quorum puts the key in place, once", async () => {
    const group = await deployGroup(chain);
    expect((await group.contract.read("groupKey"))[0]).toBe("0x");
    const activation = group.activation([0, 2, 3]);
    const receipt = await group.contract.send("activate", activateArgs(activation));
    expect(receipt.logs.map((log) => [log.name, ...log.args])).toEqual([
      ["Activated", activation.sid, activation.transcript, group.key.publicKey, 0n],
    ]);
    expect((await group.contract.read("groupKey"))[0]).toBe(group.key.publicKey);
    expect((await group.contract.read("adminCounter"))[0]).toBe(1n);
    expect((await group.contract.read("epoch"))[0]).toBe(0n);
    expect(await refused(group, {})).toBe("AlreadyActive");
  });

  test("computes network, platform and validators as the network does", async () => {
    const group = await deployGroup(chain);
    expect((await group.contract.read("networkId"))[0]).toBe(group.networkId);
    expect((await group.contract.read("platform"))[0]).toBe(group.platform);
    const keys = group.validators.wallets.map((w) => w.address);
    expect((await group.contract.read("validatorsHash"))[0]).toBe(validatorsHash(0n, keys, [1, 1, 1, 1]));
  });

  test("needs floor(2W/3) + 1 seats, not validators", async () => {
    const group = await deployGroup(chain, validatorKeys([3, 3, 2, 2])); // W = 10, q = 7
    expect(await refused(group, {}, [0, 1])).toBe("QuorumMissing"); // 6
    await group.contract.send("activate", activateArgs(group.activation([0, 2, 3]))); // 7
  });

  test("two thirds exactly is not a quorum", async () => {
    const group = await deployGroup(chain, validatorKeys([2, 2, 1, 1])); // W = 6, q = 5
    const revert = await group.contract.reverts("activate", activateArgs(group.activation([0, 1])));
    expect([revert.name, ...revert.args]).toEqual(["QuorumMissing", 4n, 5n]);
  });

  test("refuses a forged quorum", async () => {
    const group = await deployGroup(chain);
    const {signatures} = group.activation([0, 1, 2]);
    const [first = "", second = "", third = ""] = signatures;
    const stranger = new Wallet(id("stranger"));
    const foreign = stranger.signingKey.sign(group.adminDigest(group.activation([0]))).serialized;
    expect(await refused(group, {signatures: [first, second, foreign, "0x"]})).toBe("BadSignature");
    expect(await refused(group, {signatures: [first, first, third, "0x"]})).toBe("BadSignature"); // one signature twice
    expect(await refused(group, {signatures: [second, first, third, "0x"]})).toBe("BadSignature");
    expect(await refused(group, {signatures: [first, second, dataSlice(third, 0, 64), "0x"]})).toBe("BadSignature");
    expect(await refused(group, {signatures: [first, second, highS(Signature.from(third)), "0x"]})).toBe("BadSignature");
    expect(await refused(group, {signatures: [first, second, `${third.slice(0, -2)}00`, "0x"]})).toBe("BadSignature"); // v 0
    expect(await refused(group, {signatures: [first, second, "0x", "0x"]})).toBe("QuorumMissing");
    expect(await refused(group, {signatures: [first, second, third]})).toBe("WrongValidators");
    expect(await refused(group, {signatures: []})).toBe("WrongValidators");
  });

  test("refuses other validators, seats or epoch than the hash names", async () => {
    const group = await deployGroup(chain);
    const mine = validatorKeys([1, 1, 1, 1]).wallets.map((_, i) => new Wallet(id(`mine ${i}`)));
    const digest = group.adminDigest(group.activation([0]));
    expect(
      await refused(group, {keys: mine.map((w) => w.address), signatures: mine.map((w) => w.signingKey.sign(digest).serialized)}),
    ).toBe("WrongValidators");
    expect(await refused(group, {seats: [9, 1, 1, 1]})).toBe("WrongValidators");
    expect(await refused(group, {epoch: 1n})).toBe("WrongValidators");
    expect(await refused(group, {keys: [], seats: [], signatures: []})).toBe("WrongValidators");
  });

  test("refuses every signed argument when it is altered", async () => {
    const group = await deployGroup(chain);
    const other = blsKey(77n);
    const changes: Partial<Activation>[] = [
      {groupKey: other.publicKey},
      {pop: other.sign(id("x"))},
      {sid: id("other")},
      {transcript: id("other")},
      {deadline: 10n ** 11n + 1n},
    ];
    for (const change of changes) expect(await refused(group, change), Object.keys(change).join()).toBe("BadSignature");
    const elsewhere = await deployGroup(chain); // same validators, another contract
    const activation = elsewhere.activation([0, 1, 2]);
    expect((await group.contract.reverts("activate", activateArgs(activation))).name).toBe("BadSignature");
    const next = group.validators.wallets.map((w) => w.signingKey.sign(group.adminDigest(group.activation([]), 1n)).serialized);
    expect(await refused(group, {signatures: next})).toBe("BadSignature"); // counter 1
  });

  test("refuses a wrong proof of possession, whoever signed for it", async () => {
    const group = await deployGroup(chain);
    const {sid, transcript, groupKey} = group.activation([]);
    const other = blsKey(77n);
    const byQuorum = (change: Partial<Activation>) =>
      group.contract.reverts("activate", activateArgs(group.activation([0, 1, 2, 3], change))).then((r) => r.name);
    expect(await byQuorum({pop: other.sign(group.ack({groupKey, sid, transcript}))})).toBe("BadProofOfPossession");
    expect(await byQuorum({pop: group.key.sign(group.ack({groupKey, sid: id("other"), transcript}))})).toBe("BadProofOfPossession");
    expect(await byQuorum({pop: `0x${"00".repeat(256)}`})).toBe("BadProofOfPossession");
    expect(await byQuorum({pop: "0x"})).toBe("BadProofOfPossession");
    expect(await byQuorum({groupKey: `0x${"00".repeat(128)}`, pop: `0x${"00".repeat(256)}`})).toBe("BadProofOfPossession");
    expect(await byQuorum({groupKey: "0x"})).toBe("BadProofOfPossession");
    expect(await byQuorum({groupKey: `${groupKey}00`})).toBe("BadProofOfPossession");
  });

  test("refuses after the deadline", async () => {
    const group = await deployGroup(chain);
    const late = group.activation([0, 1, 2], {deadline: 1n});
    expect((await group.contract.reverts("activate", activateArgs(late))).name).toBe("Expired");
  });
});
