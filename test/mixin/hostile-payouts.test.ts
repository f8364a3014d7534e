import {randomUUID} from "node:crypto";
import {afterAll, afterEach, beforeAll, beforeEach, expect, test} from "vitest";
import type {PayoutOrder} from "../../src/ports/mixin.ts";
import type {MixinOutput} from "../../src/types/facts.ts";
import {balanceOf, createDevnetUser, pay, sdkOf} from "../../testnet/mixin/client.ts";
import {DevnetGroup, type Feed, Lines, orderOf, type Signer, until} from "./devnet.ts";

/** Members that lie, and strangers who know every trace id beforehand: nobody is paid wrongly, and nothing stays stuck. */

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

const options = {patienceMs: 50, voidAfterMs: 100};

async function funded(amount: string): Promise<MixinOutput> {
  const {hash} = await pay(group.url, group.payer, {members: group.members, threshold: 3, asset: group.asset, amount, memo: ""});
  return groupOutput(`0x${hash}`);
}
async function groupOutput(txHash: string): Promise<MixinOutput> {
  const find = () => feed.undecided(10_000).find(({output}) => output.txHash === txHash)?.output;
  await until(() => find() !== undefined);
  return find() as MixinOutput;
}
const balance = () => balanceOf(group.url, group.payer, group.asset);
const sdk = (n: number) => sdkOf(group.url, group.user(n));
const honest = () => Promise.all(group.users.slice(0, 3).map((user) => group.signer([user], log, options)));
const setOrders = (signers: readonly Signer[], ...orders: PayoutOrder[]) => {
  for (const signer of signers) signer.setOrders(orders);
};
/** The same payout with its next build. */
function next(order: PayoutOrder, voiding = false): PayoutOrder {
  return {...order, builds: [...order.builds, {requestId: randomUUID(), voiding}], buildIndex: order.buildIndex + 1};
}
const shown = (signers: readonly Signer[], kind: string) =>
  until(() => signers.every((signer) => signer.receipts().some((fact) => fact.kind === kind)));

test("a request that a member revokes is refused by all, and the next build of the same inputs pays, once", async () => {
  const before = await balance();
  const order = orderOf(randomUUID(), 30_000_000n, group.payer.app_id, [await funded("1")]);
  const saboteur = await group.signer([group.user(3)], log);
  saboteur.setOrders([order]);
  await until(() => saboteur.stats().signed === 1);
  await sdk(3).multisig.unlockSafeMultisigs(order.traceId);
  await saboteur.stop();
  const signers = await honest();
  setOrders(signers, order);
  await shown(signers, "payoutRefused");
  for (const signer of signers) {
    expect(signer.receipts()).toEqual([{kind: "payoutRefused", traceId: order.traceId, buildIndex: 0, reason: "unusable"}]);
    expect(signer.judge({kind: "payoutRefused", traceId: order.traceId, buildIndex: 0, reason: "unusable"})).toBe("valid");
  }
  setOrders(signers, next(order));
  await shown(signers, "payoutReceipt");
  expect((await balance()) - before).toBe(30_000_000n - 100_000_000n);
  expect(log.errors()).toEqual([]);
});

test("a lying member's transaction under the trace id, to itself, gets no signature; it is taken back and the payout goes on", async () => {
  const before = await balance();
  const order = orderOf(randomUUID(), 40_000_000n, group.payer.app_id, [await funded("1")]);
  const liar = await group.signer([group.user(3)], log);
  liar.setOrders([{...order, receivers: [group.user(3).app_id]}]);
  await until(() => liar.stats().signed === 1);
  await liar.stop();
  const signers = await honest();
  setOrders(signers, order);
  await shown(signers, "payoutRefused");
  expect(signers.map((signer) => signer.stats().signed)).toEqual([0, 0, 0]);
  expect(await balanceOf(group.url, group.user(3), group.asset)).toBe(0n);
  setOrders(signers, next(order));
  await shown(signers, "payoutReceipt");
  expect((await balance()) - before).toBe(40_000_000n - 100_000_000n);
  expect(await balanceOf(group.url, group.user(3), group.asset)).toBe(0n);
});

