import assert from "node:assert/strict";
import {after, before, test} from "node:test";
import {fileURLToPath} from "node:url";
import {MixinTestKit} from "mvm-node/kit";

const BTC = "c6d0c728-2624-429b-8e0d-d9d19b6592fa";
/** The extra that takes `units` of 1e-8 out. */
const take = (units) => Buffer.from(units.toString(16).padStart(32, "0"), "hex");

let kit;
let app;
before(async () => {
  kit = await MixinTestKit.start(fileURLToPath(new URL("..", import.meta.url)));
  app = await kit.deploy("Vault");
});
after(() => kit?.stop());

test("deposits add up, and a withdrawal brings back what was asked for", async () => {
  await kit.pay(app, {from: "alice", amount: "5"});
  await kit.pay(app, {from: "alice", amount: "2"});
  const {sends} = await kit.pay(app, {from: "alice", amount: "0.00000001", extra: take(600_000_001n)});
  assert.deepEqual(sends.map(({to, amount, memo}) => ({to, amount, memo})), [{to: "alice", amount: "6.00000001", memo: "vault"}]);
  assert.equal(await kit.balance(app), "1");
});

test("nobody takes more than they have, nor another's, nor in another asset", async () => {
  for (const payment of [
    {from: "alice", amount: "0.1", extra: take(200_000_000n)},
    {from: "mallory", amount: "0.1", extra: take(100_000_000n)},
    {from: "alice", amount: "0.1", asset: BTC, extra: take(100_000_000n)},
  ]) {
    const {sends} = await kit.pay(app, payment);
    assert.deepEqual(sends.map(({to, amount}) => ({to, amount})), [{to: payment.from, amount: "0.1"}], "refunded");
  }
  assert.equal(await kit.balance(app), "1");
});
