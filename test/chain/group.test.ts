import {afterAll, beforeAll, beforeEach, describe, expect, test} from "vitest";
import {toHex} from "../../src/base/bytes.ts";
import {GROUP} from "../../src/chain/abi.ts";
import {createGroupContract, type RpcGroupContract} from "../../src/chain/group.ts";
import {transact} from "../../src/chain/staking.ts";
import {eventLeaf, merkleProof, merkleRoot} from "../../src/crypto/merkle.ts";
import type {DeliverArgs} from "../../src/ports/chain.ts";
import {encodeEvent} from "../../src/types/event.ts";
import {ZERO_HASH} from "../../src/types/ids.ts";
import {CHAIN_ID, clock, fundedAccount, recordingLogger, secretOf, startNetwork, type TestNetwork, until} from "./support/network.ts";
import {nonceOf, type PoolTransaction, pooled} from "./support/pool.ts";

let network: TestNetwork;
let first: RpcGroupContract;
let second: RpcGroupContract;

const rpc = (method: string, ...params: unknown[]) => network.provider.request(method, params);
const automine = (on: boolean) => rpc("evm_setAutomine", on);

beforeAll(async () => {
  network = await startNetwork();
  first = await network.contract();
  second = await network.contract();
});
afterAll(() => network.stop());
beforeEach(() => network.resume());

/** Delivers the first `count` outboxes of a block with another account, as a caller who splits may. */
async function deliverPart(block: DeliverArgs, count: number): Promise<void> {
  const other = await fundedAccount(network.provider, "other");
  const {height, coreHash, outboxes, epoch, round, signature} = block;
  const args = [height, coreHash, outboxes, epoch, round, signature, block.deliveries.slice(0, count)];
  await transact({
    account: other,
    target: {provider: network.provider, address: network.group, abi: GROUP},
    name: "deliver",
    args,
    value: 0n,
  });
}
describe("activation", () => {
  test("before it the contract has no key, and a refusal is named", async () => {
    expect(await first.status()).toMatchObject({activated: false, nextSeq: 0n});
    expect((await first.status()).groupKey.length).toBe(0);
    const late = network.activation({deadline: 1n});
    await expect(first.activate(late)).rejects.toMatchObject({code: "REVERTED", data: {call: "activate", error: "Expired", args: ["1"]}});
    const few = network.activation();
    const signatures = few.signatures.map((s, i) => (i === 0 ? new Uint8Array(0) : s));
    await expect(first.activate({...few, signatures})).rejects.toMatchObject({data: {error: "QuorumMissing", args: ["2", "3"]}});
    expect(await nonceOf(network.provider, first.submitter)).toBe(0);
  });

  test("of two that race one does it, the other is unneeded; later ones send nothing", async () => {
    await automine(false);
    const racing = [first.activate(network.activation()), second.activate(network.activation())];
    await until(
      async () =>
        (await pooled(network.provider, first.submitter)).length + (await pooled(network.provider, second.submitter)).length === 2,
    );
    await network.mine();
    await automine(true);
    const results = await Promise.all(racing);
    expect(results.map((r) => r.outcome).sort()).toEqual(["mined", "unneeded"]);
    expect(await first.activate(network.activation())).toEqual({outcome: "unneeded", txHash: null, gasUsed: 0n});
    const status = await second.status();
    expect(status.activated).toBe(true);
    expect(status.groupKey).toEqual(network.activation().groupKey);
  });
});

