import {concatBytes, fromHex, type Hex, toHex} from "../base/bytes.ts";
import {invariant} from "../base/errors.ts";
import {sha256} from "../base/hash.ts";
import type {Ack, Dealing, DkgBody} from "../types/dkg.ts";
import {quorumOf, seatsOf, totalSeats} from "../types/validators.ts";
import {taggedHash, u16, u64, validatorId} from "./tagged.ts";

/**
 * One attempt at a group key, as a value that decided messages and ticks move forward:
 *
 * deal ──all have dealt, or window──▶ complain ──window──▶ ack ──enough seats acknowledged──▶ active
 *
 * Where a phase ends without what the next one needs, the session starts again as attempt + 1 with the same seats.
 * [Feldman, FOCS 1987; complaints with a proof instead of a justification round: protocol "DKG"]
 *
 * A *fresh* session makes a new key: every validator deals one polynomial. A *resharing* (`old` is there) gives the seats of
 * another table new shares of the same key: every seat of the old table deals its own share, the first t_old dealings by old
 * seat number are interpolated, and the shares before and after lie on different polynomials, so that they do not add up
 * across the change. [Desmedt and Jajodia, 1997; Herzberg et al., CRYPTO 1995, for the refresh of one table]
 *
 * In a resharing, dealings come from validators of the old table and name their index there; complaints and ACKs come from
 * validators of the new one and name their index there. `senderOf` tells which.
 */
export type Session = DealingSession | AckSession | ActiveSession;

/** Validators by operator address; seats 1 … W are contiguous in that order. `encKey`: 48 bytes, compressed G1. */
export interface SeatTable {
  readonly validators: readonly {readonly operator: Hex; readonly seats: number; readonly encKey: Uint8Array}[];
}

export type Fault = "badDealing" | "falseComplaint";

/** A key that is in force, as an active session left it: what a resharing passes on. */
export interface OldKey {
  /** Those who hold its shares, by operator address. */
  readonly validators: readonly {readonly operator: Hex; readonly seats: number}[];
  /** 48 bytes. */
  readonly groupKey: Uint8Array;
  /** Of the session that made these shares. */
  readonly transcript: Hex;
  /** A_j, 48 bytes each, of its seats 1 … W. */
  readonly publicShares: readonly Uint8Array[];
}

interface SessionBase {
  readonly networkId: Hex;
  /** The epoch whose validators get the shares. */
  readonly epoch: number;
  readonly attempt: number;
  /** The key that is passed on; null in a fresh session. */
  readonly old: OldKey | null;
  /** The key that a fresh one takes the place of, where the network has one: its transcript, and 48 bytes. */
  readonly replaces: Pick<OldKey, "transcript" | "groupKey"> | null;
  /** Those who get shares. */
  readonly validators: SeatTable["validators"];
  /** Ticks that a phase lasts at most. */
  readonly windowTicks: number;
  /** Derived from the fields above; names this attempt. */
  readonly sid: Hex;
  /** Ticks since the phase began. */
  readonly ticks: number;
  /**
   * Proven misbehaviour in this attempt and those before it, by validator, then fault. A bad dealing is a dealer's: in a
   * resharing its `validator` counts in the old table. `offendersOf` gives their operators.
   */
  readonly misbehaving: readonly {readonly validator: number; readonly fault: Fault}[];
}

/** Dealings are taken, then complaints about them; a dealing that a complaint has proven bad is gone. */
export interface DealingSession extends SessionBase {
  readonly phase: "deal" | "complain";
  /** By dealer, then old seat. */
  readonly dealings: readonly Dealing[];
}

/** The key of the dealings that are left. */
export interface GroupKey {
  /** 48 bytes. */
  readonly groupKey: Uint8Array;
  readonly sid: Hex;
  readonly transcript: Hex;
  /** A_j, 48 bytes each, of seats 1 … W. */
  readonly publicShares: readonly Uint8Array[];
  /** Whose polynomials make the key, ascending: dealers (QUAL), in a resharing t_old old seats (Q). */
  readonly qualified: readonly number[];
  /** Those of `qualified`: who was away opens its shares from them, and may still show that one of them is bad. */
  readonly dealings: readonly Dealing[];
  /** Seats that have shown or said that they have no share, ascending. */
  readonly shareless: readonly number[];
}

/** The key is known; seats prove that they hold their shares of it. */
export interface AckSession extends SessionBase, GroupKey {
  readonly phase: "ack";
  /** By seat. */
  readonly acks: readonly Pick<Ack, "seat" | "signature">[];
}

/** The key is in force, or will be at the switch. Until it is followed, late complaints and NoShare are heard. */
export interface ActiveSession extends SessionBase, GroupKey {
  readonly phase: "active";
  /** Seats that have acknowledged, ascending. */
  readonly ackedSeats: readonly number[];
  /** The group's signature over ackDigest, 96 bytes: proof of possession of the group key. */
  readonly pop: Uint8Array;
}

/**
 * Attempt `attempt` of `epoch`, in its deal phase.
 * @param mode         "fresh" for a new key, "reshare" for new shares of `old`
 * @param replaces     of a fresh session while the network has a key already (a rotation, or a rekey where that key is lost): it
 *                     makes the sid another than that of every session before
 * @param seats        the frozen table of those who get shares, by operator address; each validator has at least one seat
 * @param old          `keyOf` the active session whose shares are in force, or the same from the ledger's records. The seats
 *                     may be the same (a refresh), others, more or fewer
 * @param windowTicks  windowTicksOf(W) where absent: simulations shorten it
 */
