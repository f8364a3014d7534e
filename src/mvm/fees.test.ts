import {beforeEach, describe, expect, test} from "vitest";
import {audit} from "../../test/support/audit.ts";
import {chainFacts, outboundLog} from "../../test/support/group-logs.ts";
import {
  APP,
  BTC,
  messageMemo,
  outputFact,
  registerMemo,
  registrationFact,
  TestLedger,
  testNetwork,
  USER,
  uuidOf,
} from "../../test/support/ledger.ts";
import type {Hex} from "../base/bytes.ts";
import {decodeEvent} from "../types/event.ts";
import type {MixinOutput} from "../types/facts.ts";
import {uuidBytes} from "../types/ids.ts";
import {encodeRawMemo, PURPOSE} from "../types/operation.ts";
import type {RulesText} from "../types/rules.ts";
import {messageOf} from "./messages.ts";
import {balanceOf, balances, openPayouts, paymentOf} from "./queries.ts";

const FEE = uuidOf("fee asset");
const rules: RulesText = {
  registrationFee: "500",
  messageFee: "10",
  minPayments: [{asset: BTC, amount: "7"}],
  moveDelaySeconds: 60,
  rewardHeights: 100,
};
const network = testNetwork([1, 2, 1, 1]);
const base = new TestLedger({...network, genesis: {...network.genesis, rules}}).runDkg().introduce();
base.decide({...registrationFact(1), asset: FEE, amount: 507n});

let ledger: TestLedger;
let sequence = 10;
beforeEach(() => {
  ledger = base.fork();
  sequence = 10;
});

const creditMemo = (process = APP) =>
  encodeRawMemo({purpose: PURPOSE.credit, process, platform: "", address: "", extra: new Uint8Array(0)});
function pay(of: Partial<MixinOutput>) {
  const output = outputFact(++sequence, of);
  ledger.decide(output);
  audit(ledger.state);
  return paymentOf(ledger.state, output.outputId);
}
const books = (asset: string) => balances(ledger.state).find((b) => b.asset === asset);

describe("registration", () => {
  test("keeps the fee, the rest goes back", () => {
    expect(paymentOf(base.state, uuidOf("output 1"))).toMatchObject({stage: "registered", payout: {amount: 7n}});
    expect(books(FEE)).toMatchObject({fees: 500n, owed: 7n, received: 507n});
  });
  test("of exactly the fee leaves nothing to pay back", () => {
    const other = uuidOf("other");
    const view = pay({senders: [other], extra: registerMemo({process: other}), asset: FEE, amount: 500n});
    expect(view).toMatchObject({stage: "registered", payout: null});
  });
  test.for([
    ["too little", {asset: FEE, amount: 499n}],
    ["another asset", {asset: BTC, amount: 1_000n}],
  ] as const)("with %s goes back whole", ([, of]) => {
    const other = uuidOf("other");
    const view = pay({senders: [other], extra: registerMemo({process: other}), ...of});
    expect(view).toMatchObject({fate: {kind: "refund", reason: "FEE_TOO_LOW"}, payout: {amount: of.amount}});
  });
});

