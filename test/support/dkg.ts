import {fromHex, type Hex, toHex} from "../../src/base/bytes.ts";
import {MvmError} from "../../src/base/errors.ts";
import {keccak256, sha256} from "../../src/base/hash.ts";
import {addG2, blsPublicKey, blsSign, parseG2} from "../../src/crypto/bls.ts";
import {mod, scalarToBytes} from "../../src/crypto/scalar.ts";
import {admit} from "../../src/dkg/admit.ts";
import {tick} from "../../src/dkg/advance.ts";
import {proofDigests} from "../../src/dkg/dealing.ts";
import {openShares} from "../../src/dkg/open.ts";
import {makeAcks, makeDealing, makeReshareDealings} from "../../src/dkg/participant.ts";
import {type ActiveSession, keyOf, openSession, type Session, sizesOf} from "../../src/dkg/session.ts";
import {taggedScalar} from "../../src/dkg/tagged.ts";
import {type Dealing, type DkgBody, encodeDkgBody} from "../../src/types/dkg.ts";

export const NETWORK_ID: Hex = `0x${"5a".repeat(32)}`;
export const WINDOW = 4;

/** A committee with reproducible keys: validator i has `seats[i]` seats. */
export interface Committee {
  readonly session: Session;
  /** Dealing keys. */
  readonly secrets: readonly Uint8Array[];
  readonly seeds: readonly Uint8Array[];
}

/** 32 bytes that depend on the text, and a valid BLS scalar. */
export function bytesOf(text: string): Uint8Array {
  const bytes = sha256(new TextEncoder().encode(text));
  bytes[0] = (bytes[0] as number) & 0x3f;
  return bytes;
}

export function committee(seats: readonly number[], name = "committee"): Committee {
  const {validators, secrets, seeds} = people(seats, {name, keys: name});
  const session = openSession({networkId: NETWORK_ID, epoch: 3, attempt: 0, mode: "fresh", seats: {validators}, windowTicks: WINDOW});
  return {session, secrets, seeds};
}

/** `keys`: what secrets come from. */
function people(seats: readonly number[], {name, keys}: {name: string; keys: string}) {
  const secrets = seats.map((_, i) => bytesOf(`${keys} secret ${i}`));
  const operators = seats.map((_, i) => toHex(keccak256(bytesOf(`${name} operator ${i}`)).subarray(12))).sort();
  const validators = seats.map((n, i) => ({
    operator: operators[i] as Hex,
    seats: n,
    encKey: blsPublicKey(secrets[i] as Uint8Array),
  }));
  return {validators, secrets, seeds: seats.map((_, i) => bytesOf(`${keys} seed ${i}`))};
}

/** A committee that has made a key and holds its shares, by seat. */
export interface Holders {
  readonly committee: Committee;
  readonly active: ActiveSession;
  readonly shares: ReadonlyMap<number, Uint8Array>;
}

export function holders(of: Committee): Holders {
  const ack = ticks(dealAll(of));
  return {committee: of, active: expectActive(ackAll(of, ack)), shares: sharesOf(of, ack)};
}

/** The same as one trusted dealer would hand it out: quicker for many seats. */
export function handedOut(of: Committee): Holders {
  const {seats, threshold} = sizesOf(of.session);
  const coefficients = Array.from({length: threshold}, (_, k) => mod(BigInt(toHex(bytesOf(`coefficient ${k} ${of.session.sid}`)))));
  const valueAt = (x: bigint) => scalarToBytes(coefficients.reduceRight((sum, a) => mod(sum * x + a), 0n));
  const shares = new Map(Array.from({length: seats}, (_, i) => [i + 1, valueAt(BigInt(i + 1))]));
  const publicShares = [...shares.values()].map(blsPublicKey);
  const key = {groupKey: blsPublicKey(valueAt(0n)), transcript: toHex(bytesOf("transcript")), publicShares, qualified: [], shareless: []};
  const active: ActiveSession = {...of.session, ...key, phase: "active", dealings: [], ackedSeats: [], pop: new Uint8Array(96)};
  return {committee: of, active, shares};
}

/** The receivers of a resharing, whose session it is, and those who deal. People of one name are the same in every epoch. */
export interface Resharing extends Committee {
  readonly from: Holders;
}

export function resharing(from: Holders, seats: readonly number[], name = "committee"): Resharing {
  const epoch = from.active.epoch + 1;
  const {validators, secrets, seeds} = people(seats, {name, keys: `${name} ${epoch}`});
  const old = keyOf(from.active);
  const session = openSession({networkId: NETWORK_ID, epoch, attempt: 0, mode: "reshare", old, seats: {validators}, windowTicks: WINDOW});
  return {session, secrets, seeds, from};
}

/** The dealings of old validator `dealer`, one for each old seat. */
export function reshareDealings(of: Resharing, dealer: number, session: Session = of.session): Dealing[] {
  const dealerSeed = bytesOf(`resharing seed ${dealer} ${session.sid}`);
  return makeReshareDealings({session, dealerIndex: dealer, dealerSeed, shares: of.from.shares});
}

