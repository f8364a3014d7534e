import fc from "fast-check";
import {describe, expect, test} from "vitest";
import {
  ackAll,
  bytesOf,
  codeOf,
  committee,
  expectActive,
  forgedReshare,
  type Holders,
  holders,
  type Resharing,
  reshareAll,
  reshareDealings,
  resharing,
  say,
  sharesOf,
  ticks,
  WINDOW,
  withWrongValues,
} from "../../test/support/dkg.ts";
import {blsPublicKey, blsSign, blsVerify} from "../crypto/bls.ts";
import {combinePartials} from "../crypto/threshold.ts";
import {type Dealing, dealingSize, encodeDkgBody} from "../types/dkg.ts";
import {seatsOf} from "../types/validators.ts";
import {sessionAckDigest} from "./admit.ts";
import {openShares} from "./open.ts";
import {makeComplaint, makeDealing, makeReshareDealings} from "./participant.ts";
import {keyOf, needOf, offendersOf, openSession, type Session, senderOf, sizesOf} from "./session.ts";
import {decodeSession, encodeSession} from "./session-codec.ts";

const message = new Uint8Array(32).fill(7);

type Shares = ReadonlyMap<number, Uint8Array>;
const partialsOf = (shares: Shares) => [...shares].map(([seat, share]) => ({seat, signature: blsSign(share, message)}));
const signs = (partials: ReturnType<typeof partialsOf>, threshold: number, groupKey: Uint8Array) =>
  combinePartials({partials, threshold, groupKey, message}).signature !== null;

/** The holders after a resharing in which all who are not `silent` take part. */
function pass(of: Resharing, options: {silent?: readonly number[]} = {}): Holders {
  let complain = reshareAll(of, options);
  if (complain.phase === "deal") complain = ticks(complain);
  const ack = ticks(complain);
  return {committee: of, active: expectActive(ackAll(of, ack)), shares: sharesOf(of, ack)};
}

/** The same key under new shares: t of them sign, fewer do not, and t − 1 old shares with new ones are worth nothing. */
function expectPassedOn(before: Holders, after: Holders): void {
  const {active, shares} = after;
  const {seats, threshold} = sizesOf(active);
  const {threshold: oldThreshold} = sizesOf(before.active);
  expect(active.groupKey).toEqual(before.active.groupKey);
  expect(active.transcript).not.toBe(before.active.transcript);
  expect(shares.size).toBe(seats);
  for (const [seat, share] of shares) expect(blsPublicKey(share)).toEqual(active.publicShares[seat - 1]);
  expect(blsVerify(active.groupKey, sessionAckDigest(active), active.pop)).toBe(true);
  const [old, fresh] = [partialsOf(before.shares), partialsOf(shares)];
  expect(signs(fresh.slice(-threshold), threshold, active.groupKey)).toBe(true);
  expect(signs(fresh.slice(0, threshold - 1), threshold - 1, active.groupKey)).toBe(false);
  for (const t of new Set([threshold, oldThreshold])) {
    const few = old.slice(0, oldThreshold - 1);
    const added = fresh.filter(({seat}) => few.every((p) => p.seat !== seat)).slice(0, 1);
    expect(signs([...few, ...added].slice(0, t), Math.min(t, few.length + added.length), active.groupKey)).toBe(false);
    const one = old.filter(({seat}) => fresh.slice(0, threshold - 1).every((p) => p.seat !== seat)).slice(0, 1);
    expect(signs([...fresh.slice(0, threshold - 1), ...one], threshold - 1 + one.length, active.groupKey)).toBe(false);
  }
}

