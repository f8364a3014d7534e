import {hexlify, keccak256, randomBytes, toBeHex, Wallet} from "ethers";
import fc from "fast-check";
import {afterAll, beforeAll, beforeEach, describe, expect, test} from "vitest";
import {type Chain, type Deployed, startChain} from "./support/chain.ts";
import {networkIdOf, uuid, validatorsHash} from "./support/group.ts";
import {type Candidate, selectSeats} from "./support/seats.ts";
import {argsOf, type Deposit, deployStakes, STAKE, STAKING_SALT, type Stakes} from "./support/stake.ts";

let chain: Chain;
let stakes: Stakes;
let staking: Deployed;
beforeAll(async () => {
  chain = await startChain(["--accounts", "14"]);
});
beforeEach(async () => {
  stakes = await deployStakes(chain);
  staking = stakes.contract;
});
afterAll(() => chain.stop());

const account = (i: number) => chain.accounts[i] ?? "";
const depositOf = (operator: string, seats: number, change: Partial<Deposit["keys"]> = {}, of = stakes) =>
  of.depositOf(operator, seats, change);
const deposit = (i: number, seats: number) => stakes.deposit(account(i), seats);
const refused = async (d: Deposit, value = STAKE * BigInt(d.seats), from = account(0)) =>
  (await staking.reverts("deposit", argsOf(d), {from, value})).name;

describe("deposit", () => {
  test("takes exactly the seats' stake and shows every key", async () => {
    const d = depositOf(account(0), 3);
    const receipt = await staking.send("deposit", argsOf(d), {from: account(0), value: 3n * STAKE});
    expect(receipt.logs.map((log) => log.name)).toEqual(["Deposited"]);
    expect(BigInt(await chain.rpc("eth_getBalance", staking.address, "latest"))).toBe(3n * STAKE);
    const [validator] = await staking.read("validatorOf", account(0));
    expect(validator.seats).toBe(3n);
    expect(validator.dealingProof).toBe(d.proofs[1]);
    const {consensus, peerId, dealingKey, mixinIds} = validator;
    expect({consensus, peerId, dealingKey, mixinIds: [...mixinIds]}).toEqual(d.keys);
    expect((await staking.read("operatorCount"))[0]).toBe(1n);
    expect(((await staking.read("operatorAt", 0n))[0] as string).toLowerCase()).toBe(account(0).toLowerCase());
    expect((await staking.read("networkId"))[0]).toBe(networkIdOf(chain.chainId, staking.address, STAKING_SALT));
  });

  test("refuses another value, no seats, and more than 64", async () => {
    expect(await refused(depositOf(account(0), 2), STAKE)).toBe("WrongValue");
    expect(await refused(depositOf(account(0), 2), 2n * STAKE + 1n)).toBe("WrongValue");
    expect(await refused(depositOf(account(0), 2), 0n)).toBe("WrongValue");
    expect(await refused(depositOf(account(0), 0))).toBe("SeatsOutOfRange");
    expect(await refused(depositOf(account(0), 65))).toBe("SeatsOutOfRange");
    await deposit(0, 1);
    expect(await refused(depositOf(account(0), 1))).toBe("AlreadyDeposited");
  });

  test("refuses malformed keys", async () => {
    for (const change of [
      {peerId: "0x"},
      {peerId: hexlify(randomBytes(65))},
      {dealingKey: hexlify(randomBytes(47))},
      {dealingKey: hexlify(randomBytes(128))},
      {mixinIds: []},
      {mixinIds: [uuid("a"), uuid("b")]},
      {mixinIds: [`0x${"00".repeat(16)}`]},
    ]) {
      expect(await refused(depositOf(account(0), 1, change)), JSON.stringify(change)).toBe("MalformedKeys");
    }
  });

  test("the consensus key must have signed for this operator, here", async () => {
    const good = depositOf(account(0), 1);
    const [proof = "", pop = ""] = good.proofs;
    expect(await refused({...good, keys: {...good.keys, consensus: account(5)}})).toBe("WrongProof");
    expect(await refused(depositOf(account(1), 1))).toBe("WrongProof"); // for somebody else
    const elsewhere = await deployStakes(chain);
    expect(await refused(depositOf(account(0), 1, {}, elsewhere))).toBe("WrongProof");
    for (const proofs of [[], [proof], [proof, pop, pop], ["0x", pop], [proof, "0x"], [`${proof}00`, pop]]) {
      expect(await refused({...good, proofs})).toBe("WrongProof");
    }
    const zero = `0x${"00".repeat(20)}`;
    expect(await refused({...good, keys: {...good.keys, consensus: zero}, proofs: [`0x${"11".repeat(65)}`, pop]})).toBe("WrongProof");
    await staking.send("deposit", argsOf(good), {from: account(0), value: STAKE}); // and as it is, accepted
  });

  test("no key is used twice", async () => {
    const first = await deposit(0, 2);
    const second = depositOf(account(1), 1);
    const wallet = Wallet.createRandom();
    await staking.send("addSeats", [1, [uuid("later")]], {from: account(0), value: STAKE});
    for (const change of [
      {peerId: first.keys.peerId},
      {dealingKey: first.keys.dealingKey},
      {mixinIds: [first.keys.mixinIds[1] ?? ""]},
      {mixinIds: [uuid("later")]},
    ]) {
      const d = {...second, keys: {...second.keys, ...change}};
      expect(await refused(d, STAKE, account(1)), Object.keys(change).join()).toBe("KeyInUse");
    }
    const both = (operator: string) => ({
      ...second,
      keys: {...second.keys, consensus: wallet.address},
      proofs: [wallet.signingKey.sign(stakes.consensusDigest(operator)).serialized, second.proofs[1] ?? ""],
    });
    await staking.send("deposit", argsOf(both(account(1))), {from: account(1), value: STAKE});
    const again = depositOf(account(2), 1);
    const reused = {...both(account(2)), keys: {...again.keys, consensus: wallet.address}};
    expect(await refused(reused, STAKE, account(2))).toBe("KeyInUse");
    const twice = depositOf(account(3), 2, {mixinIds: [uuid("same"), uuid("same")]});
    expect(await refused(twice, 2n * STAKE, account(3))).toBe("KeyInUse");
  });

  test("more seats come with their Mixin users", async () => {
    expect((await staking.reverts("addSeats", [1, [uuid("x")]], {from: account(0), value: STAKE})).name).toBe("NotDeposited");
    const d = await deposit(0, 1);
    await staking.send("addSeats", [2, [uuid("x"), uuid("y")]], {from: account(0), value: 2n * STAKE});
    const [validator] = await staking.read("validatorOf", account(0));
    expect(validator.seats).toBe(3n);
    expect([...validator.mixinIds]).toEqual([...d.keys.mixinIds, uuid("x"), uuid("y")]);
    const name = async (seats: number, ids: string[], value: bigint) =>
      (await staking.reverts("addSeats", [seats, ids], {from: account(0), value})).name;
    expect(await name(1, [uuid("z")], 2n * STAKE)).toBe("WrongValue");
    expect(await name(2, [uuid("z")], 2n * STAKE)).toBe("MalformedKeys");
    expect(await name(62, Array(62).fill(uuid("z")), 62n * STAKE)).toBe("SeatsOutOfRange");
  });
});