test("inputs that a member locks with another transaction are freed, and others are not held up meanwhile", async () => {
  const [blocked, free] = [await funded("1"), await funded("1")];
  const [order, other] = [blocked, free].map((input) => orderOf(randomUUID(), 100n, group.payer.app_id, [input])) as [
    PayoutOrder,
    PayoutOrder,
  ];
  const liar = await group.signer([group.user(3)], log);
  const rival = randomUUID();
  liar.setOrders([{...order, traceId: rival, builds: [{requestId: rival, voiding: false}], amount: 99n, change: [99_999_901n]}]);
  await until(() => liar.stats().signed === 1);
  await liar.stop();
  const signers = await Promise.all(group.users.slice(0, 3).map((user) => group.signer([user], log, {...options, patienceMs: 400})));
  setOrders(signers, order, other);
  await until(() => signers.every((signer) => signer.receipts().length >= 1));
  for (const signer of signers) expect(signer.receipts()[0]?.traceId).toBe(other.traceId);
  await until(() => signers.every((signer) => signer.receipts().length === 2));
  expect(log.errors()).toEqual([]);
});

test("a stranger's own payment under the trace id is no receipt, and keeps nobody from being paid", async () => {
  const before = await balance();
  const order = orderOf(randomUUID(), 50_000_000n, group.payer.app_id, [await funded("1")]);
  const stranger = await createDevnetUser(group.url, "stranger");
  await pay(group.url, group.payer, {members: [stranger.app_id], threshold: 1, asset: group.asset, amount: "1", memo: ""});
  await pay(group.url, stranger, {
    members: [stranger.app_id],
    threshold: 1,
    asset: group.asset,
    amount: "0.5",
    memo: "",
    requestId: order.traceId,
  });
  const signers = await honest();
  setOrders(signers, order);
  await shown(signers, "payoutRefused");
  setOrders(signers, next(order));
  await shown(signers, "payoutReceipt");
  expect((await balance()) - before).toBe(50_000_000n - 200_000_000n);
});

test("a payout to a user who cannot receive is given up after its time: all inputs are the group's again", async () => {
  const input = await funded("2");
  const order = orderOf(randomUUID(), 60_000_000n, randomUUID(), [input]);
  const other = orderOf(randomUUID(), 1n, group.payer.app_id, [await funded("1")]);
  const signers = await honest();
  const refused = {kind: "payoutRefused", traceId: order.traceId, buildIndex: 0, reason: "impossible"} as const;
  expect(signers[0]?.judge(refused)).toBe("unknown");
  setOrders(signers, order, other);
  await shown(signers, "payoutRefused");
  for (const signer of signers) expect(signer.judge(refused)).toBe("valid");
  setOrders(signers, next(order, true), other);
  await shown(signers, "payoutVoided");
  const voided = signers[0]?.receipts().find(({traceId}) => traceId === order.traceId);
  if (voided?.kind !== "payoutVoided") throw new Error("not voided");
  expect(signers[0]?.judge(voided)).toBe("valid");
  expect(signers[0]?.judge({...voided, kind: "payoutReceipt"})).toBe("invalid");
  expect(await groupOutput(voided.txHash)).toMatchObject({index: 0, amount: 200_000_000n, sendersThreshold: 3});
  await until(() => signers.every((signer) => signer.receipts().length === 2)); // the other one was paid meanwhile
});

test("a build that is confirmed although the next one was decided is found, and the next one gets nothing", async () => {
  const order = orderOf(randomUUID(), 70_000_000n, group.payer.app_id, [await funded("1")]);
  const slow = await Promise.all(group.users.slice(0, 3).map((user) => group.signer([user], log)));
  setOrders(slow, order);
  await shown(slow, "payoutReceipt");
  const [receipt] = slow[0]?.receipts() ?? [];
  const signer = await group.signer([group.user(3)], log, options);
  signer.setOrders([next(order, true)]);
  await until(() => signer.receipts().length === 1);
  expect(signer.receipts()).toEqual([receipt]);
  const fresh = await group.signer([group.user(3)], log, options);
  await fresh.check(next(order, true));
  if (receipt !== undefined) expect(fresh.judge(receipt)).toBe("valid");
});
