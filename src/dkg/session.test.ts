import {describe, expect, test} from "vitest";
import {
  ackAll,
  bytesOf,
  codeOf,
  committee,
  dealAll,
  dealingOf,
  expectActive,
  forgedDealing,
  NETWORK_ID,
  say,
  sharesOf,
  ticks,
  WINDOW,
} from "../../test/support/dkg.ts";
import type {Hex} from "../base/bytes.ts";
import {addG1, blsPublicKey, blsSign, blsVerify, trustedG1} from "../crypto/bls.ts";
import {combineG1} from "../crypto/points.ts";
import {ORDER} from "../crypto/scalar.ts";
import {combinePartials} from "../crypto/threshold.ts";
import {encodeDkgBody} from "../types/dkg.ts";
import {sessionAckDigest} from "./admit.ts";
import {tick} from "./advance.ts";
import {openShares} from "./open.ts";
import {makeAcks, makeComplaint} from "./participant.ts";
import {type ActiveSession, needOf, openSession, type Session, sizesOf, windowTicksOf} from "./session.ts";
import {decodeSession, encodeSession} from "./session-codec.ts";

const message = new Uint8Array(32).fill(3);

/** All that a key must be: its shares sign under their public shares, any t make the group's signature, t − 1 do not. */
function expectWorkingKey(active: ActiveSession, shares: ReadonlyMap<number, Uint8Array>): void {
  const {threshold} = sizesOf(active);
  for (const [seat, share] of shares) expect(blsPublicKey(share)).toEqual(active.publicShares[seat - 1]);
  const partials = [...shares].map(([seat, share]) => ({seat, signature: blsSign(share, message)})).reverse();
  const combined = combinePartials({partials, threshold, groupKey: active.groupKey, message});
  expect(combined.signature).not.toBeNull();
  const few = combinePartials({partials: partials.slice(1 - threshold), threshold: threshold - 1, groupKey: active.groupKey, message});
  expect(few.signature).toBeNull();
  expect(blsVerify(active.groupKey, sessionAckDigest(active), active.pop)).toBe(true);
}

describe("a session that nobody disturbs", () => {
  test.for([
    {seats: [1, 1, 1, 1]},
    {seats: [2, 1, 3, 1]},
    {seats: [2, 2, 2, 1]},
    {seats: [5, 1, 4, 3, 2, 1]},
    {seats: Array.from({length: 16}, () => 1)},
    {seats: [1]},
  ])("makes a key for seats $seats", ({seats}) => {
    const of = committee(seats);
    const complain = dealAll(of);
    expect(complain).toMatchObject({phase: "complain", ticks: 0});
    const ack = ticks(complain);
    expect(ack).toMatchObject({phase: "ack", ticks: 0, qualified: seats.map((_, i) => i)});
    const shares = sharesOf(of, ack);
    expect(shares.size).toBe(seats.reduce((a, b) => a + b));
    expect(sharesOf(of, complain)).toEqual(shares);
    const active = expectActive(ackAll(of, ack));
    expect(active.ackedSeats).toHaveLength(needOf(of.session));
    expect(active.misbehaving).toEqual([]);
    expectWorkingKey(active, shares);
  });

  test("the order of messages does not matter", () => {
    const of = committee([2, 1, 1, 1]);
    const forward = dealAll(of);
    const backward = [3, 2, 1, 0].reduce<Session>((s, i) => say(s, i, dealingOf(of, i)), of.session);
    expect(backward).toEqual(forward);
  });

  test("a decided session stands still", () => {
    const of = committee([1, 1, 1, 1]);
    const active = ackAll(of, ticks(dealAll(of)));
    expect(ticks(active, 100)).toBe(active);
    expect(codeOf(() => say(active, 0, dealingOf(of, 0)))).toBe("NOT_OPEN");
    expect(sharesOf(of, active)).toEqual(sharesOf(of, ticks(dealAll(of)))); // who was away opens its share from it
  });
});

