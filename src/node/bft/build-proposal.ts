import type {Hex} from "../../base/bytes.ts";
import {describeError} from "../../base/errors.ts";
import {chooseFacts} from "../../mvm/choose.ts";
import type {Applied} from "../../mvm/ledger.ts";
import type {Logger} from "../../ports/system.ts";
import {type Block, blockHash, encodeBlock} from "../../types/block.ts";
import type {DecidedChain} from "./decided-chain.ts";
import type {Sources} from "./sources.ts";

export interface BuiltBlock {
  readonly hash: Hex;
  readonly block: Block;
  readonly bytes: Uint8Array;
  readonly own: Applied;
}

/** The block that this validator would propose now; null: there is nothing to decide. */
export function buildProposal(chain: DecidedChain, sources: Sources, proposer: Hex, log: Logger): BuiltBlock | null {
  const candidates = sources.candidates();
  if (candidates.length === 0) return null;
  const {facts, refused} = chooseFacts(chain.state, candidates);
  for (const {fact, error} of refused) log.warn("own fact cannot stand in the next block", {kind: fact.kind, ...describeError(error)});
  if (facts.length === 0) return null;
  const {block, applied} = chain.build(proposer, facts);
  return {hash: blockHash(block), block, bytes: encodeBlock(block), own: applied};
}
