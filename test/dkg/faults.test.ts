import {bls12_381} from "@noble/curves/bls12-381.js";
import {describe, expect, test} from "vitest";
import {bigToBytes, concatBytes, fromHex, toHex} from "../../src/base/bytes.ts";
import {addG1, addG2, blsPublicKey, blsSign, blsVerify, parseG1, parseG2, trustedG1} from "../../src/crypto/bls.ts";
import {combineG1} from "../../src/crypto/points.ts";
import {ORDER, scalarToBytes} from "../../src/crypto/scalar.ts";
import {combinePartials} from "../../src/crypto/threshold.ts";
import {sessionAckDigest} from "../../src/dkg/admit.ts";
import {proofDigests} from "../../src/dkg/dealing.ts";
import {makeAcks} from "../../src/dkg/participant.ts";
import {needOf, offendersOf, openSession, sizesOf} from "../../src/dkg/session.ts";
import {certificateDigest} from "../../src/types/digests.ts";
import {type Ack, type Complaint, type Dealing, encodeDkgBody, placeOf} from "../../src/types/dkg.ts";
import {bytesOf, codeOf, WINDOW, withWrongValues} from "../support/dkg.ts";
import {freshStage, Net, reshareStage, type Stage} from "./stage.ts";

/**
 * What dealers and accusers may try, and what has to come of it: the same verdicts on every node, honest seats that sign, and a
 * key that is the old one where it was passed on. Seven seats, t = 5; "faulty" are at most two.
 *
 * Elsewhere: 22-24 (killed at each step, a lost disk, bad key files) in test/crash/dkg.test.ts and src/node/dkg-files.test.ts, 36 (the
 * native library) in src/crypto/bls.test.ts, 40 (dealing keys of others) in src/dkg/enc-key.test.ts. 35 (restarts, snapshots) is in
 * every row, and there is no clock (37) that could be wrong.
 */

const order3 = Uint8Array.from({length: 48}, (_, i) => (i === 0 ? 0x80 : 0));
const infinity = order3.with(0, 0xc0);
const replace = <T>(items: readonly T[], at: number, item: T) => items.map((old, i) => (i === at ? item : old));
const operatorOf = (table: readonly {operator: string}[], i: number) => table[i]?.operator;
const dealerOf = (net: Net, i: number) => operatorOf((net.session.old ?? net.session).validators, i);

type Row = {name: string; only?: Stage["mode"]; play: (net: Net) => Promise<void> | void};

