import {afterAll, beforeAll, describe, expect, test} from "vitest";
import {artifactOf, compileContracts} from "../../scripts/compile.ts";
import {type Chain, GAS_MAX, startChain} from "./support/chain.ts";
import {activateArgs, activeGroup, certificateArgs, deployGroup, PARK, register, uuid, validatorKeys} from "./support/group.ts";
import {argsOf, deployStakes, STAKE} from "./support/stake.ts";

const EXTRA = `0x${"ab".repeat(64)}`;

let chain: Chain;
beforeAll(async () => {
  chain = await startChain();
});
afterAll(() => chain.stop());

test("contracts fit under the code limit of EIP-170", () => {
  const artifacts = compileContracts();
  for (const name of ["MixinGroup", "Staking", "Echo", "Savings", "MixinAccounts", "MixinAsset"]) {
    const size = (artifactOf(artifacts, name).deployedBytecode.length - 2) / 2;
    expect(size, name).toBeLessThan(24_576);
    expect(size, name).toBeGreaterThan(1_000);
  }
  expect(() => artifactOf(artifacts, "Nothing")).toThrow('no contract "Nothing"');
});

describe("whole transactions", () => {
  test("one certificate: at most 190,000", async () => {
    const group = await activeGroup(chain);
    const {block} = group.block({events: [group.event(uuid("p"))]});
    const receipt = await group.contract.send("verify", certificateArgs({...block, height: 12_345_678n}, group.certify(block)));
    expect(receipt.gasUsed).toBeLessThanOrEqual(190_000);
  });

  test.for([
    [1, 290_000],
    [10, 61_000],
    [32, 45_000],
  ] as const)("a batch of %i messages: at most %i each", async ([size, gasMax]) => {
    const group = await activeGroup(chain);
    const process = uuid("process");
    const app = await chain.deploy("NoopReceiver", []);
    await group.deliver({system: [register(process, app.address)]});
    const batch = () => ({events: Array.from({length: size}, () => group.event(process, {extra: EXTRA, amount: 12_345_678n}))});
    await group.deliver(batch()); // later ones no longer pay for the lane's own slots
    expect((await group.deliver(batch())).gasUsed / size).toBeLessThanOrEqual(gasMax);
  });

  test("every kind of system event that is known: under 250,000", async () => {
    const group = await activeGroup(chain);
    const one = await group.deliver({system: [register(uuid("a"), chain.accounts[1] ?? "")]});
    const two = await group.deliver({system: [register(uuid("b"), chain.accounts[2] ?? ""), register(uuid("c"), chain.accounts[3] ?? "")]});
    expect(two.gasUsed - one.gasUsed).toBeLessThan(250_000);
  });

  test("activation by 64 validators fits, and by four takes at most 330,000", async () => {
    const four = await deployGroup(chain);
    expect((await four.activate()).gasUsed).toBeLessThan(330_000);
    const many = await deployGroup(chain, validatorKeys(Array(64).fill(1)));
    const signers = Array.from({length: 43}, (_, i) => i);
    expect((await many.contract.send("activate", activateArgs(many.activation(signers)))).gasUsed).toBeLessThan(900_000);
  });

  test("the largest outbox, 128 messages of a lane that fails, fits under the cap", async () => {
    const group = await activeGroup(chain);
    const process = uuid("process");
    const app = await chain.deploy("UnrulyReceiver", [group.contract.address]);
    await group.deliver({system: [register(process, app.address, PARK, 48_000)]}); // Σ is 12,000,000 at 128 messages
    await app.send("setMode", [2]); // burns all
    const extra = `0x${"ab".repeat(600)}`; // 100,000 bytes in all
    const events = Array.from({length: 128}, () => group.event(process, {extra, amount: 5n}));
    const receipt = await group.deliver({events}, {gas: GAS_MAX});
    expect(receipt.status).toBe(true);
    expect(new Set(await group.statesOf(process))).toEqual(new Set(["parked"]));
  });

  test("a deposit of one seat at most 450,000, a slash at most 120,000", async () => {
    const stakes = await deployStakes(chain);
    const [operator = "", reporter = ""] = chain.accounts;
    for (let i = 1; i < 5; i++) await stakes.deposit(chain.accounts[i] ?? "", 1);
    const d = stakes.depositOf(operator, 1);
    const deposit = await stakes.contract.send("deposit", argsOf(d), {from: operator, value: STAKE});
    expect(deposit.gasUsed).toBeLessThanOrEqual(450_000);
    expect(deposit.gasUsed).toBeGreaterThan(100_000);
    await stakes.contract.send("freeze", []);
    const slash = await stakes.contract.send("slash", stakes.doubleVote(stakes.consensusOf(operator)), {from: reporter});
    expect(slash.gasUsed).toBeLessThanOrEqual(120_000);
  });
});
