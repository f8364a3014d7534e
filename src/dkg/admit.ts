import {equalBytes, type Hex} from "../base/bytes.ts";
import {DecodeError} from "../base/errors.ts";
import {blsVerify, g1ToEip2537} from "../crypto/bls.ts";
import {evaluateG1} from "../crypto/points.ts";
import {ackDigest} from "../types/digests.ts";
import {type Ack, type Complaint, type Dealing, type DkgBody, decodeDkgBody, type NoShare} from "../types/dkg.ts";
import {seatsOf} from "../types/validators.ts";
import {settle} from "./advance.ts";
import {checkSharedKey} from "./complaint.ts";
import {checkDealing, commit, commitmentPoints, openValue, padOf} from "./dealing.ts";
import {DkgError} from "./errors.ts";
import {
  type AckSession,
  type ActiveSession,
  type DealingSession,
  dealersOf,
  dealtSeatsOf,
  type Fault,
  type GroupKey,
  hasFault,
  type Session,
  sizesOf,
} from "./session.ts";
import {type Flaw, judgeOnce} from "./verdict.ts";

/**
 * The session after a decided message of validator `from`, whose signature is verified already, under the consensus key of
 * the operator that `senderOf` names: in a resharing a dealing's `from` counts in the old table, everything else's in the
 * new one. What is cheap is checked first; what needs the curve, last. The message that completes a phase closes it.
 *
 * @throws DkgError where the admission rules refuse: a block with such a message is invalid
 */
export function admit(session: Session, message: {from: number; body: Uint8Array}): Session {
  const {from} = message;
  const body = decode(message);
  if (body.sid !== session.sid) throw new DkgError("WRONG_SESSION", {from, want: session.sid, got: body.sid});
  if (body.kind === "dealing" && session.phase === "deal") return admitDealing(session, from, body, message.body);
  if (body.kind === "complaint" && session.phase !== "deal") return admitComplaint(session, from, body, message.body);
  if (body.kind === "ack" && session.phase === "ack") return admitAck(session, from, body, message.body);
  if (body.kind === "noShare" && session.phase === "active") return admitNoShare(session, from, body);
  throw new DkgError("NOT_OPEN", {from, field: body.kind, got: session.phase});
}

function decode({from, body}: {from: number; body: Uint8Array}): DkgBody {
  try {
    return decodeDkgBody(body);
  } catch (cause) {
    if (!(cause instanceof DecodeError)) throw cause;
    throw new DkgError("MALFORMED", {from, field: cause.data.field}, {cause});
  }
}

function admitDealing(session: DealingSession, from: number, dealing: Dealing, body: Uint8Array): Session {
  const {seats, threshold} = sizesOf(session);
  if (dealing.dealer !== from || dealersOf(session)[from] === undefined)
    throw new DkgError("NOT_SENDER", {from, field: "dealer", got: dealing.dealer});
  if (hasFault(session, from, "badDealing")) throw new DkgError("EXCLUDED", {from, field: "dealer"});
  if (!dealtSeatsOf(session, from).includes(dealing.seat)) throw new DkgError("NOT_SENDER", {from, field: "seat", got: dealing.seat});
  if (session.dealings.some((d) => d.dealer === from && d.seat === dealing.seat)) throw new DkgError("DUPLICATE", {from, field: "dealer"});
  expectSize(from, "commitments", dealing.commitments.length, threshold);
  expectSize(from, "ciphertexts", dealing.ciphertexts.length, seats);
  if (session.dealings.some((d) => equalBytes(d.ephemeral, dealing.ephemeral)))
    throw new DkgError("REUSED_POINT", {from, field: "ephemeral"});
  const oldShare = session.old?.publicShares[dealing.seat - 1];
  if (oldShare !== undefined && !equalBytes(oldShare, dealing.commitments[0] as Uint8Array))
    throw new DkgError("OTHER_SECRET", {from, field: "commitments"});
  refuse(from, checkDealing(dealing, body));
  return settle({...session, dealings: [...session.dealings, dealing].sort((a, b) => a.dealer - b.dealer || a.seat - b.seat)});
}

/**
 * Either the dealer or the accuser has misbehaved, and the message proves which. A dealer that has loses all its dealings, as
 * long as nothing is made of them; after that it is named all the same, and the accuser's seat is known to have no share.
 */