const dealers: Row[] = [
  {
    name: "1 two dealers are silent",
    async play(net) {
      net.dealAll([2, 5]);
      expect(net.session.phase).toBe("deal");
      const active = await net.finish({silent: [2, 5]});
      expect(active).toMatchObject({attempt: 0, misbehaving: []});
      expect(active.dealings.map((d) => d.dealer)).toEqual([0, 1, 3, 4, 6]);
      expect(net.shares().size).toBe(7);
    },
  },
  {
    name: "1 two validators are silent in everything",
    async play(net) {
      const active = await net.finish({silent: [2, 5], absent: [2, 5]});
      expect(active).toMatchObject({attempt: 1, misbehaving: []}); // the first attempt wants a margin of ACKs
    },
  },
  {
    name: "2 more than a third is silent while others deal",
    async play(net) {
      const {sid} = net.session;
      net.dealAll([0, 3, 6]);
      net.endPhase();
      expect(net.session).toMatchObject({phase: "deal", attempt: 1, dealings: [], misbehaving: []});
      expect(net.session.sid).not.toBe(sid);
      net.expectOldKeyWorks();
      await net.finish();
    },
  },
  {
    name: "3 a dealer sends two different dealings",
    async play(net) {
      const first = net.stage.deal(1, net.session);
      const second = net.stage.forge(1, (d) => withWrongValues(d, [2]), net.session);
      expect(placeOf(first)).toBe(placeOf(second));
      expect([net.say(1, first), net.say(1, second)]).toEqual(["none", "DUPLICATE"]);
      const active = await net.finish();
      expect(active.misbehaving).toEqual([]);
    },
  },
  {
    name: "4 a dealing in the last block of the window, and one in the first after it",
    async play(net) {
      const start = net.session;
      net.dealAll([5, 6]);
      net.tick(WINDOW - 1);
      expect(net.say(5, net.stage.deal(5, start))).toBe("none");
      net.tick();
      expect(net.say(6, net.stage.deal(6, start))).toBe("NOT_OPEN");
      await net.finish();
    },
  },
  {
    name: "5 wrong numbers of commitments and values",
    async play(net) {
      const honest = net.stage.deal(0, net.session);
      const sizes: Partial<Dealing>[] = [
        {commitments: honest.commitments.slice(0, -1)},
        {commitments: [...honest.commitments, honest.ephemeral]},
        {ciphertexts: honest.ciphertexts.slice(1)},
        {ciphertexts: [...honest.ciphertexts, bytesOf("more")]},
      ];
      for (const change of sizes)
        expect(
          net.say(
            0,
            net.stage.forge(0, (d) => ({...d, ...change}), net.session),
          ),
        ).toBe("WRONG_SIZE");
      await net.finish({silent: [0]});
    },
  },
  {
    name: "6 points that are none: the native library and another one agree on each",
    async play(net) {
      const honest = net.stage.deal(0, net.session);
      const good = honest.commitments[3] as Uint8Array;
      const x = (first: number, rest: string) => fromHex(`0x${first.toString(16)}${rest}`);
      const P = "0111ea397fe69a4b1ba7b6434bacd764774b84f38512bf6730d2a0f6b0f6241eabfffeb153ffffb9feffffffffaaab";
      const bad = [
        order3,
        order3.with(0, 0xa0),
        infinity,
        infinity.with(0, 0xe0),
        infinity.with(47, 1),
        x(0x9a, P),
        fromHex("0xbf73ddd4c9cd4de0d32470a193f4f1e3fb9926b584ad13e4aac0ffabba099c4f013b75ba40707c427d998c5529beb9f9"), // x + p
        good.with(0, (good[0] as number) & 0x7f),
        good.with(0, (good[0] as number) | 0x40),
        new Uint8Array(48),
        new Uint8Array(48).fill(0xff),
        offCurve(),
        shifted(good),
      ];
      for (const point of bad) {
        expect(isPointElsewhere(point), toHex(point)).toBe(false);
        for (const at of [1, 4])
          expect(
            net.say(
              0,
              net.stage.forge(0, (d) => ({...d, commitments: replace(d.commitments, at, point)}), net.session),
            ),
          ).toBe("BAD_POINT");
        expect(
          net.say(
            0,
            net.stage.forge(0, (d) => ({...d, ephemeral: point}), net.session),
          ),
        ).toBe("BAD_POINT");
        if (net.stage.mode === "fresh")
          expect(net.say(0, {...honest, commitments: replace(honest.commitments, 0, point)})).toBe("BAD_POINT");
      }
      for (const point of [good, honest.ephemeral]) expect(isPointElsewhere(point)).toBe(true);
      const whole = encodeDkgBody(honest);
      expect(net.sayBytes(0, concatBytes(whole.subarray(0, 40), whole.subarray(41)))).toBe("MALFORMED"); // 47 bytes
      expect(net.sayBytes(0, concatBytes(whole.subarray(0, 40), Uint8Array.of(0x80), whole.subarray(40)))).toBe("MALFORMED"); // 49
      await net.finish({silent: [0]});
    },
  },
  {
    name: "7 constants that cancel those of others, without knowing them",
    async play(net) {
      const target = blsPublicKey(bytesOf("a key of the attacker"));
      const first = net.stage.deal(1, net.session);
      const minus = combineG1([trustedG1(first.commitments[0] as Uint8Array)], [ORDER - 1n]);
      const rogue = addG1([trustedG1(target), minus]).toBytes();
      net.say(1, first);
      const code = net.stage.mode === "fresh" ? "BAD_PROOF" : "OTHER_SECRET";
      for (const constant of [rogue, minus.toBytes()])
        expect(
          net.say(
            3,
            net.stage.forge(3, (d) => ({...d, commitments: replace(d.commitments, 0, constant)}), net.session),
          ),
        ).toBe(code);
      await net.finish({silent: [3]});
    },
  },
  {
    name: "8 proofs of another dealer, session and attempt",
    async play(net) {
      const start = net.session;
      const foreign = (net.stage.mode === "fresh" ? freshStage() : reshareStage()).deal(0, {...start, sid: `0x${"77".repeat(32)}`});
      net.endPhase(); // nobody deals: attempt 1
      const honest = net.stage.deal(0, net.session);
      const old = net.stage.deal(0, start);
      expect(net.say(0, old)).toBe("WRONG_SESSION");
      for (const proof of [net.stage.deal(1, net.session).proof, old.proof, foreign.proof])
        expect(net.say(0, {...honest, proof})).toBe("BAD_PROOF");
      for (const dealing of [old, foreign]) expect(net.say(0, {...dealing, sid: net.session.sid})).toBe("BAD_PROOF");
      await net.finish();
    },
  },
  {
    name: "9 a dealing copied before and after its owner's is decided",
    async play(net) {
      const honest = net.stage.deal(0, net.session);
      const copy = {...honest, dealer: 4, seat: net.stage.mode === "fresh" ? 0 : 5};
      const early = net.stage.mode === "fresh" ? "BAD_PROOF" : "OTHER_SECRET";
      expect([net.say(4, copy), net.say(0, honest), net.say(4, copy)]).toEqual([early, "none", "REUSED_POINT"]);
      await net.finish({silent: [4]});
    },
  },
  {
    name: "10 the R of an honest dealer under garbage: nobody is led to open its share",
    async play(net) {
      const honest = net.stage.deal(0, net.session);
      const garbage = (d: Dealing) => ({...withWrongValues(d, [1, 2, 3]), ephemeral: honest.ephemeral});
      expect(net.say(6, net.stage.forge(6, garbage, net.session))).toBe("BAD_PROOF"); // it does not know r
      net.say(0, honest);
      expect(net.say(6, net.stage.forge(6, garbage, net.session))).toBe("REUSED_POINT");
      net.dealAll([6]);
      net.endPhase();
      expect(net.complainAll()).toEqual([]);
      await net.finish();
    },
  },
  {
    name: "11 a wrong value for one honest seat",
    async play(net) {
      net.say(
        2,
        net.stage.forge(2, (d) => withWrongValues(d, [5]), net.session),
      );
      const active = await net.finish();
      expect(offendersOf(active)).toEqual([{operator: dealerOf(net, 2), fault: "badDealing"}]);
      expect(active.dealings.some((d) => d.dealer === 2)).toBe(false);
      expect(net.shares().size).toBe(7);
    },
  },
  {
    name: "12 wrong values for many honest seats",
    async play(net) {
      net.say(
        2,
        net.stage.forge(2, (d) => withWrongValues(d, [1, 2, 3, 4, 5, 6, 7]), net.session),
      );
      net.dealAll();
      expect(net.complainAll()).toEqual(["none"]); // one is enough, the others find nothing to say
      const active = await net.finish();
      expect(offendersOf(active)).toEqual([{operator: dealerOf(net, 2), fault: "badDealing"}]);
    },
  },
  {
    name: "12 wrong values for faulty seats only, so that nobody complains",
    async play(net) {
      net.say(
        2,
        net.stage.forge(2, (d) => withWrongValues(d, [7]), net.session),
      );
      const active = await net.finish({absent: [6]});
      expect(active.misbehaving).toEqual([]);
      expect(active.dealings.some((d) => d.dealer === 2)).toBe(true);
      expect([...net.shares().keys()]).toEqual([1, 2, 3, 4, 5, 6]);
    },
  },
  {
    name: "13 values above the group order",
    async play(net) {
      for (const value of [scalarToBytes(ORDER), new Uint8Array(32).fill(0xff)])
        expect(
          net.say(
            0,
            net.stage.forge(0, (d) => ({...d, ciphertexts: replace(d.ciphertexts, 2, value)}), net.session),
          ),
        ).toBe("BAD_SCALAR");
      await net.finish({silent: [0]});
    },
  },
];

