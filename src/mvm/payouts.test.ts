import {beforeEach, describe, expect, test} from "vitest";
import {chainFacts, outboundLog} from "../../test/support/group-logs.ts";
import {APP, BTC, messageMemo, outputFact, registrationFact, TestLedger, USER, uuidOf} from "../../test/support/ledger.ts";
import type {Hex} from "../base/bytes.ts";
import type {MixinOutput} from "../types/facts.ts";
import type {Uuid} from "../types/ids.ts";
import {uuidBytes} from "../types/ids.ts";
import type {PayoutReceipt} from "../types/payout-facts.ts";
import {INPUTS_MAX} from "./custody.ts";
import {balances, openPayouts, paymentOf, payoutOf, payoutOfTrace} from "./queries.ts";

const base = new TestLedger().runDkg().introduce();
base.decide(registrationFact(1));
const [refundOfRegistration] = openPayouts(base.state);
base.decide({kind: "payoutReceipt", traceId: refundOfRegistration?.traceId as Uuid, txHash: `0x${"ab".repeat(32)}`});

let ledger: TestLedger;
let sends = 0n;
let sequence = 10;
beforeEach(() => {
  ledger = base.fork();
  sends = 0n;
  sequence = 10;
});

/** The app gets these amounts, each as one output. */
function fund(...amounts: readonly bigint[]): MixinOutput[] {
  const outputs = amounts.map((amount) => outputFact(++sequence, {extra: messageMemo(), amount}));
  for (let i = 0; i < outputs.length; i += 500) ledger.decide(...outputs.slice(i, i + 500));
  return outputs;
}

/** The app sends these amounts to the user in one block; the trace ids. */
function pay(...amounts: readonly bigint[]): Uuid[] {
  const first = sends;
  const logs = amounts.map((amount) => {
    const to = {kind: 1, receiver: uuidBytes(USER), memo: new Uint8Array(0)};
    return outboundLog({process: APP, nonce: sends++, asset: BTC, amount, ...to});
  });
  ledger.decide(...chainFacts(ledger.state, ledger.state.network.platforms[0] as Hex, logs));
  return amounts.map((_, i) => payoutOf(ledger.state, APP, first + BigInt(i))?.traceId as Uuid);
}

const receipt = (traceId: Uuid): PayoutReceipt => ({kind: "payoutReceipt", traceId, txHash: `0x${"cd".repeat(32)}`});

/** What the Mixin ledger shows of the transaction's change. */
function change(traceId: Uuid, of: Partial<MixinOutput> = {}): MixinOutput {
  const payout = payoutOfTrace(ledger.state, traceId);
  const sum = payout?.inputs.reduce((total, input) => total + input.amount, 0n) ?? 0n;
  const {members: senders, threshold: sendersThreshold} = ledger.state.network.multisig;
  const merge = payout?.cause.kind === "merge";
  const amount = merge ? sum : sum - (payout?.amount ?? 0n);
  return outputFact(++sequence, {senders, sendersThreshold, requestId: traceId, index: merge ? 0 : 1, amount, ...of});
}

const inputsOf = (traceId: Uuid) => payoutOfTrace(ledger.state, traceId)?.inputs.map((input) => input.outputId) ?? [];
const stateOf = (traceId: Uuid) => payoutOfTrace(ledger.state, traceId)?.state;
const books = () => balances(ledger.state)[0];

