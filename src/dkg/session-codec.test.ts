import fc from "fast-check";
import {describe, expect, test} from "vitest";
import {ackAll, committee, dealAll, dealingOf, forgedDealing, say, ticks, withWrongValues} from "../../test/support/dkg.ts";
import {DecodeError} from "../base/errors.ts";
import {makeComplaint} from "./participant.ts";
import type {Session} from "./session.ts";
import {decodeSession, encodeSession} from "./session-codec.ts";

const of = committee([2, 1, 2, 3]);

/** Sessions of every phase, one of them with offenders of both kinds. */
function sessions(): {name: string; session: Session}[] {
  const complain = dealAll(of);
  const ack = ticks(complain);
  const forged = forgedDealing(of, 0, (d) => withWrongValues(d, [3]));
  const spoiled = [1, 2, 3].reduce<Session>((s, i) => say(s, i, dealingOf(of, i)), say(of.session, 0, forged));
  const accuse = (accuser: number, dealer: number, seat: number, session: Session) =>
    say(
      session,
      accuser,
      makeComplaint({
        session,
        accuserIndex: accuser,
        encSecret: of.secrets[accuser] as Uint8Array,
        dealer,
        seat,
        random: new Uint8Array(32),
      }),
    );
  return [
    {name: "opened", session: of.session},
    {name: "dealing", session: ticks(dealAll(of, {silent: [1]}), 2)},
    {name: "complaining", session: complain},
    {name: "blaming", session: accuse(2, 1, 4, accuse(1, 0, 3, spoiled))},
    {name: "acknowledging", session: ackAll(of, ack, [1, 3])},
    {name: "active", session: ackAll(of, ack)},
    {name: "lacking", session: say(ackAll(of, ack), 1, {kind: "noShare", sid: ack.sid, seat: 3})},
  ];
}
const all = sessions();

describe("the encoding of a session", () => {
  test.for(all)("$name: there and back", ({session}) => {
    expect(decodeSession(encodeSession(session))).toEqual(session);
  });

  test("a decoded session goes on as the original does", () => {
    const again = (session: Session) => decodeSession(encodeSession(session));
    const complain = again(dealAll(of, {session: again(of.session)}));
    const ack = again(ticks(complain));
    expect(ackAll(of, ack)).toEqual(ackAll(of, ticks(dealAll(of))));
  });

  test.for(all)("$name: bytes are an encoding of one session or of none", ({session}) => {
    const whole = encodeSession(session);
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(), fc.nat(255)), {minLength: 1, maxLength: 3}), fc.constantFrom(0, 0, 1, -1), (edits, grow) => {
        const changed = new Uint8Array(whole.length + grow);
        changed.set(whole.subarray(0, changed.length));
        for (const [at, byte] of edits) changed[at % (at % 2 === 0 ? 120 : changed.length)] = byte;
        let decoded: Session;
        try {
          decoded = decodeSession(changed);
        } catch (error) {
          expect(error).toBeInstanceOf(DecodeError);
          return;
        }
        expect(encodeSession(decoded)).toEqual(changed);
      }),
      {numRuns: 300},
    );
  });
});