const accusers: Row[] = [
  {
    name: "14 a false complaint",
    async play(net) {
      net.dealAll();
      expect(net.say(3, net.complaintOf(3, 0))).toBe("none");
      const active = await net.finish();
      expect(offendersOf(active)).toEqual([{operator: operatorOf(net.session.validators, 3), fault: "falseComplaint"}]);
      expect(active.dealings.some((d) => d.dealer === 0)).toBe(true);
    },
  },
  {
    name: "15 complaints with forged parts",
    async play(net) {
      net.say(
        2,
        net.stage.forge(2, (d) => withWrongValues(d, [5]), net.session),
      );
      net.dealAll();
      const good = net.complaintOf(4, 2);
      const forged: [string, Partial<Complaint>][] = [
        ["BAD_PROOF", {sharedKey: blsPublicKey(bytesOf("k"))}],
        ["BAD_POINT", {sharedKey: infinity}],
        ["BAD_POINT", {sharedKey: order3}],
        ["BAD_POINT", {sharedKey: shifted(good.sharedKey)}],
        ["BAD_PROOF", {challenge: bytesOf("c")}],
        ["BAD_PROOF", {response: bytesOf("z")}],
        ["BAD_SCALAR", {challenge: new Uint8Array(32)}],
        ["BAD_SCALAR", {response: scalarToBytes(ORDER)}],
        ["NOT_SENDER", {recipient: 4}],
        ["NOT_SENDER", {recipient: 0}],
        ["NOT_SENDER", {accuser: 3}],
        ["NO_DEALING", {seat: 6}],
      ];
      for (const [code, change] of forged) expect(net.say(4, {...good, ...change}), JSON.stringify(Object.keys(change))).toBe(code);
      expect(net.session.misbehaving).toEqual([]);
      await net.finish();
    },
  },
  {
    name: "16 a complaint replayed against another dealer, by another accuser, in another attempt",
    async play(net) {
      net.say(
        2,
        net.stage.forge(2, (d) => withWrongValues(d, [5]), net.session),
      );
      net.dealAll();
      const good = net.complaintOf(4, 2);
      const about = (dealer: number) => ({...good, dealer, seat: net.stage.mode === "fresh" ? 0 : dealer + 1});
      expect(net.say(4, about(1))).toBe("BAD_PROOF");
      expect(net.say(3, {...good, accuser: 3, recipient: 4})).toBe("BAD_PROOF");
      expect(net.say(4, good)).toBe("none");
      expect(net.say(4, good)).toBe("NO_DEALING");
      net.endPhase();
      net.endPhase(); // nobody acknowledges: attempt 1
      net.dealAll([2]);
      net.endPhase();
      expect(net.say(4, good)).toBe("WRONG_SESSION");
      expect(net.say(4, {...good, sid: net.session.sid})).toBe("NO_DEALING");
      expect(net.say(4, {...about(1), sid: net.session.sid})).toBe("BAD_PROOF");
      await net.finish();
    },
  },
  {
    name: "17, 28 of two who are in it together one convicts the other in the last block",
    async play(net) {
      net.say(
        1,
        net.stage.forge(1, (d) => withWrongValues(d, [7]), net.session),
      );
      net.dealAll();
      net.tick(WINDOW - 1);
      expect(net.complainAll([6])).toEqual([]); // the value is wrong for an accomplice only
      expect(net.say(6, net.complaintOf(6, 1))).toBe("none");
      net.tick();
      expect(net.session.phase).toBe("ack");
      const active = await net.finish();
      expect(active.qualified).toEqual(net.stage.mode === "fresh" ? [0, 2, 3, 4, 5, 6] : [1, 3, 4, 5, 6]);
    },
  },
  {
    name: "17 two dealers whose errors cancel, until one of them is convicted in the last block",
    async play(net) {
      net.say(
        1,
        net.stage.forge(1, (d) => withWrongValues(d, [3, 7], 1n), net.session),
      );
      net.say(
        2,
        net.stage.forge(2, (d) => withWrongValues(d, [3], -1n), net.session),
      );
      net.dealAll();
      expect(net.complainAll([6])).toEqual(["none", "none"]); // seat 3 sees through both at once
      const active = await net.finish();
      expect(active.dealings.some((d) => d.dealer === 1 || d.dealer === 2)).toBe(false);
      expect(net.shares().size).toBe(7);
    },
  },
  {
    name: "18 a flood of complaints",
    async play(net) {
      net.say(
        2,
        net.stage.forge(2, (d) => withWrongValues(d, [1, 2, 3, 4, 5, 6, 7]), net.session),
      );
      net.dealAll();
      const session = net.session;
      const good = net.complaintOf(0, 2);
      const flood = Array.from({length: 1_000}, (_, i): Complaint => ({...good, response: bytesOf(`z ${i}`)}));
      expect(new Set(flood.map(placeOf)).size).toBe(1); // who holds messages for a block keeps one of them
      const [first] = flood as [Complaint];
      const start = process.cpuUsage();
      for (let i = 0; i < 1_000; i++) expect(net.say(0, first)).toBe("BAD_PROOF");
      const usEach = process.cpuUsage(start).user / 1_000;
      expect(net.session).toEqual(session); // nothing came of it
      expect(usEach).toBeLessThan(1_500); // judged once and remembered: a judgement alone takes longer
      const codes = [1, 2, 3, 4, 5, 6].map((accuser) => [net.complaintOf(accuser, 2, session), accuser] as const);
      expect(codes.map(([complaint, accuser]) => net.say(accuser, complaint))).toEqual(["none", ...Array(5).fill("NO_DEALING")]);
      await net.finish();
    },
  },
  {
    name: "19 a receiver is cut off while others complain, and a dealer has cheated it",
    async play(net) {
      net.say(
        2,
        net.stage.forge(2, (d) => withWrongValues(d, [5]), net.session),
      );
      net.dealAll();
      expect(net.complainAll([4])).toEqual([]);
      net.endPhase();
      net.ackAll(); // all but seat 5 can: the margin of the first attempt is met
      const active = net.session;
      expect(active).toMatchObject({phase: "active", attempt: 0, misbehaving: [], shareless: []});
      expect(net.open(4).bad.map((bad) => bad.dealer)).toEqual([2]);
      expect(net.say(4, net.complaintOf(4, 2))).toBe("none");
      expect(net.session).toMatchObject({phase: "active", sid: active.sid, shareless: [5]});
      expect(offendersOf(net.session)).toEqual([{operator: dealerOf(net, 2), fault: "badDealing"}]);
      expect(net.say(4, {kind: "noShare", sid: active.sid, seat: 5})).toBe("DUPLICATE");
      expect(net.say(6, {kind: "noShare", sid: active.sid, seat: 7})).toBe("none");
      expect(net.session).toMatchObject({shareless: [5, 7]});
      await net.agree();
    },
  },
  {
    name: "20 a receiver is away during the whole session",
    async play(net) {
      net.dealAll();
      const active = await net.finish({absent: [3]});
      expect(active.ackedSeats).not.toContain(4);
      const {shares, bad} = net.open(3); // from the decided state and its dealing key alone
      expect(bad).toEqual([]);
      expect(blsPublicKey(shares.get(4) as Uint8Array)).toEqual(active.publicShares[3]);
    },
  },
  {
    name: "21 faulty proposers leave a dealing out of two blocks",
    async play(net) {
      const start = net.session;
      net.dealAll([3]);
      net.tick(2);
      expect(net.say(3, net.stage.deal(3, start))).toBe("none");
      const active = await net.finish();
      expect(active.dealings.some((d) => d.dealer === 3) || net.stage.mode === "reshare").toBe(true);
    },
  },
];

