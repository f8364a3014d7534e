import {invariant} from "../base/errors.ts";
import type {Block, Outbox} from "../types/block.ts";
import type {MixinOutput} from "../types/facts.ts";
import type {Uuid} from "../types/ids.ts";
import {Draft} from "./draft.ts";
import {isSameOutbox, type LedgerState} from "./ledger.ts";
import {type OutboxBody, OutboxPacker} from "./outboxes.ts";
import {messageEvent} from "./queries.ts";
import type {OutputRecord, PlatformRecord, ProcessRecord} from "./records.ts";
import {OUTPUTS, PLATFORMS, PROCESSES} from "./tables.ts";

/**
 * What the outboxes of a decided block commit to, from any state after it: the fates of its outputs never change, nor do the
 * terms of a process. So a backlog of deliveries needs neither the state before the block nor a memory of it.
 * @throws InvariantError where the result is not what the block says: the block is not one of this state's
 */
export function outboxBodies(state: LedgerState, block: Block): OutboxBody[] {
  const {network} = state;
  const draft = new Draft(state.tree);
  const packer = new OutboxPacker();
  for (const {platform, seq} of [...block.outboxes].reverse())
    draft.put(PLATFORMS, platform, {...(draft.get(PLATFORMS, platform) as PlatformRecord), nextSeq: seq});
  for (const fact of block.facts) if (fact.kind === "mixinOutput") addOutput(state, draft, packer, fact);
  const bodies = packer.pack(draft, block.height, network.platforms);
  const fits = bodies.length === block.outboxes.length && bodies.every((body, i) => isSameOutbox(body.outbox, block.outboxes[i] as Outbox));
  invariant(fits, `the outboxes of block ${block.height} follow from the state`);
  return bodies;
}

/** As intake does when the output is decided. */
function addOutput(state: LedgerState, draft: Draft, packer: OutboxPacker, output: MixinOutput): void {
  const {fate} = draft.get(OUTPUTS, output.outputId) as OutputRecord;
  const processOf = (id: Uuid) => draft.get(PROCESSES, id) as ProcessRecord;
  if (fate.kind === "registered") {
    const {platform, address: app, policy, gasLimit} = processOf(fate.process);
    packer.register(platform, {process: fate.process, app, policy, gasLimit, firstNonce: 0n});
  }
  if (fate.kind === "message") {
    const {platform, gasLimit} = processOf(fate.process);
    packer.message(platform, messageEvent(state, output, fate.process, fate.nonce), output.outputId, gasLimit);
  }
}
