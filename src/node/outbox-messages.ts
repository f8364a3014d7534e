import type {Hex} from "../base/bytes.ts";
import {type MessageView, messageOf} from "../mvm/messages.ts";
import {outboxOf} from "../mvm/queries.ts";
import type {BlockStore} from "../ports/store.ts";
import {type Block, decodeBlock} from "../types/block.ts";
import type {DecidedChain} from "./bft/decided-chain.ts";

/** An outbox as it was decided: its block, and its messages in the order of their leaves. */
export interface OutboxContent {
  readonly block: Block;
  readonly messages: readonly MessageView[];
}

/** Reads an outbox back from the stored block and the state. null where it is not decided, or its block is not stored. */
export async function readOutbox(chain: DecidedChain, store: BlockStore, of: {platform: Hex; seq: bigint}): Promise<OutboxContent | null> {
  const {platform, seq} = of;
  const record = outboxOf(chain.state, platform, seq);
  const stored = record === null ? null : await store.read(record.height);
  if (stored === null) return null;
  const messages = record?.messages.flatMap(([process, nonce]) => messageOf(chain.state, process, nonce) ?? []) ?? [];
  return {block: decodeBlock(stored.block), messages};
}
