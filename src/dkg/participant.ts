import {equalBytes, fromHex} from "../base/bytes.ts";
import {invariant} from "../base/errors.ts";
import {addG1, addG2, blsPublicKey, blsSign, type G1Point, parseG1, parseG2, trustedG1} from "../crypto/bls.ts";
import {evaluateG1, multiplySecret} from "../crypto/points.ts";
import {mod, scalarToBytes} from "../crypto/scalar.ts";
import type {Ack, Complaint, Dealing} from "../types/dkg.ts";
import {seatsOf} from "../types/validators.ts";
import {sessionAckDigest} from "./admit.ts";
import {proveSharedKey} from "./complaint.ts";
import {commit, commitmentPoints, openValue, padOf, proofDigests} from "./dealing.ts";
import {type AckSession, type DealingSession, type Session, sizesOf} from "./session.ts";
import {type Tag, taggedScalar, u16} from "./tagged.ts";

/**
 * What one validator computes for itself in a session. Secrets are 32-byte big-endian scalars; they pass through bigint
 * arithmetic, which is not constant time and cannot be wiped.
 */

/**
 * This validator's dealing: a function of the session and `dealerSeed` (32 random bytes, kept on disk before this is
 * sent), so that a restart deals the same bytes again. Validators without a usable dealing key get noise.
 */
export function makeDealing(of: {session: Session; dealerIndex: number; dealerSeed: Uint8Array}): Dealing {
  const {session, dealerIndex} = of;
  const {seats, threshold} = sizesOf(session);
  const sid = fromHex(session.sid);
  const derive = (tag: Tag, k: number) => taggedScalar({ikm: of.dealerSeed, tag, info: [sid, u16(0), u16(k)]});
  const coefficients = Array.from({length: threshold}, (_, k) => derive("POLY", k));
  const r = scalarToBytes(derive("EPHEMERAL", 0));
  const dealing: Dealing = {
    kind: "dealing",
    sid: session.sid,
    dealer: dealerIndex,
    seat: 0,
    commitments: coefficients.map(commit),
    ephemeral: blsPublicKey(r),
    ciphertexts: [],
    proof: new Uint8Array(96),
  };
  const ciphertexts: Uint8Array[] = [];
  session.validators.forEach(({encKey}, i) => {
    const ek = usable(encKey);
    const sharedKey = ek === null ? null : multiplySecret(ek, r).toBytes();
    for (const recipient of seatsOf(session.validators, i)) {
      const pad = sharedKey === null ? derive("NOISE", recipient) : padOf(dealing, {sid: session.sid, sharedKey, recipient, encKey});
      ciphertexts.push(scalarToBytes(mod(evaluate(coefficients, BigInt(recipient)) + pad)));
    }
  });
  invariant(ciphertexts.length === seats, "one ciphertext per seat");
  const complete = {...dealing, ciphertexts};
  const [m0, m1] = proofDigests(complete);
  return {...complete, proof: sumOf(blsSign(scalarToBytes(coefficients[0] as bigint), m0), blsSign(r, m1))};
}

function usable(encKey: Uint8Array): G1Point | null {
  try {
    return parseG1(encKey);
  } catch {
    return null;
  }
}

/** f(x) by Horner's rule. */
function evaluate(coefficients: readonly bigint[], x: bigint): bigint {
  return coefficients.reduceRight((sum, a) => mod(sum * x + a), 0n);
}

function sumOf(a: Uint8Array, b: Uint8Array): Uint8Array {
  return addG2([parseG2(a), parseG2(b)]).toBytes();
}

export interface OpenedShares {
  /** Share of the group key by seat, 32 bytes: only what has been checked against the commitments. */
  readonly shares: Map<number, Uint8Array>;
  /** Whose value for which own seat is wrong. In the ack phase nobody is named any more. */
  readonly bad: {readonly dealer: number; readonly seat: number}[];
}

/**
 * The shares of validator `validatorIndex` under the dealings that the session holds: of the key to be in the complain
 * phase, of the key that is in the ack phase. Empty where `encSecret` (32 bytes) is not the secret of its dealing key.
 * @throws InvariantError on an active session, which holds no dealings
 */