describe("inputs", () => {
  test("are the oldest that suffice, each of one payout only", () => {
    const outputs = fund(10n, 20n, 30n, 5n);
    const [first, second] = pay(25n, 31n) as [Uuid, Uuid];
    expect(inputsOf(first)).toEqual(outputs.slice(0, 2).map((o) => o.outputId));
    expect(inputsOf(second)).toEqual(outputs.slice(2).map((o) => o.outputId));
    expect(openPayouts(ledger.state)).toMatchObject([
      {traceId: first, amount: 25n, receivers: [USER], receiversThreshold: 1},
      {traceId: second, inputs: outputs.slice(2).map(({outputId, txHash, index, amount}) => ({outputId, txHash, index, amount}))},
    ]);
    expect(books()).toMatchObject({free: 0n, reserved: 65n, owed: 56n, balances: 9n});
  });

  test("follow the sequence, not the order of decision", () => {
    const late = outputFact(5, {extra: messageMemo(), amount: 10n});
    fund(10n, 10n);
    ledger.decide(late);
    expect(inputsOf(pay(10n)[0] as Uuid)).toEqual([late.outputId]);
  });

  test("are reserved in the block that brings them", () => {
    const output = outputFact(20);
    ledger.decide(output);
    const traceId = openPayouts(ledger.state)[0]?.traceId as Uuid;
    expect(inputsOf(traceId)).toEqual([output.outputId]);
  });

  test(`are the largest ones where the oldest ${INPUTS_MAX} do not suffice: dust keeps nobody from being paid`, () => {
    const dust = fund(...Array.from({length: INPUTS_MAX}, () => 1n));
    const [large] = fund(1_000n);
    const [small, all] = pay(BigInt(INPUTS_MAX) - 1n, 900n) as [Uuid, Uuid];
    expect(inputsOf(small)).toEqual(dust.slice(0, -1).map((o) => o.outputId));
    expect(inputsOf(all)).toEqual([dust.at(-1)?.outputId, large?.outputId]);
    const forked = base.fork();
    ledger = forked;
    sends = 0n;
    fund(...Array.from({length: INPUTS_MAX + 5}, () => 1n));
    const [whale] = fund(1_000n);
    expect(inputsOf(pay(900n)[0] as Uuid)).toEqual([whale?.outputId]);
  });
});

