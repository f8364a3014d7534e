import {randomBytes} from "node:crypto";
import {afterEach, describe, expect, test} from "vitest";
import {toHex} from "../../src/base/bytes.ts";
import {recover} from "../../src/crypto/secp256k1.ts";
import {evidenceOf, faults, groupKey, paymentOf} from "../../src/mvm/queries.ts";
import {evidenceRoute} from "../../src/node/api/evidence.ts";
import {toJson} from "../../src/node/api/server.ts";
import {type Evidence, evidenceFrom, placeKey} from "../../src/types/evidence.ts";
import type {MixinOutput} from "../../src/types/facts.ts";
import type {Message, ProposalMessage, VoteMessage} from "../../src/types/messages.ts";
import type {SignedVote} from "../../src/types/votes.ts";
import {randomUuid, TestCluster, type TestNode} from "../support/cluster.ts";
import {Equivocator} from "../support/equivocator.ts";
import {blockNamed, evidenceBy, voteBy} from "../support/evidence.ts";
import {recordingLog} from "../support/memory.ts";

/** Heights within which a contradiction is in a block. */
const HEIGHTS_MAX = 5;

let cluster: TestCluster | null = null;
afterEach(async () => {
  await cluster?.stopAll();
  cluster = null;
});

const nodes = (): TestNode[] => [...(cluster?.nodes.values() ?? [])];
const stateOf = (node: TestNode) => node.parts.chain.state;
const haveKey = () => nodes().every((n) => groupKey(stateOf(n)) !== null);
const haveAll = (places: readonly string[]) => () =>
  nodes().every((n) => {
    const shown = new Set(evidenceOf(stateOf(n)).map(({evidence}) => placeKey(evidence)));
    return places.every((place) => shown.has(place));
  });
const kindOf = (message: ProposalMessage | VoteMessage) => (message.kind === "vote" ? message.vote.type : message.kind);

let sequence = 1n;
function payment(): MixinOutput {
  return {
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
    extra: new Uint8Array(0),
    references: [],
    createdAt: 1_700_000_100_000_000_000n,
  };
}

/** Four validators, and somebody with the key of the last. */
async function withEquivocator(): Promise<{all: TestCluster; liar: Equivocator}> {
  const all = new TestCluster([1, 1, 1, 1], {parameters: {paceMs: 10}});
  cluster = all;
  const liar = new Equivocator(all, 3);
  await liar.network.start(new AbortController().signal);
  await all.startAll();
  return {all, liar};
}

describe("somebody who has a validator's key and contradicts it", () => {
  test("is in a block of every validator within a few heights, for a proposal, a prevote and a precommit", async () => {
    const {all, liar} = await withEquivocator();
    const open = new Set(["proposal", "prevote", "precommit"]);
    liar.wants = (message) => open.delete(kindOf(message));
    await all.until(() => liar.lies.length === 3, 20_000, "three lies");
    const places = liar.lies.map(placeKey);
    await all.until(haveAll(places), 10_000, "evidence of all three at every validator");
    for (const node of nodes()) {
      const views = evidenceOf(stateOf(node));
      expect(new Set(views.map(({evidence}) => placeKey(evidence)))).toEqual(new Set(places));
      for (const {decidedAt, evidence} of views) expect(decidedAt - evidence.height).toBeLessThanOrEqual(HEIGHTS_MAX);
      expect(faults(stateOf(node)).equivocators).toEqual([{epoch: 0, from: 3, count: 3}]);
    }
    await all.until(haveKey, 20_000, "the network goes on to its key");
  }, 60_000);

  test("makes a block where nothing else does, and stops making blocks", async () => {
    const {all, liar} = await withEquivocator();
    await all.until(haveKey, 20_000, "group key");
    liar.wants = (message) => kindOf(message) === "precommit" && liar.lies.length === 0;
    const paid = payment();
    for (const node of nodes()) node.feed.show(paid);
    await all.until(() => nodes().every((n) => paymentOf(stateOf(n), paid.outputId) !== null), 10_000, "payment");
    await all.until(() => liar.lies.length === 1, 5_000, "a lie");
    await all.until(haveAll(liar.lies.map(placeKey)), 10_000, "evidence");
    const [view] = evidenceOf(stateOf(nodes()[0] as TestNode));
    expect((view?.decidedAt ?? 0) - (view?.evidence.height ?? 0)).toBeLessThanOrEqual(HEIGHTS_MAX);
    const heights = () => nodes().map((n) => n.parts.chain.height);
    await all.until(() => new Set(heights()).size === 1, 5_000, "all at one height");
    const before = heights();
    await new Promise((resolve) => setTimeout(resolve, 1_500)); // longer than the pool waits before it sends again
    expect(heights()).toEqual(before);
  }, 60_000);

  test("is shown by the API with what a contract needs", async () => {
    const {all, liar} = await withEquivocator();
    liar.wants = (message) => kindOf(message) === "prevote" && liar.lies.length === 0;
    await all.until(() => liar.lies.length === 1, 20_000, "a lie");
    await all.until(haveAll(liar.lies.map(placeKey)), 10_000, "evidence");
    const route = evidenceRoute((nodes()[0] as TestNode).parts);
    const answer = async (query: string) => JSON.parse(toJson((await route.answer([], new URLSearchParams(query))).body));
    const body = await answer("");
    const validator = all.genesis.validators[3];
    const {height, round} = liar.lies[0] as Evidence;
    const who = {validator: 3, operator: validator?.operator, consensusKey: validator?.consensusKey};
    expect(body).toMatchObject({
      count: 1,
      from: 0,
      equivocators: [{...who, epoch: 0, count: 1}],
      evidence: [{...who, number: 0, epoch: 0, height, round, type: "prevote"}],
    });
    for (const side of [body.evidence[0].first, body.evidence[0].second])
      expect(recover(bytesOf(side.digest), bytesOf(side.signature))).toBe(validator?.consensusKey);
    expect(await answer("from=1")).toMatchObject({count: 1, from: 1, evidence: []});
    expect(() => route.answer([], new URLSearchParams("from=-1"))).toThrow(expect.objectContaining({code: "BAD_REQUEST"}));
  }, 40_000);
});

