import {randomBytes} from "node:crypto";
import {afterEach, expect, test} from "vitest";
import {toHex} from "../../src/base/bytes.ts";
import {groupKey, paymentOf} from "../../src/mvm/queries.ts";
import type {MixinOutput} from "../../src/types/facts.ts";
import {randomUuid, TestCluster} from "../support/cluster.ts";
import {recordingLog} from "../support/memory.ts";

let cluster: TestCluster | null = null;
afterEach(async () => {
  await cluster?.stopAll();
  cluster = null;
});

let sequence = 1n;
const output = (extra: Uint8Array): MixinOutput => ({
  kind: "mixinOutput",
  outputId: randomUuid(),
  sequence: sequence++,
  txHash: toHex(randomBytes(32)),
  index: 0,
  requestId: randomUuid(),
  asset: "c94ac88f-4671-3976-b60a-09064f1811e8",
  amount: 150_000_000n,
  receiversHash: toHex(randomBytes(32)),
  senders: [randomUuid()],
  sendersThreshold: 1,
  extra,
  references: [],
  createdAt: 1_700_000_100_000_000_000n,
});

const nodes = () => [...(cluster?.nodes.values() ?? [])];
const haveKey = () => nodes().every((n) => groupKey(n.parts.chain.state) !== null);
const heights = () => nodes().map((n) => n.parts.chain.height);

test("four validators make a group key in the first blocks, then decide and certify a payment", async () => {
  const {log, problems} = recordingLog();
  cluster = new TestCluster([1, 1, 1, 1], {parameters: {paceMs: 10}, log: () => log});
  await cluster.startAll();
  await cluster.until(haveKey, 20_000, "group key");
  const keys = nodes().map((n) => toHex(groupKey(n.parts.chain.state)?.key ?? new Uint8Array(0)));
  expect(new Set(keys).size).toBe(1);

  const paid = output(new TextEncoder().encode("no memo of ours"));
  for (const node of nodes()) node.feed.show(paid);
  const decided = () => nodes().every((n) => paymentOf(n.parts.chain.state, paid.outputId) !== null);
  await cluster.until(decided, 10_000, "payment decided");
  const height = Math.max(...heights());
  await cluster.until(() => nodes().every((n) => n.parts.certifier.certificateOf(height) !== null), 5_000, "certificate at every node");
  expect(new Set(nodes().map((n) => n.parts.chain.hash)).size).toBe(1);
  expect(nodes().map((n) => n.payouts.orders.length)).toEqual([0, 0, 0, 0].map(() => 1));
  expect(problems).toEqual([]);
}, 40_000);

test("one of four is down from the start: the rest go on, and it catches up when it comes", async () => {
  cluster = new TestCluster([1, 1, 1, 1], {parameters: {paceMs: 10}});
  for (const i of [0, 1, 2]) await cluster.start(i);
  await cluster.until(() => Math.min(...heights()) >= 5, 20_000, "three go on");
  await cluster.start(3);
  await cluster.until(haveKey, 30_000, "group key");
  const paid = output(new Uint8Array(0));
  for (const node of nodes()) node.feed.show(paid);
  await cluster.until(() => nodes().every((n) => paymentOf(n.parts.chain.state, paid.outputId) !== null), 10_000, "payment decided");
  const {blockHash, height} = {blockHash: nodes()[3]?.parts.chain.hash ?? "0x", height: nodes()[3]?.parts.chain.height ?? 0};
  expect(nodes()[3]?.parts.certifier.own.of({height, round: 0, blockHash}), "shares of the one that came late").toHaveLength(1);
}, 60_000);

test("one that was away for the whole DKG derives its shares from the blocks, also after a restart", async () => {
  cluster = new TestCluster([1, 1, 1, 1], {parameters: {paceMs: 5, proposeMs: 50, voteMs: 30, voteDeltaMs: 20}});
  for (const i of [0, 1, 2]) await cluster.start(i);
  await cluster.until(haveKey, 40_000, "group key of three");
  const holdsShare = () =>
    (cluster?.nodes.get(3)?.parts.certifier.own.of({height: 1_000, round: 0, blockHash: `0x${"ab".repeat(32)}`}) ?? []).length === 1;
  await cluster.start(3);
  await cluster.until(holdsShare, 20_000, "share derived while catching up");
  await cluster.stop(3);
  await cluster.start(3);
  await cluster.until(holdsShare, 5_000, "share read again");
}, 80_000);

test("a validator that stops in the middle of the DKG comes back with its disk and holds its shares", async () => {
  cluster = new TestCluster([1, 1, 1, 1], {parameters: {paceMs: 10}});
  await cluster.startAll();
  await cluster.until(() => Math.min(...heights()) >= 4, 20_000, "under way");
  await cluster.stop(2);
  await cluster.start(2);
  await cluster.until(haveKey, 30_000, "group key");
  const paid = output(new Uint8Array(0));
  for (const node of nodes()) node.feed.show(paid);
  await cluster.until(() => nodes().every((n) => paymentOf(n.parts.chain.state, paid.outputId) !== null), 10_000, "payment decided");
  const height = Math.max(...heights());
  await cluster.until(() => nodes().every((n) => n.parts.certifier.certificateOf(height) !== null), 5_000, "certificate");
}, 60_000);
