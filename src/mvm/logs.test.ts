import {beforeAll, describe, expect, test} from "vitest";
import {
  activatedLog,
  chainFacts,
  groupLog,
  headAt,
  id16,
  logAt,
  outboundLog,
  type RawLog,
  type Send,
} from "../../test/support/group-logs.ts";
import {APP, APP_ADDRESS, BTC, messageMemo, outputFact, registrationFact, TestLedger, USER, uuidOf} from "../../test/support/ledger.ts";
import {concatBytes, type Hex} from "../base/bytes.ts";
import {Writer} from "../base/codec.ts";
import type {Fact} from "../types/facts.ts";
import {uuidBytes, ZERO_UUID} from "../types/ids.ts";
import {messageOf} from "./messages.ts";
import {
  activatedOn,
  balanceOf,
  balances,
  chainCursor,
  foreignActivations,
  heldPayouts,
  openPayouts,
  outboxOf,
  paymentOf,
  payoutOf,
  platformOf,
  processes,
} from "./queries.ts";

let started: TestLedger;
let home: Hex;
let other: Hex;
beforeAll(() => {
  started = new TestLedger().runDkg().introduce();
  [home, other] = started.state.network.platforms as [Hex, Hex];
  started.decide(registrationFact(1));
  started.decide(outputFact(2, {extra: messageMemo(), amount: 1_000n}), outputFact(3, {extra: messageMemo()}));
});

const junk: RawLog = {topics: [`0x${"77".repeat(32)}`], data: new Uint8Array(5)};

describe("heads and logs", () => {
  const h = (number: number, logs: number, platform = home) => headAt(platform, number, logs);
  const l = (block: number, index: number, platform = home) => logAt(platform, block, index, junk);
  const refused: {name: string; facts: () => Fact[]; code: string}[] = [
    {name: "an unknown platform", facts: () => [h(11, 1, `0x${"01".repeat(32)}`), l(11, 0)], code: "UNKNOWN_PLATFORM"},
    {name: "a head that is not beyond the cursor", facts: () => [h(10, 0)], code: "STALE_HEAD"},
    {name: "a head below the cursor", facts: () => [h(9, 1), l(9, 0)], code: "STALE_HEAD"},
    {name: "a head without logs", facts: () => [h(11, 0)], code: "EMPTY_HEAD"},
    {name: "a head with the logs of another platform", facts: () => [h(11, 1), h(1, 1, other), l(1, 0, other)], code: "EMPTY_HEAD"},
    {name: "a log without a head", facts: () => [l(11, 0)], code: "NO_HEAD"},
    {name: "a log below the cursor", facts: () => [h(11, 1), l(9, 0), l(11, 0)], code: "LOG_OUT_OF_RANGE"},
    {name: "a log beyond the head", facts: () => [h(11, 1), l(12, 0)], code: "LOG_OUT_OF_RANGE"},
    {name: "fewer logs than the head says", facts: () => [h(11, 2), l(11, 0)], code: "WRONG_LOG_COUNT"},
    {name: "more logs than the head says", facts: () => [h(11, 1), l(11, 0), l(11, 1)], code: "WRONG_LOG_COUNT"},
    {name: "one log twice", facts: () => [h(11, 2), l(11, 0), l(11, 0)], code: "NOT_CANONICAL"},
    {name: "two heads of a platform", facts: () => [h(11, 1), h(12, 1), l(11, 0), l(12, 0)], code: "NOT_CANONICAL"},
  ];
  test.for(refused)("$name: $code", ({facts, code}) => {
    const before = started.fork();
    expect(() => before.decide(...facts())).toThrow(expect.objectContaining({name: "LedgerError", code}));
  });

  test("the cursor goes on where it stood, also within a block", () => {
    const ledger = started.fork();
    const steps: {facts: Fact[]; cursor: object}[] = [
      {facts: [h(10, 1), l(10, 4)], cursor: {number: 10, logs: 1}},
      {facts: [h(10, 3), l(10, 6), l(10, 9)], cursor: {number: 10, logs: 3}},
      {facts: [h(12, 1), l(10, 11), l(11, 0), l(12, 5)], cursor: {number: 12, logs: 1}},
      {facts: [h(20, 0), l(12, 6)], cursor: {number: 20, logs: 0}},
      {facts: [h(20, 1), l(20, 0)], cursor: {number: 20, logs: 1}},
    ];
    for (const {facts, cursor} of steps) {
      ledger.decide(...facts);
      expect(chainCursor(ledger.state, home)).toEqual(cursor);
    }
    expect(chainCursor(ledger.state, other)).toEqual({number: 0, logs: 0});
    const again = () => ledger.fork().decide(h(20, 2), l(20, 0));
    expect(again).toThrow(expect.objectContaining({code: "LOG_OUT_OF_RANGE"}));
    expect(() => ledger.fork().decide(h(20, 1), l(20, 1))).toThrow(expect.objectContaining({code: "STALE_HEAD"}));
  });

  test("what does not decode is counted, never refused", () => {
    const ledger = started.fork();
    const good = outboundLog(send({}));
    const short = {...good, data: good.data.slice(0, -1)};
    const noTopics = {topics: [], data: good.data};
    const fewTopics = {...groupLog("Delivered", 0, APP_ADDRESS), topics: groupLog("Delivered", 0, APP_ADDRESS).topics.slice(0, 2)};
    ledger.decide(...chainFacts(ledger.state, home, [junk, short, noTopics, fewTopics, groupLog("Delivered", 77, APP_ADDRESS)]));
    expect(platformOf(ledger.state, home)).toMatchObject({ignored: 5, lastIgnored: {block: 11, index: 4}});
    expect(balanceOf(ledger.state, APP, BTC)).toBe(1_100n);
  });
});

