import {BoundedMap} from "../../base/bounded.ts";
import {equalBytes, type Hex} from "../../base/bytes.ts";
import type {SeatSignature} from "../../types/votes.ts";

/** What a partial signature is for. */
export interface Subject {
  readonly height: number;
  readonly round: number;
  readonly blockHash: Hex;
}

/** Subjects that are kept of one seat, the newest: rounds of the height in progress, and heights that lack a certificate. */
const SUBJECTS_MAX = 64;

/** Partial signatures by seat: whoever floods pushes out its own. Nothing here is verified. */
export class PartialPool {
  readonly #bySeat = new Map<number, BoundedMap<string, Uint8Array>>();

  /** The first one of each seat stays, until it is dropped or replaced. */
  offer(of: Subject, partials: readonly SeatSignature[]): void {
    for (const partial of partials) if (this.#get(of, partial.seat) === undefined) this.replace(of, partial);
  }

  replace(of: Subject, {seat, signature}: SeatSignature): void {
    const held = this.#bySeat.get(seat) ?? new BoundedMap<string, Uint8Array>(SUBJECTS_MAX);
    this.#bySeat.set(seat, held);
    held.set(keyOf(of), signature);
  }

  /** Those that are not held with the very same bytes. */
  fresh(of: Subject, partials: readonly SeatSignature[]): SeatSignature[] {
    return partials.filter(({seat, signature}) => {
      const held = this.#get(of, seat);
      return held === undefined || !equalBytes(held, signature);
    });
  }

  held(of: Subject): SeatSignature[] {
    return [...this.#bySeat.keys()].flatMap((seat) => {
      const signature = this.#get(of, seat);
      return signature === undefined ? [] : [{seat, signature}];
    });
  }

  drop(of: Subject, seats: readonly number[]): void {
    for (const seat of seats) this.#bySeat.get(seat)?.delete(keyOf(of));
  }

  #get(of: Subject, seat: number): Uint8Array | undefined {
    return this.#bySeat.get(seat)?.get(keyOf(of));
  }
}

function keyOf(of: Subject): string {
  return `${of.height}/${of.round}/${of.blockHash}`;
}
