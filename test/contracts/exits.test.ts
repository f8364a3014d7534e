import {afterAll, beforeAll, beforeEach, describe, expect, test} from "vitest";
import {type Chain, startChain} from "./support/chain.ts";
import {deployStakes, now, pass, randomUsers, STAKE, type Stakes, TERMS} from "./support/stake.ts";

let chain: Chain;
let stakes: Stakes;
let operators: string[];
const [ALICE, BOB] = [0, 1];
beforeAll(async () => {
  chain = await startChain(["--accounts", "10"]);
});
beforeEach(async () => {
  stakes = await deployStakes(chain);
  operators = [0, 1, 2, 3, 4].map((i) => chain.accounts[i] ?? "");
});
afterAll(() => chain.stop());

const at = (i: number) => operators[i] ?? "";
const as = (i: number) => ({from: at(i)});
const send = (fn: string, args: unknown[], i: number) => stakes.contract.send(fn, args, as(i));
const refusal = async (fn: string, args: unknown[], i: number) => (await stakes.contract.reverts(fn, args, as(i))).name;
const release = (i: number, entries = 1) => stakes.checkpoint({released: [{operator: at(i), entries}]});

describe("leaving", () => {
  test("before the first set nobody has to release: unbond, then withdraw all", async () => {
    await stakes.deposit(at(ALICE), 3);
    await send("exit", [], ALICE);
    expect(await stakes.validator(at(ALICE))).toMatchObject({seats: 0, held: 3});
    expect(await refusal("withdraw", [], ALICE)).toBe("NotReady");
    await pass(chain, TERMS.unbonding - 3);
    expect(await refusal("withdraw", [], ALICE)).toBe("NotReady");
    await pass(chain, 4);
    const before = await stakes.balance(at(ALICE));
    const receipt = await send("withdraw", [], ALICE);
    expect(receipt.logs.map((l) => [l.name, ...l.args])).toEqual([["Withdrawn", expect.any(String), 3n, 3n * STAKE]]);
    expect(await stakes.balance(at(ALICE))).toBeGreaterThan(before + (299n * STAKE) / 100n);
    expect(await stakes.balance()).toBe(0n);
    expect(await stakes.validator(at(ALICE))).toMatchObject({seats: 0, held: 0});
  });

  test("who left is not in the first set, and does not count for its size", async () => {
    for (const i of [0, 1, 2, 3]) await stakes.deposit(at(i), 1);
    await send("exit", [], ALICE);
    expect((await stakes.contract.reverts("freeze", [])).name).toBe("TooFewValidators");
    await stakes.deposit(at(4), 1);
    await stakes.contract.send("freeze", []);
    expect((await stakes.members(0)).map((m) => m.operator.toLowerCase())).not.toContain(at(ALICE));
  });

  test("in a network it takes a release, and unbonding counts from there", async () => {
    await stakes.network(operators.slice(0, 4));
    await send("exit", [], ALICE);
    await pass(chain, TERMS.unbonding + 10);
    expect(await refusal("withdraw", [], ALICE)).toBe("NotReady");
    const receipt = await release(ALICE);
    expect(receipt.logs.map((l) => l.name)).toEqual(["Released", "CheckpointTaken"]);
    const [entry] = await stakes.entries(at(ALICE));
    expect(entry).toMatchObject({seats: 1, releasedAt: await now(chain), readyAt: (await now(chain)) + TERMS.unbonding});
    await pass(chain, TERMS.unbonding - 5);
    expect(await refusal("withdraw", [], ALICE)).toBe("NotReady");
    await release(ALICE); // said again, it changes nothing
    expect(await stakes.entries(at(ALICE))).toEqual([entry]);
    await pass(chain, 6);
    await send("withdraw", [], ALICE);
    expect(await stakes.balance()).toBe(3n * STAKE);
    expect(await refusal("withdraw", [], ALICE)).toBe("NotReady");
  });

  test("where checkpoints stop coming, exits open two unbonding periods after the last", async () => {
    await stakes.network(operators.slice(0, 4));
    await pass(chain, TERMS.unbonding);
    await send("exit", [], ALICE);
    await stakes.checkpoint({}); // somebody is alive: the wait starts anew
    await pass(chain, 2 * TERMS.unbonding - 5);
    expect(await refusal("withdraw", [], ALICE)).toBe("NotReady");
    await pass(chain, 6);
    await send("withdraw", [], ALICE);
    await release(ALICE); // late, and of something that is gone
    expect(await stakes.entries(at(ALICE))).toEqual([]);
    expect(await refusal("withdraw", [], ALICE)).toBe("NotReady");
  });

  test("an exit long after the last checkpoint still waits its own period", async () => {
    await stakes.network(operators.slice(0, 4));
    await pass(chain, 10 * TERMS.unbonding);
    await send("exit", [], ALICE);
    expect(await refusal("withdraw", [], ALICE)).toBe("NotReady");
    await pass(chain, TERMS.unbonding + 1);
    await send("withdraw", [], ALICE);
  });

  test("an operator that has left does not come back", async () => {
    const d = await stakes.deposit(at(ALICE), 1);
    await send("exit", [], ALICE);
    expect(await refusal("exit", [], ALICE)).toBe("Gone");
    expect(await refusal("removeSeats", [[d.keys.mixinIds[0]]], ALICE)).toBe("Gone");
    expect((await stakes.contract.reverts("addSeats", [1, randomUsers(1)], {...as(ALICE), value: STAKE})).name).toBe("Gone");
    await pass(chain, TERMS.unbonding + 1);
    await send("withdraw", [], ALICE);
    const again = stakes.depositOf(at(ALICE), 1);
    expect((await stakes.contract.reverts("deposit", [1, again.keys, again.proofs], {...as(ALICE), value: STAKE})).name).toBe(
      "AlreadyDeposited",
    );
    for (const fn of ["exit", "unjail"]) expect(await refusal(fn, [], BOB), fn).toBe("NotDeposited");
    expect(await refusal("withdraw", [], BOB)).toBe("NotReady");
  });

  test("a withdrawal that its receiver refuses, or calls back into, pays nothing twice", async () => {
    const thief = await chain.deploy("StakeThief", [stakes.contract.address]);
    await stakes.deposit(at(BOB), 5);
    const d = stakes.depositOf(thief.address, 2);
    await thief.send("deposit", [stakes.contract.abi.encodeFunctionData("deposit", [2, d.keys, d.proofs])], {value: 2n * STAKE});
    await thief.send("run", [stakes.contract.abi.encodeFunctionData("exit", [])]);
    await pass(chain, TERMS.unbonding + 1);
    const withdraw = stakes.contract.abi.encodeFunctionData("withdraw", []);
    await thief.send("setMode", [1]); // calls withdraw again while it is paid
    await thief.send("run", [withdraw]);
    expect(await stakes.balance()).toBe(5n * STAKE);
    expect(await stakes.balance(thief.address)).toBe(2n * STAKE);
    expect((await thief.read("again"))[0]).toBe(false);
  });

  test("a receiver that takes no money gets it once it does", async () => {
    const thief = await chain.deploy("StakeThief", [stakes.contract.address]);
    const d = stakes.depositOf(thief.address, 1);
    await thief.send("deposit", [stakes.contract.abi.encodeFunctionData("deposit", [1, d.keys, d.proofs])], {value: STAKE});
    await thief.send("run", [stakes.contract.abi.encodeFunctionData("exit", [])]);
    await pass(chain, TERMS.unbonding + 1);
    const withdraw = stakes.contract.abi.encodeFunctionData("withdraw", []);
    await thief.send("setMode", [2]);
    expect((await thief.attempt("run", [withdraw])).status).toBe(false);
    expect(await stakes.balance()).toBe(STAKE);
    await thief.send("setMode", [0]);
    await thief.send("run", [withdraw]);
    expect(await stakes.balance()).toBe(0n);
  });
});

