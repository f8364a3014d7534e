import type {Hex} from "../../base/bytes.ts";
import type {Session} from "../../dkg/session.ts";
import {checkBlock, genesisParent, genesisState} from "../../mvm/ledger.ts";
import {dkgSession} from "../../mvm/queries.ts";
import type {BlockStore} from "../../ports/store.ts";
import {blockHash, decodeBlock} from "../../types/block.ts";
import type {Genesis} from "../../types/genesis.ts";

/**
 * The last session under `sid` whose shares can be opened, from the blocks up to `keyHeight`, which are always kept: a validator
 * that starts from a snapshot and has lost its shares derives them again. null where those blocks are not stored.
 * @throws LedgerError where they do not apply
 */
export async function replayedSession(genesis: Genesis, store: BlockStore, keyHeight: number, sid: Hex): Promise<Session | null> {
  let state = genesisState(genesis);
  let parent = genesisParent(genesis);
  let found: Session | null = null;
  for (let height = 1; height < keyHeight; height++) {
    const stored = await store.read(height);
    if (stored === null) return null;
    const block = decodeBlock(stored.block);
    const applied = checkBlock(state, parent, block);
    state = applied.state;
    parent = {hash: blockHash(block), height, time: applied.time};
    const session = dkgSession(state);
    if (session.phase === "ack" && session.sid === sid) found = session;
  }
  return found;
}