export function openShares(of: {session: Session; validatorIndex: number; encSecret: Uint8Array}): OpenedShares {
  const {session, validatorIndex, encSecret} = of;
  invariant(session.phase !== "active", "shares are opened before the session is active");
  const encKey = session.validators[validatorIndex]?.encKey;
  const shares = new Map<number, Uint8Array>();
  if (encKey === undefined || !equalBytes(blsPublicKey(encSecret), encKey)) return {shares, bad: []};
  const dealings = session.phase === "ack" ? session.sealed : session.dealings;
  const seats = seatsOf(session.validators, validatorIndex);
  const sums = new Map(seats.map((seat) => [seat, 0n]));
  for (const dealing of dealings) {
    const sharedKey = multiplySecret(trustedG1(dealing.ephemeral), encSecret).toBytes();
    for (const [seat, sum] of sums) {
      const pad = padOf(dealing, {sid: session.sid, sharedKey, recipient: seat, encKey});
      sums.set(seat, mod(sum + openValue(dealing, seat, pad)));
    }
  }
  const expected = expectedShares(session, seats);
  for (const [seat, sum] of sums) if (equalBytes(commit(sum), expected(seat))) shares.set(seat, scalarToBytes(sum));
  const failed = seats.filter((seat) => !shares.has(seat));
  return {shares, bad: session.phase === "ack" ? [] : culprits(session, failed, {encSecret, encKey})};
}

/** A_j of the key that the session's dealings make: the sum of all commitments first, which is cheaper than one check each. */
function expectedShares(session: DealingSession | AckSession, seats: readonly number[]): (seat: number) => Uint8Array {
  if (session.phase === "ack") return (seat) => session.publicShares[seat - 1] as Uint8Array;
  const points = session.dealings.map(commitmentPoints);
  if (points.length === 0 || seats.length === 0) return () => new Uint8Array(0);
  const columns = Array.from({length: sizesOf(session).threshold}, (_, k) => addG1(points.flatMap((row) => row[k] ?? [])));
  return (seat) => evaluateG1(columns, seat).toBytes();
}

function culprits(
  session: DealingSession,
  seats: readonly number[],
  keys: {encSecret: Uint8Array; encKey: Uint8Array},
): {dealer: number; seat: number}[] {
  if (seats.length === 0) return [];
  return session.dealings.flatMap((dealing) => {
    const points = commitmentPoints(dealing);
    const sharedKey = multiplySecret(trustedG1(dealing.ephemeral), keys.encSecret).toBytes();
    return seats
      .filter((seat) => {
        const pad = padOf(dealing, {sid: session.sid, sharedKey, recipient: seat, encKey: keys.encKey});
        return !equalBytes(commit(openValue(dealing, seat, pad)), evaluateG1(points, seat).toBytes());
      })
      .map((seat) => ({dealer: dealing.dealer, seat}));
  });
}

/**
 * The complaint that `dealer` has sent `seat` (one of the accuser's) a wrong value. It opens all that this dealer has sent
 * to the accuser, so it is made for values that openShares calls bad and no others: a false one convicts the accuser.
 * @param random  32 fresh random bytes
 * @throws InvariantError where the session has no dealing of that dealer
 */
export function makeComplaint(of: {
  session: Session;
  accuserIndex: number;
  encSecret: Uint8Array;
  dealer: number;
  seat: number;
  random: Uint8Array;
}): Complaint {
  const {session, accuserIndex: accuser, dealer, seat: recipient, encSecret, random} = of;
  const dealing = session.phase === "complain" ? session.dealings.find((d) => d.dealer === dealer) : undefined;
  const encKey = session.validators[accuser]?.encKey;
  invariant(dealing !== undefined && encKey !== undefined, "a complaint is about a dealing of the session");
  const {ephemeral} = dealing;
  const names = {sid: session.sid, accuser, dealer, seat: 0, recipient};
  return {kind: "complaint", ...names, ...proveSharedKey({...names, ephemeral, encKey}, {encSecret, random})};
}

/** One ACK for each share, by seat. Throws InvariantError outside the ack phase. */
export function makeAcks(of: {session: Session; shares: ReadonlyMap<number, Uint8Array>}): Ack[] {
  const {session, shares} = of;
  invariant(session.phase === "ack", "shares are acknowledged in the ack phase");
  const {sid, transcript} = session;
  const digest = sessionAckDigest(session);
  return [...shares]
    .sort(([a], [b]) => a - b)
    .map(([seat, share]) => ({kind: "ack", sid, seat, transcript, signature: blsSign(share, digest)}));
}
