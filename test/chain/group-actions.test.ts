import {Interface, type InterfaceAbi} from "ethers";
import {afterAll, beforeAll, describe, expect, test} from "vitest";
import {artifactOf, compileContracts} from "../../scripts/compile.ts";
import {abiHash, array, bytes} from "../../src/base/abi.ts";
import {fromHex, type Hex, toHex, utf8} from "../../src/base/bytes.ts";
import {keccakHex} from "../../src/base/hash.ts";
import {deployContract} from "../../src/chain/deploy.ts";
import type {RpcGroupContract} from "../../src/chain/group.ts";
import {transact} from "../../src/chain/staking.ts";
import {blsPublicKey, g1ToEip2537} from "../../src/crypto/bls.ts";
import {eventLeaf, merkleRoot} from "../../src/crypto/merkle.ts";
import type {GroupAction} from "../../src/ports/chain.ts";
import {blockHashOf} from "../../src/types/block.ts";
import {ackDigest, keyDigest, pauseDigest, voteDigest} from "../../src/types/digests.ts";
import {encodeEvent} from "../../src/types/event.ts";
import {encodeSystemEvent} from "../../src/types/system-events.ts";
import {fundedAccount, startNetwork, type TestNetwork} from "./support/network.ts";

const DEADLINE = 10n ** 11n;
const PROCESS = "5c0ffee0-0000-4000-8000-000000000001";

let network: TestNetwork;
let contract: RpcGroupContract;
beforeAll(async () => {
  network = await startNetwork();
  contract = await network.contract();
  await contract.activate(network.activation());
});
afterAll(() => network.stop());

describe("what a quorum of validators does to the contract, with the node's digests", () => {
  const fields = (counter: bigint) => ({platform: network.platform, counter, deadline: DEADLINE});

  test("pauses and goes on, each once", async () => {
    const before = await contract.admin();
    expect(before).toMatchObject({counter: 1n, epoch: 0n});
    const digest = pauseDigest(network.domain, "pause", fields(1n));
    const nobody = {keys: [], seats: [], signatures: []};
    const pause: GroupAction = {kind: "pause", counter: 1n, deadline: DEADLINE, ...nobody, groupSignature: network.groupSign(digest)};
    expect((await contract.act(pause)).outcome).toBe("mined");
    expect(await contract.act(pause)).toEqual({outcome: "unneeded", txHash: null, gasUsed: 0n});
    const paused = await contract.admin();
    expect(paused.counter).toBe(2n);
    expect(paused.pausedUntil).toBeGreaterThan(before.pausedUntil);
    await expect(contract.deliver(network.block(0))).rejects.toMatchObject({data: {error: "Paused"}});

    const signed = network.signedBySet(pauseDigest(network.domain, "unpause", fields(2n)));
    const unpause: GroupAction = {kind: "unpause", counter: 2n, deadline: DEADLINE, ...signed};
    expect((await contract.act(unpause)).outcome).toBe("mined");
    expect((await contract.act({...unpause, counter: 3n})).outcome).toBe("unneeded"); // somebody else has ended it
    expect((await contract.admin()).pausedUntil).toBe(0n);
    await network.resume();
    const again = network.signedBySet(pauseDigest(network.domain, "pause", fields(3n)));
    const byVotes: GroupAction = {kind: "pause", counter: 3n, deadline: DEADLINE, ...again, groupSignature: new Uint8Array(0)};
    expect((await contract.act(byVotes)).outcome).toBe("mined");
    const end = network.signedBySet(pauseDigest(network.domain, "unpause", fields(4n)));
    expect((await contract.act({kind: "unpause", counter: 4n, deadline: DEADLINE, ...end})).outcome).toBe("mined");
  });

  test("puts another key in place and the first one back, with and without the one in use", async () => {
    const first = network.activation();
    const secret = fromHex(`0x${"22".repeat(32)}`);
    const key = (groupKey: Uint8Array, signer?: Uint8Array) => {
      const session = {sid: keccakHex(utf8("next")), transcript: keccakHex(utf8("next transcript"))};
      const pop = network.groupSign(ackDigest({networkId: network.networkId, ...session, groupKey}), signer);
      return {groupKey, pop, ...session, epoch: 0, deadline: DEADLINE};
    };
    const next = key(g1ToEip2537(blsPublicKey(secret)), secret);
    const {counter} = await contract.admin();
    const digest = keyDigest(network.domain, "rotate", {...fields(counter), ...next});
    const rotate = {kind: "rotate", counter, ...next, ...network.signedBySet(digest)} as const;
    await expect(contract.act({...rotate, groupSignature: network.groupSign(digest, secret)})).rejects.toMatchObject({
      data: {call: "rotate", error: "BadGroupSignature"},
    });
    expect((await contract.act({...rotate, groupSignature: network.groupSign(digest)})).outcome).toBe("mined");
    expect((await contract.status()).groupKey).toEqual(next.groupKey);

    const back = key(first.groupKey);
    const signed = network.signedBySet(keyDigest(network.domain, "rekey", {...fields(counter + 1n), ...back}));
    const rekey: GroupAction = {kind: "rekey", counter: counter + 1n, ...back, ...signed};
    expect((await contract.act(rekey)).outcome).toBe("mined");
    expect((await contract.status()).groupKey).toEqual(first.groupKey);
    expect((await contract.act(rekey)).outcome).toBe("unneeded");
  });
});

