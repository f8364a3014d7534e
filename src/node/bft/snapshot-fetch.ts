import {equalBytes, type Hex} from "../../base/bytes.ts";
import {DecodeError, describeError, type MvmError} from "../../base/errors.ts";
import type {LedgerState} from "../../mvm/ledger.ts";
import {groupKey} from "../../mvm/queries.ts";
import {stateOfTree} from "../../mvm/snapshot.ts";
import {TreeJoiner, TreePartError} from "../../mvm/tree-parts.ts";
import type {Network, SnapshotAsk} from "../../ports/network.ts";
import type {SnapshotStore} from "../../ports/store.ts";
import type {Clock, Logger} from "../../ports/system.ts";
import {blockHash, decodeBlock} from "../../types/block.ts";
import {decodeDecidedBlock} from "../../types/messages.ts";
import type {Adopter} from "./adopter.ts";
import type {PeerBook} from "./peer-book.ts";
import {type ProofPorts, provenRound} from "./proven.ts";
import {decodeSnapshotHead, SnapshotError, type SnapshotHead} from "./snapshot-head.ts";

const REQUEST_MS = 10_000;
/** Validators that are asked for their newest snapshot; the newest of theirs is taken. */
const OFFERS = 3;
/** Parts that are asked for at a time. */
const WORKERS = 3;
const RETRY_MS = 200;
/** Without a new part for so long, the snapshot is given up. */
const STALLED_MS = 60_000;

export interface SnapshotFetchPorts extends ProofPorts {
  readonly network: Network;
  readonly snapshots: SnapshotStore;
  readonly adopter: Adopter;
  readonly clock: Clock;
  readonly log: Logger;
}

interface Offer {
  readonly height: number;
  readonly head: SnapshotHead;
  readonly bytes: Uint8Array;
}

/**
 * Takes over the ledger state from other validators' snapshots instead of applying every block.
 *
 * What is trusted: genesis, which names the validators and their consensus keys; and from it on what this node has worked out
 * itself. The blocks up to K, the one that completes the DKG, come one by one, proven by votes of a quorum of those keys, and
 * the own ledger has applied them: so the group key is its own result. Under that key, or by votes of such a quorum, the block of
 * the snapshot is proven; its state root proves the outline, and the outline each part. The key in the state must be the same.
 * Nothing is trusted that a peer says; it can only withhold.
 *
 * What remains: who ever holds a quorum of shares of this key can make certificates for a chain of its own. So the block of the
 * snapshot must besides be what validators with more than a third of the seats show at its height, each asked over a connection
 * that its registered key has proven.
 */
export class SnapshotFetch {
  readonly #p: SnapshotFetchPorts;

  constructor(ports: SnapshotFetchPorts) {
    this.#p = ports;
  }