export function openSession(
  of: {networkId: Hex; epoch: number; attempt: number; seats: SeatTable; windowTicks?: number} & (
    | {mode: "fresh"; replaces?: SessionBase["replaces"]}
    | {mode: "reshare"; old: OldKey}
  ),
): DealingSession {
  const {networkId, epoch, attempt} = of;
  const {validators} = of.seats;
  const old = of.mode === "fresh" ? null : of.old;
  const replaces = of.mode === "fresh" ? (of.replaces ?? null) : null;
  expectOrdered(validators);
  if (old !== null) {
    expectOrdered(old.validators);
    invariant(old.publicShares.length === totalSeats(old.validators), "an old key has one public share per seat");
  }
  const windowTicks = of.windowTicks ?? windowTicksOf(totalSeats(validators));
  const sid = sessionId({networkId, epoch, attempt, old, replaces, validators});
  return {networkId, epoch, attempt, old, replaces, validators, windowTicks, sid, ticks: 0, misbehaving: [], phase: "deal", dealings: []};
}

function expectOrdered(validators: OldKey["validators"]): void {
  invariant(validators.length > 0, "a session has validators");
  invariant(
    validators.every((v, i) => v.seats >= 1 && (i === 0 || (validators[i - 1] as {operator: Hex}).operator < v.operator)),
    "validators have seats and stand in the order of their operators",
  );
}

/** The same seats once more, under a new sid. */
export function nextAttempt(session: Session): DealingSession {
  const {networkId, epoch, attempt, validators, windowTicks, misbehaving} = session;
  const next = openSession({networkId, epoch, attempt: attempt + 1, ...modeOf(session), seats: {validators}, windowTicks});
  return {...next, misbehaving};
}

/** What openSession wants to know of a session's keys. */
export function modeOf({old, replaces}: Pick<Session, "old" | "replaces">) {
  return old === null ? ({mode: "fresh", replaces} as const) : ({mode: "reshare", old} as const);
}

/** The key of an active session, for the resharing that follows it. */
export function keyOf({validators, groupKey, transcript, publicShares}: ActiveSession): OldKey {
  return {validators: validators.map(({operator, seats}) => ({operator, seats})), groupKey, transcript, publicShares};
}

/** The validators that deal: the old table in a resharing. */
export function dealersOf(session: Pick<Session, "old" | "validators">): OldKey["validators"] {
  return session.old?.validators ?? session.validators;
}

/** The old seats that validator `dealer` deals for: [0], the whole dealer, in a fresh session. */
export function dealtSeatsOf(session: Pick<Session, "old" | "validators">, dealer: number): number[] {
  return session.old === null ? [0] : seatsOf(session.old.validators, dealer);
}

/**
 * Who `from` is in a message of this kind: operator address, whose consensus key has to have signed the message, and the
 * table that `from` counts in (both are the same table in a fresh session). Null where there is no such validator.
 */
export function senderOf(
  session: Pick<Session, "old" | "validators">,
  from: number,
  kind: DkgBody["kind"],
): {table: "old" | "new"; operator: Hex} | null {
  const deals = kind === "dealing" && session.old !== null;
  const sender = (deals ? dealersOf(session) : session.validators)[from];
  return sender === undefined ? null : {table: deals ? "old" : "new", operator: sender.operator};
}

/** Who has misbehaved in this attempt and those before it, by operator. */
export function offendersOf(session: Session): {operator: Hex; fault: Fault}[] {
  return session.misbehaving.map(({validator, fault}) => {
    const table = fault === "badDealing" ? dealersOf(session) : session.validators;
    return {operator: (table[validator] as {operator: Hex}).operator, fault};
  });
}

/** max(32, 2(f + 1)) for W seats: f faulty proposers in a row cannot keep a message out of a window. */
export function windowTicksOf(seats: number): number {
  return Math.max(32, 2 * (Math.floor((seats - 1) / 3) + 1));
}

/** W and t = floor(2W/3) + 1. */
export function sizesOf(session: {validators: OldKey["validators"]}): {seats: number; threshold: number} {
  const seats = totalSeats(session.validators);
  return {seats, threshold: quorumOf(seats)};
}

/** Seats whose ACK activates the key: a margin over t in the first attempt, t later. */
export function needOf(session: {validators: OldKey["validators"]; attempt: number}): number {
  const {seats, threshold} = sizesOf(session);
  return session.attempt === 0 ? Math.min(seats, threshold + Math.ceil(seats / 12)) : threshold;
}

/** Whether so many seats lack their share that it is time for others before the epoch is over: more than floor((W - q)/2). */
export function lacksShares(session: Session): boolean {
  if (session.phase !== "active") return false;
  const {seats, threshold} = sizesOf(session);
  return session.shareless.length > Math.floor((seats - threshold) / 2);
}

export function hasFault(session: Session, validator: number, fault: Fault): boolean {
  return session.misbehaving.some((m) => m.validator === validator && m.fault === fault);
}

function sessionId(of: Pick<SessionBase, "networkId" | "epoch" | "attempt" | "old" | "replaces" | "validators">): Hex {
  const {seats, threshold} = sizesOf(of);
  const table = of.validators.map((v) => concatBytes(validatorId(v.operator), v.encKey, u16(v.seats)));
  const head = [fromHex(of.networkId, "networkId", 32), u64(of.epoch), u16(of.attempt), Uint8Array.of(of.old === null ? 0 : 1)];
  const was = of.old === null ? {threshold: 0, seats: 0} : sizesOf(of.old);
  const before = of.old ?? of.replaces;
  const oldKey = before === null ? [new Uint8Array(32), new Uint8Array(48)] : [fromHex(before.transcript), before.groupKey];
  const sizes = [was.threshold, was.seats, threshold, seats].map(u16);
  return toHex(taggedHash("SID", ...head, ...sizes, ...oldKey, sha256(...table)));
}
