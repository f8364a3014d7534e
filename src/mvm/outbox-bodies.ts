import {invariant} from "../base/errors.ts";
import type {Block} from "../types/block.ts";
import {encodeEvent} from "../types/event.ts";
import {recordsOf} from "./draft.ts";
import {isSameOutbox, type LedgerState} from "./ledger.ts";
import {eventOf} from "./messages.ts";
import {type OutboxBody, outboxOf} from "./outboxes.ts";
import type {MessageRecord} from "./records.ts";
import {MESSAGES, OUTBOXES} from "./tables.ts";

/**
 * What the outboxes of a decided block commit to, from any state after it: what an outbox holds never changes. So a backlog of
 * deliveries needs neither the state before the block nor a memory of it.
 * @throws InvariantError where the result is not what the block says: the block is not one of this state's
 */
export function outboxBodies(state: LedgerState, block: Block): OutboxBody[] {
  const records = recordsOf(state.tree);
  return block.outboxes.map((outbox) => {
    const record = records.get(OUTBOXES, [outbox.platform, outbox.seq]);
    const {system, messages} = record ?? {system: [], messages: []};
    const events = messages.map(([process, nonce]) => {
      const message = records.get(MESSAGES, [process, nonce]) as MessageRecord;
      return encodeEvent(eventOf(records, state.network, {process, nonce, message}));
    });
    const body = {outbox: outboxOf(outbox.platform, outbox.seq, system, events), system, events};
    const fits = record?.height === block.height && isSameOutbox(body.outbox, outbox);
    invariant(fits, `the outboxes of block ${block.height} follow from the state`);
    return body;
  });
}
