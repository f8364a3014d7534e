import {beforeEach, describe, expect, test} from "vitest";
import {audit} from "../../test/support/audit.ts";
import {chainFacts, outboundLog} from "../../test/support/group-logs.ts";
import {APP, BTC, messageMemo, outputFact, registrationFact, TestLedger, USER, uuidOf} from "../../test/support/ledger.ts";
import {type Hex, toHex, utf8} from "../base/bytes.ts";
import {TRACE_KIND} from "../types/digests.ts";
import {decodeEvent} from "../types/event.ts";
import type {MixinOutput} from "../types/facts.ts";
import {type Uuid, uuidBytes} from "../types/ids.ts";
import {encodeRawMemo, PURPOSE} from "../types/operation.ts";
import type {PayoutFact, PayoutRefused} from "../types/payout-facts.ts";
import {traceOf} from "./builds.ts";
import {messageOf} from "./messages.ts";
import {balanceOf, balances, heldPayouts, openPayouts, payoutOf, payoutOfTrace} from "./queries.ts";

const base = new TestLedger().runDkg().introduce();
base.decide(registrationFact(1));
base.decide({kind: "payoutReceipt", traceId: openPayouts(base.state)[0]?.traceId as Uuid, txHash: `0x${"ab".repeat(32)}`});
base.decide(outputFact(10, {extra: messageMemo(), amount: 100n}));
base.decide(
  ...chainFacts(base.state, base.state.network.platforms[0] as Hex, [
    outboundLog({process: APP, nonce: 0n, asset: BTC, amount: 60n, kind: 1, receiver: uuidBytes(USER), memo: utf8("m")}),
  ]),
);
const traceId = payoutOf(base.state, APP, 0n)?.traceId as Uuid;

let ledger: TestLedger;
beforeEach(() => {
  ledger = base.fork();
});

const txHash = `0x${"cd".repeat(32)}` as const;
const refused = (buildIndex: number, reason: PayoutRefused["reason"] = "unusable", of = traceId): PayoutFact => ({
  kind: "payoutRefused",
  traceId: of,
  buildIndex,
  reason,
});
const orderOf = (of = traceId) => openPayouts(ledger.state).find((order) => order.traceId === of);
/** What the Mixin ledger shows of the group's own transaction. */
function back(requestId: Uuid, of: Partial<MixinOutput>): MixinOutput {
  const {members: senders, threshold: sendersThreshold} = ledger.state.network.multisig;
  return outputFact(50, {senders, sendersThreshold, requestId, index: 1, amount: 40n, ...of});
}
const requestId = () => orderOf()?.builds.at(-1)?.requestId as Uuid;

describe("builds", () => {
  test("each has a request id of its own, over the same inputs", () => {
    const first = orderOf();
    expect(first).toMatchObject({buildIndex: 0, builds: [{requestId: traceId, voiding: false}]});
    ledger.decide(refused(0));
    ledger.decide(refused(1, "impossible"));
    ledger.decide(refused(2));
    const last = orderOf();
    expect(last?.builds.map((b) => b.voiding)).toEqual([false, false, true, true]);
    expect(new Set(last?.builds.map((b) => b.requestId)).size).toBe(4);
    expect(last?.inputs).toEqual(first?.inputs);
    expect(TRACE_KIND).toEqual({payout: 1, refund: 2, merge: 3, void: 4, reward: 5});
  });

  test("only the newest ones are told", () => {
    for (let i = 0; i < 20; i++) ledger.decide(refused(i));
    expect(orderOf()?.builds.length).toBe(8);
    expect(orderOf()?.buildIndex).toBe(20);
  });

  test.for([
    ["a build that is not at hand", refused(1), "WRONG_BUILD"],
    ["an unknown payout", refused(0, "unusable", uuidOf("nobody")), "UNKNOWN_TRACE"],
    ["voiding that was never decided", {kind: "payoutVoided", traceId, txHash}, "WRONG_BUILD"],
  ] as const)("%s is refused", ([, fact, code]) => {
    expect(() => ledger.decide(fact)).toThrow(expect.objectContaining({code}));
  });

  test("a payout is called impossible once, and never after it is closed", () => {
    ledger.decide(refused(0, "impossible"));
    expect(() => ledger.decide(refused(1, "impossible"))).toThrow(expect.objectContaining({code: "CANNOT_VOID"}));
    ledger.decide({kind: "payoutVoided", traceId, txHash});
    expect(() => ledger.decide(refused(1))).toThrow(expect.objectContaining({code: "PAYOUT_NOT_OPEN"}));
  });

  test("a later build pays, its change is known by its own request id, before or after the receipt", () => {
    ledger.decide(refused(0));
    const rebuilt = ledger;
    for (const late of [false, true]) {
      ledger = rebuilt.fork();
      const change = back(requestId(), {});
      const receipt: PayoutFact = {kind: "payoutReceipt", traceId, txHash};
      for (const fact of late ? [change, receipt] : [receipt, change]) ledger.decide(fact);
      expect(payoutOfTrace(ledger.state, traceId)).toMatchObject({state: "paid", returned: [change.outputId]});
      audit(ledger.state);
    }
  });

  test("the first build may be confirmed although the next one was decided", () => {
    ledger.decide(refused(0, "impossible"));
    ledger.decide(back(traceId, {}));
    expect(() => ledger.decide({kind: "payoutVoided", traceId, txHash})).toThrow(expect.objectContaining({code: "WRONG_BUILD"}));
    expect(() => ledger.decide(refused(1))).toThrow(expect.objectContaining({code: "PAYOUT_NOT_OPEN"}));
    ledger.decide({kind: "payoutReceipt", traceId, txHash});
    expect(payoutOfTrace(ledger.state, traceId)?.state).toBe("paid");
    audit(ledger.state);
  });
});

