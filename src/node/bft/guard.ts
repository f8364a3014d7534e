import type {Hex} from "../../base/bytes.ts";
import {MvmError} from "../../base/errors.ts";
import type {ProposalMessage, VoteMessage} from "../../types/messages.ts";

type OwnMessage = ProposalMessage | VoteMessage;
type Slot = "proposal" | "prevote" | "precommit";
/** A proposal may follow a nil prevote of its own round (the work came late), but never one of a higher round. */
const ORDER: Record<Slot, number> = {proposal: 2, prevote: 0, precommit: 1};

/**
 * This key has signed something else for this place already, or has gone past it: never sign; look for a second process with this key.
 * QUARANTINED: the log was repaired, and what it lost may hold votes of this height.
 */
export class GuardError extends MvmError<
  "DOUBLE_SIGN" | "BACKWARDS" | "QUARANTINED",
  {height: number; round: number; slot: Slot; signed?: Hex | null; asked?: Hex | null}
> {}

/**
 * The signing guard: one value for each (height, round, slot), and never backwards. It remembers the messages of the
 * height in progress, as the write-ahead log holds them; lower heights are refused by their number.
 */
export class SigningGuard {
  readonly #signed = new Map<string, OwnMessage>();
  /** The last height at which nothing is signed, whatever is remembered. */
  #quarantine = 0;
  #height = 0;
  #place: [number, number] = [-1, -1];

  /** Takes in what was signed: at start from the log, later after each signature. */
  remember(message: OwnMessage): void {
    const {height, round, slot} = placeOf(message);
    if (height < this.#height) return;
    if (height > this.#height) {
      this.#signed.clear();
      this.#height = height;
      this.#place = [-1, -1];
    }
    this.#signed.set(`${round}/${slot}`, message);
    const place: [number, number] = [round, slot === "proposal" ? -1 : ORDER[slot]];
    if (compare(place, this.#place) > 0) this.#place = place;
  }

  /** Nothing is signed up to `height`, that one included: what was signed there may have been lost. */
  quarantine(height: number): void {
    this.#quarantine = Math.max(this.#quarantine, height);
  }

  isQuarantined(height: number): boolean {
    return height <= this.#quarantine;
  }

  /**
   * The message that was signed for this place with this value: send it again rather than sign anew. null: free to sign.
   * Throws GuardError.
   */
  allow(place: {height: number; round: number; slot: Slot; value: Hex | null}): OwnMessage | null {
    const {height, round, slot, value} = place;
    if (this.isQuarantined(height)) throw new GuardError("QUARANTINED", {height, round, slot});
    if (height < this.#height) throw new GuardError("BACKWARDS", {height, round, slot});
    if (height > this.#height) return null;
    const before = this.#signed.get(`${round}/${slot}`);
    if (before !== undefined) {
      const {value: signed} = placeOf(before);
      if (signed !== value) throw new GuardError("DOUBLE_SIGN", {height, round, slot, signed, asked: value});
      return before;
    }
    if (compare([round, ORDER[slot]], this.#place) < 0) throw new GuardError("BACKWARDS", {height, round, slot});
    return null;
  }

  /** What was signed at `height` in rounds from `round` on, to be sent again. */
  recent(height: number, round: number): OwnMessage[] {
    if (height !== this.#height) return [];
    return [...this.#signed.values()].filter((m) => placeOf(m).round >= round);
  }
}

function placeOf(message: OwnMessage): {height: number; round: number; slot: Slot; value: Hex | null} {
  if (message.kind === "proposal") {
    const {height, round, blockHash} = message.proposal;
    return {height, round, slot: "proposal", value: blockHash};
  }
  const {height, round, type, blockHash} = message.vote;
  return {height, round, slot: type, value: blockHash};
}

function compare(a: [number, number], b: [number, number]): number {
  return a[0] - b[0] || a[1] - b[1];
}