  /**
   * Fetches the newest snapshot above the head and puts the chain there. Whether it has.
   * @throws SnapshotError INCOMPLETE where its parts cannot be had any more; StoreError
   */
  async run(book: PeerBook, signal: AbortSignal): Promise<boolean> {
    const {chain, snapshots, adopter, log} = this.#p;
    const offer = await this.#bestOffer(book, signal);
    if (offer === null) return false;
    const {height, head} = offer;
    if (!(await this.#isVouched(offer, book, signal))) {
      log.warn("no third of the seats shows the block of a snapshot", {height, block: head.hash});
      return false;
    }
    log.info("fetching a snapshot", {height, from: chain.height});
    await snapshots.remove(height);
    const state = await this.#fetchState(offer, book, signal).catch(async (error: unknown) => {
      await snapshots.remove(height);
      throw error;
    });
    if (state === null) return false;
    await snapshots.finish(height, offer.bytes);
    let done = false;
    await adopter.between(async () => {
      if (chain.height >= height) return;
      await chain.jump({...head, state});
      done = true;
    }, signal);
    if (done) log.info("state taken over from a snapshot", {height});
    return done;
  }

  async #bestOffer(book: PeerBook, signal: AbortSignal): Promise<Offer | null> {
    const {chain, network, log} = this.#p;
    let best: Offer | null = null;
    const asked = new Set<number>();
    for (let given = 0; given < OFFERS && !signal.aborted; ) {
      const validator = book.pick(chain.height + 1, asked);
      if (validator === null) break;
      asked.add(validator);
      try {
        const bytes = await this.#request(book, validator, {height: null, part: null}, signal);
        if (bytes === null) continue;
        const offer = this.#open(bytes);
        given++;
        if (offer.height > (best?.height ?? chain.height)) best = offer;
      } catch (error) {
        book.rest(validator);
        log.warn("no snapshot from a validator", {validator, ...describeError(error)});
        if (isWrong(error)) network.punish(validator, error.code);
      }
    }
    return best;
  }

  /** Throws DecodeError, SnapshotError WRONG_ROOT, UNPROVEN. */
  #open(bytes: Uint8Array): Offer {
    const head = decodeSnapshotHead(bytes);
    const {height} = head.block;
    if (provenRound(this.#p, head.decided.proof, {height, hash: head.hash}) === null)
      throw new SnapshotError("UNPROVEN", {height, got: head.hash});
    return {height, head, bytes};
  }

  /** Whether validators with more than a third of the seats show this very block. */
  async #isVouched({height, head}: Offer, book: PeerBook, signal: AbortSignal): Promise<boolean> {
    const asked = new Set<number>();
    const shown = new Set<number>();
    while (!book.isThird(shown) && !signal.aborted) {
      const validator = book.pick(height, asked);
      if (validator === null) return false;
      asked.add(validator);
      if (await this.#shows(validator, height, head.hash, signal)) shown.add(validator);
    }
    return !signal.aborted;
  }

  async #shows(validator: number, height: number, hash: Hex, signal: AbortSignal): Promise<boolean> {
    const {network, clock, log} = this.#p;
    const late = new AbortController();
    const cancel = clock.after(REQUEST_MS, () => late.abort(new Error("no answer in time")));
    try {
      const [frame] = await network.requestBlocks(validator, height, 1, AbortSignal.any([signal, late.signal]));
      return frame !== undefined && blockHash(decodeBlock(decodeDecidedBlock(frame).block)) === hash;
    } catch (error) {
      log.warn("the block of a snapshot is not shown", {validator, height, ...describeError(error)});
      return false;
    } finally {
      cancel();
    }
  }

  /** null where it was stopped. Throws SnapshotError INCOMPLETE, OTHER_KEY. */
  async #fetchState({height, head}: Offer, book: PeerBook, signal: AbortSignal): Promise<LedgerState | null> {
    const {chain, snapshots} = this.#p;
    const joiner = new TreeJoiner(head.outline);
    const queue = joiner.missing();
    const without = new Set<number>();
    let progressMs = this.#p.clock.now();
    const work = async () => {
      for (let index = queue.shift(); index !== undefined && !signal.aborted; index = queue.shift()) {
        const part = await this.#fetchPart({height, index, joiner, book, without}, signal);
        if (part === null) queue.push(index);
        else progressMs = this.#p.clock.now();
        if (part !== null) await snapshots.putPart(height, index, part);
        else if (this.#p.clock.now() - progressMs > STALLED_MS) throw new SnapshotError("INCOMPLETE", {height});
        else await this.#pause(RETRY_MS);
      }
    };
    await Promise.all(Array.from({length: WORKERS}, work));
    if (signal.aborted || joiner.missing().length > 0) return null;
    const state = stateOfTree(chain.genesis, joiner.tree(), height);
    const [own, theirs] = [groupKey(chain.state), groupKey(state)];
    if (own === null || theirs === null || own.sid !== theirs.sid || !equalBytes(own.key, theirs.key))
      throw new SnapshotError("OTHER_KEY", {height});
    return state;
  }

  /** One part, checked and joined; null where this attempt brought none. */
  async #fetchPart(
    of: {height: number; index: number; joiner: TreeJoiner; book: PeerBook; without: Set<number>},
    signal: AbortSignal,
  ): Promise<Uint8Array | null> {
    const {network, log} = this.#p;
    const {height, index, joiner, book, without} = of;
    const validator = book.pick(height, without);
    if (validator === null) return null;
    try {
      const part = await this.#request(book, validator, {height, part: index}, signal);
      if (part === null) without.add(validator);
      else joiner.add(index, part);
      return part;
    } catch (error) {
      book.rest(validator);
      log.warn("no part of a snapshot from a validator", {validator, height, part: index, ...describeError(error)});
      if (isWrong(error)) {
        without.add(validator);
        network.punish(validator, error.code);
      }
      return null;
    }
  }

  async #request(book: PeerBook, validator: number, ask: SnapshotAsk, signal: AbortSignal): Promise<Uint8Array | null> {
    const {network, clock} = this.#p;
    const late = new AbortController();
    const cancel = clock.after(REQUEST_MS, () => late.abort(new Error("no answer in time")));
    book.asked(validator);
    try {
      return await network.requestSnapshot(validator, ask, AbortSignal.any([signal, late.signal]));
    } finally {
      cancel();
      book.answered(validator);
    }
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => this.#p.clock.after(ms, resolve));
  }
}

/** Whether what came was wrong, as opposed to not coming. */
function isWrong(error: unknown): error is MvmError {
  return error instanceof DecodeError || error instanceof SnapshotError || error instanceof TreePartError;
}