/** All old seats but those of `silent` validators deal. */
export function reshareAll(of: Resharing, options: {silent?: readonly number[]; session?: Session} = {}): Session {
  const start = options.session ?? of.session;
  return of.from.committee.secrets.reduce<Session>(
    (s, _, i) => (options.silent?.includes(i) ? s : reshareDealings(of, i, start).reduce((t, d) => say(t, i, d), s)),
    start,
  );
}

export function say(session: Session, from: number, body: DkgBody): Session {
  return admit(session, {from, body: encodeDkgBody(body)});
}

export function dealingOf(of: Committee, dealer: number, session: Session = of.session): Dealing {
  return makeDealing({session, dealerIndex: dealer, dealerSeed: of.seeds[dealer] as Uint8Array});
}

/** Everybody but `silent` deals. */
export function dealAll(of: Committee, options: {silent?: readonly number[]; session?: Session} = {}): Session {
  const start = options.session ?? of.session;
  return of.secrets.reduce<Session>((s, _, i) => (options.silent?.includes(i) ? s : say(s, i, dealingOf(of, i, start))), start);
}

export function ticks(session: Session, count: number = WINDOW): Session {
  let next = session;
  for (let i = 0; i < count; i++) next = tick(next);
  return next;
}

/** Shares of all seats of all validators but `absent`. */
export function sharesOf(of: Committee, session: Session, absent: readonly number[] = []): Map<number, Uint8Array> {
  const opened = of.secrets.flatMap((encSecret, validatorIndex) =>
    absent.includes(validatorIndex) ? [] : [...openShares({session, validatorIndex, encSecret}).shares],
  );
  return new Map(opened);
}

/** Says ACKs one after the other until they activate the key or there are none left. */
export function ackAll(of: Committee, session: Session, absent: readonly number[] = []): Session {
  let next = session;
  of.secrets.forEach((encSecret, i) => {
    if (absent.includes(i) || session.phase !== "ack") return;
    for (const ack of makeAcks({session, shares: openShares({session, validatorIndex: i, encSecret}).shares}))
      if (next.phase === "ack") next = say(next, i, ack);
  });
  return next;
}

export function expectActive(session: Session): ActiveSession {
  if (session.phase !== "active") throw new Error(`the session is in phase ${session.phase}, attempt ${session.attempt}`);
  return session;
}

/** A dealing that `change` has altered, proven anew with the dealer's own secrets: what a dealer that cheats sends. */
export function forgedDealing(of: Committee, dealer: number, change: (honest: Dealing) => Dealing, session: Session = of.session): Dealing {
  const seed = of.seeds[dealer] as Uint8Array;
  return proveAnew(change(dealingOf(of, dealer, session)), {seed, constant: null});
}

/** The same for one old seat in a resharing. */
export function forgedReshare(
  of: Resharing,
  at: {dealer: number; seat: number},
  change: (honest: Dealing) => Dealing,
  session: Session = of.session,
): Dealing {
  const honest = reshareDealings(of, at.dealer, session).find((d) => d.seat === at.seat);
  if (honest === undefined) throw new Error(`dealer ${at.dealer} has no old seat ${at.seat}`);
  const seed = bytesOf(`resharing seed ${at.dealer} ${session.sid}`);
  return proveAnew(change(honest), {seed, constant: of.from.shares.get(at.seat) ?? null});
}

/** `constant`: a_0 where it does not come from the seed. */
function proveAnew(altered: Dealing, {seed, constant}: {seed: Uint8Array; constant: Uint8Array | null}): Dealing {
  const seat = Uint8Array.of(altered.seat >> 8, altered.seat & 0xff);
  const derive = (tag: "POLY" | "EPHEMERAL") =>
    scalarToBytes(taggedScalar({ikm: seed, tag, info: [fromHex(altered.sid), seat, new Uint8Array(2)]}));
  const [m0, m1] = proofDigests(altered);
  const parts = [blsSign(constant ?? derive("POLY"), m0), blsSign(derive("EPHEMERAL"), m1)].map(parseG2);
  return {...altered, proof: addG2(parts).toBytes()};
}

/** The same dealing with another value for each of `seats`, off by `by`. */
export function withWrongValues(dealing: Dealing, seats: readonly number[], by = 1n): Dealing {
  const ciphertexts = dealing.ciphertexts.map((c, i) => (seats.includes(i + 1) ? scalarToBytes(mod(BigInt(toHex(c)) + by)) : c));
  return {...dealing, ciphertexts};
}

/** The code of the error that `run` throws, or "none". */
export function codeOf(run: () => unknown): string {
  try {
    run();
    return "none";
  } catch (error) {
    return error instanceof MvmError ? error.code : `not ours: ${String(error)}`;
  }
}