function admitComplaint(session: Session, from: number, complaint: Complaint, body: Uint8Array): Session {
  const {recipient} = complaint;
  const accuser = session.validators[from];
  if (complaint.accuser !== from || accuser === undefined)
    throw new DkgError("NOT_SENDER", {from, field: "accuser", got: complaint.accuser});
  if (hasFault(session, from, "falseComplaint")) throw new DkgError("EXCLUDED", {from, field: "accuser"});
  const dealing = session.dealings.find((d) => d.dealer === complaint.dealer && d.seat === complaint.seat);
  if (dealing === undefined || hasFault(session, dealing.dealer, "badDealing"))
    throw new DkgError("NO_DEALING", {from, field: "dealer", got: complaint.dealer});
  if (!seatsOf(session.validators, from).includes(recipient)) throw new DkgError("NOT_SENDER", {from, field: "recipient", got: recipient});
  const statement = {...complaint, ephemeral: dealing.ephemeral, encKey: accuser.encKey};
  refuse(
    from,
    judgeOnce([body, dealing.ephemeral, accuser.encKey], () => checkSharedKey(statement, complaint)),
  );

  const pad = padOf(dealing, {sid: session.sid, sharedKey: complaint.sharedKey, recipient, encKey: accuser.encKey});
  const honest = equalBytes(commit(openValue(dealing, recipient, pad)), evaluateG1(commitmentPoints(dealing), recipient).toBytes());
  if (honest) return blame(session, from, "falseComplaint");
  const blamed = blame(session, dealing.dealer, "badDealing");
  if (blamed.phase === "ack" || blamed.phase === "active") return withoutShare(blamed, recipient);
  return {...blamed, dealings: blamed.dealings.filter((d) => d.dealer !== dealing.dealer)};
}

function blame<S extends Session>(session: S, validator: number, fault: Fault): S {
  const misbehaving = [...session.misbehaving, {validator, fault}];
  return {...session, misbehaving: misbehaving.sort((a, b) => a.validator - b.validator || (a.fault < b.fault ? -1 : 1))};
}

function admitNoShare(session: ActiveSession, from: number, {seat}: NoShare): Session {
  if (!seatsOf(session.validators, from).includes(seat)) throw new DkgError("NOT_SENDER", {from, field: "seat", got: seat});
  if (session.shareless.includes(seat)) throw new DkgError("DUPLICATE", {from, field: "seat", got: seat});
  return withoutShare(session, seat);
}

function withoutShare<S extends AckSession | ActiveSession>(session: S, seat: number): S {
  return {...session, shareless: [...new Set([...session.shareless, seat])].sort((a, b) => a - b)};
}

function admitAck(session: AckSession, from: number, ack: Ack, body: Uint8Array): Session {
  const {seat, signature} = ack;
  if (!seatsOf(session.validators, from).includes(seat)) throw new DkgError("NOT_SENDER", {from, field: "seat", got: seat});
  if (session.acks.some((a) => a.seat === seat)) throw new DkgError("DUPLICATE", {from, field: "seat", got: seat});
  if (ack.transcript !== session.transcript) throw new DkgError("WRONG_TRANSCRIPT", {from, want: session.transcript, got: ack.transcript});
  const publicShare = session.publicShares[seat - 1] as Uint8Array;
  const isSigned = () => blsVerify(publicShare, sessionAckDigest(session), signature);
  refuse(
    from,
    judgeOnce([body, publicShare], () => (isSigned() ? null : {code: "BAD_PROOF", field: "signature"})),
  );
  return settle({...session, acks: [...session.acks, {seat, signature}].sort((a, b) => a.seat - b.seat)});
}

/** The digest that the ACKs of a session sign, and with it the proof of possession of its key. */
export function sessionAckDigest(session: GroupKey & {networkId: Hex}): Uint8Array {
  const {networkId, sid, transcript, groupKey} = session;
  return ackDigest({networkId, sid, transcript, groupKey: g1ToEip2537(groupKey)});
}

function refuse(from: number, flaw: Flaw | null): void {
  if (flaw !== null) throw new DkgError(flaw.code, {from, field: flaw.field});
}

function expectSize(from: number, field: string, got: number, want: number): void {
  if (got !== want) throw new DkgError("WRONG_SIZE", {from, field, want, got});
}
