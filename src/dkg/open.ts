import {bytesToBig, equalBytes, fromHex, type Hex} from "../base/bytes.ts";
import {invariant} from "../base/errors.ts";
import {sha256} from "../base/hash.ts";
import {blsPublicKey, type G1Point, trustedG1} from "../crypto/bls.ts";
import {combineSmallG1, evaluateG1, multiplySecret} from "../crypto/points.ts";
import {mod, scalarToBytes} from "../crypto/scalar.ts";
import type {Dealing} from "../types/dkg.ts";
import {seatsOf} from "../types/validators.ts";
import {chosen, combineCommitments, factorsOf, hasQuorum} from "./combine.ts";
import {commit, commitmentPoints, openValue, padOf} from "./dealing.ts";
import {type AckSession, type ActiveSession, type DealingSession, type Session, sizesOf} from "./session.ts";
import {taggedBytes, u16} from "./tagged.ts";

/** What a validator finds in the dealings that are meant for it. */

export interface OpenedShares {
  /** Share of the group key by seat, 32 bytes: only what has been checked against the commitments. */
  readonly shares: Map<number, Uint8Array>;
  /**
   * Whose value for which own seat is wrong, one seat for each dealing: what to complain about. `oldSeat` is 0 in a fresh
   * session. Later on: those that make the key, where the share is wrong.
   */
  readonly bad: {readonly dealer: number; readonly oldSeat: number; readonly seat: number}[];
}

interface Opening {
  readonly session: Session;
  readonly encSecret: Uint8Array;
  readonly encKey: Uint8Array;
  readonly seats: readonly number[];
}

/**
 * The shares of validator `validatorIndex` (among those who get shares) under the dealings that the session holds: of the
 * key to be in the complain phase, of the key that is in later ones: they follow from the decided session and the dealing key
 * alone. Empty where `encSecret` (32 bytes) is not the secret of its dealing key. In the complain phase every dealing is
 * checked, also those that count only once others are convicted.
 */
export function openShares(of: {session: Session; validatorIndex: number; encSecret: Uint8Array}): OpenedShares {
  const {session, validatorIndex, encSecret} = of;
  const encKey = session.validators[validatorIndex]?.encKey;
  if (encKey === undefined || !equalBytes(blsPublicKey(encSecret), encKey)) return {shares: new Map(), bad: []};
  const opening = {session, encSecret, encKey, seats: seatsOf(session.validators, validatorIndex)};
  return "publicShares" in session ? openKnown(session, opening) : openDealings(session, opening);
}

function openKnown(session: AckSession | ActiveSession, opening: Opening): OpenedShares {
  const opened = session.dealings.map((dealing) => ({dealing, values: valuesOf(dealing, opening)}));
  const values = opened.map((o) => o.values);
  const factors = factorsOf(session, session.dealings);
  const shares = new Map<number, Uint8Array>();
  opening.seats.forEach((seat, i) => {
    const share = weightedSum(values, factors, i);
    if (equalBytes(commit(share), session.publicShares[seat - 1] as Uint8Array)) shares.set(seat, scalarToBytes(share));
  });
  return {shares, bad: shares.size === opening.seats.length ? [] : culprits(opened, opening)};
}

function openDealings(session: DealingSession, opening: Opening): OpenedShares {
  const {seats} = opening;
  const opened = session.dealings.map((dealing) => ({dealing, values: valuesOf(dealing, opening)}));
  const bad = culprits(opened, opening);
  const shares = new Map<number, Uint8Array>();
  if (!hasQuorum(session, session.dealings)) return {shares, bad};
  const parts = chosen(session, session.dealings);
  const factors = factorsOf(session, parts);
  const values = opened.slice(0, parts.length).map((o) => o.values);
  const columns = bad.length === 0 ? null : combineCommitments(session, parts);
  seats.forEach((seat, i) => {
    const share = weightedSum(values, factors, i);
    if (columns === null || equalBytes(commit(share), evaluateG1(columns, seat).toBytes())) shares.set(seat, scalarToBytes(share));
  });
  return {shares, bad};
}

interface Opened {
  readonly dealing: Dealing;
  readonly values: readonly bigint[];
}

/** Dealings with a wrong value for some own seat, and the first such seat that was found. */
function culprits(opened: readonly Opened[], opening: Opening): OpenedShares["bad"] {
  const bad: {dealer: number; oldSeat: number; seat: number}[] = [];
  let good = opened;
  for (let i = firstWrong(good, opening); i >= 0; i = firstWrong(good, opening)) {
    const seat = opening.seats[i] as number;
    const wrong = good.filter(({dealing, values}) => !isValue(dealing, seat, values[i] as bigint));
    invariant(wrong.length > 0, "a wrong sum has a wrong part");
    bad.push(...wrong.map(({dealing}) => ({dealer: dealing.dealer, oldSeat: dealing.seat, seat})));
    good = good.filter((o) => !wrong.includes(o));
  }
  return bad;
}

/** What one dealing holds for each of the own seats. One shared key, so one multiplication, for all of them. */
function valuesOf(dealing: Dealing, {session, encSecret, encKey, seats}: Opening): bigint[] {
  const sharedKey = multiplySecret(trustedG1(dealing.ephemeral), encSecret).toBytes();
  return seats.map((recipient) => openValue(dealing, recipient, padOf(dealing, {sid: session.sid, sharedKey, recipient, encKey})));
}

function weightedSum(values: readonly bigint[][], factors: readonly bigint[], seatAt: number): bigint {
  return values.reduce((sum, row, d) => mod(sum + (factors[d] as bigint) * (row[seatAt] as bigint)), 0n);
}

function isValue(dealing: Dealing, seat: number, value: bigint): boolean {
  return equalBytes(commit(value), evaluateG1(commitmentPoints(dealing), seat).toBytes());
}

/**
 * Place of the first own seat for which some value is wrong, or −1. All dealings at once, by a combination with factors of
 * 16 bits that only the receiver knows: two dealers whose errors cancel each other in the plain sum, to be missed until one
 * of them is convicted, get past it with probability 2^-16. [Bellare, Garay, Rabin, EUROCRYPT '98, small exponents test]
 */
function firstWrong(opened: readonly Opened[], opening: Opening): number {
  if (opened.length === 0) return -1;
  const {session, seats} = opening;
  const factors = opened.map(({dealing}) => secretFactor(session.sid, dealing, opening.encSecret));
  const rows = opened.map(({dealing}) => commitmentPoints(dealing));
  const columns = Array.from({length: sizesOf(session).threshold}, (_, k) =>
    combineSmallG1(
      rows.map((row) => row[k] as G1Point),
      factors,
    ),
  );
  return seats.findIndex((seat, i) => {
    const sum = opened.reduce((acc, {values}, d) => mod(acc + BigInt(factors[d] as number) * (values[i] as bigint)), 0n);
    return !equalBytes(commit(sum), evaluateG1(columns, seat).toBytes());
  });
}

/** 1 … 65,536. */
function secretFactor(sid: Hex, dealing: Dealing, encSecret: Uint8Array): number {
  const hash = sha256(taggedBytes("MIX", fromHex(sid), u16(dealing.dealer), u16(dealing.seat), encSecret));
  return 1 + Number(bytesToBig(hash.subarray(0, 2)));
}
