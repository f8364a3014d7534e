import {Transaction} from "ethers";
import {afterAll, beforeAll, beforeEach, describe, expect, test} from "vitest";
import type {RpcGroupContract} from "../../src/chain/group.ts";
import {fundedAccount, recordingLogger, secretOf, startNetwork, type TestNetwork, until} from "./support/network.ts";
import {nonceOf, pooled} from "./support/pool.ts";
import {startProxy} from "./support/proxy.ts";

let network: TestNetwork;
let first: RpcGroupContract;

const rpc = (method: string, ...params: unknown[]) => network.provider.request(method, params);
const automine = (on: boolean) => rpc("evm_setAutomine", on);

beforeAll(async () => {
  network = await startNetwork();
  first = await network.contract();
  await first.activate(network.activation());
});
afterAll(() => network.stop());
beforeEach(() => network.resume());

describe("a transaction that does not move", () => {
  test("is replaced by one that pays an eighth more, and the one that is mined counts", async () => {
    const {log, lines} = recordingLogger();
    const contract = await network.contract({replaceMs: 150, log});
    await automine(false);
    const delivering = contract.deliver(network.block(1));
    await until(async () => (await pooled(network.provider, contract.submitter)).length === 1);
    const [before] = await pooled(network.provider, contract.submitter);
    await until(async () => (await pooled(network.provider, contract.submitter))[0]?.hash !== before?.hash);
    const [after, ...more] = await pooled(network.provider, contract.submitter);
    expect(more).toEqual([]);
    expect(after?.nonce).toBe(before?.nonce);
    for (const fee of ["maxFeePerGas", "maxPriorityFeePerGas"] as const)
      expect(BigInt(after?.[fee] ?? 0) * 1000n).toBeGreaterThanOrEqual(BigInt(before?.[fee] ?? 0) * 1125n);
    await network.mine();
    await automine(true);
    const result = await delivering;
    expect(result.outcome).toBe("mined");
    expect(await nonceOf(network.provider, contract.submitter)).toBe(1);
    expect(lines.some((line) => line.text === "transaction is late, paying more")).toBe(true);
  });

  test("is left alone once somebody else has delivered, and its nonce is used by the next delivery", async () => {
    const contract = await network.contract({replaceMs: 150});
    await automine(false);
    const block = network.block(1);
    const delivering = contract.deliver(block);
    await until(async () => (await pooled(network.provider, contract.submitter)).length === 1);
    const [stuck] = await pooled(network.provider, contract.submitter);
    await rpc("anvil_dropTransaction", stuck?.hash);
    await automine(true);
    expect((await first.deliver(block)).outcome).toBe("mined");
    expect((await delivering).outcome).toBe("unneeded");
    expect(await nonceOf(network.provider, contract.submitter)).toBe(0);
    expect((await contract.deliver(network.block(1))).outcome).toBe("mined");
    expect(await nonceOf(network.provider, contract.submitter)).toBe(1);
  });
});

describe("after a restart", () => {
  test("what is pending from before is waited for, and its nonce is not used again", async () => {
    const secret = secretOf("restarting");
    await fundedAccount(network.provider, "restarting");
    const before = await network.contract({submitter: secret});
    await automine(false);
    const block = network.block(1);
    const delivering = before.deliver(block);
    delivering.catch(() => {});
    await until(async () => (await pooled(network.provider, before.submitter)).length === 1);
    await before.stop();
    await expect(delivering).rejects.toMatchObject({code: "STOPPED"});
    const {log, lines} = recordingLogger();
    const after = await network.contract({submitter: secret, log});
    const again = after.deliver(block);
    await until(() => lines.some((line) => line.text === "transactions of an earlier run are pending"));
    expect((await pooled(network.provider, before.submitter)).length).toBe(1);
    await network.mine();
    await automine(true);
    expect((await again).outcome).toBe("unneeded");
    expect(await nonceOf(network.provider, after.submitter)).toBe(1);
    expect((await after.deliver(network.block(1))).outcome).toBe("mined");
    expect(await nonceOf(network.provider, after.submitter)).toBe(2);
  });

  test("what is stuck from before is replaced, though nobody knows its fees", async () => {
    const secret = secretOf("restarting late");
    await fundedAccount(network.provider, "restarting late");
    const before = await network.contract({submitter: secret});
    await automine(false);
    const block = network.block(1);
    const delivering = before.deliver(block);
    delivering.catch(() => {});
    await until(async () => (await pooled(network.provider, before.submitter)).length === 1);
    const [stuck] = await pooled(network.provider, before.submitter);
    await before.stop();
    const after = await network.contract({submitter: secret, replaceMs: 150});
    const again = after.deliver(block);
    await until(async () => (await pooled(network.provider, after.submitter))[0]?.hash !== stuck?.hash);
    await network.mine();
    await automine(true);
    expect((await again).outcome).toBe("mined");
    expect(await nonceOf(network.provider, after.submitter)).toBe(1);
  });
});

