import {describe, expect, test} from "vitest";
import {registrationFact, secretOf, TestLedger, testNetwork} from "../../test/support/ledger.ts";
import {toHex} from "../base/bytes.ts";
import {blsVerify, g1ToEip2537} from "../crypto/bls.ts";
import {sign} from "../crypto/secp256k1.ts";
import {ackDigest, dkgMessageDigest} from "../types/digests.ts";
import type {DkgMessage} from "../types/facts.ts";
import {chooseFacts} from "./choose.ts";
import {recordsOf} from "./draft.ts";
import {dkgSession, groupKey, needsTicks} from "./queries.ts";
import {SESSION} from "./tables.ts";

const refusal = (code: string, data: object = {}) =>
  expect.objectContaining({name: "LedgerError", code, data: expect.objectContaining(data)});

/** A ledger with all dealings decided. */
function dealt(): TestLedger {
  const ledger = new TestLedger();
  const dealings = [0, 1, 2, 3].map((i) => ledger.dealingFact(i));
  ledger.decide(...dealings);
  return ledger;
}

function inAckPhase(): TestLedger {
  const ledger = dealt();
  while (ledger.state.session.phase === "complain") ledger.decide({kind: "tick"});
  return ledger;
}

describe("the DKG in blocks", () => {
  test.for([{seats: [1, 1, 1, 1]}, {seats: [2, 1, 3, 1]}])("of seats $seats ends with a key that its seats have proven", ({seats}) => {
    const ledger = new TestLedger(testNetwork(seats)).runDkg();
    const key = groupKey(ledger.state);
    if (key === null) throw new Error("no key");
    const {sid, transcript} = key;
    const digest = ackDigest({networkId: ledger.network.genesis.networkId, sid, transcript, groupKey: g1ToEip2537(key.key)});
    expect(blsVerify(key.key, digest, key.pop)).toBe(true);
    expect(key.publicShares.length).toBe(seats.reduce((a, b) => a + b));
    expect(key).toMatchObject({epoch: 0, keyHeight: ledger.parent.height});
    expect([needsTicks(ledger.state), dkgSession(ledger.state).phase]).toEqual([false, "active"]);
    expect(() => ledger.decide({kind: "tick"})).toThrow(refusal("IDLE_TICK"));
    expect(() => ledger.decide(registrationFact(1))).not.toThrow();
  });

  test("K is the height of the ACK that completes the quorum; payments start above it", () => {
    const ledger = inAckPhase();
    const acks = [0, 1, 2, 3].flatMap((i) => ledger.ackFacts(i));
    ledger.decide(...acks.slice(0, 3));
    expect(groupKey(ledger.state)).toBeNull();
    const [last] = acks.slice(3) as [DkgMessage];
    expect(() => ledger.fork().decide(last, registrationFact(1))).toThrow(refusal("TOO_EARLY"));
    ledger.decide(last);
    expect(groupKey(ledger.state)?.keyHeight).toBe(ledger.parent.height);
  });

  test("without ACKs a new attempt starts, and every message of the old one is late", () => {
    const ledger = inAckPhase();
    const [ack] = ledger.ackFacts(0) as [DkgMessage];
    while (ledger.state.session.attempt === 0) ledger.decide({kind: "tick"});
    expect(() => ledger.decide(ack)).toThrow(refusal("DKG_REFUSED", {reason: "WRONG_SESSION", got: 0}));
    ledger.runDkg();
    expect(groupKey(ledger.state)?.sid).toBe(ledger.state.session.sid);
  });

  test("the tree holds the session, at every height", () => {
    const ledger = new TestLedger();
    const same = () => expect(recordsOf(ledger.state.tree).get(SESSION, null)).toEqual(ledger.state.session);
    same();
    for (const i of [0, 1, 2]) ledger.decide(ledger.dealingFact(i));
    same();
    ledger.decide({kind: "tick"});
    same();
    ledger.decide(ledger.dealingFact(3));
    while (ledger.state.session.phase === "complain") ledger.decide({kind: "tick"});
    same();
    const [first, ...others] = [0, 1, 2, 3].flatMap((i) => ledger.ackFacts(i)) as [DkgMessage, ...DkgMessage[]];
    ledger.decide(first);
    same();
    ledger.decide(...others);
    same();
    expect(ledger.state.session.phase).toBe("active");
  });

  test("a seat that has no share is heard when the key is in force, and the key stays as it was", () => {
    const ledger = new TestLedger().runDkg();
    const key = groupKey(ledger.state);
    ledger.decide(ledger.dkgFact(2, {kind: "noShare", sid: ledger.state.session.sid, seat: 3}));
    expect(ledger.state.session).toMatchObject({phase: "active", shareless: [3]});
    expect(groupKey(ledger.state)).toEqual(key);
  });

  test("two ledgers that decide the same messages agree", () => {
    const [one, two] = [new TestLedger().runDkg(), new TestLedger().runDkg()];
    expect(one.parent).toEqual(two.parent);
    expect(toHex(groupKey(one.state)?.key as Uint8Array)).toBe(toHex(groupKey(two.state)?.key as Uint8Array));
  });
});

