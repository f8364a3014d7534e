import {addG1, type G1Point} from "../crypto/bls.ts";
import {interpolateG1} from "../crypto/points.ts";
import {lagrangeAtZero} from "../crypto/scalar.ts";
import type {Dealing} from "../types/dkg.ts";
import {commitmentPoints} from "./dealing.ts";
import {dealersOf, type OldKey, type Session, sizesOf} from "./session.ts";

/** How the polynomials of a session's dealings become the one whose values are the shares. */

/** Whether there are dealings enough for a key: more than two thirds of the stake, or t_old old seats; the numbers are the same. */
export function hasQuorum(session: Pick<Session, "old" | "validators">, dealings: readonly Pick<Dealing, "dealer">[]): boolean {
  const dealers = dealersOf(session);
  const weightOf = (d: {dealer: number}) => (session.old === null ? (dealers[d.dealer]?.seats ?? 0) : 1);
  return dealings.reduce((sum, d) => sum + weightOf(d), 0) >= sizesOf({validators: dealers}).threshold;
}

/**
 * The dealings that make the key: all in a fresh session, those of the t_old lowest old seats in a resharing.
 * @param dealings  by dealer, then old seat
 */
export function chosen<D extends Pick<Dealing, "seat">>(session: {readonly old: OldKey | null}, dealings: readonly D[]): readonly D[] {
  return session.old === null ? dealings : dealings.slice(0, sizesOf(session.old).threshold);
}

/** The factor of each chosen dealing's polynomial: 1 in a fresh session, else λ of its old seat among the chosen ones. */
export function factorsOf(session: {readonly old: OldKey | null}, dealings: readonly Pick<Dealing, "seat">[]): bigint[] {
  return session.old === null ? dealings.map(() => 1n) : lagrangeAtZero(dealings.map((d) => BigInt(d.seat)));
}

/** C_k = Σ factor_i·C_i,k of the chosen dealings, for each k < t. */
export function combineCommitments(session: Session, dealings: readonly Dealing[]): G1Point[] {
  const rows = dealings.map(commitmentPoints);
  const columns = Array.from({length: sizesOf(session).threshold}, (_, k) => rows.map((row) => row[k] as G1Point));
  if (session.old === null) return columns.map(addG1);
  return interpolateG1(
    columns,
    dealings.map((d) => d.seat),
  );
}
