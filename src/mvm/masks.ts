import {invariant} from "../base/errors.ts";
import {blsVerify} from "../crypto/bls.ts";
import {maskDigest} from "../types/digests.ts";
import type {MixinOutput} from "../types/facts.ts";
import type {Uuid} from "../types/ids.ts";
import {type MaskFact, type MaskPair, maskFromSignature, pairId} from "../types/mask.ts";
import {book, outputOf} from "./custody.ts";
import {type Draft, type Records, recordsOf} from "./draft.ts";
import {emitMessage} from "./emit.ts";
import {LedgerError} from "./errors.ts";
import type {Place} from "./intake.ts";
import type {LedgerState} from "./ledger.ts";
import {linkOf, listAdd, listHead, listIds, listRemove} from "./lists.ts";
import {refund} from "./payouts.ts";
import type {Fate, OutputRecord, RefundReason} from "./records.ts";
import {Refused} from "./refused.ts";
import {KEY, MASKS, OUTPUTS, PAIRS, TICKS} from "./tables.ts";

/** Masks of one block: each is a signature to verify, and newcomers must not crowd out who is known (protocol, "Blocks"). */
export const MASKS_PER_BLOCK_MAX = 16;
/** Ticks after which a payment that still waits goes back. */
const WAIT_TICKS = 64;
/** Pairs that want a mask, in the order of their first payment. */
const WANTED_LIST = "masks/wanted";
/** Outputs that wait, the oldest first; the rank is the tick at which they began. */
const WAITING_LIST = "waiting";
const outputsOf = (pair: Uuid) => `masks/outputs/${pair}`;

/** The mask of a pair; null: the group has not signed it. */
export function maskOf(records: Records, of: {networkId: `0x${string}`; pair: MaskPair}): Uuid | null {
  return records.get(PAIRS, pairId(of.networkId, of.pair))?.mask ?? null;
}

/** The pair of an output's senders and a process. */
export function pairOf(process: Uuid, output: MixinOutput): MaskPair {
  return {process, senders: [...output.senders].sort(), threshold: output.sendersThreshold};
}

/** A message whose sender has no mask for the process yet: it gets its nonce when the mask is there. */
export function waitForMask({draft, network}: Place, pair: MaskPair, output: MixinOutput): Fate {
  const id = pairId(network.genesis.networkId, pair);
  if (draft.get(PAIRS, id) === undefined) {
    draft.put(PAIRS, id, {...pair, mask: null});
    listAdd(draft, WANTED_LIST, id);
  }
  listAdd(draft, outputsOf(id), output.outputId);
  listAdd(draft, WAITING_LIST, output.outputId, {rank: draft.get(TICKS, null) ?? 0n});
  book(draft, output.asset, {waiting: output.amount});
  return {kind: "waiting", process: pair.process};
}

/**
 * The group has signed a pair: all messages that wait for it go on, in the order of their decision.
 * @throws LedgerError NOT_WANTED, BAD_SIGNATURE
 */
export function takeMask(place: Place, fact: MaskFact): void {
  const {draft, network} = place;
  const {networkId} = network.genesis;
  const id = pairId(networkId, fact);
  const record = draft.get(PAIRS, id);
  if (record === undefined || record.mask !== null) throw new LedgerError("NOT_WANTED", {got: id});
  const key = draft.get(KEY, null);
  if (key === undefined || !blsVerify(key.key, maskDigest({networkId, ...fact}), fact.signature))
    throw new LedgerError("BAD_SIGNATURE", {got: id});
  const mask = maskFromSignature(fact.signature);
  const {process, senders, threshold} = record;
  draft.put(PAIRS, id, {...record, mask});
  draft.put(MASKS, [process, mask], {senders, threshold});
  listRemove(draft, WANTED_LIST, id);
  for (const outputId of [...listIds(draft, outputsOf(id))]) {
    const output = leave(draft, id, outputId);
    decideAgain(draft, outputId, goOn(place, process, output, mask));
  }
}

/** The process may have been closed, or its credit spent, meanwhile. */
function goOn(place: Place, process: Uuid, output: MixinOutput, mask: Uuid): Fate {
  try {
    return emitMessage(place, process, output, mask);
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    return giveBack(place, output, error.reason);
  }
}

function giveBack({draft, network, height}: Place, output: MixinOutput, reason: RefundReason): Fate {
  return {kind: "refund", reason, traceId: refund(draft, network, height, output, reason)};
}

/** One tick has passed: payments that have waited too long go back. */
export function expireWaiting(place: Place): void {
  const {draft, network} = place;
  const now = (draft.get(TICKS, null) ?? 0n) + 1n;
  draft.put(TICKS, null, now);
  for (let outputId = listHead(draft, WAITING_LIST); outputId !== null; outputId = listHead(draft, WAITING_LIST)) {
    if (linkOf(draft, WAITING_LIST, outputId).rank + BigInt(WAIT_TICKS) > now) return;
    const {fate} = draft.get(OUTPUTS, outputId) as OutputRecord;
    invariant(fate.kind === "waiting", `output ${outputId} does not wait`);
    const id = pairId(network.genesis.networkId, pairOf(fate.process, outputOf(draft, outputId)));
    const output = leave(draft, id, outputId);
    if (listHead(draft, outputsOf(id)) === null) {
      draft.remove(PAIRS, id);
      listRemove(draft, WANTED_LIST, id);
    }
    decideAgain(draft, outputId, giveBack(place, output, "MASK_MISSING"));
  }
}

function leave(draft: Draft, pair: Uuid, outputId: Uuid): MixinOutput {
  listRemove(draft, outputsOf(pair), outputId);
  listRemove(draft, WAITING_LIST, outputId);
  const output = outputOf(draft, outputId);
  book(draft, output.asset, {waiting: -output.amount});
  return {...output, senders: [...output.senders].sort()};
}

function decideAgain(draft: Draft, outputId: Uuid, fate: Fate): void {
  draft.put(OUTPUTS, outputId, {...(draft.get(OUTPUTS, outputId) as OutputRecord), fate});
}

/** Whether a payment waits for something that takes time to come. */
export function waitsForMasks(records: Records): boolean {
  return listHead(records, WAITING_LIST) !== null;
}

/** Pairs that want a mask, the oldest first, at most `count`: the only ones that anybody signs. */
export function wantedPairs(state: LedgerState, count: number): MaskPair[] {
  const records = recordsOf(state.tree);
  const pairs: MaskPair[] = [];
  for (const id of listIds(records, WANTED_LIST)) {
    if (pairs.length === count) break;
    const record = records.get(PAIRS, id);
    invariant(record !== undefined, `pair ${id} is wanted and unknown`);
    pairs.push({process: record.process, senders: record.senders, threshold: record.threshold});
  }
  return pairs;
}
