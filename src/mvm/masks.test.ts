import {beforeAll, describe, expect, test} from "vitest";
import {audit} from "../../test/support/audit.ts";
import {APP, BTC, messageMemo, outputFact, registrationFact, TestLedger, USER, uuidOf} from "../../test/support/ledger.ts";
import {decodeEvent} from "../types/event.ts";
import type {Fact} from "../types/facts.ts";
import {LedgerError} from "./errors.ts";
import {MASKS_PER_BLOCK_MAX, wantedPairs} from "./masks.ts";
import {messageOf} from "./messages.ts";
import {balanceOf, balances, maskHolders, needsTicks, paymentOf} from "./queries.ts";

let started: TestLedger;
beforeAll(() => {
  started = new TestLedger().runDkg();
  started.decide(registrationFact(1));
});

const codeOf = (run: () => unknown): string => {
  try {
    run();
  } catch (error) {
    if (error instanceof LedgerError) return error.code;
    throw error;
  }
  return "decided";
};
const pay = (sequence: number, of: {senders?: string[]; process?: string} = {}) =>
  outputFact(sequence, {
    extra: messageMemo(of.process),
    ...(of.senders !== undefined && {senders: of.senders, sendersThreshold: of.senders.length}),
  });
const eventOf = (ledger: TestLedger, nonce: bigint) => decodeEvent(messageOf(ledger.state, APP, nonce)?.event as Uint8Array);

describe("the first payment of a sender to a process", () => {
  test("waits for the mask; then it gets its nonce, and later ones at once", () => {
    const ledger = started.fork();
    expect(ledger.decide(pay(2), pay(3)).outboxes).toEqual([]);
    expect(paymentOf(ledger.state, pay(2).outputId)).toMatchObject({
      stage: "decided",
      fate: {kind: "waiting", process: APP},
      message: null,
    });
    expect(wantedPairs(ledger.state, 9)).toEqual([{process: APP, senders: [USER], threshold: 1}]);
    expect(balanceOf(ledger.state, APP, BTC)).toBe(0n);
    expect(needsTicks(ledger.state)).toBe(true);
    audit(ledger.state);

    const {outboxes} = ledger.decide(ledger.maskFact(), pay(4));
    expect(outboxes[0]?.events).toHaveLength(3);
    for (const [i, nonce] of [0n, 1n, 2n].entries()) {
      expect(messageOf(ledger.state, APP, nonce)?.outputId).toBe(pay(2 + i).outputId);
      expect(eventOf(ledger, nonce)).toMatchObject({members: [ledger.mask()], threshold: 1});
    }
    const {height} = ledger.parent;
    expect(paymentOf(ledger.state, pay(2).outputId), "the block of the nonce").toMatchObject({stage: "decided", height, fate: {nonce: 0n}});
    expect(maskHolders(ledger.state, APP, ledger.mask())).toEqual({senders: [USER], threshold: 1});
    expect(balanceOf(ledger.state, APP, BTC)).toBe(300n);
    expect([needsTicks(ledger.state), wantedPairs(ledger.state, 9)]).toEqual([false, []]);
    audit(ledger.state);
    expect(ledger.decide(pay(5)).outboxes[0]?.events).toHaveLength(1);
  });

  test("delays nobody who has one", () => {
    const ledger = started.fork().introduce();
    ledger.decide(pay(2, {senders: [uuidOf("new")]}), pay(3));
    expect(messageOf(ledger.state, APP, 0n)?.outputId).toBe(pay(3).outputId);
    ledger.decide(ledger.maskFact({senders: [uuidOf("new")]}));
    expect(messageOf(ledger.state, APP, 1n)?.outputId).toBe(pay(2).outputId);
  });

  test("goes back after 64 ticks without it, and the next one asks again", () => {
    const ledger = started.fork();
    ledger.decide(pay(2));
    for (let i = 0; i < 10; i++) ledger.decide({kind: "tick"});
    ledger.decide(pay(3, {senders: [uuidOf("later")]}));
    for (let i = 0; i < 54; i++) {
      expect(paymentOf(ledger.state, pay(2).outputId)?.fate.kind).toBe("waiting");
      ledger.decide({kind: "tick"});
    }
    expect(paymentOf(ledger.state, pay(2).outputId)).toMatchObject({stage: "refunding", fate: {reason: "MASK_MISSING"}});
    expect(wantedPairs(ledger.state, 9)).toEqual([{process: APP, senders: [uuidOf("later")], threshold: 1}]);
    expect(codeOf(() => ledger.decide(ledger.maskFact()))).toBe("NOT_WANTED");
    audit(ledger.state);
    ledger.decide(pay(4));
    ledger.decide(ledger.maskFact());
    expect(messageOf(ledger.state, APP, 0n)?.outputId).toBe(pay(4).outputId);
    for (let i = 0; i < 10; i++) ledger.decide({kind: "tick"});
    expect(paymentOf(ledger.state, pay(3).outputId)?.fate.kind).toBe("refund");
    expect(codeOf(() => ledger.decide({kind: "tick"}))).toBe("IDLE_TICK");
    expect(balances(ledger.state).find((b) => b.asset === BTC)).toMatchObject({waiting: 0n});
    audit(ledger.state);
  });
});

