import {describeError} from "../../base/errors.ts";
import {groupKey} from "../../mvm/queries.ts";
import {stateOfTree} from "../../mvm/snapshot.ts";
import {cutTree, TreeJoiner} from "../../mvm/tree-parts.ts";
import type {BlockStore, SnapshotStore} from "../../ports/store.ts";
import type {Clock, Logger, Service} from "../../ports/system.ts";
import {encodeBlock} from "../../types/block.ts";
import type {DecidedBlock} from "../../types/messages.ts";
import {ChainStateError, type DecidedChain, type Decision} from "./decided-chain.ts";
import {decodeSnapshotHead, encodeSnapshotHead, SnapshotError, type SnapshotHead} from "./snapshot-head.ts";

/** Whole snapshots that are kept: a peer that fetches the older one has until the next is written, and a bad one has a spare. */
const KEPT = 2;
/** While a snapshot is written, this share of the time is work; the next one waits at least as long as it took. */
const WORK_SHARE = 0.2;
const PAUSE_MIN_MS = 1;

export interface SnapshotPolicy {
  /** Heights from one snapshot to the next; 0: none are written. */
  readonly every: number;
  /** Blocks that are kept behind the head; 0: all. */
  readonly retain: number;
  /** How the state comes about at the start, and on an empty disk: from a snapshot, or from every block since genesis. */
  readonly replay: "snapshot" | "genesis";
  /** Heights behind from which a peer's snapshot is cheaper than blocks. */
  readonly fetchLag: number;
}

export const SNAPSHOT_POLICY: SnapshotPolicy = {every: 1_000, retain: 0, replay: "snapshot", fetchLag: 10_000};

interface KeeperPorts {
  readonly chain: DecidedChain;
  readonly blocks: BlockStore;
  readonly snapshots: SnapshotStore;
  readonly policy: SnapshotPolicy;
  /** The lowest height whose block somebody in this node still needs; infinity for none. */
  readonly needed: () => number;
  readonly clock: Clock;
  readonly log: Logger;
}

/**
 * Writes snapshots of the state while the chain goes on, starts from the newest, serves them to peers, and takes away the
 * blocks that they make dispensable. Blocks up to the one that completes the DKG stay for ever: a new node proves the group
 * key by them.
 */
export class SnapshotKeeper implements Service {
  readonly name = "snapshots";
  readonly #p: KeeperPorts;
  #writing: Promise<void> | null = null;
  #last = 0;
  #notBeforeMs = 0;
  #stopped = false;
  #wake: (() => void) | null = null;

  constructor(ports: KeeperPorts) {
    this.#p = ports;
    ports.chain.onDecided((decision) => {
      if (!decision.replay) this.#consider(decision);
    });
    ports.chain.onRestored(() => {
      this.#last = ports.chain.height;
    });
  }

