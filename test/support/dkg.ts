import {fromHex, type Hex, toHex} from "../../src/base/bytes.ts";
import {MvmError} from "../../src/base/errors.ts";
import {keccak256, sha256} from "../../src/base/hash.ts";
import {addG2, blsPublicKey, blsSign, parseG2} from "../../src/crypto/bls.ts";
import {mod, scalarToBytes} from "../../src/crypto/scalar.ts";
import {admit} from "../../src/dkg/admit.ts";
import {tick} from "../../src/dkg/advance.ts";
import {proofDigests} from "../../src/dkg/dealing.ts";
import {makeAcks, makeDealing, openShares} from "../../src/dkg/participant.ts";
import {type ActiveSession, openSession, type Session} from "../../src/dkg/session.ts";
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
  const altered = change(dealingOf(of, dealer, session));
  const derive = (tag: "POLY" | "EPHEMERAL") =>
    scalarToBytes(
      taggedScalar({ikm: of.seeds[dealer] as Uint8Array, tag, info: [fromHex(session.sid), new Uint8Array(2), new Uint8Array(2)]}),
    );
  const [m0, m1] = proofDigests(altered);
  const parts = [blsSign(derive("POLY"), m0), blsSign(derive("EPHEMERAL"), m1)].map(parseG2);
  return {...altered, proof: addG2(parts).toBytes()};
}

/** The same dealing with another value for each of `seats`. */
export function withWrongValues(dealing: Dealing, seats: readonly number[]): Dealing {
  const ciphertexts = dealing.ciphertexts.map((c, i) => (seats.includes(i + 1) ? scalarToBytes(mod(BigInt(toHex(c)) + 1n)) : c));
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