describe("masks", () => {
  test("differ by process, senders and threshold, and not by the order of the senders", () => {
    const [a, b, other] = [uuidOf("a"), uuidOf("b"), uuidOf("other process")];
    const masks = [
      started.mask({senders: [a]}),
      started.mask({senders: [b]}),
      started.mask({senders: [a], process: other}),
      started.mask({senders: [a, b]}),
      started.mask({senders: [a, b], threshold: 2}),
    ];
    expect(new Set(masks).size).toBe(masks.length);
    expect(started.mask({senders: [b, a], threshold: 2})).toBe(masks[4]);
  });

  test("are for pairs that a decided payment asks for, once, under the group key", () => {
    const ledger = started.fork();
    const fact = ledger.maskFact();
    expect(codeOf(() => ledger.fork().decide(fact))).toBe("NOT_WANTED");
    expect(
      codeOf(() => ledger.fork().decide(fact, pay(2))),
      "in the same block",
    ).toBe("NOT_WANTED");
    ledger.decide(pay(2));
    expect(codeOf(() => ledger.fork().decide(ledger.maskFact({senders: [uuidOf("x")]})))).toBe("NOT_WANTED");
    expect(codeOf(() => ledger.fork().decide(ledger.maskFact({threshold: 2})))).toBe("NOT_WANTED");
    const {signature} = ledger.maskFact({senders: [uuidOf("x")]});
    expect(codeOf(() => ledger.fork().decide({...fact, signature}))).toBe("BAD_SIGNATURE");
    ledger.decide(fact);
    expect(codeOf(() => ledger.decide(fact))).toBe("NOT_WANTED");
  });

  test("come sixteen to a block, the oldest first", () => {
    const ledger = started.fork();
    const senders = Array.from({length: MASKS_PER_BLOCK_MAX + 1}, (_, i) => uuidOf(`sender ${i}`));
    ledger.decide(...senders.map((sender, i) => pay(2 + i, {senders: [sender]})));
    expect(wantedPairs(ledger.state, 3).map((pair) => pair.senders[0])).toEqual(senders.slice(0, 3));
    const facts: Fact[] = senders.map((sender) => ledger.maskFact({senders: [sender]}));
    expect(codeOf(() => ledger.fork().decide(...facts))).toBe("MASKS_FULL");
    ledger.decide(...facts.slice(0, MASKS_PER_BLOCK_MAX));
    ledger.decide(facts[MASKS_PER_BLOCK_MAX] as Fact);
    expect(messageOf(ledger.state, APP, BigInt(MASKS_PER_BLOCK_MAX))).not.toBeNull();
    audit(ledger.state);
  });
});