describe("a DKG message is invalid", () => {
  const ledger = new TestLedger();
  const good = ledger.dealingFact(0);
  const digest = dkgMessageDigest(ledger.network.genesis.networkId, good.body);
  const bytes = (from: Uint8Array, at: number) => Uint8Array.from(from, (byte, i) => (i === at ? byte ^ 1 : byte));
  const cases: {name: string; fact: DkgMessage; code: string; data?: object}[] = [
    {name: "from nobody", fact: {...good, from: 4}, code: "UNKNOWN_VALIDATOR", data: {got: 4}},
    {name: "under another's name", fact: {...good, from: 1}, code: "BAD_SIGNATURE"},
    {name: "with another body", fact: {...good, body: bytes(good.body, 70)}, code: "BAD_SIGNATURE"},
    {name: "with a broken signature", fact: {...good, signature: bytes(good.signature, 5)}, code: "BAD_SIGNATURE"},
    {name: "with another key's signature", fact: {...good, signature: sign(secretOf("stranger"), digest)}, code: "BAD_SIGNATURE"},
    {name: "with v of 0", fact: {...good, signature: bytes(good.signature, 64)}, code: "BAD_SIGNATURE"},
    {name: "that is no message", fact: signed(1, new Uint8Array(9)), code: "DKG_REFUSED", data: {reason: "MALFORMED", got: 1}},
    {name: "that names another dealer", fact: signed(1, good.body), code: "DKG_REFUSED", data: {reason: "NOT_SENDER"}},
    {name: "with a spoilt dealing", fact: signed(0, bytes(good.body, good.body.length - 1)), code: "DKG_REFUSED"},
  ];
  function signed(from: number, body: Uint8Array): DkgMessage {
    const secret = ledger.network.keys[from]?.consensus as Uint8Array;
    return {kind: "dkgMessage", from, body, signature: sign(secret, dkgMessageDigest(ledger.network.genesis.networkId, body))};
  }
  test.for(cases)("$name: $code", ({fact, code, data}) => {
    expect(() => ledger.fork().decide(fact)).toThrow(refusal(code, data));
    expect(chooseFacts(ledger.state, [fact]).refused).toMatchObject([{fact, error: {code}}]);
  });

  test("said twice, in two blocks or in one", () => {
    const twice = ledger.fork();
    twice.decide(good);
    expect(() => twice.decide(good)).toThrow(refusal("DKG_REFUSED", {reason: "DUPLICATE"}));
    expect(chooseFacts(ledger.state, [good, good]).facts).toEqual([good]);
  });

  test("in the wrong phase", () => {
    const acking = inAckPhase();
    const [ack] = acking.ackFacts(2) as [DkgMessage];
    expect(() => dealt().decide(ack)).toThrow(refusal("DKG_REFUSED", {reason: "NOT_OPEN"}));
    expect(() => acking.decide(good)).toThrow(refusal("DKG_REFUSED", {reason: "NOT_OPEN"}));
  });
});