describe("what the contract tells of itself", () => {
  test("its own activation, and a foreign one, which is an alarm and stays one", () => {
    const ledger = started.fork();
    expect(activatedOn(ledger.state, home)).toBeNull();
    ledger.decide(...chainFacts(ledger.state, home, [activatedLog(ledger.state)]));
    expect(activatedOn(ledger.state, home)).toEqual({block: 11, own: true});
    expect(foreignActivations(ledger.state)).toEqual([]);
    const own = activatedLog(ledger.state);
    ledger.decide(...chainFacts(ledger.state, home, [own]));
    expect(activatedOn(ledger.state, home)).toEqual({block: 11, own: true});
    const foreign = {...own, data: Uint8Array.from(own.data, (byte, i) => (i === 0 ? byte ^ 1 : byte))};
    ledger.decide(...chainFacts(ledger.state, home, [foreign]));
    expect(foreignActivations(ledger.state)).toEqual([home]);
    ledger.decide(...chainFacts(ledger.state, home, [own]));
    ledger.decide(...chainFacts(ledger.state, home, [foreign]));
    expect(activatedOn(ledger.state, home)).toEqual({block: 13, own: false});
  });

  test.for([0, 32, 191, 95])("a difference in byte %i of an activation is foreign", (at) => {
    const ledger = started.fork();
    const own = activatedLog(ledger.state);
    const data = own.data.slice();
    // 0 sid, 32 transcript, 127 the epoch's last byte, 160 + … the key
    const place = at === 95 ? 127 : at;
    data[place] = (data[place] as number) ^ 1;
    ledger.decide(...chainFacts(ledger.state, home, [{...own, data}]));
    expect(foreignActivations(ledger.state)).toEqual([home]);
  });

  test("deliveries: the first submitter of an outbox counts", () => {
    const ledger = started.fork();
    const logs = [USER, APP].map((id) => groupLog("Delivered", 1, `0x${"00".repeat(4)}${id16(id).slice(2)}`));
    ledger.decide(...chainFacts(ledger.state, home, [...logs, groupLog("Committed", 0, APP_ADDRESS)]));
    expect(outboxOf(ledger.state, home, 1n)).toMatchObject({height: 42, submitter: `0x${"00".repeat(4)}${id16(USER).slice(2)}`});
    expect(outboxOf(ledger.state, home, 0n)?.submitter).toBeNull();
    expect(outboxOf(ledger.state, home, 2n)).toBeNull();
    expect(platformOf(ledger.state, home)?.ignored).toBe(0);
  });

  test("states of messages", () => {
    const ledger = started.fork();
    const says = (nonce: number, state: number) => groupLog("MessageState", id16(APP), nonce, state, "0x1234");
    const stages = () => [2, 3].map((i) => paymentOf(ledger.state, outputFact(i).outputId)?.stage);
    ledger.decide(...chainFacts(ledger.state, home, [says(0, 3), says(1, 1)]));
    expect(stages()).toEqual(["parked", "decided"]);
    expect(messageOf(ledger.state, APP, 1n)?.state).toBe("queued");
    ledger.decide(...chainFacts(ledger.state, home, [says(0, 2), says(1, 2), says(2, 2), says(1, 9)]));
    expect(stages()).toEqual(["delivered", "delivered"]);
    ledger.decide(...chainFacts(ledger.state, other, [says(1, 3)]));
    expect(stages()).toEqual(["delivered", "delivered"]);
    expect([home, other].map((p) => platformOf(ledger.state, p)?.ignored)).toEqual([2, 1]);
  });

  test("registrations: the app that the contract took, or none", () => {
    const ledger = started.fork();
    ledger.decide(...chainFacts(ledger.state, home, [groupLog("Registered", id16(APP), APP_ADDRESS, 0, 300_000, 0)]));
    expect(processes(ledger.state)[0]?.app).toBe(APP_ADDRESS);
    ledger.decide(...chainFacts(ledger.state, home, [groupLog("SystemEventIgnored", 0, 0)]));
    ledger.decide(...chainFacts(ledger.state, other, [groupLog("Registered", id16(APP), `0x${"00".repeat(20)}`, 0, 300_000, 0)]));
    expect([home, other].map((p) => platformOf(ledger.state, p)?.ignored)).toEqual([1, 1]);
    expect(processes(ledger.state)[0]?.app).toBe(APP_ADDRESS);
  });
});