describe("change", () => {
  test("that comes after the receipt", () => {
    fund(100n);
    const [traceId] = pay(60n) as [Uuid];
    ledger.decide(receipt(traceId));
    expect(stateOf(traceId)).toBe("paid");
    expect(books()).toMatchObject({free: 0n, reserved: 0n, transit: 40n, paid: 60n, custody: 40n, balances: 40n});
    const output = change(traceId);
    ledger.decide(output);
    expect(paymentOf(ledger.state, output.outputId)).toMatchObject({stage: "change", fate: {kind: "change", traceId}});
    expect(books()).toMatchObject({free: 40n, transit: 0n, received: 105n, refunded: 5n});
  });

  test("that comes before the receipt can be spent at once", () => {
    fund(100n);
    const [traceId] = pay(60n) as [Uuid];
    const output = change(traceId);
    ledger.decide(output);
    expect(books()).toMatchObject({free: 40n, reserved: 60n, transit: 0n});
    expect(inputsOf(pay(40n)[0] as Uuid)).toEqual([output.outputId]);
    ledger.decide(receipt(traceId));
    expect(books()).toMatchObject({free: 0n, reserved: 40n, transit: 0n, paid: 60n, custody: 40n});
  });

  test("that comes in the block of the receipt", () => {
    fund(100n);
    const [traceId] = pay(60n) as [Uuid];
    ledger.decide(receipt(traceId), change(traceId));
    expect(books()).toMatchObject({free: 40n, reserved: 0n, transit: 0n});
  });

  const strange: {name: string; of: Partial<MixinOutput>}[] = [
    {name: "of another amount", of: {amount: 41n}},
    {name: "of another place", of: {index: 2}},
    {name: "that is the payment itself", of: {index: 0}},
    {name: "of another asset", of: {asset: uuidOf("ETH")}},
    {name: "of an unknown transaction", of: {requestId: uuidOf("?")}},
  ];
  test.for(strange)("$name is held", ({of}) => {
    fund(100n);
    const [traceId] = pay(60n) as [Uuid];
    const output = change(traceId, of);
    ledger.decide(output);
    expect(paymentOf(ledger.state, output.outputId)?.fate).toEqual({kind: "held", reason: "UNEXPECTED_CHANGE"});
  });

  test("comes once", () => {
    fund(100n);
    const [traceId] = pay(60n) as [Uuid];
    ledger.decide(change(traceId));
    const again = change(traceId);
    ledger.decide(again);
    expect(paymentOf(ledger.state, again.outputId)?.fate.kind).toBe("held");
  });

  test("that somebody else claims to be is a payment", () => {
    fund(100n);
    const [traceId] = pay(60n) as [Uuid];
    const output = change(traceId, {senders: [USER], sendersThreshold: 1});
    ledger.decide(output);
    expect(paymentOf(ledger.state, output.outputId)?.fate).toMatchObject({kind: "refund", reason: "BAD_MEMO"});
  });

  test("comes in as many parts as free outputs are missing, each enough for another such payout", () => {
    fund(100n);
    const [traceId] = pay(20n) as [Uuid];
    expect(openPayouts(ledger.state)[0]?.change).toEqual([20n, 20n, 20n, 20n]);
    const parts = [0, 1, 2, 3].map((i) => change(traceId, {index: 1 + i, amount: 20n}));
    ledger.decide(parts[0] as MixinOutput, parts[2] as MixinOutput);
    expect(books()).toMatchObject({free: 40n, reserved: 60n, transit: 0n});
    ledger.decide(receipt(traceId));
    expect(books()).toMatchObject({free: 40n, reserved: 0n, transit: 40n, paid: 20n});
    const again = change(traceId, {index: 1, amount: 20n});
    ledger.decide(again);
    expect(paymentOf(ledger.state, again.outputId)?.fate.kind).toBe("held");
    ledger.decide(parts[1] as MixinOutput, parts[3] as MixinOutput);
    expect(books()).toMatchObject({free: 100n, transit: 0n, held: 20n});
    expect(pay(20n, 20n, 20n, 20n).map(stateOf)).toEqual(["open", "open", "open", "open"]);
  });

  test("that does not divide is larger in its first part, and is one where enough outputs are free", () => {
    fund(101n);
    pay(30n);
    expect(openPayouts(ledger.state)[0]?.change).toEqual([36n, 35n]);
    fund(...Array.from({length: 9}, () => 101n));
    pay(30n);
    expect(openPayouts(ledger.state)[1]?.change).toEqual([71n]);
  });
});

describe("waiting", () => {
  test("payouts wait for change, first come, first served", () => {
    fund(100n);
    const [first, second, third] = pay(60n, 30n, 10n) as [Uuid, Uuid, Uuid];
    expect([first, second, third].map(stateOf)).toEqual(["open", "waiting", "waiting"]);
    fund(6n);
    expect([second, third].map(stateOf)).toEqual(["waiting", "waiting"]);
    ledger.decide(receipt(first));
    ledger.decide(change(first));
    expect([second, third].map(stateOf)).toEqual(["open", "waiting"]);
    ledger.decide(change(second));
    expect(stateOf(third)).toBe("open");
  });

  test("a small one goes ahead of a large one that waits, but not for ever", () => {
    fund(100n);
    const [stuck, large, small] = pay(60n, 30n, 5n) as [Uuid, Uuid, Uuid];
    fund(5n);
    expect([stuck, large, small].map(stateOf)).toEqual(["open", "waiting", "open"]);
    for (let i = 0; i < 256; i++) ledger.decide(outputFact(++sequence, {asset: uuidOf("ETH"), amount: 1n}));
    const [next] = pay(5n) as [Uuid];
    fund(5n);
    expect([large, next].map(stateOf)).toEqual(["waiting", "waiting"]);
    ledger.decide(change(stuck));
    expect([large, next].map(stateOf)).toEqual(["open", "waiting"]); // 45 units are free, and go as one
  });

  test("assets do not wait for each other", () => {
    fund(100n);
    const [, second] = pay(10n, 60n) as [Uuid, Uuid];
    ledger.decide(outputFact(90, {asset: uuidOf("ETH")}));
    expect(stateOf(second)).toBe("waiting");
    expect(openPayouts(ledger.state).map((order) => order.asset)).toEqual([BTC, uuidOf("ETH")]);
  });

  test("scattered money is merged, one merge at a time, until it suffices", () => {
    const count = 3 * INPUTS_MAX;
    fund(...Array.from({length: count}, () => 1n));
    const [traceId] = pay(BigInt(count) - 10n) as [Uuid];
    for (let merges = 0; stateOf(traceId) === "waiting"; merges++) {
      expect(merges).toBeLessThan(4);
      const orders = openPayouts(ledger.state);
      const own = ledger.state.network.multisig;
      expect(orders).toMatchObject([
        {amount: BigInt(orders[0]?.inputs.length ?? 0), receivers: own.members, receiversThreshold: own.threshold},
      ]);
      const merge = orders[0]?.traceId as Uuid;
      if (merges % 2 === 0) ledger.decide(receipt(merge), change(merge));
      else {
        ledger.decide(change(merge));
        ledger.decide(receipt(merge));
      }
    }
    expect(books()).toMatchObject({paid: 0n, refunded: 5n, owed: BigInt(count) - 10n});
    ledger.decide(receipt(traceId));
    expect(books()).toMatchObject({paid: BigInt(count) - 10n, balances: 10n, merge: null});
  });
});

