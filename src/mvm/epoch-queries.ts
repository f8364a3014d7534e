import {recordsOf} from "./draft.ts";
import {EPOCH_STATE, type EpochsRecord} from "./epoch-tables.ts";
import {changeDueAt, currentEpoch, type Epoch, epochOfHeight, findEpoch, nextEpoch} from "./epochs.ts";
import type {LedgerState} from "./ledger.ts";

/** What the state says of epochs: sets, shares, and when the next one is due. */

/** Number of the epoch of the next height, and whether a change is under way. */
export function epochsOf(state: LedgerState): EpochsRecord {
  return recordsOf(state.tree).get(EPOCH_STATE, null) as EpochsRecord;
}

/** The set of the next height, and the shares of its seats once they have them. */
export function epochInForce(state: LedgerState): Epoch {
  return currentEpoch(recordsOf(state.tree));
}

/** The set that is frozen and waits for its shares; null: no change is under way. */
export function epochToCome(state: LedgerState): Epoch | null {
  return nextEpoch(recordsOf(state.tree));
}

/** The set of a height up to the next one. */
export function epochAt(state: LedgerState, height: number): Epoch {
  return epochOfHeight(recordsOf(state.tree), height);
}

/** null: there is no epoch of this number yet. */
export function epochOf(state: LedgerState, number: number): Epoch | null {
  return findEpoch(recordsOf(state.tree), number);
}

/** Seconds since 1970 from which a home head freezes the next set; null: none does now. */
export function epochDueAt(state: LedgerState): number | null {
  return changeDueAt(recordsOf(state.tree), state.network);
}
