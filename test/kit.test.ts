import {execFile} from "node:child_process";
import {mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync} from "node:fs";
import {tmpdir} from "node:os";
import {join} from "node:path";
import {promisify} from "node:util";
import {afterAll, beforeAll, describe, expect, test} from "vitest";
import {buildKit} from "../scripts/build.ts";
import {fromHex} from "../src/base/bytes.ts";
import {createApp} from "../src/cli/create-app.ts";
import {decodeEvent} from "../src/types/event.ts";
import {MixinTestKit, type MockApp} from "../testnet/kit/mock.ts";

const dir = mkdtempSync(join(tmpdir(), "mvm-kit-"));
const run = promisify(execFile);
beforeAll(buildKit);
afterAll(() => rmSync(dir, {recursive: true, force: true}));

describe("the mock has the rules of the group contract", () => {
  const SOURCE = `// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;
import {MixinApp} from "mvm-node/contracts/MixinApp.sol";
contract Moody is MixinApp {
    error Moods(uint256 mood);
    uint256 public mood;
    uint64[] public seen;
    constructor(address g, bytes16 p) MixinApp(g, p) {}
    function setMood(uint256 to) external { mood = to; }
    function all() external view returns (uint64[] memory) { return seen; }
    function _onMessage(Message calldata m) internal override {
        if (mood == 1) revert Moods(mood);
        if (mood == 2) while (true) seen.push(m.nonce);
        if (mood == 3) revert("no");
        seen.push(m.nonce);
    }
    function _onFailure(Message calldata m) internal override {
        if (mood == 3) revert Moods(mood);
        super._onFailure(m);
    }
}`;
  let kit: MixinTestKit;
  beforeAll(async () => {
    mkdirSync(join(dir, "moody", "contracts"), {recursive: true});
    writeFileSync(join(dir, "moody", "contracts", "Moody.sol"), SOURCE);
    kit = await MixinTestKit.start(join(dir, "moody"));
  }, 120_000);
  afterAll(() => kit?.stop());
  const as = async (app: MockApp, mood: number) => void (await (await app.contract.getFunction("setMood")(mood)).wait());
  const seen = async (app: MockApp) => ((await app.contract.getFunction("all")()) as bigint[]).map(Number);

  test("messages come in order, and a failure gives the money back", async () => {
    const app = await kit.deploy("Moody", {process: "0f1e2d3c-4b5a-4697-8877-665544332211"});
    expect(await kit.pay(app, {from: "alice", amount: "1"})).toMatchObject({nonce: 0n, state: "delivered", sends: []});
    await as(app, 1);
    expect(await kit.pay(app, {from: "alice", amount: "2"})).toMatchObject({
      nonce: 1n,
      state: "delivered",
      sends: [{to: "alice", amount: "2"}],
    });
    await as(app, 2);
    const burnt = await kit.pay(app, {from: "bob", amount: "3"});
    expect(burnt).toMatchObject({state: "delivered", sends: [{to: "bob", amount: "3"}]});
    expect(burnt.gasUsed, "the gas limit of the process holds").toBeLessThan(800_000);
    await as(app, 0);
    expect(await kit.pay(app, {from: "", amount: "4"})).toMatchObject({nonce: 3n, state: "delivered"});
    expect(await seen(app)).toEqual([0, 3]);
    expect(await kit.balance(app)).toBe("5");
  }, 60_000);

  test("strict: behind a parked message the lane waits; park: it goes on", async () => {
    for (const [policy, next, order] of [
      ["strict", "queued", [0, 1]],
      ["park", "delivered", [1, 0]],
    ] as const) {
      const app = await kit.deploy("Moody", {process: `0f1e2d3c-4b5a-4697-8877-66554433220${order[0]}`, policy});
      await as(app, 3);
      expect(await kit.pay(app, {from: "alice", amount: "1"})).toMatchObject({state: "parked", failure: "Moods(mood: 3)", sends: []});
      expect(await kit.balance(app), "the value is with the message").toBe("0");
      await as(app, 0);
      expect(await kit.pay(app, {from: "bob", amount: "1"})).toMatchObject({state: next});
      if (policy === "strict") await expect(kit.retry(app, 1n)).rejects.toThrow(/NotWaiting/);
      expect(await kit.retry(app, 0n)).toMatchObject({state: "delivered"});
      if (policy === "strict") expect(await kit.retry(app, 1n), "its turn has come").toMatchObject({state: "delivered"});
      expect(await seen(app)).toEqual(order);
      expect(await kit.balance(app)).toBe("2");
    }
  }, 60_000);

  test("a user is another sender in every app, and the event is the one of the network", async () => {
    const one = await kit.deploy("Moody", {process: "0f1e2d3c-4b5a-4697-8877-665544332233"});
    const two = await kit.deploy("Moody", {process: "0f1e2d3c-4b5a-4697-8877-665544332244"});
    expect(await kit.senderOf(one, "alice")).not.toBe(await kit.senderOf(two, "alice"));
    const {nonce} = await kit.pay(one, {from: "alice", amount: "1.00000001", extra: "hi"});
    const event = await kit.eventOf(one, nonce);
    expect(decodeEvent(fromHex(event))).toMatchObject({
      process: one.process,
      nonce,
      amount: 100_000_001n,
      threshold: 1,
      extra: Uint8Array.of(0x68, 0x69),
    });
  }, 60_000);
});

test("mvm create-app makes an app whose tests pass as they are, with nothing installed", async () => {
  const {folder, files} = createApp(join(dir, "my-app"));
  expect(files).toEqual(expect.arrayContaining([".gitignore", "contracts/Guestbook.sol", "package.json", "test/guestbook.test.mjs"]));
  const {stdout} = await run("npm", ["test"], {cwd: folder});
  expect(stdout).toMatch(/^# pass 3$/m);
  expect(stdout).toMatch(/^# fail 0$/m);
  expect(() => createApp(join(dir, "my-app"))).toThrow(expect.objectContaining({code: "NOT_EMPTY"}));
  expect(() => createApp(join(dir, "My App"))).toThrow(expect.objectContaining({code: "BAD_NAME"}));
}, 120_000);

test("the tests of the examples pass", async () => {
  const tests = readdirSync("examples").flatMap((name) => (["README.md", "starter"].includes(name) ? [] : [`examples/${name}/test`]));
  const files = tests.flatMap((folder) => readdirSync(folder).map((file) => join(folder, file)));
  const {stdout} = await run(process.execPath, ["--test", ...files]);
  expect(stdout).toMatch(/^# fail 0$/m);
  expect(Number(/^# pass (\d+)$/m.exec(stdout)?.[1])).toBeGreaterThanOrEqual(4);
}, 120_000);
