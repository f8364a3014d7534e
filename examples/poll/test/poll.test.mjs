import assert from "node:assert/strict";
import {after, before, test} from "node:test";
import {fileURLToPath} from "node:url";
import {MixinTestKit} from "mvm-node/kit";

let kit;
let app;
before(async () => {
  kit = await MixinTestKit.start(fileURLToPath(new URL("..", import.meta.url)));
  app = await kit.deploy("Poll", {args: [3, 2]});
});
after(() => kit?.stop());

const vote = (from, option) => kit.pay(app, {from, amount: "0.01", extra: Uint8Array.of(option)});

test("one user, one vote; the money comes back", async () => {
  const first = await vote("alice", 1);
  assert.deepEqual(first.sends.map(({to, amount, memo}) => ({to, amount, memo})), [{to: "alice", amount: "0.01", memo: "your vote counts"}]);
  await vote("alice", 1);
  await vote("bob", 7);
  assert.equal(await app.contract.votes(1), 1n);
});

test("the first option that gets there wins, and votes after it count no more", async () => {
  await vote("carol", 2);
  await vote("dave", 2);
  await vote("erin", 1);
  assert.equal(await app.contract.over(), true);
  assert.equal(await app.contract.winner(), 2n);
  assert.equal(await app.contract.votes(1), 1n);
});
