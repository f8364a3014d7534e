import {randomBytes} from "node:crypto";
import {afterAll, beforeAll, describe, expect, test} from "vitest";
import {toHex} from "../../src/base/bytes.ts";
import {groupKey, paymentOf} from "../../src/mvm/queries.ts";
import {systemClock} from "../../src/node/system.ts";
import {createNetwork} from "../../src/p2p/network.ts";
import type {MixinOutput} from "../../src/types/facts.ts";
import {genesisHash} from "../../src/types/genesis.ts";
import {LISTEN, makeValidators} from "../p2p/support.ts";
import {randomUuid, TestCluster} from "../support/cluster.ts";
import {Links, NOWHERE} from "../support/links.ts";
import {silentLog} from "../support/memory.ts";

/** Whole validators in this process, joined by real libp2p over links that are cut, delayed and reset. */

const ALL = [0, 1, 2, 3];
const FAULT_MS = 1_500;
const RESUME_MS = 15_000;
const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

let links: Links;
let cluster: TestCluster;
const paid: MixinOutput[] = [];

async function start(validator: number): Promise<void> {
  const node = await cluster.start(validator);
  for (const output of paid) node.feed.show(output);
  links.lead(validator, node.parts.network.addresses()[0] ?? "");
}

beforeAll(async () => {
  links = await Links.among(ALL.length);
  const {seeds, list} = await makeValidators(ALL.length);
  const peerIds = list.map(({peerId}) => peerId);
  cluster = new TestCluster([1, 1, 1, 1], {
    parameters: {paceMs: 50},
    peerIds,
    network: (own, handler) =>
      createNetwork({
        privateKey: seeds[own] ?? new Uint8Array(32),
        networkId: cluster.genesis.networkId,
        genesisHash: genesisHash(cluster.genesis),
        listen: [LISTEN],
        announce: [NOWHERE],
        peers: links.peersOf(own, peerIds),
        validators: cluster.genesis.validators,
        own,
        handler,
        logger: silentLog,
        clock: systemClock,
      }),
  });
  for (const i of ALL) await start(i);
  await cluster.until(() => nodes().every((node) => groupKey(node.parts.chain.state) !== null), 60_000, "group key");
}, 90_000);
afterAll(async () => {
  await cluster?.stopAll();
  await links?.close();
}, 30_000);

const nodes = () => [...cluster.nodes.values()];

/** A payment that everybody sees; with no memo of ours it is refunded. */
function pay(): MixinOutput {
  const output: MixinOutput = {
    kind: "mixinOutput",
    outputId: randomUuid(),
    sequence: BigInt(paid.length + 1),
    txHash: toHex(randomBytes(32)),
    index: 0,
    requestId: randomUuid(),
    asset: "c94ac88f-4671-3976-b60a-09064f1811e8",
    amount: BigInt(1_000 + paid.length),
    receiversHash: toHex(randomBytes(32)),
    senders: [randomUuid()],
    sendersThreshold: 1,
    extra: new Uint8Array(0),
    references: [],
    createdAt: 1_700_000_100_000_000_000n,
  };
  paid.push(output);
  for (const node of nodes()) node.feed.show(output);
  return output;
}

async function payWhile(work: Promise<void>): Promise<void> {
  let isOver = false;
  const worked = work.finally(() => {
    isOver = true;
  });
  while (!isOver) {
    pay();
    await Promise.race([worked, pause(200)]);
  }
  await worked;
}

const isDecidedBy = (validators: readonly number[], output: MixinOutput) =>
  validators.every((i) => paymentOf(cluster.nodes.get(i)?.parts.chain.state as Parameters<typeof paymentOf>[0], output.outputId) !== null);

/** A new payment is decided by all soon after the end of a fault; then all others are, alike everywhere, each with one order to pay it back. */
async function allIsWell(): Promise<void> {
  const last = pay();
  await cluster.until(() => isDecidedBy(ALL, last), RESUME_MS, "a payment after the end");
  await cluster.until(() => paid.every((output) => isDecidedBy(ALL, output)), RESUME_MS, "every payment");
  await cluster.until(() => new Set(nodes().map(({parts}) => parts.chain.hash)).size === 1, RESUME_MS, "one chain");
  const traces = nodes().map(({payouts}) => payouts.orders.map(({traceId}) => traceId).sort());
  expect(traces[0]).toHaveLength(paid.length);
  expect(new Set(traces[0]).size).toBe(paid.length);
  expect(new Set(traces.map(String)).size).toBe(1);
}

describe.sequential("every payment is decided once, soon after the end of", {timeout: 60_000}, () => {
  test("calm, in which all that they say goes through the links", async () => {
    await allIsWell();
    expect(links.connections).toBeGreaterThanOrEqual(6);
  });

  test("one cut off, while the others go on", async () => {
    links.set("silent", [3], ALL);
    const alone = pay();
    await cluster.until(() => isDecidedBy([0, 1, 2], alone), RESUME_MS, "a payment without the one");
    expect(isDecidedBy([3], alone)).toBe(false);
    await payWhile(pause(FAULT_MS));
    links.set("up", [3], ALL);
    await allIsWell();
  });

  test("two and two, in which nobody goes on", async () => {
    links.set("silent", [0, 1], [2, 3]);
    await pause(100);
    const stuck = pay();
    await payWhile(pause(FAULT_MS));
    expect(ALL.some((i) => isDecidedBy([i], stuck))).toBe(false);
    links.set("up", [0, 1], [2, 3]);
    await allIsWell();
  });

  test("connections that are slow, and reset again and again", async () => {
    links.delay(50, ALL, ALL);
    const resets = async () => {
      for (let i = 0; i < 8; i++) {
        links.set("reset", [i % 4], ALL);
        links.set("up", [i % 4], ALL);
        await pause(FAULT_MS / 8);
      }
    };
    await payWhile(resets());
    links.delay(0, ALL, ALL);
    await allIsWell();
  });

  test("a rolling restart", async () => {
    const roll = async () => {
      for (const i of ALL) {
        await cluster.stop(i);
        await start(i);
      }
    };
    await payWhile(roll());
    await allIsWell();
  });
});
