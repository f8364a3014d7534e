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
  say,
  sharesOf,
  ticks,
  withWrongValues,
} from "../../test/support/dkg.ts";
import {concatBytes, type Hex} from "../base/bytes.ts";
import {blsPublicKey, blsSign} from "../crypto/bls.ts";
import {ORDER, scalarToBytes} from "../crypto/scalar.ts";
import {type Ack, type Complaint, type Dealing, encodeDkgBody} from "../types/dkg.ts";
import {admit, sessionAckDigest} from "./admit.ts";
import {proveSharedKey} from "./complaint.ts";
import {openShares} from "./open.ts";
import {makeAcks, makeComplaint} from "./participant.ts";
import {lacksShares, type Session} from "./session.ts";

const of = committee([2, 1, 1, 3]); // seats 1-2, 3, 4, 5-7; t = 5
const order3 = Uint8Array.from({length: 48}, (_, i) => (i === 0 ? 0x80 : 0));
const infinity = order3.with(0, 0xc0);
const otherSid: Hex = `0x${"11".repeat(32)}`;
const shareSecret = (i: number) => of.secrets[i] as Uint8Array;
const replace = <T>(items: readonly T[], at: number, item: T) => items.map((old, i) => (i === at ? item : old));

describe("a dealing", () => {
  const one = say(of.session, 0, dealingOf(of, 0));
  const honest = dealingOf(of, 1);
  const foreign = committee([2, 1, 1, 3], "others");
  const table: {name: string; code: string; dealing: Dealing; from?: number; session?: Session}[] = [
    {name: "of an honest dealer", code: "none", dealing: honest},
    {name: "of another session", code: "WRONG_SESSION", dealing: {...honest, sid: otherSid}},
    {name: "sent by another", code: "NOT_SENDER", dealing: honest, from: 2},
    {name: "of a stranger", code: "NOT_SENDER", dealing: {...honest, dealer: 4}, from: 4},
    {name: "said twice", code: "DUPLICATE", dealing: dealingOf(of, 0), from: 0},
    {name: "another than the first", code: "DUPLICATE", dealing: {...honest, dealer: 0}, from: 0},
    {name: "after its phase", code: "NOT_OPEN", dealing: honest, session: dealAll(of)},
    {name: "for an old seat", code: "NOT_SENDER", dealing: {...honest, seat: 1}},
    {name: "with t - 1 commitments", code: "WRONG_SIZE", dealing: {...honest, commitments: honest.commitments.slice(1)}},
    {name: "with t + 1 commitments", code: "WRONG_SIZE", dealing: {...honest, commitments: [...honest.commitments, honest.ephemeral]}},
    {name: "for W - 1 seats", code: "WRONG_SIZE", dealing: {...honest, ciphertexts: honest.ciphertexts.slice(1)}},
    {name: "for W + 1 seats", code: "WRONG_SIZE", dealing: {...honest, ciphertexts: [...honest.ciphertexts, bytesOf("one more")]}},
    {
      name: "with the R of another",
      code: "REUSED_POINT",
      dealing: forgedDealing(of, 1, (d) => ({...d, ephemeral: dealingOf(of, 0).ephemeral})),
    },
    {name: "copied from another", code: "REUSED_POINT", dealing: {...dealingOf(of, 0), dealer: 1}},
    {
      name: "with a value above the order",
      code: "BAD_SCALAR",
      dealing: forgedDealing(of, 1, (d) => ({...d, ciphertexts: replace(d.ciphertexts, 2, scalarToBytes(ORDER))})),
    },
    ...[
      {name: "of order 3", point: order3},
      {name: "that is infinity", point: infinity},
      {name: "that is no point", point: new Uint8Array(48).fill(0xff)},
    ].flatMap(({name, point}) => [
      {name: `with a C_0 ${name}`, code: "BAD_POINT", dealing: {...honest, commitments: replace(honest.commitments, 0, point)}},
      {name: `with a C_4 ${name}`, code: "BAD_POINT", dealing: {...honest, commitments: replace(honest.commitments, 4, point)}},
      {name: `with an R ${name}`, code: "BAD_POINT", dealing: {...honest, ephemeral: point}},
    ]),
    {name: "with a proof that is infinity", code: "BAD_POINT", dealing: {...honest, proof: concatBytes(infinity, new Uint8Array(48))}},
    {name: "with another's proof", code: "BAD_PROOF", dealing: {...honest, proof: dealingOf(of, 2).proof}},
    {name: "with a proof of another session", code: "BAD_PROOF", dealing: {...dealingOf(foreign, 1), sid: of.session.sid}},
    {name: "with a proof of another attempt", code: "BAD_PROOF", dealing: {...dealingOf(of, 1, ticks(of.session)), sid: of.session.sid}},
    {
      name: "with a value changed under way",
      code: "BAD_PROOF",
      dealing: withWrongValues(honest, [4]),
    },
    {
      name: "with a commitment changed under way",
      code: "BAD_PROOF",
      dealing: {...honest, commitments: replace(honest.commitments, 3, honest.ephemeral)},
    },
    {
      name: "whose C_0 its dealer does not know", // it would make the sum of all C_0 a key of its own
      code: "BAD_PROOF",
      dealing: forgedDealing(of, 1, (d) => ({...d, commitments: replace(d.commitments, 0, blsPublicKey(bytesOf("rogue")))})),
    },
  ];
  test.for(table)("$name: $code", ({dealing, code, from = 1, session = one}) => {
    const before = structuredClone(session);
    expect(codeOf(() => say(session, from, dealing))).toBe(code);
    expect(session).toEqual(before);
  });

  test("is judged alike the second time", () => {
    const rogue = table.filter(({code}) => code === "BAD_PROOF" || code === "BAD_POINT");
    expect(rogue.length).toBeGreaterThan(10);
    for (const {dealing, code} of rogue) for (let i = 0; i < 2; i++) expect(codeOf(() => say(one, 1, dealing))).toBe(code);
    expect(say(one, 1, honest)).toEqual(say(one, 1, honest));
  });

  test("that is no encoding is refused with its cause", () => {
    const whole = encodeDkgBody(honest);
    for (const body of [new Uint8Array(0), whole.subarray(1), whole.with(0, 9), whole.with(1, 9), concatBytes(whole, new Uint8Array(5))])
      expect(() => admit(one, {from: 1, body})).toThrow(
        expect.objectContaining({name: "DkgError", code: "MALFORMED", cause: expect.objectContaining({name: "DecodeError"})}),
      );
  });
});