describe("delivery", () => {
  test("of one block with several outboxes is one transaction under the gas cap", async () => {
    const result = await first.deliver(network.block(1, 0, 2));
    expect(result.outcome).toBe("mined");
    const sent = (await rpc("eth_getTransactionByHash", result.txHash)) as PoolTransaction;
    expect(Number(sent.gas)).toBeGreaterThan(Number(result.gasUsed));
    expect(Number(sent.gas)).toBeLessThan(16_777_216);
    expect((await first.status()).nextSeq).toBe(3n);
  });

  test("that was done before is unneeded, and sends nothing", async () => {
    const block = network.block(0, 0);
    expect((await first.deliver(block)).outcome).toBe("mined");
    const nonce = await nonceOf(network.provider, second.submitter);
    expect(await second.deliver(block)).toEqual({outcome: "unneeded", txHash: null, gasUsed: 0n});
    expect(await nonceOf(network.provider, second.submitter)).toBe(nonce);
  });

  test("of two that race one does it; the other one's transaction changes nothing and counts as unneeded", async () => {
    const block = network.block(1, 1);
    await automine(false);
    const racing = [first.deliver(block), second.deliver(block)];
    await until(
      async () =>
        (await pooled(network.provider, first.submitter)).length + (await pooled(network.provider, second.submitter)).length === 2,
    );
    await network.mine();
    await automine(true);
    const results = await Promise.all(racing);
    expect(results.map((r) => r.outcome).sort()).toEqual(["mined", "unneeded"]);
    expect(results.every((r) => r.txHash !== null)).toBe(true);
    const gas = results.sort((a, b) => Number(b.gasUsed - a.gasUsed)).map((r) => Number(r.gasUsed));
    expect(gas[1]).toBeLessThan((gas[0] as number) / 2);
  });

  test("brings what is left after a part was delivered by somebody else", async () => {
    const block = network.block(1, 2, 0);
    const {nextSeq} = await first.status();
    await deliverPart(block, 1);
    expect((await first.status()).nextSeq).toBe(nextSeq + 1n);
    expect((await first.deliver(block)).outcome).toBe("mined");
    expect((await first.status()).nextSeq).toBe(nextSeq + 3n);
  });

  test("takes several transactions where one would not fit under the gas cap", async () => {
    const block = network.block(1_900, 1_900, 1_900, 1_900);
    const {nextSeq} = await first.status();
    const gas: number[] = [];
    for (;;) {
      const result = await first.deliver(block);
      if (result.outcome === "unneeded") break;
      expect(result.outcome).toBe("mined");
      gas.push(Number(result.gasUsed));
    }
    expect(gas.length).toBeGreaterThan(1);
    expect(Math.max(...gas)).toBeLessThan(16_777_216);
    expect((await first.status()).nextSeq).toBe(nextSeq + 4n);
  });

  test("too early is OUT_OF_ORDER with what has to come first", async () => {
    const before = network.block(1);
    const later = network.block(1);
    const {nextSeq} = await first.status();
    await expect(first.deliver(later)).rejects.toMatchObject({code: "OUT_OF_ORDER", data: {nextSeq}});
    expect((await first.deliver(before)).outcome).toBe("mined");
    expect((await first.deliver(later)).outcome).toBe("mined");
  });

  test("with a bad certificate is REVERTED by name, before anything is sent", async () => {
    const block = network.block(1);
    const nonce = await nonceOf(network.provider, first.submitter);
    await expect(first.deliver({...block, round: 9})).rejects.toMatchObject({
      code: "REVERTED",
      data: {call: "deliver", error: "BadCertificate"},
    });
    const wrong = [{system: [Uint8Array.of(1)], events: []}];
    const {nextSeq} = await first.status();
    await expect(first.deliver({...block, deliveries: wrong})).rejects.toMatchObject({
      data: {error: "SystemMismatch", args: [`${nextSeq}`]},
    });
    expect(await nonceOf(network.provider, first.submitter)).toBe(nonce);
    await first.deliver(block);
  });

  test("without funds is NO_FUNDS", async () => {
    const poor = createGroupContract({
      url: network.url,
      chainId: CHAIN_ID,
      group: network.group,
      submitter: secretOf("poor"),
      finality: 0,
      clock,
      log: recordingLogger().log,
    });
    await poor.start(AbortSignal.timeout(5_000));
    expect(await poor.balance()).toBe(0n);
    const block = network.block(0);
    await expect(poor.deliver(block)).rejects.toMatchObject({code: "NO_FUNDS"});
    await first.deliver(block);
    await poor.stop();
  });
});

describe("what was only committed", () => {
  const process = "5c0ffee0-0000-4000-8000-000000000001";
  const event = encodeEvent({
    process,
    nonce: 0n,
    asset: "c94ac88f-4671-3976-b60a-09064f1811e8",
    amount: 0n,
    extra: new Uint8Array(0),
    timestamp: 1n,
    members: ["5c0ffee0-0000-4000-8000-000000000002"],
    threshold: 1,
    signature: new Uint8Array(0),
  });

  test("is run message by message with its proof, once", async () => {
    const root = toHex(merkleRoot([eventLeaf(event)]));
    const block = network.blockOf([{contents: {system: [], events: [event]}, outbox: {systemHash: ZERO_HASH, root, count: 1}}]);
    const {height, coreHash, outboxes, epoch, round, signature} = block;
    const other = await fundedAccount(network.provider, "committer");
    const target = {provider: network.provider, address: network.group, abi: GROUP};
    await transact({account: other, target, name: "commit", args: [height, coreHash, outboxes, epoch, round, signature, [[]]], value: 0n});
    expect((await first.deliver(block)).outcome).toBe("unneeded");

    const args = {seq: outboxes[0]?.seq ?? 0n, event, proof: merkleProof([eventLeaf(event)], 0)};
    expect((await first.execute(args)).outcome).toBe("mined");
    expect(await second.execute(args)).toEqual({outcome: "unneeded", txHash: null, gasUsed: 0n});
    await expect(second.execute({...args, seq: args.seq + 1n})).rejects.toMatchObject({data: {error: "NotProven"}});
  });
});