const resharings: Row[] = [
  {
    name: "25 an old seat deals something else than its share",
    only: "reshare",
    async play(net) {
      const rogue = bytesOf("another secret");
      const dealing = net.stage.deal(2, net.session);
      const other = {...dealing, commitments: replace(dealing.commitments, 0, blsPublicKey(rogue))};
      const [m0] = proofDigests(other);
      const proof = addG2([parseG2(blsSign(rogue, m0)), parseG2(dealing.proof)]).toBytes();
      expect(net.say(2, {...other, proof})).toBe("OTHER_SECRET");
      await net.finish({silent: [2]});
    },
  },
  {
    name: "26 only t - 1 old seats deal well",
    only: "reshare",
    async play(net) {
      net.say(
        2,
        net.stage.forge(2, (d) => withWrongValues(d, [1]), net.session),
      );
      net.dealAll([0, 6]);
      net.endPhase();
      expect(net.complainAll()).toEqual(["none"]);
      net.endPhase();
      expect(net.session).toMatchObject({phase: "deal", attempt: 1});
      net.expectOldKeyWorks();
      expect(net.say(2, net.stage.deal(2, net.session))).toBe("EXCLUDED");
      await net.finish();
    },
  },
  {
    name: "27, 29 old and new shares do not add up, and an old seat's partial is bad after the switch",
    only: "reshare",
    async play(net) {
      const active = await net.finish();
      const {groupKey} = active;
      const {threshold} = sizesOf(active);
      const message = bytesOf("mixed");
      const partialsOf = (shares: ReadonlyMap<number, Uint8Array>) =>
        [...shares].map(([seat, s]) => ({seat, signature: blsSign(s, message)}));
      const [old, fresh] = [partialsOf(net.stage.before?.shares ?? new Map()), partialsOf(net.shares())];
      const publicShares = (seat: number) => active.publicShares[seat - 1] as Uint8Array;
      for (const mixed of [
        [...old.slice(0, 4), ...fresh.slice(6)],
        [...fresh.slice(0, 4), ...old.slice(6)],
      ]) {
        expect(mixed).toHaveLength(threshold);
        expect(combinePartials({partials: mixed, threshold, groupKey, message}).signature).toBeNull();
      }
      const late = combinePartials({partials: [...old.slice(0, 2), ...fresh.slice(2)], threshold, groupKey, publicShares, message});
      expect(late.bad).toEqual([1, 2]);
      expect(late.signature).not.toBeNull(); // five good ones are left
    },
  },
];