describe("fewer seats", () => {
  test("go by the Mixin users that are given up; those are never used again", async () => {
    const d = await stakes.deposit(at(ALICE), 4);
    const [a = "", b = "", c = "", e = ""] = d.keys.mixinIds;
    const receipt = await send("removeSeats", [[c, a]], ALICE);
    expect(receipt.logs.map((l) => [l.name, l.args[1], [...l.args[2]]])).toEqual([["SeatsRemoved", 0n, [c, a]]]);
    expect([...(await stakes.contract.read("seatUsersOf", at(ALICE)))[0]]).toEqual([b, e]);
    expect(await stakes.validator(at(ALICE))).toMatchObject({seats: 2, held: 4});
    expect((await stakes.contract.reverts("addSeats", [1, [a]], {...as(ALICE), value: STAKE})).name).toBe("KeyInUse");
    const [more = ""] = randomUsers(1);
    await stakes.contract.send("addSeats", [1, [more]], {...as(ALICE), value: STAKE});
    expect([...(await stakes.contract.read("seatUsersOf", at(ALICE)))[0]]).toEqual([b, e, more]);
    expect([...(await stakes.contract.read("validatorOf", at(ALICE)))[0].mixinIds]).toEqual([a, b, c, e, more]);
    await send("exit", [], ALICE);
    expect([...(await stakes.contract.read("seatUsersOf", at(ALICE)))[0]]).toEqual([]);
  });

  test("not somebody else's, not one twice, not none, not the last", async () => {
    const mine = (await stakes.deposit(at(ALICE), 3)).keys.mixinIds;
    const theirs = (await stakes.deposit(at(BOB), 2)).keys.mixinIds;
    expect(await refusal("removeSeats", [[theirs[0]]], ALICE)).toBe("NotASeatOf");
    expect(await refusal("removeSeats", [[mine[0], mine[0]]], ALICE)).toBe("NotASeatOf");
    expect(await refusal("removeSeats", [randomUsers(1)], ALICE)).toBe("NotASeatOf");
    expect(await refusal("removeSeats", [[]], ALICE)).toBe("SeatsOutOfRange");
    expect(await refusal("removeSeats", [mine], ALICE)).toBe("LastSeat");
    await send("removeSeats", [[mine[1]]], ALICE);
    expect(await refusal("removeSeats", [[mine[1]]], ALICE)).toBe("NotASeatOf");
  });

  test("entries leave in their order, each by its own date, and only so many wait", async () => {
    await stakes.network(operators.slice(0, 4), 10);
    const users = [...(await stakes.contract.read("seatUsersOf", at(ALICE)))[0]] as string[];
    for (const user of users.slice(0, 7)) await send("removeSeats", [[user]], ALICE);
    expect(await refusal("removeSeats", [[users[7]]], ALICE)).toBe("TooManyEntries");
    await release(ALICE, 2);
    await pass(chain, 100);
    await release(ALICE, 1); // an older word than the one before
    await release(ALICE, 99); // all there are
    const entries = await stakes.entries(at(ALICE));
    expect(entries.length).toBe(7);
    expect((entries[2]?.readyAt ?? 0) - (entries[1]?.readyAt ?? 0)).toBeGreaterThanOrEqual(100);
    expect(entries[0]?.readyAt).toBe(entries[1]?.readyAt);
    await pass(chain, TERMS.unbonding - 90);
    const first = await send("withdraw", [], ALICE);
    expect(first.logs[0]?.args[1]).toBe(2n);
    await send("exit", [], ALICE);
    await pass(chain, 120);
    expect((await send("withdraw", [], ALICE)).logs[0]?.args[1]).toBe(5n); // the exit is not released
    expect(await stakes.validator(at(ALICE))).toMatchObject({seats: 0, held: 3});
    expect(await stakes.balance()).toBe(33n * STAKE);
  });
});