describe("freeze", () => {
  const freezeReverts = async (contract = staking) => (await contract.reverts("freeze", [])).name;

  test("makes the set of epoch 0, by operator address, once", async () => {
    const deposits: Deposit[] = [];
    for (const i of [0, 1, 2, 3]) deposits.push(await deposit(i, 1));
    const receipt = await staking.send("freeze", [], {from: account(9)});
    const order = [0, 1, 2, 3].sort((a, b) => (BigInt(account(a)) < BigInt(account(b)) ? -1 : 1));
    const [operators, keys, seats, total] = await staking.read("activeSet", 0n);
    expect(operators.map((o: string) => o.toLowerCase())).toEqual(order.map((i) => account(i).toLowerCase()));
    expect([...keys]).toEqual(order.map((i) => deposits[i]?.keys.consensus));
    expect([...seats]).toEqual([1n, 1n, 1n, 1n]);
    expect(total).toBe(4n);
    const hash = validatorsHash(0n, [...keys], [1, 1, 1, 1]);
    expect((await staking.read("validatorsHash", 0n))[0]).toBe(hash);
    expect(receipt.logs.map((log) => [log.name, ...log.args])).toEqual([["Frozen", 0n, hash]]);
    expect(await freezeReverts()).toBe("AlreadyFrozen");
    await deposit(4, 1); // later deposits are welcome, and change nothing
    expect((await staking.read("activeSet", 0n))[3]).toBe(4n);
    expect(await freezeReverts()).toBe("AlreadyFrozen");
  });

  test("caps at less than a third", async () => {
    for (const [i, seats] of [9, 2, 2, 2].entries()) await deposit(i, seats);
    await staking.send("freeze", []);
    const [operators, , seats] = await staking.read("activeSet", 0n);
    const want = selectSeats([9, 2, 2, 2].map((s, i) => ({operator: account(i), seats: s})));
    expect(operators.map((o: string, i: number) => [o.toLowerCase(), Number(seats[i])])).toEqual(
      want.map((c) => [c.operator.toLowerCase(), c.seats]),
    );
    expect([...seats].map(Number).sort()).toEqual([2, 2, 2, 2]);
  });

  test("not before its time, not with too few, not for nobody", async () => {
    const later = (await deployStakes(chain, {genesisTime: 4_000_000_000})).contract;
    expect(await freezeReverts(later)).toBe("TooEarly");
    for (const i of [0, 1, 2]) await deposit(i, 1);
    expect(await freezeReverts()).toBe("TooFewValidators");
    expect(await freezeReverts((await deployStakes(chain, {minValidators: 0})).contract)).toBe("TooFewValidators");
    expect((await staking.read("activeSet", 0n))[3]).toBe(0n);
    expect((await staking.read("validatorsHash", 0n))[0]).toBe(`0x${"00".repeat(32)}`);
  });
});

