import {equalBytes, fromHex, toHex} from "../base/bytes.ts";
import {invariant} from "../base/errors.ts";
import {isInfinity} from "../crypto/bls.ts";
import {evaluatePublicShares, recoverSignature} from "../crypto/threshold.ts";
import {totalSeats} from "../types/validators.ts";
import {chosen, combineCommitments, hasQuorum} from "./combine.ts";
import {
  type AckSession,
  type ActiveSession,
  type DealingSession,
  dealersOf,
  dealtSeatsOf,
  hasFault,
  needOf,
  nextAttempt,
  type Session,
  sizesOf,
} from "./session.ts";
import {taggedHash, u16} from "./tagged.ts";

/** One tick passes: a phase whose window is over ends. An active session stays as it is. */
export function tick(session: Session): Session {
  if (session.phase === "active") return session;
  return settle({...session, ticks: session.ticks + 1});
}

/**
 * The transition that is due now, if any. Deal and ack end when they are complete or when their window is over;
 * complain always lasts its window, so that nobody's complaint can be kept out.
 */
export function settle(session: Session): Session {
  const over = session.ticks >= session.windowTicks;
  switch (session.phase) {
    case "deal":
      if (hasQuorum(session, session.dealings) && (over || everybodyHasDealt(session))) return {...session, phase: "complain", ticks: 0};
      return over ? nextAttempt(session) : session;
    case "complain":
      if (!over) return session;
      return hasQuorum(session, session.dealings) ? finalize(session) : nextAttempt(session);
    case "ack":
      if (session.acks.length >= needOf(session)) return activate(session);
      return over ? nextAttempt(session) : session;
    case "active":
      return session;
  }
}

function everybodyHasDealt(session: DealingSession): boolean {
  const awaited = dealersOf(session).map((_, i) => (hasFault(session, i, "badDealing") ? 0 : dealtSeatsOf(session, i).length));
  return session.dealings.length === awaited.reduce((a, b) => a + b, 0);
}

/** The key of the dealings that are left, and its public shares A_j = Σ j^k·C_k. */
function finalize(session: DealingSession): Session {
  const dealings = chosen(session, session.dealings);
  const columns = combineCommitments(session, dealings);
  // A sum that vanishes would lower the threshold or give no key; only a dealer that does not know its polynomial gets there.
  if (columns.some(isInfinity)) return nextAttempt(session);
  const {phase: _, dealings: __, ...base} = session; // those that do not count go
  const commitments = columns.map((c) => c.toBytes());
  const groupKey = commitments[0] as Uint8Array;
  const {old} = session;
  // Every C_i,0 was an old public share, so this holds unless `old` was not the key that those shares are of.
  invariant(old === null || equalBytes(old.groupKey, groupKey), "a resharing keeps the key");
  const qualified = dealings.map((d) => (old === null ? d.dealer : d.seat));
  const who =
    old === null
      ? bitmap(qualified, session.validators.length)
      : bitmap(
          qualified.map((seat) => seat - 1),
          totalSeats(old.validators),
        );
  const key = {
    groupKey,
    transcript: toHex(taggedHash("TRS", fromHex(session.sid), who, ...commitments)),
    publicShares: evaluatePublicShares(commitments, sizesOf(session).seats),
    qualified,
  };
  return {...base, ...key, phase: "ack", ticks: 0, dealings, shareless: [], acks: []};
}

/** n u16 ‖ ceil(n/8) bytes: validator i, or old seat i + 1, is bit i mod 8, from the least significant, of byte floor(i/8). */
function bitmap(indices: readonly number[], n: number): Uint8Array {
  const bytes = new Uint8Array(2 + Math.ceil(n / 8));
  bytes.set(u16(n));
  for (const i of indices) bytes[2 + (i >> 3)] = (bytes[2 + (i >> 3)] as number) | (1 << (i & 7));
  return bytes;
}

/** Every ACK has verified under its public share, so any t of them give the one group signature. */
function activate(session: AckSession): ActiveSession {
  const {phase: _, acks, ...rest} = session;
  const pop = recoverSignature(acks.slice(0, sizesOf(session).threshold));
  return {...rest, phase: "active", ticks: 0, ackedSeats: acks.map((a) => a.seat), pop};
}