const keys: Row[] = [
  {
    name: "30 ACKs of a wrong share, a wrong transcript, and fewer than are needed",
    async play(net) {
      net.dealAll();
      net.endPhase();
      const session = net.session;
      if (session.phase !== "ack") throw new Error(`in phase ${session.phase}`);
      const [good] = makeAcks({session, shares: net.open(0).shares}) as [Ack];
      const [foreign] = makeAcks({session, shares: new Map([[1, bytesOf("no share")]])}) as [Ack];
      expect(net.say(0, foreign)).toBe("BAD_PROOF");
      expect(net.say(0, {...good, transcript: session.sid})).toBe("WRONG_TRANSCRIPT");
      expect(net.say(1, good)).toBe("NOT_SENDER");
      net.ackAll([5, 6]); // five of seven; the first attempt wants six
      expect(needOf(session)).toBe(6);
      expect(net.session).toMatchObject({phase: "ack"});
      net.expectOldKeyWorks();
      net.endPhase();
      expect(net.session).toMatchObject({phase: "deal", attempt: 1, misbehaving: []});
      expect(needOf(net.session)).toBe(5);
      await net.finish({absent: [5, 6]});
    },
  },
  {
    name: "31, 32 bad partial signatures, and t - 1 seats on their own",
    async play(net) {
      const active = await net.finish();
      const {threshold} = sizesOf(active);
      const message = bytesOf("partials");
      const good = [...net.shares()].map(([seat, share]) => ({seat, signature: blsSign(share, message)}));
      const first = good[0] as {seat: number; signature: Uint8Array};
      const g2Infinity = Uint8Array.from({length: 96}, (_, i) => (i === 0 ? 0xc0 : 0));
      const publicShares = (seat: number) => active.publicShares[seat - 1] as Uint8Array;
      const {groupKey} = active;
      const bad: {seat: number; signature: Uint8Array}[] = [
        {seat: 1, signature: blsSign(bytesOf("no share"), message)},
        {seat: 2, signature: first.signature},
        {seat: 1, signature: g2Infinity},
        {seat: 2, signature: new Uint8Array(96).fill(0xff)},
        {seat: 1, signature: new Uint8Array(0)},
      ];
      for (const partial of bad) {
        const partials = [partial, ...good.slice(2)];
        expect(combinePartials({partials, threshold, groupKey, publicShares, message})).toMatchObject({bad: [partial.seat]});
        expect(combinePartials({partials, threshold, groupKey, publicShares, message}).signature).not.toBeNull();
      }
      expect(
        combinePartials({partials: [first, first, ...good.slice(0, 4)], threshold, groupKey, publicShares, message}).signature,
      ).toBeNull();
      for (const few of [good.slice(0, 4), good.slice(3)])
        expect(combinePartials({partials: few, threshold: 4, groupKey, message}).signature).toBeNull();
    },
  },
  {
    name: "33 a receiver whose dealing key is no point, as one that gave none: it gets no share, the others theirs",
    only: "fresh",
    async play(net) {
      const {validators} = net.session;
      expect(validators.every((v) => codeOf(() => parseG1(v.encKey)) === "none")).toBe(true);
      const broken = validators.map((v, i) => (i === 6 ? {...v, encKey: new Uint8Array(48)} : v));
      const {networkId, epoch, windowTicks} = net.session;
      const with7th = openSession({networkId, epoch, attempt: 0, mode: "fresh", seats: {validators: broken}, windowTicks});
      const again = new Net({...net.stage, receivers: {...net.stage.receivers, session: with7th}});
      const active = await again.finish();
      expect(active.ackedSeats).toEqual([1, 2, 3, 4, 5, 6]);
    },
  },
  {
    name: "39 what proves a dealing, a share and a block are never the same bytes, so that no signature serves for another",
    async play(net) {
      const dealing = net.stage.deal(0, net.session);
      const active = await net.finish();
      const {networkId, sid} = active;
      const block = {networkId, epoch: active.epoch, height: 1, round: 0, blockHash: sid};
      const digests = [
        ...proofDigests(dealing),
        ...proofDigests({...dealing, dealer: 1}),
        sessionAckDigest(active),
        certificateDigest(block),
      ];
      expect(new Set(digests.map(toHex)).size).toBe(digests.length);
      const share = net.shares().get(1) as Uint8Array;
      const signed = blsSign(share, sessionAckDigest(active)); // what an ACK shows to everybody
      for (const digest of digests) expect(blsVerify(active.publicShares[0] as Uint8Array, digest, signed)).toBe(digest === digests[4]);
    },
  },
  {
    name: "38 messages that are too long, cut, or of another version: refused by their form",
    async play(net) {
      const whole = encodeDkgBody(net.stage.deal(0, net.session));
      const bad = [
        concatBytes(whole, new Uint8Array(400_000)),
        concatBytes(whole, new Uint8Array(1)),
        whole.subarray(0, 100),
        whole.subarray(0, whole.length - 1),
        whole.with(0, 2),
        whole.with(1, 9),
        new Uint8Array(0),
      ];
      const codes = bad.map((body) => net.sayBytes(0, body));
      expect(codes).toEqual(["WRONG_SIZE", ...Array(6).fill("MALFORMED")]);
      await net.finish();
    },
  },
];

