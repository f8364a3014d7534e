import {sha512} from "@noble/hashes/sha2.js";
import {bytesToBig, concatBytes, equalBytes, fromHex, type Hex} from "../base/bytes.ts";
import {blsPublicKey, type G1Point, parseG1} from "../crypto/bls.ts";
import {combineG1, GENERATOR, GENERATOR_BYTES, multiplySecret} from "../crypto/points.ts";
import {mod, ORDER, scalarFromBytes, scalarToBytes} from "../crypto/scalar.ts";
import type {Complaint} from "../types/dkg.ts";
import {taggedBytes, taggedScalar, u16} from "./tagged.ts";
import type {Flaw} from "./verdict.ts";

/**
 * The proof in a complaint: that K = d·R for the d of EK = d·G1, without showing d (equality of discrete logarithms,
 * Chaum-Pedersen made non-interactive). K opens what one dealer has sent to one validator and nothing else.
 */

/** What the proof is about; points are 48 bytes. */
export interface DleqStatement {
  readonly sid: Hex;
  readonly accuser: number;
  readonly dealer: number;
  readonly seat: number;
  readonly recipient: number;
  readonly ephemeral: Uint8Array;
  readonly encKey: Uint8Array;
}

/**
 * K and its proof. `encSecret`: d, 32 bytes. `random`: 32 fresh bytes, hashed with d and the statement, so that a bad
 * source of randomness does not give d away.
 */
export function proveSharedKey(
  statement: DleqStatement,
  secrets: {encSecret: Uint8Array; random: Uint8Array},
): Pick<Complaint, "sharedKey" | "challenge" | "response"> {
  const {encSecret, random} = secrets;
  const ephemeral = parseG1(statement.ephemeral);
  const sharedKey = multiplySecret(ephemeral, encSecret).toBytes();
  const nonce = taggedScalar({ikm: concatBytes(encSecret, random), tag: "NONCE", info: [statementBytes(statement, sharedKey)]});
  const a = blsPublicKey(scalarToBytes(nonce));
  const b = multiplySecret(ephemeral, scalarToBytes(nonce)).toBytes();
  const challenge = challengeOf(statement, {sharedKey, a, b});
  const response = mod(nonce + challenge * bytesToBig(encSecret));
  return {sharedKey, challenge: scalarToBytes(challenge), response: scalarToBytes(response)};
}

/** null where the proof holds, else why not. */
export function checkSharedKey(statement: DleqStatement, proof: Pick<Complaint, "sharedKey" | "challenge" | "response">): Flaw | null {
  const c = scalarFromBytes(proof.challenge);
  const z = scalarFromBytes(proof.response);
  if (c === null || z === null || c === 0n) return {code: "BAD_SCALAR", field: c === null || c === 0n ? "challenge" : "response"};
  let points: G1Point[];
  try {
    points = [proof.sharedKey, statement.ephemeral, statement.encKey].map(parseG1);
  } catch {
    return {code: "BAD_POINT", field: "sharedKey"};
  }
  const [k, r, ek] = points as [G1Point, G1Point, G1Point];
  const a = combineG1([GENERATOR, ek], [z, ORDER - c]).toBytes();
  const b = combineG1([r, k], [z, ORDER - c]).toBytes();
  const same = equalBytes(scalarToBytes(challengeOf(statement, {sharedKey: proof.sharedKey, a, b})), proof.challenge);
  return same ? null : {code: "BAD_PROOF", field: "challenge"};
}

function challengeOf(statement: DleqStatement, of: {sharedKey: Uint8Array; a: Uint8Array; b: Uint8Array}): bigint {
  return mod(bytesToBig(sha512(concatBytes(statementBytes(statement, of.sharedKey), of.a, of.b))));
}

function statementBytes(s: DleqStatement, sharedKey: Uint8Array): Uint8Array {
  const indices = [s.accuser, s.dealer, s.seat, s.recipient].map(u16);
  return taggedBytes("DLEQ", fromHex(s.sid), ...indices, GENERATOR_BYTES, s.ephemeral, s.encKey, sharedKey);
}
