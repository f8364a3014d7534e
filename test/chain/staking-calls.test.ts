import {afterAll, beforeAll, expect, test} from "vitest";
import {compileContracts} from "../../scripts/compile.ts";
import {abiHash, array, bytes} from "../../src/base/abi.ts";
import type {Hex} from "../../src/base/bytes.ts";
import {toHex, utf8} from "../../src/base/bytes.ts";
import {keccakHex} from "../../src/base/hash.ts";
import {freeze} from "../../src/chain/staking.ts";
import {
  addSeats,
  checkpointEpoch,
  claimRewards,
  exit,
  fundRewards,
  removeSeats,
  type StakingCaller,
  slash,
  slashCall,
  unjail,
  withdraw,
} from "../../src/chain/staking-calls.ts";
import {readStake} from "../../src/chain/staking-status.ts";
import {sign} from "../../src/crypto/secp256k1.ts";
import {blockHashOf} from "../../src/types/block.ts";
import {encodeCheckpoint, rewardLeaf} from "../../src/types/checkpoint.ts";
import {platformOf, proposalDigest, voteDigest} from "../../src/types/digests.ts";
import type {Evidence} from "../../src/types/evidence.ts";
import {ZERO_HASH} from "../../src/types/ids.ts";
import {CHAIN_ID, fundedAccount, mixinUserOf, secretOf, startNetwork, type TestNetwork} from "./support/network.ts";

const DAY = 86_400;
compileContracts(); // on import, so that the time it takes is not a hook's
let network: TestNetwork;
beforeAll(async () => {
  network = await startNetwork();
});
afterAll(() => network.stop());

const caller = async (name: string): Promise<StakingCaller> => ({
  account: await fundedAccount(network.provider, name),
  provider: network.provider,
  staking: network.staking,
});
const stake = (of: StakingCaller) => readStake(network.provider, network.staking, of.account.address);
const later = async (seconds: number) => {
  await network.provider.request("evm_increaseTime", [seconds]);
  await network.mine();
};
const reverted = (error: string) => ({code: "REVERTED", data: {error}});
const place = {kind: "evidence" as const, epoch: 0, height: 5, round: 1};
const [LOW, HIGH] = [`0x${"11".repeat(32)}`, `0x${"22".repeat(32)}`] as [Hex, Hex];

/** Four votes bring Staking a checkpoint. */
async function checkpoint(of: Partial<Parameters<typeof encodeCheckpoint>[0]>, height: number, seq: bigint): Promise<void> {
  const system = [encodeCheckpoint({epoch: 0, members: [], participation: [], jailed: [], released: [], rewardsRoot: null, ...of})];
  const platform = platformOf(CHAIN_ID, network.staking);
  const outboxes = [{platform, seq, systemHash: toHex(abiHash(array(system.map(bytes)))), root: ZERO_HASH, count: 0}];
  const coreHash = keccakHex(utf8(`core ${height}`));
  const digest = voteDigest(network.domain, {
    epoch: 0,
    height,
    round: 2,
    type: "precommit",
    blockHash: blockHashOf(height, coreHash, outboxes),
  });
  const signatures = await Promise.all(
    network.operators.map(async (operator) => {
      for (let i = 0; i < 4; i++)
        if ((await fundedAccount(network.provider, `operator ${i}`)).address === operator) return sign(secretOf(`consensus ${i}`), digest);
      return null;
    }),
  );
  await checkpointEpoch(await caller("anybody"), {height, coreHash, outboxes, epoch: 0, round: 2, signatures, system});
}

test("the whole life of a stake, by its calls", async () => {
  const of = await caller("operator 1");
  const before = await stake(of);
  expect(before).toMatchObject({state: "staked", jailedUntil: null, unbonding: [], epoch: 0, seatsInEpoch: 1});
  await addSeats(of, [mixinUserOf(1, 40), mixinUserOf(1, 41)]);
  expect((await stake(of)).mixinUsers.slice(-2)).toEqual([mixinUserOf(1, 40), mixinUserOf(1, 41)]);
  await expect(addSeats(of, [mixinUserOf(1, 40)])).rejects.toMatchObject(reverted("KeyInUse"));
  await removeSeats(of, [mixinUserOf(1, 40)]);
  expect(await stake(of)).toMatchObject({
    seats: before.seats + 1,
    held: before.held + 2,
    unbonding: [{number: 0, seats: 1, releasedAt: null}],
  });
  await expect(unjail(of)).rejects.toMatchObject(reverted("NotJailed"));

  await checkpoint({jailed: [of.account.address], rewardsRoot: toHex(rewardLeaf(of.account.address, 77n))}, 9, 0n);
  expect((await stake(of)).state).toBe("jailed");
  await expect(unjail(of)).rejects.toMatchObject(reverted("StillJailed"));
  await later(DAY + 1);
  await unjail(of);
  await expect(claimRewards(of, 77n, [])).rejects.toMatchObject(reverted("PoolTooSmall"));
  await fundRewards(await caller("anybody"), 100n);
  await claimRewards(of, 77n, []);
  await expect(claimRewards(of, 77n, [])).rejects.toMatchObject(reverted("NothingToClaim"));

  await exit(of);
  expect(await stake(of)).toMatchObject({state: "left", seats: 0, mixinUsers: []});
  await checkpoint({released: [{operator: of.account.address, entries: 2}]}, 10, 1n);
  await expect(withdraw(of)).rejects.toMatchObject(reverted("NotReady"));
  const {unbonding} = await stake(of);
  expect(unbonding.map((e) => e.readyAt - (e.releasedAt ?? 0))).toEqual([21 * DAY, 21 * DAY]);
  await later(21 * DAY + 1);
  await withdraw(of);
  expect(await stake(of)).toMatchObject({state: "left", held: 0, unbonding: []});
  expect(await stake(await caller("nobody"))).toMatchObject({state: "none", consensusKey: null, seats: 0});
});

test("evidence of votes and of proposals slashes its author, once", async () => {
  const reporter = await caller("reporter");
  const votes = (secret: Uint8Array): Evidence => {
    const sideOf = (blockHash: Hex | null) => ({
      blockHash,
      signature: sign(secret, voteDigest(network.domain, {...place, type: "precommit", blockHash})),
    });
    return {...place, type: "precommit", from: 0, first: sideOf(null), second: sideOf(HIGH)};
  };
  const proposals = (secret: Uint8Array): Evidence => {
    const sideOf = (blockHash: Hex, polRound: number) => ({
      blockHash,
      polRound,
      signature: sign(secret, proposalDigest(network.domain, {...place, blockHash, polRound})),
    });
    return {...place, type: "proposal", from: 0, first: sideOf(LOW, -1), second: sideOf(HIGH, 0)};
  };
  await slash(reporter, votes(secretOf("consensus 2")));
  expect((await stake(await caller("operator 2"))).state).toBe("tombstoned");
  await expect(slash(reporter, votes(secretOf("consensus 2")))).rejects.toMatchObject(reverted("AlreadySlashed"));
  await slash(reporter, proposals(secretOf("consensus 3")));
  expect((await stake(await caller("operator 3"))).state).toBe("tombstoned");
  await expect(slash(reporter, votes(secretOf("a stranger")))).rejects.toMatchObject(reverted("UnknownSigner"));
  expect(slashCall(votes(secretOf("consensus 2"))).args[0]).toMatchObject({voteType: 2, blockHash: ZERO_HASH});
  await expect(freeze(reporter)).rejects.toMatchObject(reverted("AlreadyFrozen"));
});
