import type {Hex} from "../../base/bytes.ts";
import {describeError, MvmError} from "../../base/errors.ts";
import type {Network, Peer} from "../../ports/network.ts";
import type {Clock, Logger, Service} from "../../ports/system.ts";
import type {Adopter} from "./adopter.ts";
import {PeerBook, type Weights} from "./peer-book.ts";
import {openFrame, type ProofPorts, type ProvenBlock} from "./proven.ts";
import {type Interval, RangePlan} from "./range-plan.ts";
import type {SnapshotFetch} from "./snapshot-fetch.ts";

/** An answer is waited for so long; another validator is asked besides when it holds up everything for HEDGE_MS. */
const REQUEST_MS = 10_000;
const HEDGE_MS = 2_000;
/** A gap of one or two heights is usually messages on their way: they get this long before blocks are asked for. */
const PATIENCE_MS = 250;
const LOOK_MS = 100;
/** Blocks that are checked and stored as one. */
const SLICE = 64;
/** Between two attempts to find a snapshot. */
const SNAPSHOT_RETRY_MS = 60_000;
/** An answer with fewer blocks than asked for is short, unless it has so many bytes. */
const FULL_BYTES = 4 << 20;

export interface CatchUpPorts extends ProofPorts {
  readonly register: Weights;
  readonly network: Network;
  readonly adopter: Adopter;
  /** null: blocks only. */
  readonly snapshots: SnapshotFetch | null;
  /** Heights behind from which a snapshot is cheaper than blocks. */
  readonly snapshotLag: number;
  readonly clock: Clock;
  readonly log: Logger;
}

/**
 * Follows validators that are ahead. Ranges of decided blocks come from several of them at once, a bounded number; they are
 * proven one by one and applied in order. Whoever serves something else, or nothing in time, is left alone for a while, ever
 * longer, and others are asked. What no honest node serves costs the peer its standing in the network besides.
 *
 * A claim of one validator is followed, since blocks prove themselves; whether this node counts as behind, and needs a
 * snapshot, follows from what more than a third of the seats say.
 */
export class CatchUp implements Service {
  readonly name = "catch-up";
  readonly #p: CatchUpPorts;
  readonly #book: PeerBook;
  readonly #plan = new RangePlan();
  readonly #stop = new AbortController();
  /** Since when the head has stood there while others were further. */
  #stuck: {height: number; atMs: number} | null = null;
  #adopting: Promise<void> | null = null;
  #restoring: Promise<void> | null = null;
  #snapshotNotBeforeMs = 0;
  #cancel: (() => void) | null = null;

  constructor(ports: CatchUpPorts) {
    this.#p = ports;
    this.#book = new PeerBook(ports.register, () => ports.clock.now());
  }

