import {type Hex, toHex} from "../../src/base/bytes.ts";
import {keccak256, sha256} from "../../src/base/hash.ts";
import {blsPublicKey} from "../../src/crypto/bls.ts";
import {admit} from "../../src/dkg/admit.ts";
import {tick} from "../../src/dkg/advance.ts";
import {makeAcks, makeDealing, openShares} from "../../src/dkg/participant.ts";
import {type ActiveSession, openSession, type Session} from "../../src/dkg/session.ts";
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
  const secrets = seats.map((_, i) => bytesOf(`${name} secret ${i}`));
  const operators = seats.map((_, i) => toHex(keccak256(bytesOf(`${name} operator ${i}`)).subarray(12))).sort();
  const validators = seats.map((n, i) => ({
    operator: operators[i] as Hex,
    seats: n,
    encKey: blsPublicKey(secrets[i] as Uint8Array),
  }));
  const session = openSession({networkId: NETWORK_ID, epoch: 3, attempt: 0, mode: "fresh", seats: {validators}, windowTicks: WINDOW});
  return {session, secrets, seeds: seats.map((_, i) => bytesOf(`${name} seed ${i}`))};
}

export function say(session: Session, from: number, body: DkgBody): Session {
  return admit(session, {from, body: encodeDkgBody(body)});
}

export function dealingOf(of: Committee, dealer: number, session: Session = of.session): Dealing {
  return makeDealing({session, dealerIndex: dealer, dealerSeed: of.seeds[dealer] as Uint8Array});
}

/** Everybody but `silent` deals; `change` may spoil a dealing (and must prove it anew). */
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
