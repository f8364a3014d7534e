import {afterAll, afterEach, beforeAll, beforeEach, expect, test} from "vitest";
import {createMixinClient, usersWithoutSafe} from "../../src/mixin/client.ts";
import type {Uuid} from "../../src/types/ids.ts";
import {mint, pay, plantFault} from "../../testnet/mixin/client.ts";
import {DevnetGroup, Lines, until} from "./devnet.ts";

let group: DevnetGroup;
let log: Lines;
beforeAll(async () => {
  group = await DevnetGroup.start();
});
beforeEach(() => {
  log = new Lines();
});
afterEach(() => group.stopServices());
afterAll(() => group.stop());

const payGroup = (amount: string, memo: string) =>
  pay(group.url, group.payer, {members: group.members, threshold: group.threshold, asset: group.asset, amount, memo});

test("every member sees the same output of a payment, all its fields", async () => {
  const feeds = await Promise.all(group.users.map((user) => group.feed(log, {user})));
  const news = feeds.map((feed) => new Promise<void>((done) => feed.onNew(done)));
  const {requestId, hash} = await payGroup("12.00000001", "hello");
  await Promise.all(news);
  const [first, ...others] = feeds.map((feed) => feed.undecided(10));
  expect(first?.length).toBe(1);
  const output = first?.[0]?.output;
  expect(output).toMatchObject({
    txHash: `0x${hash}`,
    requestId,
    asset: group.asset,
    amount: 1_200_000_001n,
    senders: [group.payer.app_id],
    sendersThreshold: 1,
    extra: new TextEncoder().encode("hello"),
  });
  for (const other of others) expect(other[0]?.output).toEqual(output);
  if (output === undefined) throw new Error("no output");
  for (const feed of feeds) {
    expect(feed.judge(output)).toBe("valid");
    expect(feed.judge({...output, amount: 1n})).toBe("invalid");
    feed.decided([output]);
    expect(feed.undecided(10)).toEqual([]);
  }
  expect(log.all).toEqual([]);
});

test("an output that is not polled yet is confirmed by its id, one that is not there stays unknown", async () => {
  const reader = await group.feed(log);
  const asleep = await group.feed(log, {pollMs: 600_000});
  await asleep.poll();
  const {hash} = await payGroup("1", "named by a peer");
  const shown = () => reader.undecided(1_000).find(({output}) => output.txHash === `0x${hash}`)?.output;
  await until(() => shown() !== undefined);
  const output = shown();
  if (output === undefined) throw new Error("no output");
  expect(asleep.judge(output)).toBe("unknown");
  await asleep.fetch([output.outputId, "00000000-0000-4000-8000-000000000000"]);
  expect(asleep.judge(output)).toBe("valid");
  expect(asleep.judge({...output, outputId: "00000000-0000-4000-8000-000000000000"})).toBe("unknown");
});

test("a broken entry among good ones is counted and hides nothing", async () => {
  await mint(group.url, {receivers: group.members, threshold: 3, asset: group.asset, amount: "1", extra: "no hex"});
  const {hash} = await payGroup("2", "after the broken one");
  const feed = await group.feed(log);
  await feed.poll();
  expect(feed.undecided(1_000).at(-1)?.output.txHash).toBe(`0x${hash}`);
  expect(feed.stats().badEntries).toBeGreaterThan(0);
  const broken = log.all.map((line) => line.fields);
  expect(broken).toEqual([expect.objectContaining({error: "MALFORMED", field: "output.extra"})]);
});

test("through 5xx, errors of the API, garbage and silence the feed goes on, and then shows what was paid meanwhile", async () => {
  const feed = await group.feed(log, {timeoutMs: 50, pollMs: 600_000});
  await feed.poll();
  const before = feed.undecided(1_000).length;
  await mint(group.url, {receivers: group.members, threshold: 3, asset: group.asset, amount: "3"});
  for (const fault of [{status: 502}, {code: 500}, {garbage: true}, {delay_ms: 200}] as const)
    await plantFault(group.url, {path: "/safe/outputs", count: 2, ...fault});
  const failures = () => feed.stats().failures;
  while (failures() < 4) await feed.poll();
  expect(feed.undecided(1_000).length).toBe(before);
  while (feed.undecided(1_000).length === before) await feed.poll();
  expect(feed.undecided(1_000).at(-1)?.output.amount).toBe(300_000_000n);
  expect(log.errors()).toEqual([]);
});

test("a later run resumes near the end, and what lies before is read again: an output that nobody decided is found there too", async () => {
  const first = await group.feed(log);
  for (let i = 0; i < 230; i++) await mint(group.url, {receivers: group.members, threshold: 3, asset: group.asset, amount: "1"});
  await first.poll();
  const seen = first.undecided(1_000).map(({output}) => output);
  const [lost, ...decided] = seen;
  if (lost === undefined) throw new Error("no output");
  expect(first.cursor()).toBeLessThanOrEqual(lost.sequence);
  first.decided(seen);
  expect(first.cursor()).toBe(seen.at(-200)?.sequence);

  const known = new Set(decided.map(({outputId}) => outputId));
  const options = {resumeFrom: first.cursor(), isDecided: (id: string) => known.has(id as Uuid), pollMs: 600_000};
  const resumed = await group.feed(log, {...options, overlapMs: 600_000});
  await resumed.poll();
  expect(resumed.undecided(1_000)).toEqual([]);
  const sweeping = await group.feed(log, {...options, overlapMs: 0});
  await sweeping.poll();
  expect(sweeping.undecided(1_000).map(({output}) => output)).toEqual([lost]);
  expect(sweeping.cursor()).toBe(lost.sequence);
});

test("users without Safe are named", async () => {
  const client = createMixinClient({url: group.url, user: group.user(0)});
  expect(await usersWithoutSafe(client, group.members)).toEqual([]);
  client.close();
});
