import {randomBytes} from "node:crypto";
import {afterEach, expect, test} from "vitest";
import {toHex} from "../../src/base/bytes.ts";
import {groupKey, paymentOf} from "../../src/mvm/queries.ts";
import {platformOf} from "../../src/types/digests.ts";
import type {MixinOutput} from "../../src/types/facts.ts";
import {randomUuid, TestCluster, testGenesis} from "../support/cluster.ts";
import {depositLogIn, type Person, seatProof, stakingLog} from "../support/epochs.ts";
import {HomeChain} from "../support/home-chain.ts";
import {outputFact} from "../support/ledger.ts";
import {recordingLog} from "../support/memory.ts";

/** Whole validators on memory ports whose set changes while payments come in. */

const EPOCH = 60;
const START = 1_700_000_000;
let cluster: TestCluster | null = null;
afterEach(async () => {
  await cluster?.stopAll();
  cluster = null;
});

let sequence = 100;
/** A payment that everybody who may sees; its fate is a refund, which is as good as any here. */
function pay(): MixinOutput {
  const id = {outputId: randomUuid(), requestId: randomUuid(), txHash: toHex(randomBytes(32))};
  const paid = outputFact(sequence++, {...id, extra: new TextEncoder().encode("no memo of ours")});
  show(paid);
  return paid;
}
/** The API shows outputs to members of the multisig only: to the founders. */
function show(paid: MixinOutput): void {
  for (const [validator, node] of cluster?.nodes ?? []) if (validator < 4) node.feed.show(paid);
}

test("a fifth validator joins, a founder leaves, payments go on, and the group key stays", async () => {
  const {log, problems} = recordingLog();
  const staking = `0x${"57".repeat(20)}` as const;
  const home = new HomeChain(platformOf(31_337, staking));
  cluster = new TestCluster([1, 1, 1, 1], {
    parameters: {paceMs: 10, epochSeconds: EPOCH},
    log: () => log,
    observe: () => [home.observer()],
  });
  const all = cluster;
  const {networkId, validators} = all.genesis;
  const founders = all.keys.map(
    ({operator, consensus, dealing}, i): Person => ({operator, consensus, encSecret: dealing, users: validators[i]?.mixinUsers ?? []}),
  );
  const [stranger] = testGenesis([1]).keys;
  if (stranger === undefined) throw new Error("no keys");
  const joiner: Person = {...stranger, encSecret: stranger.dealing, users: [randomUuid()]};
  const running = () => [...all.nodes.values()].map(({parts}) => parts);
  const inEpoch = (epoch: number) => () => running().every(({chain}) => chain.epochSet.epoch === epoch);
  const decided = (paid: MixinOutput) => () => running().every(({chain}) => paymentOf(chain.state, paid.outputId) !== null);
  const certified = () => {
    const height = Math.max(...running().map(({chain}) => chain.height));
    return all.until(() => running().every(({certifier}) => certifier.certificateOf(height) !== null), 10_000, `certificate of ${height}`);
  };

  await all.startAll();
  await all.until(() => running().every(({chain}) => groupKey(chain.state) !== null), 30_000, "group key");
  const key = groupKey(running()[0]?.chain.state as never);

  // the joiner stakes, follows before it has a seat, and its Mixin user pays
  home.mine(
    START + 10,
    [...founders, joiner].map((person) => depositLogIn(networkId, person)),
  );
  const fifth = all.add(stranger);
  await all.start(fifth);
  show(seatProof(1, joiner.users[0] as string, joiner.operator));
  const before = pay();
  await all.until(decided(before), 15_000, "a payment before the change");
  expect(running()[4]?.chain.epochSet.indexOf(running()[4]?.own as never)).toBeNull();

  home.mine(START + EPOCH);
  const during = Array.from({length: 5}, pay);
  await all.until(inEpoch(1), 30_000, "epoch 1");
  for (const paid of during) await all.until(decided(paid), 10_000, "a payment during the change");
  expect(running()[0]?.chain.epochSet).toMatchObject({epoch: 1, seats: 5, quorum: 4});
  const after = pay();
  await all.until(decided(after), 15_000, "a payment after the change");
  await certified();
  expect(running().map(({chain}) => groupKey(chain.state)?.key)).toEqual(Array(5).fill(key?.key));
  // the fifth signs with its own share
  const height = Math.max(...running().map(({chain}) => chain.height));
  const ownPartials = running()[4]?.certifier.own.of({height: height + 1, round: 0, blockHash: `0x${"ab".repeat(32)}`});
  expect(ownPartials).toHaveLength(1);

  // a founder leaves
  const leaver = founders[1] as Person;
  home.mine(START + EPOCH + 1, [stakingLog("Exited", leaver.operator, 0, 1)]);
  home.mine(START + 2 * EPOCH);
  await all.until(inEpoch(2), 30_000, "epoch 2");
  const set = running()[0]?.chain.epochSet;
  expect(set?.validators.map((v) => v.operator)).toEqual(
    [...founders, joiner]
      .filter((p) => p !== leaver)
      .map((p) => p.operator)
      .sort(),
  );
  // who has left is not needed any more, and signs nothing of the new epoch
  expect(running()[1]?.certifier.own.of({height: (set?.from ?? 0) + 1, round: 0, blockHash: `0x${"cd".repeat(32)}`})).toEqual([]);
  await all.stop(1);
  const last = pay();
  await all.until(decided(last), 15_000, "a payment without the founder who left");
  await certified();
  expect(running().map(({chain}) => groupKey(chain.state)?.key)).toEqual(Array(4).fill(key?.key));
  expect(new Set(running().map(({chain}) => chain.setAt(1).epoch))).toEqual(new Set([0]));
  expect(problems.filter(({text}) => !text.includes("without an own verdict"))).toEqual([]);
}, 120_000);