describe("a payout that is given up", () => {
  const voided: PayoutFact = {kind: "payoutVoided", traceId, txHash};

  test("comes back to the app as the next message of its process: nobody's, with its own name", () => {
    ledger.decide(refused(0, "impossible"));
    expect(balanceOf(ledger.state, APP, BTC)).toBe(40n);
    const returned = back(requestId(), {index: 0, amount: 100n});
    const {outboxes} = ledger.decide(voided);
    expect(balanceOf(ledger.state, APP, BTC)).toBe(100n);
    const event = decodeEvent(outboxes[0]?.events[0] as Uint8Array);
    expect(event).toMatchObject({process: APP, nonce: 1n, asset: BTC, amount: 60n, members: [], threshold: 0, timestamp: 0n});
    expect(toHex(event.extra)).toBe(`${toHex(utf8("BOUNCE"))}${"00".repeat(8)}`);
    const message = messageOf(ledger.state, APP, 1n);
    expect(message).toMatchObject({outputId: traceId, isBounce: true, state: "decided"});
    expect(toHex(message?.event ?? new Uint8Array(0))).toBe(toHex(outboxes[0]?.events[0] as Uint8Array));
    expect(balances(ledger.state)[0]).toMatchObject({free: 0n, transit: 100n, balances: 100n, owed: 0n});
    audit(ledger.state);
    ledger.decide(returned);
    expect(balances(ledger.state)[0]).toMatchObject({free: 100n, transit: 0n});
    audit(ledger.state);
  });

  test("also where the inputs are seen before the block that gives it up", () => {
    ledger.decide(refused(0, "impossible"));
    ledger.decide(back(requestId(), {index: 0, amount: 100n}));
    expect(balances(ledger.state)[0]).toMatchObject({free: 100n, reserved: 0n, owed: 60n});
    audit(ledger.state);
    ledger.decide(voided);
    audit(ledger.state);
    expect(() => ledger.decide({kind: "payoutReceipt", traceId, txHash})).toThrow(expect.objectContaining({code: "PAYOUT_NOT_OPEN"}));
  });

  test("stays with the group where its process is closed", () => {
    const close = encodeRawMemo({purpose: PURPOSE.close, process: APP, platform: "", address: "", extra: new Uint8Array(0)});
    ledger.decide(outputFact(11, {extra: close, senders: [APP]}));
    ledger.decide(refused(0, "impossible"));
    expect(ledger.decide(voided).outboxes).toEqual([]);
    expect(heldPayouts(ledger.state)).toMatchObject([{traceId, state: "voided", held: "RECEIVER_REFUSED", amount: 60n}]);
    audit(ledger.state);
  });

  test("a refund stays with the group, and is listed", () => {
    ledger.decide(outputFact(11, {amount: 7n, extra: utf8("?"), senders: [uuidOf("gone")]}));
    const refund = traceOf(ledger.state.network, {kind: "refund", outputId: uuidOf("output 11"), reason: "BAD_MEMO"});
    ledger.decide(refused(0, "impossible", refund));
    ledger.decide({kind: "payoutVoided", traceId: refund, txHash});
    expect(heldPayouts(ledger.state)).toMatchObject([{traceId: refund, state: "voided", held: "RECEIVER_REFUSED", amount: 7n}]);
    expect(balances(ledger.state)[0]).toMatchObject({held: 7n});
    audit(ledger.state);
  });
});