describe("a resharing that nobody disturbs", () => {
  const four = holders(committee([1, 1, 1, 1]));
  const wide = holders(committee([2, 1, 3, 1])); // W = 7, t = 5
  test.for([
    {name: "to the same seats", from: four, seats: [1, 1, 1, 1]},
    {name: "to the same people with other seats", from: wide, seats: [1, 3, 1, 2]},
    {name: "to one more", from: four, seats: [1, 1, 1, 1, 1]},
    {name: "to four of seven seats", from: wide, seats: [1, 1, 1, 1]},
    {name: "to many", from: four, seats: [3, 4, 2, 1, 5, 1]},
    {name: "to others", from: wide, seats: [2, 2, 2], people: "others"},
    {name: "to one alone", from: four, seats: [1], people: "hermit"},
  ])("$name keeps the key", ({from, seats, people}) => {
    const of = resharing(from, seats, people);
    const complain = reshareAll(of);
    expect(complain).toMatchObject({phase: "complain", ticks: 0});
    const ack = ticks(complain);
    const {threshold} = sizesOf(from.active);
    expect(ack).toMatchObject({phase: "ack", qualified: Array.from({length: threshold}, (_, i) => i + 1)});
    expect(sharesOf(of, complain)).toEqual(sharesOf(of, ack));
    const after = pass(of);
    expect(after.active.ackedSeats).toHaveLength(needOf(of.session));
    expectPassedOn(from, after);
  });

  test("one after the other, the key outlives every change", () => {
    const first = holders(committee([1, 1, 1, 1]));
    let now = first;
    for (const {seats, people} of [
      {seats: [1, 1, 1, 1, 1]},
      {seats: [2, 2, 1], people: "others"},
      {seats: [2, 2, 1], people: "others"},
      {seats: [1, 1, 1, 1], people: "third"},
    ]) {
      const next = pass(resharing(now, seats, people));
      expectPassedOn(now, next);
      now = next;
    }
    expect(now.active).toMatchObject({epoch: first.active.epoch + 4, attempt: 0});
    expect(now.active.groupKey).toEqual(first.active.groupKey);
  });

  test("any tables, any silent third", () => {
    const table = fc.array(fc.integer({min: 1, max: 3}), {minLength: 1, maxLength: 5});
    fc.assert(
      fc.property(table, table, fc.boolean(), fc.nat(), (oldSeats, seats, same, pick) => {
        const from = holders(committee(oldSeats));
        const of = resharing(from, seats, same ? "committee" : "others");
        const {seats: all, threshold} = sizesOf(from.active);
        const silent = pick % oldSeats.length;
        const enough = all - (oldSeats[silent] as number) >= threshold;
        expectPassedOn(from, pass(of, enough ? {silent: [silent]} : {}));
      }),
      {numRuns: 12},
    );
  });

  test("the order of messages does not matter, and the encoding loses nothing", () => {
    const of = resharing(wide, [1, 2, 1]);
    const forward = reshareAll(of);
    const backward = [3, 2, 1, 0].reduce<Session>(
      (s, i) =>
        reshareDealings(of, i)
          .reverse()
          .reduce((t, d) => decodeSession(encodeSession(say(t, i, d))), s),
      of.session,
    );
    expect(backward).toEqual(forward);
    const ack = ticks(forward);
    expect(decodeSession(encodeSession(ack))).toEqual(ack);
    expect(decodeSession(encodeSession(ackAll(of, ack)))).toEqual(ackAll(of, ack));
  });
});