test("one that is away for a whole change catches up across it, and holds its shares of the new epoch", async () => {
  const staking = `0x${"57".repeat(20)}` as const;
  const home = new HomeChain(platformOf(31_337, staking));
  const parameters = {paceMs: 10, epochSeconds: EPOCH};
  const all = new TestCluster([1, 1, 1, 1], {parameters, observe: () => [home.observer()]});
  cluster = all;
  const running = () => [...all.nodes.values()].map(({parts}) => parts);
  const inEpoch = (epoch: number) => () => running().every(({chain}) => chain.epochSet.epoch === epoch);
  const decided = (paid: MixinOutput) => () => running().every(({chain}) => paymentOf(chain.state, paid.outputId) !== null);
  const signs = (validator: number, height: number) =>
    all.nodes.get(validator)?.parts.certifier.own.of({height, round: 0, blockHash: `0x${"ab".repeat(32)}`}).length === 1;

  await all.startAll();
  await all.until(() => running().every(({chain}) => groupKey(chain.state) !== null), 30_000, "group key");
  const first = pay();
  await all.until(decided(first), 15_000, "a payment of epoch 0");
  await all.stop(3);
  // nobody has staked anew: the same seats get new shares; without the fourth the first attempt fails, and the second does not
  home.mine(START + EPOCH);
  await all.until(inEpoch(1), 40_000, "epoch 1 of three");
  const second = pay();
  await all.until(decided(second), 15_000, "a payment of epoch 1");

  await all.start(3);
  const head = () => Math.max(...running().map(({chain}) => chain.height));
  await all.until(() => all.nodes.get(3)?.parts.chain.height === head(), 20_000, "the fourth is there again");
  expect(all.nodes.get(3)?.parts.chain.epochSet.epoch).toBe(1);
  await all.until(() => signs(3, head() + 1), 10_000, "shares of epoch 1");

  // restarts find what is on the disks: one at a time, and the quorum of the others signs on
  for (const validator of [0, 3]) {
    await all.stop(validator);
    await all.start(validator);
    await all.until(() => signs(validator, head() + 1), 20_000, `shares of ${validator} after its restart`);
  }
  const third = pay();
  await all.until(decided(third), 15_000, "a payment after restarts");
  const {height} = all.nodes.get(3)?.parts.chain ?? {height: 0};
  await all.until(() => running().every(({certifier}) => certifier.certificateOf(height) !== null), 10_000, "certificate at every node");
  expect(new Set(running().map(({chain}) => chain.setAt(height).shares?.sid)).size).toBe(1);
}, 120_000);