describe("messages", () => {
  const event = (nonce: bigint) =>
    encodeEvent({
      process: PROCESS,
      nonce,
      asset: "c94ac88f-4671-3976-b60a-09064f1811e8",
      amount: 5n,
      extra: new Uint8Array(0),
      timestamp: 1n,
      members: ["5c0ffee0-0000-4000-8000-000000000002"],
      threshold: 1,
      signature: new Uint8Array(0),
    });

  test("come by votes, park, are tried again and given back", async () => {
    await network.resume();
    const deployer = {account: await fundedAccount(network.provider, "app"), provider: network.provider};
    const artifact = artifactOf(compileContracts(), "UnrulyReceiver");
    const app = await deployContract({...deployer, artifact}, [network.group]);
    const target = {provider: network.provider, address: app, abi: new Interface(artifact.abi as InterfaceAbi)};
    const setMode = (mode: number) => transact({account: deployer.account, target, name: "setMode", args: [mode], value: 0n});
    await setMode(1); // reverts
    const system = [encodeSystemEvent({kind: "register", process: PROCESS, app, policy: 1, gasLimit: 300_000, firstNonce: 0n})];
    const events = [event(0n), event(1n)];
    const block = network.blockOf([
      {
        contents: {system, events},
        outbox: {
          systemHash: toHex(abiHash(array(system.map(bytes)))),
          root: toHex(merkleRoot(events.map(eventLeaf))),
          count: 2,
        },
      },
    ]);
    const hash: Hex = blockHashOf(block.height, block.coreHash, block.outboxes);
    const vote = voteDigest(network.domain, {epoch: 0, height: block.height, round: 1, type: "precommit", blockHash: hash});
    const prevote = voteDigest(network.domain, {epoch: 0, height: block.height, round: 1, type: "prevote", blockHash: hash});
    await expect(contract.deliverByVotes({...block, ...network.signedBySet(prevote)})).rejects.toMatchObject({
      data: {error: "BadSignature"},
    });
    expect((await contract.deliverByVotes({...block, ...network.signedBySet(vote)})).outcome).toBe("mined");
    expect((await contract.deliver(block)).outcome).toBe("unneeded");

    const retry: GroupAction = {kind: "retry", process: PROCESS, nonce: 0n, event: event(0n)};
    await expect(contract.act(retry)).rejects.toMatchObject({data: {call: "retry", error: "RetryFailed"}});
    await setMode(0);
    expect((await contract.act(retry)).outcome).toBe("mined");
    expect((await contract.act(retry)).outcome).toBe("unneeded");
    const giveBack: GroupAction = {kind: "giveBack", process: PROCESS, nonce: 1n, event: event(1n)};
    await expect(contract.act(giveBack)).rejects.toMatchObject({data: {error: "TooEarly"}});
    await network.provider.request("evm_increaseTime", [10]);
    await network.mine();
    expect((await contract.act(giveBack)).outcome).toBe("mined");
    expect((await contract.act(giveBack)).outcome).toBe("unneeded");
  });
});
