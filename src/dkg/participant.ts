import {bytesToBig, equalBytes, fromHex} from "../base/bytes.ts";
import {invariant} from "../base/errors.ts";
import {addG2, blsPublicKey, blsSign, type G1Point, parseG1, parseG2} from "../crypto/bls.ts";
import {multiplySecret} from "../crypto/points.ts";
import {mod, scalarToBytes} from "../crypto/scalar.ts";
import type {Ack, Complaint, Dealing} from "../types/dkg.ts";
import {seatsOf} from "../types/validators.ts";
import {sessionAckDigest} from "./admit.ts";
import {proveSharedKey} from "./complaint.ts";
import {commit, padOf, proofDigests} from "./dealing.ts";
import {dealtSeatsOf, type Session, sizesOf} from "./session.ts";
import {type Tag, taggedScalar, u16} from "./tagged.ts";

/**
 * What one validator computes for itself in a session. Secrets are 32-byte big-endian scalars; they pass through bigint
 * arithmetic, which is not constant time and cannot be wiped.
 */

/**
 * This validator's dealing in a fresh session: a function of the session and `dealerSeed` (32 random bytes, kept on disk
 * before this is sent), so that a restart deals the same bytes again. Validators without a usable dealing key get noise.
 * @param dealerIndex  among the session's validators
 */
export function makeDealing(of: {session: Session; dealerIndex: number; dealerSeed: Uint8Array}): Dealing {
  invariant(of.session.old === null, "a resharing deals one polynomial for each old seat");
  return deal({...of, seat: 0, secret: null});
}

/**
 * This validator's dealings in a resharing, one for each of its old seats whose share it has: the share itself is what is
 * dealt, the rest of each polynomial comes from `dealerSeed` as in makeDealing. A share that is not the old seat's is left
 * out: nobody would admit its dealing.
 * @param dealerIndex  among the validators of the old table
 * @param shares       old seat → share of the session whose transcript is `old.transcript`, 32 bytes
 */
export function makeReshareDealings(of: {
  session: Session;
  dealerIndex: number;
  dealerSeed: Uint8Array;
  shares: ReadonlyMap<number, Uint8Array>;
}): Dealing[] {
  const {session, dealerIndex, shares} = of;
  const {old} = session;
  invariant(old !== null, "a fresh session has no old shares");
  return dealtSeatsOf(session, dealerIndex).flatMap((seat) => {
    const secret = shares.get(seat);
    const usable = secret !== undefined && equalBytes(blsPublicKey(secret), old.publicShares[seat - 1] as Uint8Array);
    return usable ? [deal({...of, seat, secret})] : [];
  });
}

/** `secret`: what the polynomial is at 0; null for one from the seed. */
function deal(of: {session: Session; dealerIndex: number; dealerSeed: Uint8Array; seat: number; secret: Uint8Array | null}): Dealing {
  const {session, dealerIndex, seat} = of;
  const {seats, threshold} = sizesOf(session);
  const sid = fromHex(session.sid);
  const derive = (tag: Tag, k: number) => taggedScalar({ikm: of.dealerSeed, tag, info: [sid, u16(seat), u16(k)]});
  const coefficients = Array.from({length: threshold}, (_, k) =>
    k === 0 && of.secret !== null ? bytesToBig(of.secret) : derive("POLY", k),
  );
  const r = scalarToBytes(derive("EPHEMERAL", 0));
  const dealing: Dealing = {
    kind: "dealing",
    sid: session.sid,
    dealer: dealerIndex,
    seat,
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

/**
 * The complaint that `dealer` has sent `seat` (one of the accuser's) a wrong value. It opens all that this dealer has sent
 * to the accuser, so it is made for values that openShares calls bad and no others: a false one convicts the accuser.
 * @param accuserIndex  among the session's validators
 * @param dealer, oldSeat  what openShares has called bad; `seat` is the accuser's
 * @param random  32 fresh random bytes
 * @throws InvariantError where the session has no such dealing
 */
export function makeComplaint(of: {
  session: Session;
  accuserIndex: number;
  encSecret: Uint8Array;
  dealer: number;
  oldSeat?: number;
  seat: number;
  random: Uint8Array;
}): Complaint {
  const {session, accuserIndex: accuser, dealer, oldSeat = 0, seat: recipient, encSecret, random} = of;
  const dealing = session.phase === "deal" ? undefined : session.dealings.find((d) => d.dealer === dealer && d.seat === oldSeat);
  const encKey = session.validators[accuser]?.encKey;
  invariant(dealing !== undefined && encKey !== undefined, "a complaint is about a dealing of the session");
  const {ephemeral} = dealing;
  const names = {sid: session.sid, accuser, dealer, seat: oldSeat, recipient};
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
