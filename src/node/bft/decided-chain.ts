import type {Hex} from "../../base/bytes.ts";
import {MvmError} from "../../base/errors.ts";
import {proposerSchedule} from "../../consensus/proposer.ts";
import type {ValidatorSet} from "../../consensus/types.ts";
import {epochOf, epochsOf} from "../../mvm/epoch-queries.ts";
import type {EpochShares} from "../../mvm/epoch-tables.ts";
import type {Epoch} from "../../mvm/epochs.ts";
import {type Applied, buildBlock, checkBlock, genesisState, type LedgerState} from "../../mvm/ledger.ts";
import {groupKey} from "../../mvm/queries.ts";
import type {BlockStore} from "../../ports/store.ts";
import type {Logger} from "../../ports/system.ts";
import {type Block, blockHash, decodeBlock} from "../../types/block.ts";
import type {Fact} from "../../types/facts.ts";
import {type Genesis, genesisHash} from "../../types/genesis.ts";
import type {DecidedBlock} from "../../types/messages.ts";
import {quorumOf, seatsOf, totalSeats, type ValidatorInfo} from "../../types/validators.ts";
import type {Proof} from "../../types/votes.ts";

/** The validators of an epoch as the node uses them: order, seats, quorum, proposers. */
export interface EpochSet {
  readonly epoch: number;
  /** Its first height; null while the set before it goes on. */
  readonly from: number | null;
  readonly validators: readonly ValidatorInfo[];
  readonly set: ValidatorSet;
  /** W and q. */
  readonly seats: number;
  readonly quorum: number;
  /** Seats of each validator, by index. */
  readonly seatsOf: readonly (readonly number[])[];
  /** The seats' shares of the group key; null until they have them. */
  readonly shares: EpochShares | null;
  /** Index of the validator with this consensus key; null: it is none of the epoch. */
  indexOf(consensusKey: Hex): number | null;
}

export function epochSetOf({epoch, from, validators, shares}: Epoch): EpochSet {
  const weighted = validators.map((v) => ({id: v.consensusKey, seats: v.seats}));
  const seats = totalSeats(validators);
  return {
    epoch,
    from,
    validators,
    set: {epoch, validators: weighted, schedule: proposerSchedule(weighted)},
    seats,
    quorum: quorumOf(seats),
    seatsOf: validators.map((_, i) => seatsOf(validators, i)),
    shares,
    indexOf: (consensusKey) => {
      const index = validators.findIndex((v) => v.consensusKey === consensusKey);
      return index < 0 ? null : index;
    },
  };
}

/** One decided block, after the ledger has applied it. `replay`: read from disk at start. */
export interface Decision {
  readonly height: number;
  readonly hash: Hex;
  readonly block: Block;
  readonly applied: Applied;
  readonly proof: Proof;
  readonly replay: boolean;
}

/** A decided block that the ledger has run, on its way to the disk. */
export type Decided = Omit<Decision, "replay"> & {readonly bytes: Uint8Array};

/** The state after a block that is known without the blocks before it. */
export interface Restored {
  readonly block: Block;
  readonly hash: Hex;
  readonly state: LedgerState;
}

/** The stored chain and this node's code disagree, or a decided block does not apply: the node must not go on. */
export class ChainStateError extends MvmError<"REPLAY_FAILED" | "DECIDED_BLOCK_INVALID", {height: number; hash?: Hex; advice: string}> {}

/**
 * The decided blocks and the ledger state after the last of them. Whoever listens hears every block once per run, in order,
 * but for those that a snapshot stands for: of it `onRestored` tells.
 */
export class DecidedChain {
  readonly genesis: Genesis;
  readonly #store: BlockStore;
  readonly #log: Logger;
  readonly #listeners: ((decision: Decision) => void)[] = [];
  readonly #restoredListeners: (() => void)[] = [];
  readonly #waiting = new Set<{height: number; run: () => void}>();
  readonly #sets = new Map<number, EpochSet>();
  #seen: {state: LedgerState; now: EpochSet; next: EpochSet | null} | null = null;
  #height = 0;
  #hash: Hex;
  #time: number;
  #state: LedgerState;

  constructor(genesis: Genesis, store: BlockStore, log: Logger) {
    this.genesis = genesis;
    this.#store = store;
    this.#log = log;
    this.#hash = genesisHash(genesis);
    this.#time = genesis.epoch0Time * 1_000;
    this.#state = genesisState(genesis);
  }