describe("windows", () => {
  const of = committee([1, 1, 1, 1]);

  test("deal closes when its window is over and more than two thirds of the seats have dealt", () => {
    const three = dealAll(of, {silent: [2]});
    expect(ticks(three, WINDOW - 1)).toMatchObject({phase: "deal", ticks: WINDOW - 1});
    const complain = ticks(three);
    expect(complain).toMatchObject({phase: "complain", ticks: 0});
    expect(codeOf(() => say(complain, 2, dealingOf(of, 2)))).toBe("NOT_OPEN");
    const last = ticks(three, WINDOW - 1);
    expect(say(last, 2, dealingOf(of, 2)).phase).toBe("complain");
  });

  test("a silent dealer gets its share all the same, and is no offender", () => {
    const ack = ticks(ticks(dealAll(of, {silent: [2]})));
    expect(ack).toMatchObject({phase: "ack", qualified: [0, 1, 3], misbehaving: []});
    const active = expectActive(ackAll(of, ack));
    expectWorkingKey(active, sharesOf(of, ack));
  });

  test("with fewer dealers the session starts again under another sid", () => {
    const again = ticks(dealAll(of, {silent: [1, 2]}));
    expect(again).toMatchObject({phase: "deal", attempt: 1, ticks: 0, dealings: [], misbehaving: []});
    expect(again.sid).not.toBe(of.session.sid);
    expect(codeOf(() => say(again, 0, dealingOf(of, 0)))).toBe("WRONG_SESSION");
    const ack = ticks(dealAll(of, {session: again}));
    const active = expectActive(ackAll(of, ack));
    expect(active.attempt).toBe(1);
    expectWorkingKey(active, sharesOf(of, ack));
  });

  test("a key whose polynomial would lose its highest term is not taken", () => {
    const others = [0, 1, 2].map((i) => dealingOf(of, i));
    const rest = addG1(others.map((d) => trustedG1(d.commitments[2] as Uint8Array)));
    const opposite = combineG1([rest], [ORDER - 1n]).toBytes();
    const forged = forgedDealing(of, 3, (d) => ({...d, commitments: [...d.commitments.slice(0, 2), opposite]}));
    const complain = others.reduce<Session>((s, d) => say(s, d.dealer, d), say(of.session, 3, forged));
    expect(openShares({session: complain, validatorIndex: 0, encSecret: of.secrets[0] as Uint8Array}).bad).toEqual([
      {dealer: 3, oldSeat: 0, seat: 1},
    ]);
    expect(ticks(complain)).toMatchObject({phase: "deal", attempt: 1, misbehaving: []}); // nobody complained
  });

  test("complain lasts its window, whoever has dealt", () => {
    const complain = dealAll(of);
    expect(ticks(complain, WINDOW - 1)).toMatchObject({phase: "complain"});
    expect(ticks(complain, WINDOW)).toMatchObject({phase: "ack"});
  });

  test("are at least 32 ticks and outlast f proposers twice", () => {
    expect([1, 4, 48, 49, 64, 128].map(windowTicksOf)).toEqual([32, 32, 32, 34, 44, 86]);
    const {validators} = of.session;
    expect(openSession({networkId: NETWORK_ID, epoch: 0, attempt: 0, mode: "fresh", seats: {validators}}).windowTicks).toBe(32);
  });
});

describe("acknowledgement", () => {
  const of = committee([2, 2, 3, 3, 2]); // W = 12, t = 9

  test("the first attempt wants a margin over the threshold, later ones do not", () => {
    expect(needOf(of.session)).toBe(10);
    expect(needOf({...of.session, attempt: 1})).toBe(9);
    expect(needOf(committee([1, 1, 1, 1]).session)).toBe(4);
    expect(needOf(committee([1]).session)).toBe(1);
  });

  test("nine of twelve seats do not activate the first attempt, and activate the second", () => {
    const ack = ticks(dealAll(of));
    const nine = ackAll(of, ack, [3]);
    expect(nine).toMatchObject({phase: "ack"});
    const again = ticks(nine);
    expect(again).toMatchObject({phase: "deal", attempt: 1, misbehaving: []});
    const second = ticks(dealAll(of, {session: again}));
    const active = expectActive(ackAll(of, second, [3]));
    expect(active.ackedSeats).toHaveLength(9);
    expectWorkingKey(active, sharesOf(of, second, [3]));
  });

  test("ticks do not end it before its window", () => {
    const ack = ticks(dealAll(of));
    expect(ticks(ack, WINDOW - 1)).toMatchObject({phase: "ack", ticks: WINDOW - 1});
    expect(ackAll(of, ticks(ack, WINDOW - 1))).toMatchObject({phase: "active"});
  });
});

describe("participants", () => {
  const of = committee([1, 2, 1, 1]);

  test("deal the same bytes again after a restart, and others in another attempt", () => {
    expect(encodeDkgBody(dealingOf(of, 1))).toEqual(encodeDkgBody(dealingOf(of, 1)));
    const again = ticks(of.session);
    expect(dealingOf(of, 1, again).commitments).not.toEqual(dealingOf(of, 1).commitments);
    expect(dealingOf(of, 1, again).ephemeral).not.toEqual(dealingOf(of, 1).ephemeral);
  });

  test("one who was away opens its shares from the session, in the ack phase too", () => {
    const ack = ticks(dealAll(of));
    const {shares, bad} = openShares({session: ack, validatorIndex: 1, encSecret: of.secrets[1] as Uint8Array});
    expect([...shares.keys()]).toEqual([2, 3]);
    expect(bad).toEqual([]);
  });

  test("one who has lost its dealing key has no shares and accuses nobody", () => {
    for (const session of [dealAll(of), ticks(dealAll(of))])
      expect(openShares({session, validatorIndex: 1, encSecret: bytesOf("another")})).toEqual({shares: new Map(), bad: []});
  });

  test("a validator whose dealing key is no point stops nobody", () => {
    const {validators} = of.session;
    const broken = validators.map((v, i) => (i === 3 ? {...v, encKey: new Uint8Array(48).fill(0xff)} : v));
    const {networkId, epoch, attempt, windowTicks} = of.session;
    const session = openSession({networkId, epoch, attempt: attempt + 1, mode: "fresh", seats: {validators: broken}, windowTicks});
    const ack = ticks(dealAll({...of, session}));
    expect(expectActive(ackAll({...of, session}, ack)).ackedSeats).toEqual([1, 2, 3, 4]);
  });

  test("act in their phase only", () => {
    const complain = dealAll(of);
    const shares = new Map([[1, bytesOf("share")]]);
    const encSecret = of.secrets[0] as Uint8Array;
    expect(codeOf(() => makeAcks({session: complain, shares}))).toBe("INVARIANT");
    for (const [session, dealer] of [
      [of.session, 0],
      [complain, 9],
    ] as const)
      expect(codeOf(() => makeComplaint({session, accuserIndex: 0, encSecret, dealer, seat: 1, random: new Uint8Array(32)}))).toBe(
        "INVARIANT",
      );
  });
});

