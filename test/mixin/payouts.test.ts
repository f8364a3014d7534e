import {randomUUID} from "node:crypto";
import {afterAll, afterEach, beforeAll, beforeEach, expect, test} from "vitest";
import type {MixinOutput} from "../../src/types/facts.ts";
import {balanceOf, pay, plantFault} from "../../testnet/mixin/client.ts";
import {DevnetGroup, type Feed, Lines, orderOf, type Signer, until} from "./devnet.ts";

let group: DevnetGroup;
let log: Lines;
let feed: Feed;
beforeAll(async () => {
  group = await DevnetGroup.start();
});
beforeEach(async () => {
  log = new Lines();
  feed = await group.feed(log);
});
afterEach(() => group.stopServices());
afterAll(() => group.stop());

/** Pays the group, and returns its output of that payment. */
async function funded(amount: string): Promise<MixinOutput> {
  const {hash} = await pay(group.url, group.payer, {members: group.members, threshold: 3, asset: group.asset, amount, memo: ""});
  return groupOutput(`0x${hash}`);
}
/** The group's output in transaction `txHash`. */
async function groupOutput(txHash: string): Promise<MixinOutput> {
  const find = () => feed.undecided(10_000).find(({output}) => output.txHash === txHash)?.output;
  await until(() => find() !== undefined);
  const output = find();
  if (output === undefined) throw new Error("no output");
  return output;
}
const balance = () => balanceOf(group.url, group.payer, group.asset);
const confirmed = (signers: readonly Signer[], count: number) => until(() => signers.every((signer) => signer.receipts().length === count));

test("four validators pay out of two inputs with change; all have the same receipt, the user the money, the group the rest", async () => {
  const inputs = [await funded("5"), await funded("2.5")];
  const before = await balance();
  const order = orderOf(randomUUID(), 600_000_001n, group.payer.app_id, inputs);
  const signers = await Promise.all(group.users.map((user) => group.signer([user], log)));
  for (const signer of signers) signer.setOrders([order]);
  await confirmed(signers, 1);
  const [receipt] = signers.flatMap((signer) => signer.receipts());
  if (receipt?.kind !== "payoutReceipt") throw new Error("no receipt");
  for (const signer of signers) {
    expect(signer.receipts()).toEqual([receipt]);
    expect(signer.judge(receipt)).toBe("valid");
    expect(signer.judge({...receipt, txHash: `0x${"00".repeat(32)}`})).toBe("invalid");
  }
  expect((await balance()) - before).toBe(600_000_001n);
  const change = await groupOutput(receipt.txHash);
  expect(change).toMatchObject({amount: 149_999_999n, index: 1, requestId: order.traceId, sendersThreshold: 3});
  expect(change.senders).toEqual([...group.members].sort());
  expect(signers.reduce((sum, signer) => sum + signer.stats().signed, 0)).toBe(3);
  expect(log.errors()).toEqual([]);
});

test("with one validator dead the other three pay, in the order in which orders come, without change", async () => {
  const inputs = [await funded("1"), await funded("1"), await funded("1")];
  const before = await balance();
  const orders = inputs.map((input) => orderOf(randomUUID(), input.amount, group.payer.app_id, [input]));
  const signers = await Promise.all(group.users.slice(1).map((user) => group.signer([user], log)));
  for (const signer of signers) signer.setOrders(orders);
  await confirmed(signers, 3);
  expect((await balance()) - before).toBe(300_000_000n);
});

test("with two dead nothing is paid; one that comes back makes it whole, also where it holds two seats", async () => {
  const order = orderOf(randomUUID(), 50_000_000n, group.payer.app_id, [await funded("1")]);
  const first = await group.signer([group.user(0)], log);
  first.setOrders([order]);
  await until(() => first.stats().signed === 1);
  await first.check(order);
  expect(first.receipts()).toEqual([]);
  const late = await group.signer([group.user(2), group.user(3)], log);
  late.setOrders([order]);
  await confirmed([first, late], 1);
  expect(late.stats().signed).toBe(2);
});

test("5xx, errors, garbage and silence from every call of the way: paid once all the same", {timeout: 60_000}, async () => {
  const inputs = [await funded("1"), await funded("1"), await funded("1")];
  const before = await balance();
  const orders = inputs.map((input) => orderOf(randomUUID(), 70_000_000n, group.payer.app_id, [input]));
  for (const path of ["/safe/transactions/", "/safe/keys", "/safe/multisigs"])
    for (const fault of [{status: 503}, {code: 500}, {code: 429}, {garbage: true}, {delay_ms: 300}] as const)
      await plantFault(group.url, {path, count: 4, ...fault});
  const signers = await Promise.all(group.users.map((user) => group.signer([user], log, {timeoutMs: 100})));
  for (const signer of signers) signer.setOrders(orders);
  await confirmed(signers, 3);
  expect((await balance()) - before).toBe(210_000_000n);
  expect(signers.reduce((sum, signer) => sum + signer.stats().failures, 0)).toBeGreaterThan(10);
  expect(log.errors()).toEqual([]);
});

test("a node that restarts in the middle goes on from the orders alone, and signs nothing twice", async () => {
  const order = orderOf(randomUUID(), 10n, group.payer.app_id, [await funded("1")]);
  const before = await group.signer([group.user(0)], log);
  before.setOrders([order]);
  await until(() => before.stats().signed === 1);
  await before.stop();
  const after = await group.signer([group.user(0)], log);
  const others = await group.signer([group.user(1), group.user(2)], log);
  for (const signer of [after, others]) signer.setOrders([order]);
  await confirmed([after, others], 1);
  expect([after.stats().signed, others.stats().signed]).toEqual([0, 2]);
  const again = await group.signer([group.user(0)], log);
  again.setOrders([order]);
  await confirmed([again], 1);
  expect(log.all).toEqual([]);
});