describe("a nonce that somebody else's dear transaction holds", () => {
  test("is taken over by raising fees until the node agrees", async () => {
    const contract = await network.contract({replaceMs: 150});
    const from = contract.submitter;
    await rpc("anvil_impersonateAccount", from);
    await automine(false);
    const dear = {maxFeePerGas: "0x200000000", maxPriorityFeePerGas: "0x100000000"};
    await rpc("eth_sendTransaction", {from, to: from, gas: "0x5208", ...dear});
    const delivering = contract.deliver(network.block(1));
    const [stuck] = await pooled(network.provider, from);
    await until(async () => (await pooled(network.provider, from))[0]?.hash !== stuck?.hash);
    const [taken, ...more] = await pooled(network.provider, from);
    expect(more).toEqual([]);
    expect(BigInt(taken?.maxFeePerGas ?? 0)).toBeGreaterThan(BigInt(dear.maxFeePerGas));
    await network.mine();
    await automine(true);
    expect((await delivering).outcome).toBe("mined");
    expect(await nonceOf(network.provider, from)).toBe(1);
  });
});

describe("trouble on the way", () => {
  test("an RPC node that dies after it took the transaction: the next call sends the same again, and finds its receipt", async () => {
    const proxy = await startProxy(network.url);
    const contract = await network.contract({url: proxy.url, timeoutMs: 1_000});
    await automine(false);
    const block = network.block(1);
    const delivering = contract.deliver(block);
    delivering.catch(() => {});
    await until(async () => (await pooled(network.provider, contract.submitter)).length === 1);
    const [sent] = await pooled(network.provider, contract.submitter);
    await proxy.cut();
    await expect(delivering).rejects.toMatchObject({code: "RPC_DOWN"});
    await proxy.mend();
    const again = contract.deliver(block);
    again.catch(() => {});
    await until(() => proxy.passed("eth_sendRawTransaction") === 2);
    await proxy.cut();
    await expect(again).rejects.toMatchObject({code: "RPC_DOWN"});
    await network.mine();
    await automine(true);
    await proxy.mend();
    expect(await contract.deliver(block)).toMatchObject({outcome: "mined", txHash: sent?.hash});
    expect(await nonceOf(network.provider, contract.submitter)).toBe(1);
    await proxy.stop();
  });

  test("a reorganisation that takes a delivery out puts it back", async () => {
    const {log, lines} = recordingLogger();
    const contract = await network.contract({finality: 5, log});
    const {nextSeq} = await contract.status();
    await contract.deliver(network.block(1));
    expect((await contract.status()).nextSeq).toBe(nextSeq + 1n);
    await rpc("anvil_reorg", 1, []);
    await until(async () => (await contract.status()).nextSeq === nextSeq + 1n);
    await until(() => lines.some((line) => line.text.startsWith("a mined transaction is not in the chain")));
    expect(await nonceOf(network.provider, contract.submitter)).toBe(1);
  });

  test("a nonce that another process used in between is not waited for", async () => {
    const {log, lines} = recordingLogger();
    const name = "shared";
    const other = await fundedAccount(network.provider, name);
    const contract = await network.contract({submitter: secretOf(name), log});
    await automine(false);
    const block = network.block(1);
    const delivering = contract.deliver(block);
    await until(async () => (await pooled(network.provider, contract.submitter)).length === 1);
    const [ours] = await pooled(network.provider, contract.submitter);
    await rpc("anvil_dropTransaction", ours?.hash);
    await automine(true);
    await other.send("elsewhere", async () => ({to: other.address, data: "0x", value: 1n, gasLimit: 21_000n}));
    expect((await delivering).outcome).toBe("mined");
    expect(await nonceOf(network.provider, contract.submitter)).toBe(2);
    expect(lines.some((line) => line.text === "nonce was used by an unknown transaction")).toBe(true);
  });

  test("another chain, or no contract, stops the start", async () => {
    await expect(network.contract({chainId: 7})).rejects.toMatchObject({code: "WRONG_CHAIN"});
    await expect(network.contract({group: `0x${"ab".repeat(20)}`})).rejects.toMatchObject({code: "NO_CONTRACT"});
  });
});

test("no log line holds the secret or a signed transaction", async () => {
  const {log, lines} = recordingLogger();
  const contract = await network.contract({replaceMs: 100, log});
  await automine(false);
  const delivering = contract.deliver(network.block(1));
  await until(() => lines.length > 0);
  await network.mine();
  await automine(true);
  const {txHash} = await delivering;
  const raw = (await rpc("eth_getRawTransactionByHash", txHash)) as string;
  expect(Transaction.from(raw).hash).toBe(txHash);
  const text = JSON.stringify(lines, (_, v) => (typeof v === "bigint" ? `${v}` : v));
  expect(text).not.toContain(raw.slice(2, 60));
});