describe("jail", () => {
  test("ends when its time is over and the operator says so", async () => {
    await stakes.network(operators.slice(0, 4));
    expect(await refusal("unjail", [], BOB)).toBe("NotJailed");
    const receipt = await stakes.checkpoint({jailed: [at(BOB), at(4)]}); // the second has no seat
    expect(receipt.logs.map((l) => l.name)).toEqual(["Jailed", "CheckpointTaken"]);
    expect((await stakes.validator(at(BOB))).jailedUntil).toBe((await now(chain)) + TERMS.jailSeconds);
    expect(await refusal("unjail", [], BOB)).toBe("StillJailed");
    await pass(chain, TERMS.jailSeconds);
    await send("unjail", [], BOB);
    expect((await stakes.validator(at(BOB))).jailedUntil).toBe(0);
    await stakes.checkpoint({jailed: [at(BOB)]});
    await send("exit", [], BOB); // a jailed operator may leave
  });
});

test("terms that let stake go before its evidence are refused", async () => {
  const refuse = async (change: object) => {
    const terms = {...TERMS, ...change};
    return (await chain.deployReverts("Staking", [`0x${"00".repeat(32)}`, terms])).name;
  };
  expect(await refuse({unbonding: 180})).toBe("BadTerms");
  expect(await refuse({epochSeconds: 2 ** 32 - 1, evidenceAge: 2 ** 32 - 1})).toBe("BadTerms");
  expect(await refuse({slashShare: 10_001})).toBe("BadTerms");
  expect(await refuse({finderShare: 10_001})).toBe("BadTerms");
  expect(await refuse({seatStake: 0n})).toBe("BadTerms");
});
