import {fromHex, toHex} from "../base/bytes.ts";
import {addG1, isInfinity} from "../crypto/bls.ts";
import {evaluatePublicShares, recoverSignature} from "../crypto/threshold.ts";
import {commitmentPoints} from "./dealing.ts";
import {type AckSession, type ActiveSession, type DealingSession, hasFault, needOf, nextAttempt, type Session, sizesOf} from "./session.ts";
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
      if (hasQuorum(session) && (over || everybodyHasDealt(session))) return {...session, phase: "complain", ticks: 0};
      return over ? nextAttempt(session) : session;
    case "complain":
      if (!over) return session;
      return hasQuorum(session) ? finalize(session) : nextAttempt(session);
    case "ack":
      if (session.acks.length >= needOf(session)) return activate(session);
      return over ? nextAttempt(session) : session;
    case "active":
      return session;
  }
}

/** Whether the dealers hold more than two thirds of the seats, so that honest ones deal more than half of what counts. */
function hasQuorum(session: DealingSession): boolean {
  const dealt = session.dealings.reduce((sum, d) => sum + (session.validators[d.dealer]?.seats ?? 0), 0);
  return dealt >= sizesOf(session).threshold;
}

function everybodyHasDealt(session: DealingSession): boolean {
  const allowed = session.validators.filter((_, i) => !hasFault(session, i, "badDealing"));
  return session.dealings.length === allowed.length;
}

/** The key of all dealings that are left: C_k = Σ C_i,k, A_j = Σ j^k·C_k. */
function finalize(session: DealingSession): Session {
  const points = session.dealings.map(commitmentPoints);
  const {seats, threshold} = sizesOf(session);
  const columns = Array.from({length: threshold}, (_, k) => addG1(points.flatMap((row) => row[k] ?? [])));
  // A sum that vanishes would lower the threshold or give no key; only a dealer that does not know its polynomial gets there.
  if (columns.some(isInfinity)) return nextAttempt(session);
  const {phase: _, dealings, ...base} = session;
  const commitments = columns.map((c) => c.toBytes());
  const qualified = dealings.map((d) => d.dealer);
  const key = {
    groupKey: commitments[0] as Uint8Array,
    transcript: toHex(taggedHash("TRS", fromHex(session.sid), bitmap(qualified, session.validators.length), ...commitments)),
    publicShares: evaluatePublicShares(commitments, seats),
    qualified,
  };
  const sealed = dealings.map(({dealer, ephemeral, ciphertexts}) => ({dealer, ephemeral, ciphertexts}));
  return {...base, ...key, phase: "ack", ticks: 0, sealed, acks: []};
}

/** n u16 ‖ ceil(n/8) bytes: validator i is bit i mod 8, from the least significant, of byte floor(i/8). */
function bitmap(indices: readonly number[], n: number): Uint8Array {
  const bytes = new Uint8Array(2 + Math.ceil(n / 8));
  bytes.set(u16(n));
  for (const i of indices) bytes[2 + (i >> 3)] = (bytes[2 + (i >> 3)] as number) | (1 << (i & 7));
  return bytes;
}

/** Every ACK has verified under its public share, so any t of them give the one group signature. */
function activate(session: AckSession): ActiveSession {
  const {phase: _, sealed: __, acks, ...rest} = session;
  const pop = recoverSignature(acks.slice(0, sizesOf(session).threshold));
  return {...rest, phase: "active", ticks: 0, ackedSeats: acks.map((a) => a.seat), pop};
}