describe("a complaint", () => {
  const cheater = 3;
  const bad = forgedDealing(of, cheater, (d) => withWrongValues(d, [1, 3]));
  const complain = [0, 1, 2].reduce<Session>((s, i) => say(s, i, dealingOf(of, i)), say(of.session, cheater, bad));
  const complaint = (accuser: number, dealer: number, seat: number, session: Session = complain) =>
    makeComplaint({session, accuserIndex: accuser, encSecret: shareSecret(accuser), dealer, seat, random: bytesOf("random")});
  const good = complaint(1, cheater, 3);

  test("is made for what the shares show, and convicts the dealer", () => {
    const opened = openShares({session: complain, validatorIndex: 1, encSecret: shareSecret(1)});
    expect(opened).toEqual({shares: new Map(), bad: [{dealer: cheater, oldSeat: 0, seat: 3}]});
    const judged = say(complain, 1, good);
    expect(judged).toMatchObject({phase: "complain", misbehaving: [{validator: cheater, fault: "badDealing"}]});
    expect(openShares({session: judged, validatorIndex: 1, encSecret: shareSecret(1)}).bad).toEqual([]);
  });

  test("names only the seat that is wrong", () => {
    const opened = openShares({session: complain, validatorIndex: 0, encSecret: shareSecret(0)});
    expect(opened.bad).toEqual([{dealer: cheater, oldSeat: 0, seat: 1}]);
    expect([...opened.shares.keys()]).toEqual([2]);
  });

  test("that convicts leaves a key of the others, if they hold enough seats", () => {
    const wide = committee([2, 2, 2, 2]);
    const forged = forgedDealing(wide, 3, (d) => withWrongValues(d, [2]));
    const all = [0, 1, 2].reduce<Session>((s, i) => say(s, i, dealingOf(wide, i)), say(wide.session, 3, forged));
    const [accusation] = openShares({session: all, validatorIndex: 0, encSecret: wide.secrets[0] as Uint8Array}).bad;
    expect(accusation).toEqual({dealer: 3, oldSeat: 0, seat: 2});
    const made = makeComplaint({
      session: all,
      accuserIndex: 0,
      encSecret: wide.secrets[0] as Uint8Array,
      dealer: 3,
      seat: 2,
      random: bytesOf("r"),
    });
    const ack = ticks(say(all, 0, made));
    expect(ack).toMatchObject({phase: "ack", qualified: [0, 1, 2]});
    const active = expectActive(ackAll(wide, ack));
    expect(active.misbehaving).toEqual([{validator: 3, fault: "badDealing"}]);
    expect(sharesOf(wide, ack).size).toBe(8); // the cheater too
  });

  test("that leaves too few dealers starts again, without the one it convicted", () => {
    const again = ticks(say(complain, 1, good)); // 4 of 7 seats are left, 5 are needed
    expect(again).toMatchObject({phase: "deal", attempt: 1, misbehaving: [{validator: cheater, fault: "badDealing"}]});
    expect(codeOf(() => say(again, cheater, dealingOf(of, cheater, again)))).toBe("EXCLUDED");
  });

  test("nobody needs to complain about values of those who are in it together", () => {
    const quiet = ticks(complain); // nobody complained: seats 1 and 3 have no shares, the others work
    expect(quiet).toMatchObject({phase: "ack", qualified: [0, 1, 2, 3], misbehaving: []});
    expect([...sharesOf(of, quiet).keys()]).toEqual([2, 4, 5, 6, 7]);
    expect(ackAll(of, quiet)).toMatchObject({phase: "ack"}); // 5 < 5 + 1
  });

  test("that is false names its accuser and leaves the dealer", () => {
    const judged = say(complain, 2, complaint(2, 0, 4));
    expect(judged).toMatchObject({phase: "complain", misbehaving: [{validator: 2, fault: "falseComplaint"}]});
    expect(ticks(judged)).toMatchObject({phase: "ack", qualified: [0, 1, 2, 3]});
    expect(codeOf(() => say(judged, 2, complaint(2, 1, 4)))).toBe("EXCLUDED");
    // a true one of somebody else about the same dealer is heard all the same
    const both = say(say(complain, 2, complaint(2, cheater, 4)), 1, good);
    expect(both.misbehaving).toEqual([
      {validator: 2, fault: "falseComplaint"},
      {validator: cheater, fault: "badDealing"},
    ]);
  });

  const judged = say(complain, 1, good);
  const forge = (change: Partial<Complaint>): Complaint => ({...good, ...change});
  /** A proof of the accuser's own making for a K that is not d·R. */
  const lied = (): Complaint => {
    const dealing = dealingOf(of, 0);
    const encKey = blsPublicKey(shareSecret(1));
    const names = {sid: complain.sid, accuser: 1, dealer: 0, seat: 0, recipient: 3};
    const secrets = {encSecret: bytesOf("another d"), random: bytesOf("r")};
    return {kind: "complaint", ...names, ...proveSharedKey({...names, ephemeral: dealing.ephemeral, encKey}, secrets)};
  };
  const table: {name: string; code: string; complaint: Complaint; from?: number; session?: Session}[] = [
    {name: "in the deal phase", code: "NOT_OPEN", complaint: good, session: say(of.session, cheater, bad)},
    {name: "that comes late", code: "none", complaint: good, session: ticks(complain)},
    {name: "of another session", code: "WRONG_SESSION", complaint: forge({sid: otherSid})},
    {name: "sent by another", code: "NOT_SENDER", complaint: good, from: 2},
    {name: "about another's seat", code: "NOT_SENDER", complaint: forge({recipient: 4})},
    {name: "about seat 0", code: "NOT_SENDER", complaint: forge({recipient: 0})},
    {name: "about an old seat", code: "NO_DEALING", complaint: forge({seat: 1})},
    {name: "about nobody", code: "NO_DEALING", complaint: forge({dealer: 9})},
    {name: "about one convicted already", code: "NO_DEALING", complaint: good, session: judged},
    {name: "turned against another dealer", code: "BAD_PROOF", complaint: forge({dealer: 0})},
    {name: "with another K", code: "BAD_PROOF", complaint: forge({sharedKey: blsPublicKey(bytesOf("k"))})},
    {name: "with another c", code: "BAD_PROOF", complaint: forge({challenge: bytesOf("c")})},
    {name: "with another z", code: "BAD_PROOF", complaint: forge({response: bytesOf("z")})},
    {name: "with a proof for another key", code: "BAD_PROOF", complaint: lied()},
    {name: "with c = 0", code: "BAD_SCALAR", complaint: forge({challenge: new Uint8Array(32)})},
    {name: "with c above the order", code: "BAD_SCALAR", complaint: forge({challenge: scalarToBytes(ORDER)})},
    {name: "with z above the order", code: "BAD_SCALAR", complaint: forge({response: new Uint8Array(32).fill(0xff)})},
    {name: "with z = 0", code: "BAD_PROOF", complaint: forge({response: new Uint8Array(32)})},
    {name: "with K at infinity", code: "BAD_POINT", complaint: forge({sharedKey: infinity})},
    {name: "with K of order 3", code: "BAD_POINT", complaint: forge({sharedKey: order3})},
  ];
  test.for(table)("$name: $code", ({complaint: said, code, from = 1, session = complain}) => {
    expect(codeOf(() => say(session, from, said))).toBe(code);
  });
});