describe("seats", () => {
  let harness: Deployed;
  beforeAll(async () => {
    harness = await chain.deploy("Harness", []);
  });
  async function onChain(candidates: readonly Candidate[]): Promise<Candidate[]> {
    const [operators, seats] = await harness.read(
      "select",
      candidates.map((c) => c.operator),
      candidates.map((c) => c.seats),
    );
    return [...operators].map((operator: string, i: number) => ({operator: operator.toLowerCase(), seats: Number(seats[i])}));
  }
  const operator = (i: number) => toBeHex(BigInt(keccak256(toBeHex(i, 4))) >> 96n, 20);

  test("are the reference's, for any stakes", () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(fc.oneof(fc.integer({min: 1, max: 4}), fc.integer({min: 1, max: 64})), {maxLength: 90}),
        fc.nat(1_000),
        async (stakes, from) => {
          const candidates = stakes.map((seats, i) => ({operator: operator(from + i), seats}));
          const got = await onChain(candidates);
          expect(got).toEqual(selectSeats(candidates));
          const total = got.reduce((sum, c) => sum + c.seats, 0);
          expect(total).toBeLessThanOrEqual(64);
          if (got.length >= 4) expect(Math.max(...got.map((c) => c.seats)) * 3).toBeLessThan(total);
        },
      ),
      {numRuns: 120},
    ));

  test.for([
    {stakes: [1, 1, 1, 1], want: [1, 1, 1, 1]},
    {stakes: [10, 10, 10, 10], want: [10, 10, 10, 10]},
    {stakes: [5, 5, 1, 1], want: [1, 1, 1, 1]},
    {stakes: [5, 1, 1], want: [5, 1, 1]}, // three validators: no cap helps, seats stay
    {stakes: [30, 20, 10, 10], want: [19, 19, 10, 10]}, // 70 staked; a third is the tighter bound
    {stakes: [64, 64, 64, 64], want: [16, 16, 16, 16]},
    {stakes: [64, 10, 10, 10, 10], want: [19, 10, 10, 10, 10]}, // as many as there are seats buys a share, not the network
    {stakes: [64, 64, 64, 64, 64, 64, 64], want: [10, 9, 9, 9, 9, 9, 9]},
    {stakes: [64, 64, 64, 1], want: [21, 21, 21, 1]},
    {stakes: [40, 0, 40, 20, 20, 8], want: [20, 20, 10, 10, 4]},
    {stakes: [], want: []},
  ])("$stakes give $want", async ({stakes, want}) => {
    const candidates = stakes.map((seats, i) => ({operator: toBeHex(i + 1, 20), seats}));
    expect((await onChain(candidates)).map((c) => c.seats)).toEqual(want);
  });

  test("equal stakes go to the lower operator address", async () => {
    const candidates = Array.from({length: 70}, (_, i) => ({operator: operator(i), seats: 1}));
    const got = await onChain(candidates);
    const lowest = candidates.map((c) => c.operator).sort((a, b) => (BigInt(a) < BigInt(b) ? -1 : 1));
    expect(got.map((c) => c.operator)).toEqual(lowest.slice(0, 64));
  });
});