describe("a new key for a running set", () => {
  const of = committee([1, 1, 1, 1]);
  const first = expectActive(ackAll(of, ticks(dealAll(of))));
  const {networkId, epoch, validators, windowTicks} = of.session;
  const {transcript, groupKey} = first;
  const open = (replaces: {transcript: Hex; groupKey: Uint8Array}) =>
    openSession({networkId, epoch, attempt: 0, mode: "fresh", replaces, seats: {validators}, windowTicks});

  test("is another key, made in another session by the same seats in the same epoch", () => {
    const session = open({transcript, groupKey});
    expect(codeOf(() => say(session, 0, dealingOf(of, 0)))).toBe("WRONG_SESSION");
    const ack = ticks(dealAll({...of, session}));
    const second = expectActive(ackAll({...of, session}, ack));
    expectWorkingKey(second, sharesOf(of, ack));
    expect(second.groupKey).not.toEqual(first.groupKey);
    const third = open({transcript: second.transcript, groupKey: second.groupKey});
    expect(new Set([first.sid, session.sid, third.sid]).size).toBe(3);
  });

  test("keeps what it replaces when an attempt fails, and in its encoding", () => {
    const session = open({transcript, groupKey});
    const again = ticks(session);
    expect(again).toMatchObject({attempt: 1, replaces: {transcript, groupKey}, old: null});
    expect(decodeSession(encodeSession(again))).toEqual(again);
    expect(again.sid).not.toBe(ticks(of.session).sid);
  });

  test("does not lift shares of the key before: neither signs for the other", () => {
    const ack = ticks(dealAll({...of, session: open({transcript, groupKey})}));
    const second = expectActive(ackAll({...of, session: open({transcript, groupKey})}, ack));
    const shares = [sharesOf(of, first), sharesOf(of, ack)] as const;
    const mixed = [1, 2, 3].map((seat) => ({seat, signature: blsSign(shares[seat % 2]?.get(seat) as Uint8Array, message)}));
    for (const key of [first.groupKey, second.groupKey])
      expect(combinePartials({partials: mixed, threshold: 3, groupKey: key, message}).signature).toBeNull();
  });
});

describe("the session id", () => {
  const {session} = committee([1, 2, 1, 1]);
  const open = (change: {networkId?: Hex; epoch?: number; attempt?: number; validators?: typeof session.validators}) => {
    const {networkId, epoch, attempt, validators} = {...session, ...change};
    return openSession({networkId, epoch, attempt, mode: "fresh", seats: {validators}}).sid;
  };

  test("names network, epoch, attempt, seats and keys", () => {
    const [first, ...rest] = session.validators as [(typeof session.validators)[0], ...typeof session.validators];
    const sids = [
      session.sid,
      open({networkId: `0x${"00".repeat(32)}`}),
      open({epoch: 4}),
      open({attempt: 1}),
      open({validators: [{...first, seats: 2}, ...rest]}),
      open({validators: [{...first, encKey: blsPublicKey(bytesOf("x"))}, ...rest]}),
      open({validators: rest}),
    ];
    expect(new Set(sids).size).toBe(sids.length);
    expect(open({})).toBe(session.sid);
  });

  test("is of fixed fields: a vector", () => {
    expect(committee([1, 1, 1, 1], "vector").session.sid).toMatchInlineSnapshot(
      `"0xf33c445fa7b843967e2ab7e1be1790b2d4c53303e1c7e465424efb7802bc1161"`,
    );
    expect(tick(committee([1], "vector").session)).toMatchObject({ticks: 1});
  });

  test.for([
    {name: "nobody", validators: []},
    {name: "a validator without a seat", validators: session.validators.map((v) => ({...v, seats: 0}))},
    {name: "another order", validators: [...session.validators].reverse()},
  ])("refuses $name", ({validators}) => {
    expect(codeOf(() => open({validators}))).toBe("INVARIANT");
  });
});