function isPointElsewhere(bytes: Uint8Array): boolean {
  try {
    const point = bls12_381.G1.Point.fromBytes(bytes);
    point.assertValidity();
    return !point.is0();
  } catch {
    return false;
  }
}

/** The point plus (0, 2), which has order 3: the same to who does not look at the subgroup. */
function shifted(point: Uint8Array): Uint8Array {
  const {x, y} = bls12_381.G1.Point.fromBytes(point)
    .add(bls12_381.G1.Point.fromAffine({x: 0n, y: 2n}))
    .toAffine();
  const bytes = bigToBytes(x, 48);
  bytes[0] = (bytes[0] as number) | (2n * y > bls12_381.fields.Fp.ORDER ? 0xa0 : 0x80);
  return bytes;
}

/** The first x from 1 on that is on no point. */
function offCurve(): Uint8Array {
  for (let x = 1; ; x++) {
    const bytes = Uint8Array.from({length: 48}, (_, i) => (i === 0 ? 0x80 : i === 47 ? x : 0));
    if (codeOf(() => parseG1(bytes)) !== "none" && !isPointElsewhere(bytes)) return bytes;
  }
}

describe.each([freshStage(), reshareStage()])("$mode", (stage) => {
  test.for([...dealers, ...accusers, ...resharings, ...keys].filter(({only}) => only === undefined || only === stage.mode))(
    "$name",
    async ({play}) => {
      await play(new Net(stage));
    },
  );
});
