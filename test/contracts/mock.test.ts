import {afterAll, beforeAll, expect, test} from "vitest";
import {type Chain, type Deployed, startChain} from "./support/chain.ts";
import {BTC, STATES, uuid} from "./support/group.ts";

/** The contracts that tests of apps run against. test/kit.test.ts has them through `mvm-node/kit`. */
const PROCESS = uuid("app under test");
const USER = uuid("a user's name");
const ZERO = `0x${"00".repeat(32)}`;

let chain: Chain;
let mock: Deployed;
let group: Deployed;
let app: Deployed;
beforeAll(async () => {
  chain = await startChain();
  mock = await chain.deploy("MixinMock", []);
  group = chain.at("MixinGroupMock", String((await mock.read("group"))[0]));
  app = await chain.deploy("FailingApp", [group.address, PROCESS]);
  await mock.send("register", [PROCESS, app.address, 0, 300_000]);
});
afterAll(() => chain.stop());

const pay = (amount: bigint, user = USER) => mock.send("pay", [PROCESS, user, BTC, amount, "0xabcd"]);
const stateOf = async (nonce: number) => STATES[Number((await group.read("messageOf", PROCESS, nonce))[0])];
const balance = async () => (await group.read("balanceOf", PROCESS, BTC))[0];

test("a payment is the next message of its process, with the mask of its user", async () => {
  const before = BigInt((await group.read("nextSeq"))[0]);
  await pay(1_000n);
  await pay(0n);
  expect((await group.read("nextSeq"))[0]).toBe(before + 2n);
  expect([await stateOf(0), await stateOf(1), await stateOf(2)]).toEqual(["delivered", "delivered", "unknown"]);
  expect(await balance()).toBe(1_000n);
  expect((await app.read("last"))[0]).toBe(1n);
  const mask = (await mock.read("maskOf", PROCESS, USER))[0];
  expect((await mock.read("eventOf", PROCESS, 0))[0]).toContain(String(mask).slice(2));
  expect((await mock.read("maskOf", uuid("another process"), USER))[0]).not.toBe(mask);
  expect((await mock.read("maskOf", PROCESS, `0x${"00".repeat(16)}`))[0]).toBe(`0x${"00".repeat(16)}`);
});

test("a failure refunds, and a second one parks until it is retried", async () => {
  await app.send("set", [true, false, false]);
  const refunded = await pay(7n);
  expect(refunded.raw.length).toBeGreaterThan(0);
  expect([await stateOf(2), await balance()]).toEqual(["delivered", 1_000n]);
  await app.send("set", [true, true, false]);
  await pay(5n);
  await pay(6n);
  expect([await stateOf(3), await stateOf(4), await balance()]).toEqual(["parked", "queued", 1_000n]);
  await app.send("set", [false, false, false]);
  await mock.send("retry", [PROCESS, 3]);
  await mock.send("retry", [PROCESS, 4]);
  expect([await stateOf(3), await stateOf(4), await balance()]).toEqual(["delivered", "delivered", 1_011n]);
});

test("what only validators bring has no place here", async () => {
  const block = [1, ZERO, [], 0, 0] as const;
  expect(await group.reverts("deliver", [...block, "0x", []])).toMatchObject({name: "NotInMock"});
  expect(await group.reverts("deliverByVotes", [...block, [], [], [], []])).toMatchObject({name: "NotInMock"});
  expect(await group.reverts("commit", [...block, "0x", []])).toMatchObject({name: "NotInMock"});
  expect(await group.reverts("execute", [0, "0x", []])).toMatchObject({name: "NotInMock"});
});