const bytesOf = (hex: string) => new Uint8Array(Buffer.from(hex.slice(2), "hex"));

test("forged and duplicate evidence is refused by every validator, whoever sends it", async () => {
  const {all, liar} = await withEquivocator();
  await all.until(haveKey, 20_000, "group key");
  const count = (verdict: string) => all.hub.verdicts.get(`evidence/${verdict}`) ?? 0;
  const good = evidenceBy(liar.author, {height: 2});
  const stranger = {...liar.author, secret: new Uint8Array(32).fill(7)};
  const forged = [
    evidenceBy(stranger, {height: 2}),
    evidenceBy({...liar.author, from: 1}, {height: 2}),
    {...good, round: 1},
    {...good, second: {...good.second, blockHash: blockNamed(0xcc)}} as Evidence,
  ];
  for (const evidence of forged) liar.network.broadcast(evidence);
  await all.until(() => count("reject") === 4 * forged.length, 5_000, "rejected by all");
  expect([count("accept"), count("ignore")]).toEqual([0, 0]);
  liar.network.broadcast(evidenceBy(liar.author, {height: 1_000_000}));
  await all.until(() => count("ignore") === 4, 5_000, "ignored before its height");

  liar.network.broadcast(good);
  await all.until(haveAll([placeKey(good)]), 10_000, "the true one in a block");
  const ignored = count("ignore");
  liar.network.broadcast(good);
  await all.until(() => count("ignore") === ignored + 4, 5_000, "ignored once decided");
  expect(nodes().map((n) => faults(stateOf(n)).count)).toEqual([1, 1, 1, 1]);
}, 60_000);

/** Two precommits of a round of the past: neither comes in time, and neither is written down as a message. */
const pastVotes = (liar: Equivocator) =>
  [1, 2].map((byte) => voteBy(liar.author, {height: 2, round: 5, type: "precommit", blockHash: blockNamed(byte)})) as [
    SignedVote,
    SignedVote,
  ];

test("two precommits that both come long after the decision are evidence", async () => {
  const {all, liar} = await withEquivocator();
  await all.until(haveKey, 20_000, "group key");
  const votes = pastVotes(liar);
  for (const vote of votes) liar.network.broadcast({kind: "vote", vote, partials: []});
  await all.until(haveAll([placeKey(evidenceFrom(...votes) as Evidence)]), 10_000, "evidence at every validator");
}, 40_000);

test("what one validator alone has seen survives its stop, and is in a block once there is a quorum", async () => {
  const {log, problems} = recordingLog();
  const all = new TestCluster([1, 1, 1, 1], {parameters: {paceMs: 10}, log: () => log});
  cluster = all;
  const liar = new Equivocator(all, 3);
  await all.startAll();
  await all.until(haveKey, 20_000, "group key");
  for (const validator of [1, 2, 3]) await all.stop(validator);
  const votes = pastVotes(liar);
  for (const vote of votes) liar.network.sendTo(0, {kind: "vote", vote, partials: []});
  await all.until(() => problems.some(({text}) => text === "a validator contradicts itself"), 5_000, "noticed");
  await all.stop(0);
  await all.startAll();
  await all.until(haveAll([placeKey(evidenceFrom(...votes) as Evidence)]), 20_000, "evidence at every validator");
}, 40_000);

test("honest validators that crash right after a vote, two at a time, and come back are accused of nothing", async () => {
  const {log, problems} = recordingLog();
  const all = new TestCluster([1, 1, 1, 1], {parameters: {paceMs: 10, proposeMs: 60, voteMs: 40, voteDeltaMs: 20}, log: () => log});
  cluster = all;
  let heard: (message: Message, from: number | null) => void = () => {};
  const spy = all.hub.port(4, {
    receive: (message, from) => {
      heard(message, from.validator);
      return "ignore";
    },
    serveBlocks: async () => [],
    serveSnapshot: async () => null,
    connected() {},
  });
  await spy.start(new AbortController().signal);
  await all.startAll();
  await all.until(haveKey, 20_000, "group key");
  const paid: MixinOutput[] = [];
  const show = (node: TestNode) => {
    for (const output of paid) node.feed.show(output);
  };
  for (let crash = 0; crash < 16; crash++) {
    const victims = [crash % 4, (crash + 1) % 4];
    const kind = crash % 8 < 4 ? "prevote" : "precommit";
    const spoken = new Promise<void>((resolve) => {
      heard = (message, from) => {
        if (message.kind !== "vote" || message.vote.type !== kind || from !== victims[0]) return;
        for (const victim of victims) all.hub.cut(victim); // what they have written and not yet sent never leaves
        resolve();
      };
    });
    paid.push(payment());
    nodes().forEach(show);
    await spoken;
    heard = () => {};
    await Promise.all(victims.map((victim) => all.stop(victim)));
    for (const victim of victims) {
      all.hub.join(victim);
      show(await all.start(victim));
    }
    await all.until(() => nodes().every((n) => paid.every((p) => paymentOf(stateOf(n), p.outputId) !== null)), 20_000, "payments");
  }
  expect(nodes().map((n) => faults(stateOf(n)).count)).toEqual([0, 0, 0, 0]);
  expect(problems.filter(({text}) => text === "a validator contradicts itself")).toEqual([]);
}, 90_000);
