import {randomUUID} from "node:crypto";
import {afterAll, afterEach, beforeAll, beforeEach, expect, test} from "vitest";
import {createCustodyCheck} from "../../src/mixin/custody-check.ts";
import type {MixinOutput} from "../../src/types/facts.ts";
import {pay} from "../../testnet/mixin/client.ts";
import {clock, DevnetGroup, type Feed, Lines, orderOf, until} from "./devnet.ts";

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

async function funded(): Promise<MixinOutput> {
  const {hash} = await pay(group.url, group.payer, {members: group.members, threshold: 3, asset: group.asset, amount: "1", memo: ""});
  const find = () => feed.undecided(10_000).find(({output}) => output.txHash === `0x${hash}`)?.output;
  await until(() => find() !== undefined);
  return find() as MixinOutput;
}
/** A quorum signs what no block has decided. */
async function steal(output: MixinOutput): Promise<void> {
  const thieves = await Promise.all(group.users.slice(0, 3).map((user) => group.signer([user], log)));
  const order = orderOf(randomUUID(), output.amount, group.user(0).app_id, [output]);
  for (const thief of thieves) thief.setOrders([order]);
  await until(() => thieves.every((thief) => thief.receipts().length === 1));
}
/** Compares `free` with the devnet until the test ends; looks every few ms. */
async function watching(free: () => readonly string[], of: {isCurrent?: () => boolean} = {}) {
  const {url} = group;
  const alarms: (readonly string[])[] = [];
  let looks = 0;
  const check = createCustodyCheck({
    url,
    user: group.user(3),
    freeOutputs: () => {
      looks++;
      return free();
    },
    isCurrent: of.isCurrent ?? (() => true),
    alarm: (gone) => void alarms.push(gone),
    clock,
    logger: log,
    everyMs: 5,
    confirmMs: 60,
  });
  await check.start(new AbortController().signal);
  return {check, alarms, looks: () => looks};
}

test("an output that is spent without a decision raises the alarm once, and nothing else does", async () => {
  const outputs = [await funded(), await funded(), await funded()];
  const {check, alarms, looks} = await watching(() => outputs.map((o) => o.outputId));
  await until(() => looks() > 4);
  expect(alarms).toEqual([]);
  const stolen = outputs[1] as MixinOutput;
  await steal(stolen);
  await until(() => alarms.length > 0);
  const seen = looks();
  await until(() => looks() > seen + 4);
  expect(alarms).toEqual([[stolen.outputId]]);
  expect(check.gone()).toEqual([stolen.outputId]);
  expect(log.errors().length).toBe(1);
  await check.stop();
});

test("an output whose decision comes while it is under suspicion is none, nor is one that is seen from behind", async () => {
  const [late, behind] = [await funded(), await funded()];
  let free = [late.outputId];
  const first = await watching(() => free);
  await steal(late);
  free = [];
  await until(() => first.looks() > 6);
  expect(first.alarms).toEqual([]);
  await first.check.stop();
  await steal(behind);
  let isCurrent = false;
  const second = await watching(() => [behind.outputId], {isCurrent: () => isCurrent});
  const start = clock.now();
  await until(() => clock.now() - start > 150);
  expect(second.alarms).toEqual([]);
  isCurrent = true;
  await until(() => second.alarms.length === 1);
  await second.check.stop();
});

test("a signer that is halted signs nothing more, and still knows what others confirm", async () => {
  const order = orderOf(randomUUID(), 1n, group.payer.app_id, [await funded()]);
  const halted = await group.signer([group.user(3)], log);
  halted.halt();
  halted.setOrders([order]);
  const others = await Promise.all(group.users.slice(0, 3).map((user) => group.signer([user], log)));
  for (const signer of others) signer.setOrders([order]);
  await until(() => others.every((signer) => signer.receipts().length === 1));
  expect(halted.stats().signed).toBe(0);
  await halted.check(order);
  const [receipt] = others[0]?.receipts() ?? [];
  if (receipt !== undefined) expect(halted.judge(receipt)).toBe("valid");
});