describe("merges", () => {
  const merging = () =>
    openPayouts(ledger.state)
      .filter((order) => order.receivers.length > 1)
      .map((order) => order.traceId);

  test("there is one at a time", () => {
    fund(...Array.from({length: 4 * INPUTS_MAX}, () => 1n));
    pay(BigInt(INPUTS_MAX) + 10n);
    const first = merging();
    expect(first.length).toBe(1);
    fund(1n);
    expect(merging()).toEqual(first);
    expect(books()?.merge).toBe(first[0]);
  });

  test("a late receipt of one does not end the next", () => {
    fund(...Array.from({length: 4 * INPUTS_MAX}, () => 1n));
    pay(2n * BigInt(INPUTS_MAX) + 10n);
    const [first] = merging() as [Uuid];
    ledger.decide(change(first));
    const [, second] = merging() as [Uuid, Uuid];
    expect(books()?.merge).toBe(second);
    ledger.decide(receipt(first));
    expect([merging(), books()?.merge]).toEqual([[second], second]);
  });
});

test("assets are served in the order of their ids, whichever was touched first", () => {
  const assets = ["a", "b", "c", "d"].map(uuidOf);
  ledger.decide(...assets.map((asset, i) => outputFact(50 + i, {asset})));
  expect(openPayouts(ledger.state).map((order) => order.asset)).toEqual([...assets].sort());
  expect([...assets].sort()).not.toEqual(assets);
});

describe("receipts", () => {
  const refused = (fact: PayoutReceipt, code: string) => {
    expect(() => ledger.decide(fact)).toThrow(expect.objectContaining({name: "LedgerError", code}));
  };
  test("of an unknown trace, of a waiting payout, and a second one are invalid", () => {
    fund(100n);
    const [open, waiting] = pay(10n, 60n) as [Uuid, Uuid];
    refused(receipt(uuidOf("?")), "UNKNOWN_TRACE");
    refused(receipt(waiting), "PAYOUT_NOT_OPEN");
    ledger.decide(receipt(open));
    refused(receipt(open), "PAYOUT_NOT_OPEN");
    expect(payoutOfTrace(ledger.state, open)?.txHash).toBe(receipt(open).txHash);
  });

  test("of a held send is invalid", () => {
    fund(1n);
    const [held] = pay(2n) as [Uuid];
    expect(stateOf(held)).toBe("held");
    refused(receipt(held), "PAYOUT_NOT_OPEN");
  });
});