  async start(): Promise<void> {}
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#wake?.();
    await this.#writing;
  }

  /**
   * Puts the chain at the newest snapshot that is whole and of this chain; without one, or where the policy says so, it stays at
   * genesis. Throws ChainStateError REPLAY_FAILED where blocks that would then be needed are gone.
   */
  async load(signal: AbortSignal): Promise<void> {
    const {chain, blocks, snapshots, policy, log} = this.#p;
    const heights = policy.replay === "genesis" ? [] : [...snapshots.heights()].reverse();
    for (const height of heights) {
      try {
        const head = await this.#readHead(height);
        const state = stateOfTree(chain.genesis, (await this.#readTree(head, signal)).tree(), height);
        // blocks that nobody has certified are reviewed anew, against the states before them
        const [uncertified = height + 1] = await blocks.uncertified(groupKey(state)?.keyHeight ?? height);
        if (uncertified <= height && height !== heights.at(-1)) continue;
        // a crash between the end of a download and its use
        if (height > blocks.height()) await chain.jump({...head, state});
        else chain.restore({...head, state});
        log.info("state read from a snapshot", {height});
        return;
      } catch (error) {
        signal.throwIfAborted();
        log.warn("snapshot is of no use", {height, ...describeError(error)});
      }
    }
    const gap = blocks.gap();
    if (gap === null) return;
    const advice =
      policy.replay === "genesis"
        ? "blocks were pruned: set sync to snapshot, or sync again into an empty db folder, keep keys and wal"
        : "no snapshot can be read and blocks were pruned: sync again into an empty db folder, keep keys and wal";
    throw new ChainStateError("REPLAY_FAILED", {height: gap.from, advice});
  }

  /** Head or part of a whole snapshot; the head of the newest where `height` is null. null: there is none. Never rejects. */
  async serve(ask: {height: number | null; part: number | null}): Promise<Uint8Array | null> {
    const {snapshots, log} = this.#p;
    const height = ask.height ?? snapshots.heights().at(-1);
    if (height === undefined || !snapshots.heights().includes(height)) return null;
    try {
      return await (ask.part === null ? snapshots.readHead(height) : snapshots.readPart(height, ask.part));
    } catch (error) {
      log.error("snapshot cannot be read", {height, ...describeError(error)});
      return null;
    }
  }

  /** Resolves when no snapshot is being written. */
  async settled(): Promise<void> {
    await this.#writing;
  }

  async #readHead(height: number): Promise<SnapshotHead> {
    const {blocks, snapshots} = this.#p;
    const bytes = await snapshots.readHead(height);
    if (bytes === null) throw new SnapshotError("INCOMPLETE", {height});
    const head = decodeSnapshotHead(bytes);
    if (head.block.height !== height) throw new SnapshotError("OTHER_BLOCK", {height, got: `height ${head.block.height}`});
    if (height > blocks.height()) return head;
    const gap = blocks.gap();
    if (gap !== null && height < gap.to) throw new SnapshotError("INCOMPLETE", {height, want: `blocks up to ${gap.to}`});
    const stored = await blocks.readProof(height);
    const hash = stored?.kind === "certificate" ? stored.certificate.blockHash : stored?.votes[0]?.blockHash;
    if (stored !== null && hash !== head.hash) throw new SnapshotError("OTHER_BLOCK", {height, want: `${hash}`, got: head.hash});
    return head;
  }

  async #readTree({block, outline}: SnapshotHead, signal: AbortSignal): Promise<TreeJoiner> {
    const joiner = new TreeJoiner(outline);
    for (const index of joiner.missing()) {
      signal.throwIfAborted();
      const part = await this.#p.snapshots.readPart(block.height, index);
      if (part === null) throw new SnapshotError("INCOMPLETE", {height: block.height, want: `part ${index}`});
      joiner.add(index, part);
    }
    return joiner;
  }

  #consider(decision: Decision): void {
    const {policy, clock} = this.#p;
    if (policy.every === 0 || this.#writing !== null || this.#stopped) return;
    if (decision.height < this.#last + policy.every || clock.now() < this.#notBeforeMs) return;
    this.#last = decision.height;
    const since = clock.now();
    this.#writing = this.#write(decision)
      .then(() => this.#tidy())
      .catch((error: unknown) => this.#p.log.error("snapshot not written", {height: decision.height, ...describeError(error)}))
      .finally(() => {
        this.#writing = null;
        this.#notBeforeMs = clock.now() + (clock.now() - since);
      });
  }

  async #write({height, block, proof, applied}: Decision): Promise<void> {
    const {snapshots, clock, log} = this.#p;
    const decided: DecidedBlock = {block: encodeBlock(block), proof};
    await snapshots.remove(height);
    const cutting = cutTree(applied.state.tree);
    for (let index = 0; !this.#stopped; index++) {
      const since = clock.now();
      const next = cutting.next();
      if (next.done) {
        await snapshots.finish(height, encodeSnapshotHead(decided, next.value));
        log.info("snapshot written", {height, parts: index});
        return;
      }
      await snapshots.putPart(height, index, next.value.bytes);
      await this.#pause(Math.max(PAUSE_MIN_MS, ((clock.now() - since) * (1 - WORK_SHARE)) / WORK_SHARE));
    }
  }

  /** Takes away old snapshots, and blocks that nobody needs. */
  async #tidy(): Promise<void> {
    const {chain, blocks, snapshots, policy} = this.#p;
    for (const height of snapshots.heights().slice(0, -KEPT)) await snapshots.remove(height);
    const oldest = snapshots.heights()[0];
    const keyHeight = chain.keyHeight;
    if (policy.retain === 0 || oldest === undefined || keyHeight === null || this.#stopped) return;
    const [uncertified = Number.POSITIVE_INFINITY] = await blocks.uncertified(keyHeight);
    const to = Math.min(chain.height - policy.retain, oldest - 1, uncertified - 1, this.#p.needed() - 1);
    if (to > keyHeight && to > (blocks.gap()?.to ?? 0)) {
      await blocks.prune({from: keyHeight + 1, to});
      this.#p.log.info("blocks pruned", {from: keyHeight + 1, to});
    }
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.#p.clock.after(ms, resolve);
      this.#wake = () => {
        cancel();
        resolve();
      };
    });
  }
}