describe("an ACK", () => {
  const ack = ticks(dealAll(of));
  const [first, second] = makeAcks({
    session: ack,
    shares: openShares({session: ack, validatorIndex: 0, encSecret: shareSecret(0)}).shares,
  }) as [Ack, Ack];
  const held = say(ack, 0, first);
  const share = bytesOf("not the share");
  const table: {name: string; code: string; ack: Ack; from?: number; session?: Session}[] = [
    {name: "of a share", code: "none", ack: second},
    {name: "before its phase", code: "NOT_OPEN", ack: second, session: dealAll(of)},
    {name: "of another session", code: "WRONG_SESSION", ack: {...second, sid: otherSid}},
    {name: "for another's seat", code: "NOT_SENDER", ack: second, from: 1},
    {name: "of a stranger", code: "NOT_SENDER", ack: second, from: 9},
    {name: "for a seat that does not exist", code: "NOT_SENDER", ack: {...second, seat: 8}},
    {name: "said twice", code: "DUPLICATE", ack: first},
    {name: "of another transcript", code: "WRONG_TRANSCRIPT", ack: {...second, transcript: otherSid}},
    {name: "with the other seat's signature", code: "BAD_PROOF", ack: {...second, signature: first.signature}},
    {name: "by another share", code: "BAD_PROOF", ack: {...second, signature: blsSign(share, sessionAckDigest(ack as never))}},
    {name: "at infinity", code: "BAD_PROOF", ack: {...second, signature: concatBytes(infinity, new Uint8Array(48))}},
  ];
  test.for(table)("$name: $code", ({ack: said, code, from = 0, session = held}) => {
    expect(codeOf(() => say(session, from, said))).toBe(code);
  });

  test("that comes after the last one needed is refused", () => {
    const active = ackAll(of, ack);
    expect(active.phase).toBe("active");
    expect(codeOf(() => say(active, 0, first))).toBe("NOT_OPEN");
  });

  test("has nothing to do with NoShare, which is about a key in force", () => {
    expect(codeOf(() => say(ack, 0, {kind: "noShare", sid: ack.sid, seat: 1}))).toBe("NOT_OPEN");
  });
});

