import {concatBytes, fromHex, type Hex, toHex} from "../base/bytes.ts";
import {invariant} from "../base/errors.ts";
import {sha256} from "../base/hash.ts";
import type {Ack, Dealing} from "../types/dkg.ts";
import {quorumOf, totalSeats} from "../types/validators.ts";
import {taggedHash, u16, u64, validatorId} from "./tagged.ts";

/**
 * One attempt at a group key, as a value that decided messages and ticks move forward:
 *
 * deal ──all have dealt, or window──▶ complain ──window──▶ ack ──enough seats acknowledged──▶ active
 *
 * Where a phase ends without what the next one needs, the session starts again as attempt + 1 with the same seats.
 * [Feldman, FOCS 1987; complaints with a proof instead of a justification round: protocol "DKG"]
 */
export type Session = DealingSession | AckSession | ActiveSession;

/** Validators by operator address; seats 1 … W are contiguous in that order. `encKey`: 48 bytes, compressed G1. */
export interface SeatTable {
  readonly validators: readonly {readonly operator: Hex; readonly seats: number; readonly encKey: Uint8Array}[];
}

export type Fault = "badDealing" | "falseComplaint";

interface SessionBase {
  readonly networkId: Hex;
  readonly epoch: number;
  readonly attempt: number;
  readonly mode: "fresh";
  readonly validators: SeatTable["validators"];
  /** Ticks that a phase lasts at most. */
  readonly windowTicks: number;
  /** Derived from the fields above; names this attempt. */
  readonly sid: Hex;
  /** Ticks since the phase began. */
  readonly ticks: number;
  /** Proven misbehaviour in this attempt and those before it, by validator, then fault. */
  readonly misbehaving: readonly {readonly validator: number; readonly fault: Fault}[];
}

/** Dealings are taken, then complaints about them; a dealing that a complaint has proven bad is gone. */
export interface DealingSession extends SessionBase {
  readonly phase: "deal" | "complain";
  /** By dealer. */
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
  /** QUAL: the dealers whose polynomials make the key, ascending. */
  readonly qualified: readonly number[];
}

/** The key is known; seats prove that they hold their shares of it. */
export interface AckSession extends SessionBase, GroupKey {
  readonly phase: "ack";
  /** What a validator needs to open its shares, by dealer. */
  readonly sealed: readonly Pick<Dealing, "dealer" | "ephemeral" | "ciphertexts">[];
  /** By seat. */
  readonly acks: readonly Pick<Ack, "seat" | "signature">[];
}

/** The key is in force. */
export interface ActiveSession extends SessionBase, GroupKey {
  readonly phase: "active";
  /** Seats that have acknowledged, ascending. */
  readonly ackedSeats: readonly number[];
  /** The group's signature over ackDigest, 96 bytes: proof of possession of the group key. */
  readonly pop: Uint8Array;
}

/**
 * The first attempt of `epoch` (or `attempt`), in its deal phase.
 * @param seats        the frozen table, by operator address; each validator has at least one seat
 * @param windowTicks  windowTicksOf(W) where absent: simulations shorten it
 */
export function openSession(of: {
  networkId: Hex;
  epoch: number;
  attempt: number;
  mode: "fresh";
  seats: SeatTable;
  windowTicks?: number;
}): DealingSession {
  const {validators} = of.seats;
  invariant(validators.length > 0, "a session has validators");
  invariant(
    validators.every((v, i) => v.seats >= 1 && (i === 0 || (validators[i - 1] as {operator: Hex}).operator < v.operator)),
    "validators have seats and stand in the order of their operators",
  );
  const {networkId, epoch, attempt, mode} = of;
  const windowTicks = of.windowTicks ?? windowTicksOf(totalSeats(validators));
  const sid = sessionId({networkId, epoch, attempt, validators});
  return {networkId, epoch, attempt, mode, validators, windowTicks, sid, ticks: 0, misbehaving: [], phase: "deal", dealings: []};
}

/** The same seats once more, under a new sid. */
export function nextAttempt(session: Session): DealingSession {
  const {networkId, epoch, attempt, mode, validators, windowTicks, misbehaving} = session;
  const next = openSession({networkId, epoch, attempt: attempt + 1, mode, seats: {validators}, windowTicks});
  return {...next, misbehaving};
}

/** max(32, 2(f + 1)) for W seats: f faulty proposers in a row cannot keep a message out of a window. */
export function windowTicksOf(seats: number): number {
  return Math.max(32, 2 * (Math.floor((seats - 1) / 3) + 1));
}

/** W and t = floor(2W/3) + 1. */
export function sizesOf(session: {validators: SeatTable["validators"]}): {seats: number; threshold: number} {
  const seats = totalSeats(session.validators);
  return {seats, threshold: quorumOf(seats)};
}

/** Seats whose ACK activates the key: a margin over t in the first attempt, t later. */
export function needOf(session: {validators: SeatTable["validators"]; attempt: number}): number {
  const {seats, threshold} = sizesOf(session);
  return session.attempt === 0 ? Math.min(seats, threshold + Math.ceil(seats / 12)) : threshold;
}

export function hasFault(session: Session, validator: number, fault: Fault): boolean {
  return session.misbehaving.some((m) => m.validator === validator && m.fault === fault);
}

function sessionId(of: {networkId: Hex; epoch: number; attempt: number; validators: SeatTable["validators"]}): Hex {
  const {seats, threshold} = sizesOf(of);
  const table = of.validators.map((v) => concatBytes(validatorId(v.operator), v.encKey, u16(v.seats)));
  const fresh = Uint8Array.of(0);
  const old = {threshold: u16(0), seats: u16(0), transcript: new Uint8Array(32), groupKey: new Uint8Array(48)};
  const head = [fromHex(of.networkId, "networkId", 32), u64(of.epoch), u16(of.attempt), fresh, old.threshold, old.seats];
  return toHex(taggedHash("SID", ...head, u16(threshold), u16(seats), old.transcript, old.groupKey, sha256(...table)));
}