  get height(): number {
    return this.#height;
  }
  get hash(): Hex {
    return this.#hash;
  }
  get state(): LedgerState {
    return this.#state;
  }
  /** The validators of the next height. */
  get epochSet(): EpochSet {
    return this.#epochs().now;
  }
  /** Those of the next epoch, which are frozen and get their shares; null: no change is under way. */
  get nextSet(): EpochSet | null {
    return this.#epochs().next;
  }
  /** The validators of a height up to the next one. */
  setAt(height: number): EpochSet {
    let {now: set} = this.#epochs();
    while (set.epoch > 0 && (set.from ?? 0) > height) set = this.#setNumbered(set.epoch - 1);
    return set;
  }
  /** The validators of an epoch up to the next one; null where there is none. */
  setOf(epoch: number): EpochSet | null {
    const {now, next} = this.#epochs();
    if (epoch === next?.epoch) return next;
    return epoch >= 0 && epoch <= now.epoch ? this.#setNumbered(epoch) : null;
  }
  #epochs(): {now: EpochSet; next: EpochSet | null} {
    if (this.#seen?.state === this.#state) return this.#seen;
    const {current, changing} = epochsOf(this.#state);
    // seats of the set in force have shares, but for those of epoch 0 until K
    if (this.#sets.get(current)?.shares === null) this.#sets.delete(current);
    this.#seen = {state: this.#state, now: this.#setNumbered(current), next: changing ? this.#setNumbered(current + 1) : null};
    return this.#seen;
  }
  #setNumbered(epoch: number): EpochSet {
    const known = this.#sets.get(epoch);
    if (known !== undefined) return known;
    const set = epochSetOf(epochOf(this.#state, epoch) as Epoch);
    this.#sets.set(epoch, set);
    return set;
  }
  /** K, the height whose block completed the DKG; null before. Blocks above it get certificates. */
  get keyHeight(): number | null {
    return groupKey(this.#state)?.keyHeight ?? null;
  }
  /** Whether blocks of `height` are proven by a certificate: those above K. */
  isCertified(height: number): boolean {
    const k = this.keyHeight;
    return k !== null && height > k;
  }

  /** Listeners must not throw, and must not wait. */
  onDecided(listener: (decision: Decision) => void): void {
    this.#listeners.push(listener);
  }

  /** The state has come from a snapshot: what depends on it is read from it anew. Listeners must not throw, and must not wait. */
  onRestored(listener: () => void): void {
    this.#restoredListeners.push(listener);
  }

  /** Calls `run` once when `height` is decided, at once if it is; the answer takes the call back. */
  whenHeight(height: number, run: () => void): () => void {
    if (this.#height >= height) {
      run();
      return () => {};
    }
    this.#waiting.add({height, run});
    return () => {
      for (const waiter of this.#waiting) if (waiter.run === run) this.#waiting.delete(waiter);
    };
  }

  /** Applies every stored block after the head again. Throws ChainStateError REPLAY_FAILED with the height that does not apply. */
  async replay(signal: AbortSignal): Promise<void> {
    const last = this.#store.height();
    const first = this.#height + 1;
    for (let height = first; height <= last; height++) {
      signal.throwIfAborted();
      try {
        const stored = await this.#store.read(height);
        if (stored === null) throw new Error("missing");
        const block = decodeBlock(stored.block);
        this.#advance({height, hash: blockHash(block), block, applied: this.check(block), proof: stored.proof, replay: true});
      } catch (cause) {
        const advice = "the database is damaged or was written by another version; sync again into an empty db folder, keep keys and wal";
        throw new ChainStateError("REPLAY_FAILED", {height, advice}, {cause});
      }
    }
    if (last >= first) this.#log.info("replayed stored blocks", {from: first, height: last});
  }

  /** Puts the head at a block whose state is known: at the start, before `replay`. */
  restore({block, hash, state}: Restored): void {
    this.#state = state;
    this.#hash = hash;
    this.#time = block.header.time;
    this.#height = block.height;
    for (const listener of this.#restoredListeners) listener();
    this.#releaseWaiting();
  }

  /** Stores a block above the head, gives up those between, and puts the head there. */
  async jump(to: Restored & {decided: DecidedBlock}): Promise<void> {
    await this.#store.jump(to.block.height, to.decided, this.#height + 1);
    this.restore(to);
  }

  /** What the next block would do. Throws LedgerError or DecodeError where it is not a valid next block. */
  check(block: Block): Applied {
    return checkBlock(this.#state, {hash: this.#hash, height: this.#height, time: this.#time}, block);
  }

  /** What a block would do after `before`, which is no part of the chain yet. Throws as check. */
  checkAfter(before: Decided, block: Block): Applied {
    return checkBlock(before.applied.state, {hash: before.hash, height: before.height, time: before.applied.time}, block);
  }

  /** The next block from these facts. Throws LedgerError where a fact may not stand in it. */
  build(proposer: Hex, facts: readonly Fact[]): {block: Block; applied: Applied} {
    const parent = {hash: this.#hash, height: this.#height, time: this.#time};
    return buildBlock(this.#state, parent, {epoch: this.epochSet.epoch, proposer, facts});
  }

  /** Stores the next block, then makes it the head. */
  append(decided: Omit<Decided, "height">): Promise<void> {
    return this.appendAll([{...decided, height: decided.block.height}]);
  }

  /** Stores the next blocks as one, then makes each the head in turn. */
  async appendAll(blocks: readonly Decided[]): Promise<void> {
    await this.#store.appendAll(
      this.#height + 1,
      blocks.map(({bytes, proof}) => ({block: bytes, proof})),
    );
    for (const {height, hash, block, applied, proof} of blocks) this.#advance({height, hash, block, applied, proof, replay: false});
  }

  #advance(decision: Decision): void {
    this.#height = decision.height;
    this.#hash = decision.hash;
    this.#time = decision.applied.time;
    this.#state = decision.applied.state;
    for (const listener of this.#listeners) listener(decision);
    this.#releaseWaiting();
  }

  #releaseWaiting(): void {
    for (const waiter of this.#waiting)
      if (waiter.height <= this.#height) {
        this.#waiting.delete(waiter);
        waiter.run();
      }
  }
}
