import {EncodeError} from "../base/errors.ts";
import {BLOCK_BYTES_MAX, FACTS_MAX} from "../types/block.ts";
import {areCanonical, type ChainHead, type ChainLog, encodeFact, type Fact, sortFacts} from "../types/facts.ts";
import {LedgerError} from "./errors.ts";
import {BlockDraft, heightOf, type LedgerState} from "./ledger.ts";

/** Room for the header and for an outbox (108 bytes) and a length (4) per fact. */
const FRAME_BYTES = 1_000;
const FACT_FRAME_BYTES = 112;

/** What a proposer leaves out, and why. */
export interface Refusal {
  readonly fact: Fact;
  readonly error: LedgerError | EncodeError;
}

/**
 * The facts, in canonical order, that can stand together in the block after `state`: what the ledger refuses is left out with
 * its reason, what does not fit waits. A head and its logs go in or stay out together.
 */
export function chooseFacts(state: LedgerState, candidates: readonly Fact[]): {facts: Fact[]; refused: Refusal[]} {
  const block = new BlockDraft(state, heightOf(state) + 1);
  const facts: Fact[] = [];
  const refused: Refusal[] = [];
  let room = BLOCK_BYTES_MAX - FRAME_BYTES;
  for (const unit of units(distinct(sortFacts(candidates)))) {
    if (facts.length + unit.length > FACTS_MAX) continue;
    try {
      const encoded = unit.map(encodeFact);
      const size = encoded.reduce((sum, bytes) => sum + bytes.length + FACT_FRAME_BYTES, 0);
      if (size > room) continue;
      if (isChainFact(unit[0] as Fact)) tryUnit(state, unit, encoded);
      unit.forEach((fact, i) => {
        block.take(fact, encoded[i] as Uint8Array);
      });
      room -= size;
      facts.push(...unit);
    } catch (error) {
      if (!(error instanceof LedgerError) && !(error instanceof EncodeError)) throw error;
      refused.push(...unit.map((fact) => ({fact, error})));
    }
  }
  return {facts: sortFacts(facts), refused};
}

function distinct(sorted: readonly Fact[]): Fact[] {
  return sorted.filter((fact, i) => i === 0 || areCanonical([sorted[i - 1] as Fact, fact]));
}

/** A platform's head with its logs is one unit; every other fact is its own. */
function units(sorted: readonly Fact[]): Fact[][] {
  const found: Fact[][] = [];
  const chains = new Map<string, Fact[]>();
  for (const fact of sorted) {
    const known = isChainFact(fact) ? chains.get(fact.platform) : undefined;
    if (known !== undefined) known.push(fact);
    else {
      const unit = [fact];
      found.push(unit);
      if (isChainFact(fact)) chains.set(fact.platform, unit);
    }
  }
  return found;
}

function isChainFact(fact: Fact): fact is ChainHead | ChainLog {
  return fact.kind === "chainHead" || fact.kind === "chainLog";
}

/** On a draft of its own: a unit that fails half way would leave its first half behind. */
function tryUnit(state: LedgerState, unit: readonly Fact[], encoded: readonly Uint8Array[]): void {
  const trial = new BlockDraft(state, heightOf(state) + 1);
  unit.forEach((fact, i) => {
    trial.take(fact, encoded[i] as Uint8Array);
  });
  trial.finishHeads();
}
