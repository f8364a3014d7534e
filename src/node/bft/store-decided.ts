import type {Hex} from "../../base/bytes.ts";
import type {Effect} from "../../consensus/types.ts";
import {ChainStateError} from "./decided-chain.ts";
import type {DriverPorts} from "./driver-ports.ts";
import type {HeightBook} from "./height-book.ts";

/**
 * Stores the decided block with its proof, makes it the head, and sees to its certificate. Resolves to false where the block is not
 * at hand: then others have it. Throws ChainStateError where the ledger refuses it.
 */
export async function storeDecided(
  {chain, certifier, log}: Pick<DriverPorts, "chain" | "certifier" | "log">,
  book: HeightBook,
  {height, round, value}: Extract<Effect, {kind: "decide"}>,
): Promise<boolean> {
  const hash = value as Hex;
  const candidate = book.candidates.get(hash);
  if (candidate === undefined) {
    log.warn("the decided block is not at hand: it is fetched from others", {height, hash});
    return false;
  }
  const {applied, block, bytes, verdict} = candidate;
  if (applied === null)
    throw new ChainStateError("DECIDED_BLOCK_INVALID", {
      height,
      hash,
      advice: "compare the version of this node with the other validators'",
    });
  const proof = book.proofOf(round, hash);
  await chain.append({bytes, block, hash, applied, proof});
  certifier.decided({height, round, blockHash: hash, valid: verdict === "valid", proof, proposer: block.header.proposer});
  return true;
}