  async start(): Promise<void> {
    this.#look();
  }
  async stop(): Promise<void> {
    this.#stop.abort();
    this.#cancel?.();
    await Promise.all([this.#adopting, this.#restoring]);
  }

  /** A validator says how far it is. */
  note(peer: Peer, height: number): void {
    if (peer.validator !== null) this.#book.note(peer.validator, height);
  }

  /** Last decided height of a validator, as it says itself; null where it has not, or is not believed for now. */
  heightOf(validator: number): number | null {
    return this.#book.believed(validator);
  }

  /** Heights between the own head and the one that more than a third of the seats are known to have reached. */
  get lag(): number {
    return Math.max(0, this.#book.target - this.#p.chain.height);
  }

  /** A standing look, since claims, rests and patience change with time alone. */
  #look(): void {
    if (this.#stop.signal.aborted) return;
    this.#pump();
    this.#cancel = this.#p.clock.after(LOOK_MS, () => this.#look());
  }

  #pump(): void {
    if (this.#stop.signal.aborted || this.#restoring !== null) return;
    const {height} = this.#p.chain;
    this.#plan.reached(height);
    if (this.#wantsSnapshot(height)) {
      if (this.#adopting === null) this.#restore();
      return;
    }
    if (this.#adopting === null && this.#plan.ready(height) !== null)
      this.#adopting = this.#adoptAll().finally(() => {
        this.#adopting = null;
        this.#pump();
      });
    if (this.#isPatient(height)) return;
    this.#plan.extend(height, this.#book.claimed);
    for (const range of this.#plan.open(this.#p.clock.now() - HEDGE_MS)) {
      const validator = this.#book.pick(range.from, range.asked) ?? this.#book.pick(range.from, range.asking);
      if (validator !== null) void this.#ask(range, validator);
    }
  }

  /** Whether nobody is to be asked now: nobody is ahead, or so little that messages may still close the gap. */
  #isPatient(height: number): boolean {
    const {claimed} = this.#book;
    const now = this.#p.clock.now();
    if (claimed <= height) this.#stuck = null;
    else if (this.#stuck?.height !== height) this.#stuck = {height, atMs: now};
    return this.#stuck === null || (claimed <= height + 2 && now - this.#stuck.atMs < PATIENCE_MS);
  }

  async #ask(range: Interval, validator: number): Promise<void> {
    const {network, log, clock} = this.#p;
    const {from} = range;
    const count = Math.min(range.to, this.#book.heightOf(validator)) - from + 1;
    const late = new AbortController();
    const cancel = clock.after(REQUEST_MS, () => late.abort(new Error("no answer in time")));
    this.#book.asked(validator);
    this.#plan.asked(range, validator, clock.now());
    let frames: Uint8Array[] = [];
    try {
      frames = await network.requestBlocks(validator, from, count, AbortSignal.any([this.#stop.signal, late.signal]));
      const bytes = frames.reduce((sum, frame) => sum + frame.length, 0);
      if (frames.length < count && bytes < FULL_BYTES) {
        log.info("a validator has fewer blocks than it says", {validator, from, want: count, got: frames.length});
        this.#book.rest(validator);
      }
    } catch (error) {
      this.#book.rest(validator);
      if (!this.#stop.signal.aborted) log.warn("no blocks from a validator", {validator, from, ...describeError(error)});
    }
    cancel();
    this.#book.answered(validator);
    this.#plan.answered(range, validator, from, frames.slice(0, count));
    this.#pump();
  }

  /** Proves what has come, slice by slice; the slice before is applied and stored meanwhile. */
  async #adoptAll(): Promise<void> {
    const {chain, adopter, network, log} = this.#p;
    const {signal} = this.#stop;
    const first = chain.height + 1;
    let storing = Promise.resolve();
    let tip = {height: chain.height, hash: chain.hash};
    while (!signal.aborted) {
      const isKeyKnown = chain.keyHeight !== null;
      const isOver = this.#wantsSnapshot(tip.height);
      if (isOver || !isKeyKnown || this.#plan.ready(tip.height) === null) await storing;
      if (isOver) return;
      if (chain.height > tip.height) tip = {height: chain.height, hash: chain.hash};
      const next = this.#plan.ready(tip.height);
      if (next === null) {
        log.info("caught up from peers", {from: first, blocks: chain.height - first + 1});
        return;
      }
      const {by, frames} = next;
      try {
        // the group key may be what the next block makes
        const proven = await this.#prove(frames.slice(0, isKeyKnown ? SLICE : 1), tip);
        tip = proven.at(-1) ?? tip;
        await storing;
        // the set that the next proof is of follows from what has just been stored
        if (proven.length === 0) continue;
        storing = adopter.adopt(proven, signal).then(() => {
          this.#plan.reached(chain.height);
          this.#book.praise(by);
        });
      } catch (error) {
        log.warn("a validator serves what is no decided block", {validator: by, height: tip.height + 1, ...describeError(error)});
        this.#plan.refuse(by);
        this.#book.rest(by);
        if (error instanceof MvmError) network.punish(by, error.code);
      }
    }
  }

  /** As far as their sets are known. Throws CatchUpError, DecodeError. */
  async #prove(frames: readonly Uint8Array[], {height, hash}: {height: number; hash: Hex}): Promise<ProvenBlock[]> {
    const proven: ProvenBlock[] = [];
    for (const [i, frame] of frames.entries()) {
      const opened = openFrame(this.#p, frame, height + 1 + i, proven.at(-1)?.hash ?? hash);
      if (opened === null) break;
      proven.push(opened);
      // a pairing takes about a millisecond
      if (i % 4 === 3) await this.#p.adopter.pause();
    }
    return proven;
  }

  #wantsSnapshot(height: number): boolean {
    const {snapshots, snapshotLag, chain, clock} = this.#p;
    if (snapshots === null || chain.keyHeight === null || clock.now() < this.#snapshotNotBeforeMs) return false;
    if (this.lag >= snapshotLag) return true;
    // those who are ahead have pruned what is needed here
    return this.lag > 2 && this.#plan.isNowhere(height + 1, this.#book.holders(height + 1));
  }

  #restore(): void {
    const {snapshots, clock, log} = this.#p;
    this.#plan.clear();
    this.#restoring = (snapshots?.run(this.#book, this.#stop.signal) ?? Promise.resolve(false))
      .catch((error: unknown) => {
        log.error("snapshot not taken over", describeError(error));
        return false;
      })
      .then((done) => {
        if (!done) this.#snapshotNotBeforeMs = clock.now() + SNAPSHOT_RETRY_MS;
        this.#restoring = null;
        this.#pump();
      });
  }
}
