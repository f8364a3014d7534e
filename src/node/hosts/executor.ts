import type {Hex} from "../../base/bytes.ts";
import {DecodeError, describeError} from "../../base/errors.ts";
import {eventLeaf, merkleProof} from "../../crypto/merkle.ts";
import {decodeGroupEvent} from "../../mvm/group-events.ts";
import {outboxOf} from "../../mvm/queries.ts";
import type {GroupContract} from "../../ports/chain.ts";
import type {BlockStore} from "../../ports/store.ts";
import type {Clock, Logger, Service} from "../../ports/system.ts";
import {blockHash} from "../../types/block.ts";
import type {ChainLog} from "../../types/facts.ts";
import type {DecidedChain} from "../bft/decided-chain.ts";
import {readOutbox} from "../outbox-messages.ts";
import {ranksOf} from "./ranks.ts";

const LOOK_MS = 500;
/** Outboxes that are looked through at the start for such as were committed and not run. Every validator that ran on has noticed older ones. */
const LOOKED_THROUGH = 10_000;

interface ExecutorPorts {
  readonly chain: DecidedChain;
  readonly store: BlockStore;
  readonly contract: GroupContract;
  /** The own consensus key. */
  readonly own: Hex;
  readonly clock: Clock;
  readonly log: Logger;
}

/**
 * Runs the messages of outboxes that somebody has only committed. Anyone who sees a certificate may commit instead of
 * deliver; the messages would then wait for ever, and the next ones of their lanes behind them.
 */
export class Executor implements Service {
  readonly name = "executor";
  readonly #p: ExecutorPorts;
  /** Committed outboxes with messages that no log has shown as run: seq → when it was noticed, ms. */
  readonly #waiting = new Map<bigint, number>();
  #cancel: (() => void) | null = null;
  #running: Promise<void> = Promise.resolve();
  #stopped = false;
  #isLoaded = false;

  constructor(ports: ExecutorPorts) {
    this.#p = ports;
    ports.chain.onRestored(() => {
      this.#isLoaded = false;
    });
    ports.chain.onDecided(({block}) => {
      for (const fact of block.facts) if (fact.kind === "chainLog" && fact.platform === ports.contract.platform) this.#note(fact);
    });
  }

  async start(): Promise<void> {
    this.#schedule();
  }
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancel?.();
    await this.#running;
  }

  /** The lowest height whose block is still needed here; infinity for none. */
  get neededFrom(): number {
    if (!this.#isLoaded) return 0;
    const {chain, contract} = this.#p;
    const heights = [...this.#waiting.keys()].map((seq) => outboxOf(chain.state, contract.platform, seq)?.height ?? 0);
    return Math.min(Number.POSITIVE_INFINITY, ...heights);
  }

  #note(log: ChainLog): void {
    try {
      const event = decodeGroupEvent(log);
      if (event.kind === "committed") this.#waiting.set(event.seq, this.#p.clock.now());
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
    }
  }

  #schedule(): void {
    if (this.#stopped) return;
    this.#cancel = this.#p.clock.after(LOOK_MS, () => {
      this.#running = this.#look().then(() => this.#schedule());
    });
  }

  /** The logs of blocks before the start are not seen again: whatever the contract has and no log has shown as delivered is looked at. */
  async #load(): Promise<void> {
    const {chain, contract, clock} = this.#p;
    const {nextSeq} = await contract.status();
    for (let seq = nextSeq - 1n; seq >= 0n && seq >= nextSeq - BigInt(LOOKED_THROUGH); seq--)
      if (outboxOf(chain.state, contract.platform, seq)?.submitter === null && !this.#waiting.has(seq)) this.#waiting.set(seq, clock.now());
    this.#isLoaded = true;
  }

  async #look(): Promise<void> {
    try {
      if (!this.#isLoaded) await this.#load();
    } catch (error) {
      this.#p.log.warn("execution has to wait", describeError(error));
    }
    for (const [seq, sinceMs] of this.#waiting) {
      if (this.#stopped) return;
      try {
        if (await this.#execute(seq, sinceMs)) this.#waiting.delete(seq);
      } catch (error) {
        this.#p.log.warn("execution has to wait", {seq, ...describeError(error)});
      }
    }
  }

  /** Whether nothing of the outbox is left to run. Throws ChainError. */
  async #execute(seq: bigint, sinceMs: number): Promise<boolean> {
    const {chain, store, contract, own, clock, log} = this.#p;
    const content = await readOutbox(chain, store, {platform: contract.platform, seq});
    const left = content?.messages.filter((m) => m.state === "decided") ?? [];
    if (content === null || left.length === 0) return true;
    const {set, validators, indexOf} = chain.epochSet;
    const me = indexOf(own);
    if (me === null) return false;
    const {block, messages} = content;
    const first = set.schedule[block.height % set.schedule.length] ?? 0;
    const rank = ranksOf({validators: validators.length, first, blockHash: blockHash(block)}).indexOf(me);
    if (clock.now() - sinceMs < rank * chain.genesis.parameters.stageMs) return false;
    const leaves = messages.map((m) => eventLeaf(m.event));
    for (const message of left) {
      const result = await contract.execute({seq, event: message.event, proof: merkleProof(leaves, message.place)});
      log.info("executed a committed message", {
        seq,
        process: message.process,
        nonce: message.nonce,
        outcome: result.outcome,
        tx: result.txHash,
      });
    }
    return false; // until their logs are decided
  }
}
