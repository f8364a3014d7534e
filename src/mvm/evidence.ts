import {recover} from "../crypto/secp256k1.ts";
import {type Evidence, type EvidencePlace, evidenceDigests} from "../types/evidence.ts";
import type {Draft, Records} from "./draft.ts";
import {epochOfHeight, findEpoch} from "./epochs.ts";
import {LedgerError} from "./errors.ts";
import type {NetworkConstants} from "./network.ts";
import {EVIDENCE, EVIDENCE_PLACES, FAULTS} from "./tables.ts";

/** Evidence of a height further than this below the block is refused: what a validator signed cannot be held against it for ever. */
export const EVIDENCE_HEIGHTS = 10_000;
/** Pieces of evidence that one block takes. Each costs two recoveries, and an equivocator can make them without end. */
export const EVIDENCE_PER_BLOCK_MAX = 32;
/** Against one validator of one epoch: one is enough to slash it, and the state must not grow with its lies. */
export const EVIDENCE_PER_VALIDATOR_MAX = 256;

/** Takes the evidence of one block. */
export class EvidenceTaker {
  #taken = 0;

  /**
   * Records that a validator has contradicted itself.
   * @param encoded  the fact as it stands in the block
   * @throws LedgerError where it is forged, expired, from a height that is not yet, known already, or one too many
   */
  take(at: {draft: Draft; network: NetworkConstants; height: number}, evidence: Evidence, encoded: Uint8Array): void {
    const {draft, network, height} = at;
    if (this.#taken >= EVIDENCE_PER_BLOCK_MAX) throw new LedgerError("EVIDENCE_FULL", {want: EVIDENCE_PER_BLOCK_MAX});
    const refused = evidenceRefusal(draft, height, evidence);
    if (refused !== null) throw refused;
    if (!isProven(draft, network, evidence)) throw new LedgerError("BAD_SIGNATURE", {got: evidence.from});
    const {count, equivocators} = draft.get(FAULTS, null) ?? {count: 0, equivocators: []};
    const {epoch, from} = evidence;
    draft.put(EVIDENCE, count, {height, fact: encoded});
    draft.put(EVIDENCE_PLACES, evidence, count);
    const known = equivocators.findIndex((e) => isOf(e, evidence));
    const entry = {epoch, from, count: 1 + (equivocators[known]?.count ?? 0)};
    draft.put(FAULTS, null, {
      count: count + 1,
      equivocators: known < 0 ? [...equivocators, entry] : equivocators.with(known, entry),
    });
    this.#taken++;
  }
}

/** Why the block at `height` may not take the evidence, its signatures apart; null: it may. */
export function evidenceRefusal(records: Records, height: number, evidence: EvidencePlace): LedgerError | null {
  const {epoch, from} = evidence;
  if (evidence.height > height) return new LedgerError("EVIDENCE_AHEAD", {want: height, got: evidence.height});
  const set = epochOfHeight(records, evidence.height);
  if (epoch !== set.epoch) return new LedgerError("WRONG_EPOCH", {want: set.epoch, got: epoch});
  if (set.validators[from] === undefined) return new LedgerError("UNKNOWN_VALIDATOR", {got: from});
  const oldest = height - EVIDENCE_HEIGHTS;
  if (evidence.height < oldest) return new LedgerError("EVIDENCE_EXPIRED", {want: oldest, got: evidence.height});
  if (records.get(EVIDENCE_PLACES, evidence) !== undefined) return new LedgerError("DUPLICATE_EVIDENCE", {got: from});
  const known = records.get(FAULTS, null)?.equivocators.find((e) => isOf(e, evidence));
  if ((known?.count ?? 0) >= EVIDENCE_PER_VALIDATOR_MAX)
    return new LedgerError("EVIDENCE_FULL", {want: EVIDENCE_PER_VALIDATOR_MAX, got: from});
  return null;
}

/** Whether both signatures are of the consensus key of the validator that the evidence names. */
export function isProven(records: Records, network: NetworkConstants, evidence: Evidence): boolean {
  const key = findEpoch(records, evidence.epoch)?.validators[evidence.from]?.consensusKey;
  const [first, second] = evidenceDigests(network.voteDomain, evidence);
  return key !== undefined && recover(first, evidence.first.signature) === key && recover(second, evidence.second.signature) === key;
}

function isOf(entry: {epoch: number; from: number}, evidence: EvidencePlace): boolean {
  return entry.epoch === evidence.epoch && entry.from === evidence.from;
}
