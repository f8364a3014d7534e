import {BoundedMap} from "../../base/bounded.ts";
import {bytesToBig, equalBytes, utf8} from "../../base/bytes.ts";
import {DecodeError} from "../../base/errors.ts";
import {decodeGroupEvent, type GroupEvent} from "../../mvm/group-events.ts";
import type {OutputFeed} from "../../ports/mixin.ts";
import type {Clock} from "../../ports/system.ts";
import type {ChainLog} from "../../types/facts.ts";
import type {Uuid} from "../../types/ids.ts";
import type {DecidedChain, Decision} from "../bft/decided-chain.ts";

const ENTRIES_MAX = 10_000;
const OBSERVED_MAX = 1_000;
const REFUND = utf8("REFUND");

/** A payment to the group that a block took, or a payment of an app that a block took; `index` ascends by one. */
export type Entry = {readonly index: number; readonly height: number} & (
  | {readonly direction: "in"; readonly outputId: Uuid}
  | {readonly direction: "out"; readonly process: Uuid; readonly nonce: bigint}
);
type Line = Entry extends infer E ? (E extends Entry ? Omit<E, "index"> : never) : never;

/** What is known here of one message besides the ledger; times are ms since 1970, and only of what this run saw. */
export interface MessageNotes {
  /** When the block with the contract's word on it was decided. */
  readonly settledMs?: number;
  /** Block of the chain in which the contract last said something of it. */
  readonly chainBlock?: number;
  /** What the app returned as it failed, at most 132 bytes. */
  readonly failure?: Uint8Array;
  /** Nonce of the send with which the app gave the money back. */
  readonly refundNonce?: bigint;
}

/**
 * The newest payments both ways in the order of their decision, and when what was seen of them. Filled by the replay at
 * start too, then without times. It is for people: no decision depends on it.
 */
export class Activity {
  readonly #entries = new BoundedMap<number, Entry>(ENTRIES_MAX);
  readonly #observed = new BoundedMap<Uuid, number>(ENTRIES_MAX);
  readonly #messages = new BoundedMap<string, MessageNotes>(ENTRIES_MAX);
  readonly #paid = new BoundedMap<Uuid, {paidMs?: number; height: number}>(ENTRIES_MAX);
  readonly #sent = new BoundedMap<string, {decidedMs?: number; height: number; chainBlock: number}>(ENTRIES_MAX);
  readonly #clock: Clock;
  #next = 0;

  constructor(ports: {chain: DecidedChain; feed: OutputFeed; clock: Clock}) {
    this.#clock = ports.clock;
    ports.feed.onNew(() => {
      for (const {output, seenAtMs} of ports.feed.undecided(OBSERVED_MAX))
        if (!this.#observed.has(output.outputId)) this.#observed.set(output.outputId, seenAtMs);
    });
    ports.chain.onDecided((decision) => this.#take(decision));
  }

  /** The newest entries below `before`, newest first, at most `count`. */
  newest(count: number, before = this.#next): Entry[] {
    const found: Entry[] = [];
    for (let index = Math.min(before, this.#next) - 1; index >= 0 && found.length < count; index--) {
      const entry = this.#entries.get(index);
      if (entry === undefined) break;
      found.push(entry);
    }
    return found;
  }

  /** When this node saw the output in the Mixin API. */
  observedMs(outputId: Uuid): number | undefined {
    return this.#observed.get(outputId);
  }
  messageNotes(process: Uuid, nonce: bigint): MessageNotes {
    return this.#messages.get(keyOf(process, nonce)) ?? {};
  }
  /** When the block with the receipt was decided, and its height. */
  paid(traceId: Uuid): {readonly paidMs?: number; readonly height: number} | null {
    return this.#paid.get(traceId) ?? null;
  }
  /** When the block with an app's send was decided, its height, and the block of the chain that holds the send. */
  sent(process: Uuid, nonce: bigint): {readonly decidedMs?: number; readonly height: number; readonly chainBlock: number} | null {
    return this.#sent.get(keyOf(process, nonce)) ?? null;
  }

  #take({height, block, replay}: Decision): void {
    const now = replay ? null : this.#clock.now();
    for (const fact of block.facts) {
      if (fact.kind === "mixinOutput") this.#enter({height, direction: "in", outputId: fact.outputId});
      if (fact.kind === "payoutReceipt") this.#paid.set(fact.traceId, {height, ...(now !== null && {paidMs: now})});
      if (fact.kind === "chainLog") this.#takeLog(fact, height, now);
    }
  }

  #takeLog(log: ChainLog, height: number, now: number | null): void {
    const event = read(log);
    if (event?.kind === "messageState") {
      const {process, nonce, reason} = event;
      const notes = {chainBlock: log.block, ...(now !== null && {settledMs: now}), ...(reason.length > 0 && {failure: reason})};
      this.#note(process, nonce, notes);
    }
    if (event?.kind !== "outbound") return;
    const {process, nonce, memo} = event;
    this.#enter({height, direction: "out", process, nonce});
    this.#sent.set(keyOf(process, nonce), {height, chainBlock: log.block, ...(now !== null && {decidedMs: now})});
    if (memo.length === REFUND.length + 8 && equalBytes(memo.subarray(0, REFUND.length), REFUND))
      this.#note(process, bytesToBig(memo.subarray(REFUND.length)), {refundNonce: nonce});
  }

  #enter(line: Line): void {
    const index = this.#next++;
    this.#entries.set(index, {index, ...line});
  }
  #note(process: Uuid, nonce: bigint, notes: MessageNotes): void {
    this.#messages.set(keyOf(process, nonce), {...this.messageNotes(process, nonce), ...notes});
  }
}

function keyOf(process: Uuid, nonce: bigint): string {
  return `${process}/${nonce}`;
}

function read(log: ChainLog): GroupEvent | null {
  try {
    return decodeGroupEvent(log);
  } catch (error) {
    if (error instanceof DecodeError) return null;
    throw error;
  }
}
