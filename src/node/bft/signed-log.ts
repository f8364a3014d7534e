import {type Evidence, evidenceFrom, placeKey, placeOf} from "../../types/evidence.ts";
import type {SignedProposal, SignedVote} from "../../types/votes.ts";

/** Heights below the head whose votes are remembered: the second of two may come late. */
export const LATE_HEIGHTS = 100;
/** Places of one validator at one height that are remembered, of the rounds nearest to the one in progress: eight rounds of three. */
const PLACES_MAX = 24;

type Signed = SignedVote | SignedProposal;

/**
 * What each validator has signed lately, one message for each place; a second one with another value is evidence. The round machine
 * finds contradictions too, but it forgets a height with its decision, and it never sees the votes of a polka or of a proof.
 */
export class SignedLog {
  /** Height → validator → place → what was signed there first. */
  readonly #heights = new Map<number, Map<number, Map<string, Signed>>>();
  #head = 0;

  /**
   * Remembers what a validator has signed; the signature is verified.
   * @param round  the one in progress at that height: far from it, memory is short
   * @returns the evidence that it makes with what was remembered
   */
  note(signed: Signed, round: number): Evidence | null {
    if (signed.height <= this.#head - LATE_HEIGHTS) return null;
    const first = this.find(signed);
    if (first !== undefined) return evidenceFrom(first, signed);
    const validators = this.#heights.get(signed.height) ?? new Map<number, Map<string, Signed>>();
    const places = validators.get(signed.from) ?? new Map<string, Signed>();
    this.#heights.set(signed.height, validators);
    validators.set(signed.from, places);
    places.set(placeKey(placeOf(signed)), signed);
    if (places.size > PLACES_MAX) places.delete(farthest(places, round));
    return null;
  }

  /** What is remembered of the same place. */
  find(signed: Signed): Signed | undefined {
    return this.#heights
      .get(signed.height)
      ?.get(signed.from)
      ?.get(placeKey(placeOf(signed)));
  }

  /** The head is `height` now: what lies too far below it goes. */
  advance(height: number): void {
    this.#head = height;
    this.#heights.delete(height - LATE_HEIGHTS);
  }
}

function farthest(places: ReadonlyMap<string, Signed>, round: number): string {
  let [key, distance] = ["", -1];
  for (const [place, signed] of places) {
    const away = Math.abs(signed.round - round);
    if (away >= distance) [key, distance] = [place, away];
  }
  return key;
}
