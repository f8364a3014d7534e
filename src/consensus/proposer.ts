import type {Validator, ValidatorSet} from "./types.ts";

/**
 * Proposer indices of one epoch by smooth weighted round robin (protocol, Seats): every validator adds its seats to its credit, the
 * largest credit proposes (lowest index wins a tie) and pays W. Computed once per epoch, so no priorities are carried from height to height.
 *
 * @returns W indices (the sum of the seats); validator i is there exactly `seats_i` times; empty for no seats
 */
export function proposerSchedule(validators: readonly Validator[]): readonly number[] {
  const total = validators.reduce((sum, {seats}) => sum + seats, 0);
  let credits = validators.map(() => 0);
  const schedule: number[] = [];
  while (schedule.length < total) {
    credits = credits.map((credit, i) => credit + (validators[i]?.seats ?? 0));
    const pick = credits.reduce((best, credit, i) => (credit > (credits[best] ?? 0) ? i : best), 0);
    credits = credits.map((credit, i) => (i === pick ? credit - total : credit));
    schedule.push(pick);
  }
  return schedule;
}

/** Index of the proposer of (height, round). The two are reduced apart, so that no sum loses precision. */
export function proposerOf(set: ValidatorSet, height: number, round: number): number {
  const length = set.schedule.length;
  return set.schedule[((height % length) + (round % length)) % length] ?? -1;
}