describe("a message", () => {
  test("in the fee asset pays for itself: the app gets the rest, on chain as in the books", () => {
    pay({asset: FEE, amount: 35n, extra: messageMemo()});
    expect(balanceOf(ledger.state, APP, FEE)).toBe(25n);
    expect(decodeEvent(messageOf(ledger.state, APP, 0n)?.event as Uint8Array).amount).toBe(25n);
    expect(books(FEE)).toMatchObject({fees: 510n, balances: 25n});
  });
  test("of exactly the fee brings its extra, and no money", () => {
    pay({asset: FEE, amount: 10n, extra: messageMemo(APP, Uint8Array.of(1))});
    expect(decodeEvent(messageOf(ledger.state, APP, 0n)?.event as Uint8Array)).toMatchObject({amount: 0n, extra: Uint8Array.of(1)});
  });
  test("below the fee goes back, and the contract hears nothing of it", () => {
    const output = outputFact(++sequence, {asset: FEE, amount: 9n, extra: messageMemo()});
    const {outboxes} = ledger.decide(output);
    expect(outboxes).toEqual([]);
    expect(paymentOf(ledger.state, output.outputId)).toMatchObject({fate: {reason: "FEE_TOO_LOW"}, payout: {amount: 9n}});
  });
  test("in another asset is paid from the credit of its process, and goes back once that is used up", () => {
    expect(pay({asset: BTC, extra: messageMemo()})).toMatchObject({fate: {kind: "refund", reason: "NO_CREDIT"}});
    expect(pay({asset: FEE, amount: 25n, extra: creditMemo(), senders: [uuidOf("anybody")]})).toMatchObject({stage: "credited"});
    expect(books(FEE)?.credits).toBe(25n);
    for (const reason of [null, null, "NO_CREDIT"]) {
      const view = pay({asset: BTC, amount: 100n, extra: messageMemo()});
      expect(view?.fate).toMatchObject(reason === null ? {kind: "message"} : {kind: "refund", reason});
    }
    expect(balanceOf(ledger.state, APP, BTC)).toBe(200n);
    expect(books(FEE)).toMatchObject({credits: 5n, fees: 520n});
  });
  test("below the least amount of its asset is held, whatever it asks for", () => {
    expect(pay({asset: BTC, amount: 6n, extra: messageMemo()})).toMatchObject({fate: {kind: "held", reason: "BELOW_MINIMUM"}});
    expect(pay({asset: BTC, amount: 7n})).toMatchObject({fate: {kind: "refund", reason: "BAD_MEMO"}});
  });
});

describe("credit", () => {
  test.for([
    ["in another asset", {asset: BTC, extra: creditMemo()}, "NOT_FEE_ASSET"],
    ["for nobody", {asset: FEE, extra: creditMemo(uuidOf("nobody"))}, "UNKNOWN_PROCESS"],
  ] as const)("%s goes back", ([, of, reason]) => {
    expect(pay(of)).toMatchObject({fate: {kind: "refund", reason}});
  });
});

test("what fees have gathered goes to the validators by their seats, and only once", () => {
  while (ledger.parent.height < 99) pay({asset: FEE, amount: 11n, extra: messageMemo()});
  const gathered = books(FEE)?.fees ?? 0n;
  pay({asset: FEE, amount: 11n, extra: messageMemo()});
  const perSeat = (gathered + 10n) / 5n;
  const rewards = openPayouts(ledger.state).filter(({receivers}) =>
    ledger.network.genesis.validators.some(({mixinUsers}) => mixinUsers[0] === receivers[0]),
  );
  const due = ledger.network.genesis.validators.map(({seats}) => perSeat * BigInt(seats));
  const waiting = balances(ledger.state).find((b) => b.asset === FEE);
  expect(waiting?.fees).toBe(gathered + 10n - 5n * perSeat);
  expect(rewards.map(({amount}) => amount)).toEqual(due.slice(0, rewards.length));
  for (const {traceId} of rewards) ledger.decide({kind: "payoutReceipt", traceId, txHash: `0x${"cd".repeat(32)}`});
  audit(ledger.state);
  expect(books(FEE)?.rewarded).toBe(rewards.reduce((sum, {amount}) => sum + amount, 0n));
});

test("an app sends what it has got, not what was paid", () => {
  pay({asset: FEE, amount: 30n, extra: messageMemo()});
  const send = (nonce: bigint, amount: bigint) =>
    outboundLog({process: APP, nonce, asset: FEE, amount, kind: 1, receiver: uuidBytes(USER), memo: new Uint8Array(0)});
  ledger.decide(...chainFacts(ledger.state, ledger.state.network.platforms[0] as Hex, [send(0n, 20n), send(1n, 1n)]));
  expect(openPayouts(ledger.state).some(({amount}) => amount === 20n)).toBe(true);
  expect(balanceOf(ledger.state, APP, FEE)).toBe(0n);
  audit(ledger.state);
});
