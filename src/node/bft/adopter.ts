import {MvmError} from "../../base/errors.ts";
import type {LedgerState} from "../../mvm/ledger.ts";
import type {Judgement} from "../../ports/chain.ts";
import type {Clock, Logger} from "../../ports/system.ts";
import type {Block} from "../../types/block.ts";
import type {Certifier} from "./certifier.ts";
import {ChainStateError, type Decided, type DecidedChain} from "./decided-chain.ts";
import type {Driver} from "./driver.ts";
import type {ProvenBlock} from "./proven.ts";

/** The ledger works this long at a time, ms, before others get their turn. */
const TURN_MS = 10;
const RETRY_MS = 100;

export interface AdopterPorts {
  readonly chain: DecidedChain;
  readonly certifier: Certifier;
  readonly driver: Pick<Driver, "push">;
  /** What the own sources say of the facts of a block whose parent's state this is. */
  readonly judge: (block: Block, state: LedgerState) => Judgement;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Brings proven blocks into the chain, between two heights of the round machine. */
export class Adopter {
  readonly #p: AdopterPorts;

  constructor(ports: AdopterPorts) {
    this.#p = ports;
  }

  /**
   * Applies the blocks that follow the head, in order, and stores them as one; those that were decided meanwhile are left out.
   * Resolves when they are on disk, or the signal aborts. A proven block that does not apply ends the node: ChainStateError
   * DECIDED_BLOCK_INVALID in the driver.
   */
  adopt(blocks: readonly ProvenBlock[], signal: AbortSignal): Promise<void> {
    return this.between(() => this.#adopt(blocks, signal), signal);
  }

  /** Runs something that moves the chain on, while the round machine waits. Resolves after it, or when the signal aborts. */
  async between(run: () => Promise<void>, signal: AbortSignal): Promise<void> {
    let stop = () => {};
    await new Promise<void>((resolve) => {
      stop = resolve;
      signal.addEventListener("abort", stop, {once: true});
      this.#push(async () => {
        if (!signal.aborted) await run();
        resolve();
      }, signal);
    });
    signal.removeEventListener("abort", stop);
  }

  #push(run: () => Promise<void>, signal: AbortSignal): void {
    if (signal.aborted || this.#p.driver.push({kind: "advance", run})) return;
    // its queue is full
    this.#p.clock.after(RETRY_MS, () => this.#push(run, signal));
  }

  /** Lets everything else have a turn. */
  pause(): Promise<void> {
    return new Promise((resolve) => this.#p.clock.after(0, resolve));
  }

  async #adopt(blocks: readonly ProvenBlock[], signal: AbortSignal): Promise<void> {
    const {chain, certifier, clock} = this.#p;
    const decided: {of: Decided; valid: boolean; round: number}[] = [];
    let since = clock.now();
    for (const proven of blocks.filter(({height}) => height > chain.height)) {
      const before = decided.at(-1)?.of;
      // money goes out only under the partials of those whose own sources have shown it
      const state = before?.applied.state ?? chain.state;
      const valid = proven.proof.kind === "votes" && chain.isCertified(proven.height) && this.#isSeen(proven, state);
      decided.push({of: this.#run(proven, before), valid, round: proven.round});
      if (clock.now() - since < TURN_MS) continue;
      await this.pause();
      if (signal.aborted) return;
      since = clock.now();
    }
    if (decided.length === 0) return;
    await chain.appendAll(decided.map(({of}) => of));
    for (const {of, valid, round} of decided) {
      const {height, hash, proof, block} = of;
      certifier.decided({height, round, blockHash: hash, valid, proof, proposer: block.header.proposer});
    }
  }

  #isSeen({height, block}: ProvenBlock, state: LedgerState): boolean {
    const judgement = this.#p.judge(block, state);
    if (judgement === "invalid") this.#p.log.error("a decided block contradicts own sources", {height});
    return judgement === "valid";
  }

  #run({height, hash, block, bytes, proof}: ProvenBlock, before: Decided | undefined): Decided {
    const {chain} = this.#p;
    try {
      const applied = before === undefined ? chain.check(block) : chain.checkAfter(before, block);
      return {height, hash, block, bytes, applied, proof};
    } catch (cause) {
      if (!(cause instanceof MvmError)) throw cause;
      const advice = "compare the version of this node with the other validators'";
      throw new ChainStateError("DECIDED_BLOCK_INVALID", {height, hash, advice}, {cause});
    }
  }
}
