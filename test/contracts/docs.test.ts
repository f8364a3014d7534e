import {readFileSync} from "node:fs";
import {hexlify, toUtf8Bytes} from "ethers";
import {afterAll, beforeAll, expect, test} from "vitest";
import {type Chain, startChain} from "./support/chain.ts";
import {ALICE, activeGroup, BTC, register, uuid} from "./support/group.ts";

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");
const source = read("contracts/examples/Savings.sol");

let chain: Chain;
beforeAll(async () => {
  chain = await startChain();
});
afterAll(() => chain.stop());

test("the page and the README show the app as it is, and it has less than 20 lines", () => {
  const body = source.slice(source.indexOf("import"));
  expect(read("docs/contracts.md")).toContain(source);
  expect(read("README.md")).toContain(body);
  expect(body.trim().split("\n").length).toBeLessThan(20);
});

test("what a developer inherits has less than 120 lines", () => {
  expect(read("contracts/MixinApp.sol").split("\n").length).toBeLessThan(120);
});

test("it does what the page says", async () => {
  const group = await activeGroup(chain);
  const process = uuid("savings");
  const app = await chain.deploy("Savings", [group.contract.address, process]);
  await group.deliver({system: [register(process, app.address)]});
  const withdraw = hexlify(toUtf8Bytes("withdraw"));
  const bob = uuid("bob");
  const dollars = uuid("dollars");
  await group.deliver({
    events: [
      group.event(process, {amount: 5n}),
      group.event(process, {amount: 2n, sender: bob}),
      group.event(process, {amount: 7n, asset: dollars}),
    ],
  });
  const receipt = await group.deliver({events: [group.event(process, {amount: 3n, extra: withdraw})]});
  const paid = receipt.logs.filter((log) => log.name === "Outbound").map((log) => [...log.args]);
  expect(paid).toEqual([[process, 0n, BTC, 8n, 0n, ALICE, hexlify(toUtf8Bytes("savings"))]]);
  expect((await app.read("saved", ALICE, BTC))[0]).toBe(0n);
  expect((await app.read("saved", bob, BTC))[0]).toBe(2n);
  expect(await group.balanceOf(process)).toBe(2n);

  // nothing saved and nothing paid: the send fails, and there is nothing to refund
  const empty = await group.deliver({events: [group.event(process, {sender: uuid("carol"), extra: withdraw})]});
  expect(empty.logs.map((log) => log.name)).toEqual(["Delivered", "MessageState"]);
  expect(await group.statesOf(process)).toEqual(Array(5).fill("delivered"));
});
