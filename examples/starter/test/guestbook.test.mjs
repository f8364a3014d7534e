import assert from "node:assert/strict";
import {after, before, test} from "node:test";
import {fileURLToPath} from "node:url";
import {MixinTestKit} from "mvm-node/kit";

let kit;
let app;
before(async () => {
  kit = await MixinTestKit.start(fileURLToPath(new URL("..", import.meta.url)));
  app = await kit.deploy("Guestbook");
});
after(() => kit?.stop());

test("a text is signed, and the change comes back", async () => {
  const {state, sends} = await kit.pay(app, {from: "alice", amount: "1.5", extra: "hello from Mixin"});
  assert.equal(state, "delivered");
  assert.deepEqual(sends.map(({to, amount, memo}) => ({to, amount, memo})), [{to: "alice", amount: "0.5", memo: "change"}]);
  const [author, text] = await app.contract.entries(0);
  assert.equal(text, "hello from Mixin");
  assert.equal(author, await kit.senderOf(app, "alice"));
  assert.equal(await kit.balance(app), "1");
});

test("who pays too little gets it all back, and nothing is signed", async () => {
  const before = await app.contract.count();
  const {state, sends} = await kit.pay(app, {from: "bob", amount: "0.3", extra: "cheap"});
  assert.equal(state, "delivered"); // to the app, which refused and refunded in the same call
  assert.deepEqual(sends.map(({to, amount}) => ({to, amount})), [{to: "bob", amount: "0.3"}]);
  assert.equal(await app.contract.count(), before);
});

test("who signs without a text gets it all back too", async () => {
  const {sends} = await kit.pay(app, {from: "carol", amount: "2"});
  assert.deepEqual(sends.map(({to, amount}) => ({to, amount})), [{to: "carol", amount: "2"}]);
});
