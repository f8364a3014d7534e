import type {Session} from "../dkg/session.ts";
import type {Genesis} from "../types/genesis.ts";
import {recordsOf} from "./draft.ts";
import {LedgerError} from "./errors.ts";
import {heightOf, type LedgerState} from "./ledger.ts";
import {networkConstants} from "./network.ts";
import {META, SESSION} from "./tables.ts";
import type {Tree} from "./tree.ts";

/**
 * The state whose records are `tree`: all of it is in the tree or in genesis.
 * @param height  of the block after which the tree was taken
 * @throws LedgerError WRONG_HEIGHT where the tree is of another height, or of no state at all
 */
export function stateOfTree(genesis: Genesis, tree: Tree, height: number): LedgerState {
  const records = recordsOf(tree);
  const session: Session | undefined = records.get(SESSION, null);
  if (session === undefined || records.get(META, null) === undefined) throw new LedgerError("WRONG_HEIGHT", {want: height});
  const state = {network: networkConstants(genesis), tree, session};
  if (heightOf(state) !== height) throw new LedgerError("WRONG_HEIGHT", {want: height, got: heightOf(state)});
  return state;
}