describe("in a resharing", () => {
  const from = holders(committee([2, 1, 1, 3])); // old seats 1-2, 3, 4, 5-7; t = 5
  const of = resharing(from, [1, 2, 1, 1], "others"); // seats 1, 2-3, 4, 5; t = 4
  const secret = (i: number) => of.secrets[i] as Uint8Array;
  const all = (session: Session, dealings: readonly Dealing[]) => dealings.reduce((s, d) => say(s, d.dealer, d), session);
  const dealt = (dealer: number, session: Session = of.session) => reshareDealings(of, dealer, session);
  const complainOf = (session: Session, accuser: number) =>
    openShares({session, validatorIndex: accuser, encSecret: secret(accuser)}).bad.map((bad) =>
      makeComplaint({session, accuserIndex: accuser, encSecret: secret(accuser), ...bad, random: bytesOf("random")}),
    );

  test("every dealing has a size that follows from the new table", () => {
    for (const dealing of dealt(3)) expect(encodeDkgBody(dealing)).toHaveLength(dealingSize(4, 5));
    expect(dealt(3).map((d) => d.seat)).toEqual([5, 6, 7]);
    expect(dealt(3).map(encodeDkgBody)).toEqual(dealt(3).map(encodeDkgBody));
  });

  test("dealers are of the old table, accusers and acknowledgers of the new", () => {
    const [old, next] = [from.active.validators, of.session.validators];
    expect(senderOf(of.session, 0, "dealing")).toEqual({table: "old", operator: old[0]?.operator});
    for (const kind of ["complaint", "ack", "noShare"] as const)
      expect(senderOf(of.session, 0, kind)).toEqual({table: "new", operator: next[0]?.operator});
    expect(senderOf(of.session, 4, "dealing")).toBeNull();
    expect(senderOf(from.active, 0, "dealing")).toEqual({table: "new", operator: old[0]?.operator});
  });

  const [first, second] = dealt(0) as [Dealing, Dealing];
  const one = say(of.session, 0, first);
  const rogue = forgedReshare(of, {dealer: 0, seat: 2}, (d) => ({
    ...d,
    commitments: [blsPublicKey(bytesOf("x")), ...d.commitments.slice(1)],
  }));
  const table: {name: string; code: string; dealing: Dealing; from?: number}[] = [
    {name: "of its second seat", code: "none", dealing: second},
    {name: "said twice", code: "DUPLICATE", dealing: first},
    {name: "of another's seat", code: "NOT_SENDER", dealing: {...second, seat: 3}},
    {name: "of no seat", code: "NOT_SENDER", dealing: {...second, seat: 0}},
    {name: "of a seat beyond the table", code: "NOT_SENDER", dealing: {...second, seat: 8}},
    {name: "sent by another", code: "NOT_SENDER", dealing: second, from: 1},
    {name: "of a validator that is only new", code: "NOT_SENDER", dealing: {...second, dealer: 4}, from: 4},
    {
      name: "with as many commitments as the old table wants",
      code: "WRONG_SIZE",
      dealing: {...second, commitments: [...second.commitments, first.ephemeral]},
    },
    {
      name: "for the seats of the old table",
      code: "WRONG_SIZE",
      dealing: {...second, ciphertexts: [...second.ciphertexts, ...second.ciphertexts.slice(0, 2)]},
    },
    {name: "of another secret, well proven", code: "OTHER_SECRET", dealing: rogue},
    {name: "with the constant of its other seat", code: "OTHER_SECRET", dealing: {...second, commitments: first.commitments}},
    {name: "with the R of its other seat", code: "REUSED_POINT", dealing: {...second, ephemeral: first.ephemeral}},
    {name: "with the proof of its other seat", code: "BAD_PROOF", dealing: {...second, proof: first.proof}},
  ];
  test.for(table)("a dealing $name: $code", ({dealing, code, from: sender = 0}) => {
    expect(codeOf(() => say(one, sender, dealing))).toBe(code);
  });

  test("a silent old member is made up for by the next seats", () => {
    const complain = ticks(reshareAll(of, {silent: [1]}));
    const ack = ticks(complain);
    expect(ack).toMatchObject({phase: "ack", qualified: [1, 2, 4, 5, 6], misbehaving: []});
    expectPassedOn(from, {committee: of, active: expectActive(ackAll(of, ack)), shares: sharesOf(of, ack)});
  });

  test("t_old − 1 old seats make an attempt fail; the next one has the same seats and takes another's word", () => {
    const few = reshareAll(of, {silent: [3]}); // 4 of 7
    expect(ticks(few, WINDOW - 1)).toMatchObject({phase: "deal"});
    const again = ticks(few);
    expect(again).toMatchObject({phase: "deal", attempt: 1, dealings: [], validators: of.session.validators, old: of.session.old});
    expect(codeOf(() => say(again, 0, first))).toBe("WRONG_SESSION");
    const ack = ticks(reshareAll(of, {session: again}));
    expectPassedOn(from, {committee: of, active: expectActive(ackAll(of, ack)), shares: sharesOf(of, ack)});
  });

  test("too few ACKs make an attempt fail, and the old key is what it was", () => {
    const ack = ticks(reshareAll(of));
    const few = ackAll(of, ack, [0]); // 4 of 5, the first attempt wants all
    expect(few).toMatchObject({phase: "ack"});
    expect(ticks(few)).toMatchObject({phase: "deal", attempt: 1, misbehaving: []});
  });

  test("a dealer whose value is wrong for one seat loses all its dealings, and is named by operator", () => {
    const bad = forgedReshare(of, {dealer: 1, seat: 3}, (d) => withWrongValues(d, [3]));
    const complain = all(of.session, [...dealt(0), bad, ...dealt(2), ...dealt(3)]);
    expect(complain.phase).toBe("complain");
    expect(openShares({session: complain, validatorIndex: 0, encSecret: secret(0)}).bad).toEqual([]);
    const opened = openShares({session: complain, validatorIndex: 1, encSecret: secret(1)});
    expect(opened.bad).toEqual([{dealer: 1, oldSeat: 3, seat: 3}]);
    expect([...opened.shares.keys()]).toEqual([2]);
    const [complaint] = complainOf(complain, 1);
    const judged = say(complain, 1, complaint as never);
    expect(offendersOf(judged)).toEqual([{operator: from.active.validators[1]?.operator, fault: "badDealing"}]);
    const ack = ticks(judged);
    expect(ack).toMatchObject({phase: "ack", qualified: [1, 2, 4, 5, 6]});
    expectPassedOn(from, {committee: of, active: expectActive(ackAll(of, ack)), shares: sharesOf(of, ack)});
  });

  test("a conviction in the last tick gives the next old seats the place, alike for all", () => {
    const bad = forgedReshare(of, {dealer: 0, seat: 2}, (d) => withWrongValues(d, [1]));
    const complain = all(of.session, [first, bad, ...dealt(1), ...dealt(2), ...dealt(3)]);
    const [complaint] = complainOf(complain, 0);
    const judged = say(ticks(complain, WINDOW - 1), 0, complaint as never);
    const ack = ticks(judged, 1);
    expect(ack).toMatchObject({phase: "ack", qualified: [3, 4, 5, 6, 7]});
    expect(ticks(decodeSession(encodeSession(judged)), 1)).toEqual(ack);
    expectPassedOn(from, {committee: of, active: expectActive(ackAll(of, ack)), shares: sharesOf(of, ack)});
  });

  test("two dealers whose errors cancel are both found", () => {
    const shift = (dealing: Dealing, by: bigint) => withWrongValues(dealing, [1], by);
    const plus = forgedReshare(of, {dealer: 1, seat: 3}, (d) => shift(d, 1n));
    const minus = forgedReshare(of, {dealer: 2, seat: 4}, (d) => shift(d, -1n));
    const complain = all(of.session, [...dealt(0), plus, minus, ...dealt(3)]);
    expect(openShares({session: complain, validatorIndex: 0, encSecret: secret(0)}).bad).toEqual([
      {dealer: 1, oldSeat: 3, seat: 1},
      {dealer: 2, oldSeat: 4, seat: 1},
    ]);
  });

  test("a false complaint names its accuser, who counts in the new table, and still gets its shares", () => {
    const complain = reshareAll(of);
    const lie = makeComplaint({
      session: complain,
      accuserIndex: 3,
      encSecret: secret(3),
      dealer: 3,
      oldSeat: 6,
      seat: 5,
      random: bytesOf("r"),
    });
    const judged = say(complain, 3, lie);
    expect(offendersOf(judged)).toEqual([{operator: of.session.validators[3]?.operator, fault: "falseComplaint"}]);
    const ack = ticks(judged);
    expect(ack).toMatchObject({phase: "ack", qualified: [1, 2, 3, 4, 5]});
    expect(sharesOf(of, ack).size).toBe(5);
    expect(codeOf(() => say(complain, 3, {...lie, seat: 5}))).toBe("BAD_PROOF"); // turned against another dealing of that dealer
  });

  test("a dealer found out once deals no more, in later attempts too", () => {
    const bad = forgedReshare(of, {dealer: 3, seat: 6}, (d) => withWrongValues(d, [1]));
    const complain = all(of.session, [...dealt(0), ...dealt(1), ...dealt(2), dealt(3)[0] as Dealing, bad, dealt(3)[2] as Dealing]);
    const judged = say(complain, 0, complainOf(complain, 0)[0] as never);
    const again = ticks(judged); // 4 of 7 old seats are left
    expect(again).toMatchObject({phase: "deal", attempt: 1});
    expect(codeOf(() => say(again, 3, dealt(3, again)[0] as Dealing))).toBe("EXCLUDED");
  });

  test("only shares of the old key are dealt", () => {
    const shares = new Map([...from.shares].map(([seat, share]) => [seat, seat === 6 ? bytesOf("not a share") : share]));
    const made = makeReshareDealings({session: of.session, dealerIndex: 3, dealerSeed: bytesOf("s"), shares});
    expect(made.map((d) => d.seat)).toEqual([5, 7]);
    expect(makeReshareDealings({session: of.session, dealerIndex: 9, dealerSeed: bytesOf("s"), shares})).toEqual([]);
    expect(codeOf(() => makeDealing({session: of.session, dealerIndex: 0, dealerSeed: bytesOf("s")}))).toBe("INVARIANT");
    expect(codeOf(() => makeReshareDealings({session: from.committee.session, dealerIndex: 0, dealerSeed: bytesOf("s"), shares}))).toBe(
      "INVARIANT",
    );
  });

  test("an old member that stays opens nothing with its old dealing key", () => {
    const stays = resharing(from, [2, 1, 1, 3]);
    const ack = ticks(reshareAll(stays));
    expect(openShares({session: ack, validatorIndex: 0, encSecret: from.committee.secrets[0] as Uint8Array}).shares.size).toBe(0);
    expect([...openShares({session: ack, validatorIndex: 0, encSecret: stays.secrets[0] as Uint8Array}).shares.keys()]).toEqual(
      seatsOf(ack.validators, 0),
    );
  });

  test("the session id names the key that is passed on and both tables", () => {
    const {networkId, epoch, attempt, validators} = of.session;
    const old = keyOf(from.active);
    const base = {networkId, epoch, attempt, seats: {validators}};
    const open = (change: Partial<typeof old>) => openSession({...base, mode: "reshare", old: {...old, ...change}}).sid;
    const sids = [
      open({}),
      open({transcript: of.session.sid}),
      open({groupKey: first.ephemeral}),
      open({validators: old.validators.slice(0, 1), publicShares: old.publicShares.slice(0, 2)}),
      openSession({...base, mode: "fresh"}).sid,
      openSession({...base, attempt: 1, mode: "reshare", old}).sid,
    ];
    expect(open({})).toBe(of.session.sid);
    expect(new Set(sids).size).toBe(sids.length);
    expect(codeOf(() => open({publicShares: []}))).toBe("INVARIANT");
  });
});