const RECEIVER = uuidOf("receiver");

function send(of: Partial<Send>): Send {
  const base = {process: APP, nonce: 0n, asset: BTC, amount: 400n, kind: 1, receiver: uuidBytes(RECEIVER), memo: new Uint8Array([1, 2, 3])};
  return {...base, ...of};
}

const group = (members: readonly string[], threshold: number): Uint8Array =>
  new Writer()
    .list(members, (w, id) => w.uuid(id))
    .u16(threshold)
    .bytes();

describe("sends", () => {
  const mask = () => started.mask();
  const [a, b] = [uuidOf("a"), uuidOf("b")].sort() as [string, string];
  const paid: {name: string; of: () => Partial<Send>; receivers: string[]; threshold: number}[] = [
    {name: "to a mask", of: () => ({kind: 0, receiver: uuidBytes(mask())}), receivers: [USER], threshold: 1},
    {name: "to a user", of: () => ({}), receivers: [RECEIVER], threshold: 1},
    {name: "to a multisig", of: () => ({kind: 2, receiver: group([b, a], 2)}), receivers: [a, b], threshold: 2},
    {name: "of all that there is", of: () => ({amount: 1_100n}), receivers: [RECEIVER], threshold: 1},
  ];
  test.for(paid)("$name become payouts", ({of, receivers, threshold}) => {
    const ledger = started.fork();
    const log = send(of());
    ledger.decide(...chainFacts(ledger.state, home, [outboundLog(log)]));
    const view = payoutOf(ledger.state, APP, 0n);
    expect(view).toMatchObject({state: "open", amount: log.amount, receivers, threshold, memo: log.memo});
    expect(view?.cause).toEqual({kind: "payout", process: APP, nonce: 0n});
    expect(openPayouts(ledger.state).map((order) => order.traceId)).toContain(view?.traceId);
    expect(balanceOf(ledger.state, APP, BTC)).toBe(1_100n - log.amount);
  });

  const held: {name: string; of: () => Partial<Send>; reason: string; balance: bigint}[] = [
    {name: "an unknown mask", of: () => ({kind: 0, receiver: uuidBytes(uuidOf("?"))}), reason: "UNKNOWN_MASK", balance: 700n},
    {name: "a mask of 15 bytes", of: () => ({kind: 0, receiver: new Uint8Array(15)}), reason: "BAD_RECEIVER", balance: 700n},
    {
      name: "a user of 17 bytes",
      of: () => ({receiver: concatBytes(uuidBytes(a), new Uint8Array(1))}),
      reason: "BAD_RECEIVER",
      balance: 700n,
    },
    {name: "the zero user", of: () => ({receiver: uuidBytes(ZERO_UUID)}), reason: "BAD_RECEIVER", balance: 700n},
    {name: "an unknown kind", of: () => ({kind: 3}), reason: "BAD_RECEIVER", balance: 700n},
    {name: "a multisig of nobody", of: () => ({kind: 2, receiver: group([], 0)}), reason: "BAD_RECEIVER", balance: 700n},
    {name: "a threshold of 0", of: () => ({kind: 2, receiver: group([a], 0)}), reason: "BAD_RECEIVER", balance: 700n},
    {name: "a threshold above the members", of: () => ({kind: 2, receiver: group([a], 2)}), reason: "BAD_RECEIVER", balance: 700n},
    {name: "a member twice", of: () => ({kind: 2, receiver: group([a, a], 1)}), reason: "BAD_RECEIVER", balance: 700n},
    {name: "the group itself", of: () => ({kind: 2, receiver: ownGroup()}), reason: "GROUP_RECEIVER", balance: 700n},
    {name: "a memo of 201 bytes", of: () => ({memo: new Uint8Array(201)}), reason: "MEMO_TOO_LONG", balance: 700n},
    {name: "more than there is", of: () => ({amount: 1_101n}), reason: "INSUFFICIENT_BALANCE", balance: 1_100n},
    {name: "the largest number", of: () => ({amount: 2n ** 256n - 1n}), reason: "INSUFFICIENT_BALANCE", balance: 1_100n},
    {name: "an asset that it never had", of: () => ({asset: uuidOf("ETH")}), reason: "INSUFFICIENT_BALANCE", balance: 1_100n},
    {name: "amount 0", of: () => ({amount: 0n}), reason: "ZERO_AMOUNT", balance: 1_100n},
    {name: "an unknown process", of: () => ({process: uuidOf("?")}), reason: "UNKNOWN_PROCESS", balance: 1_100n},
  ];
  test.for(held)("$name: held, $reason", ({of, reason, balance}) => {
    const ledger = started.fork();
    const log = send(of());
    ledger.decide(...chainFacts(ledger.state, home, [outboundLog(log)]));
    expect(payoutOf(ledger.state, log.process, 0n)).toMatchObject({state: "held", held: reason, amount: log.amount});
    expect(heldPayouts(ledger.state)).toMatchObject([{held: reason}]);
    expect(openPayouts(ledger.state).length).toBe(1); // that of the registration
    expect(balanceOf(ledger.state, APP, BTC)).toBe(balance);
    expect(balances(ledger.state)).toMatchObject([{asset: BTC, balances: balance, held: 1_100n - balance}]);
  });
  const ownGroup = () => group(started.state.network.multisig.members, started.state.network.multisig.threshold);

  test("a process of another platform has no money here", () => {
    const ledger = started.fork();
    ledger.decide(...chainFacts(ledger.state, other, [outboundLog(send({}))]));
    expect(payoutOf(ledger.state, APP, 0n)).toMatchObject({held: "UNKNOWN_PROCESS"});
  });

  test("a mask is good for its own process only", () => {
    const second = uuidOf("second process");
    const ledger = started.fork().introduce({process: second});
    ledger.decide(registrationFact(4, second), outputFact(5, {extra: messageMemo(second)}));
    const receiver = uuidBytes(mask());
    ledger.decide(...chainFacts(ledger.state, home, [outboundLog(send({process: second, amount: 1n, kind: 0, receiver}))]));
    expect(payoutOf(ledger.state, second, 0n)).toMatchObject({held: "UNKNOWN_MASK"});
  });

  test("a send that is told twice is paid once", () => {
    const ledger = started.fork();
    ledger.decide(...chainFacts(ledger.state, home, [outboundLog(send({})), outboundLog(send({amount: 5n}))]));
    ledger.decide(...chainFacts(ledger.state, home, [outboundLog(send({}))]));
    expect(balanceOf(ledger.state, APP, BTC)).toBe(700n);
    expect(platformOf(ledger.state, home)?.ignored).toBe(2);
  });
});