describe("after the complaints", () => {
  const wide = committee([3, 3, 3, 3]); // W = 12, t = 9: more than one seat without a share is too many
  const secret = (i: number) => wide.secrets[i] as Uint8Array;
  const bad = forgedDealing(wide, 3, (d) => withWrongValues(d, [1, 4]));
  const dealt = [0, 1, 2].reduce<Session>((s, i) => say(s, i, dealingOf(wide, i)), say(wide.session, 3, bad));
  const ack = ticks(dealt); // nobody complained in time
  const active = expectActive(ackAll(wide, ack));
  const late = (accuser: number, session: Session) => {
    const [found] = openShares({session, validatorIndex: accuser, encSecret: secret(accuser)}).bad;
    return makeComplaint({
      session,
      accuserIndex: accuser,
      encSecret: secret(accuser),
      ...(found ?? {dealer: 0, seat: 1}),
      random: bytesOf("r"),
    });
  };

  test.for([
    {name: "while seats acknowledge", session: ack},
    {name: "when the key is in force", session: active},
  ])("a true complaint $name names the dealer and changes no key", ({session}) => {
    expect(openShares({session, validatorIndex: 0, encSecret: secret(0)}).bad).toEqual([{dealer: 3, oldSeat: 0, seat: 1}]);
    const judged = say(session, 0, late(0, session));
    expect(judged).toEqual({...session, misbehaving: [{validator: 3, fault: "badDealing"}], shareless: [1]});
    expect(codeOf(() => say(judged, 1, late(1, session)))).toBe("NO_DEALING"); // one is enough to name it
  });

  test("a false one names its accuser", () => {
    const lie = makeComplaint({session: active, accuserIndex: 2, encSecret: secret(2), dealer: 1, seat: 7, random: bytesOf("r")});
    expect(say(active, 2, lie)).toMatchObject({misbehaving: [{validator: 2, fault: "falseComplaint"}], shareless: []});
  });

  test("seats say for themselves that they have no share, once; too many of them want other shares", () => {
    const noShare = (from: number, seat: number, session: Session) => say(session, from, {kind: "noShare", sid: active.sid, seat});
    const one = say(active, 0, late(0, active));
    expect(lacksShares(one)).toBe(false);
    const two = noShare(1, 4, one);
    expect(two).toMatchObject({shareless: [1, 4], groupKey: active.groupKey});
    expect(lacksShares(two)).toBe(true);
    expect(lacksShares(ack)).toBe(false);
    expect(codeOf(() => noShare(1, 4, two))).toBe("DUPLICATE");
    expect(codeOf(() => noShare(1, 1, two))).toBe("NOT_SENDER");
    expect(codeOf(() => noShare(1, 13, two))).toBe("NOT_SENDER");
    expect(codeOf(() => say(two, 1, {kind: "noShare", sid: otherSid, seat: 5}))).toBe("WRONG_SESSION");
  });
});
