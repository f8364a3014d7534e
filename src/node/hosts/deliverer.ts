import type {Hex} from "../../base/bytes.ts";
import {describeError} from "../../base/errors.ts";
import {g2ToEip2537} from "../../crypto/bls.ts";
import {outboxBodies} from "../../mvm/outbox-bodies.ts";
import type {OutboxBody} from "../../mvm/outboxes.ts";
import {undeliveredOutboxes} from "../../mvm/queries.ts";
import type {GroupContract, Submitted} from "../../ports/chain.ts";
import type {BlockStore} from "../../ports/store.ts";
import type {Clock, Logger, Service} from "../../ports/system.ts";
import {type Block, blockHash, coreHash, decodeBlock, type Outbox} from "../../types/block.ts";
import type {Certificate} from "../../types/votes.ts";
import type {Certifier} from "../bft/certifier.ts";
import type {DecidedChain} from "../bft/decided-chain.ts";
import {ranksOf} from "./ranks.ts";

const RETRY_MS = 500;
const RETRY_MS_MAX = 10_000;

/** A block with outboxes for this platform that the contract has not taken, as far as is known. */
interface Pending {
  readonly height: number;
  readonly hash: Hex;
  readonly coreHash: Hex;
  readonly outboxes: readonly Outbox[];
  readonly bodies: readonly OutboxBody[];
  /** Kept here: a backlog can be longer than anybody's memory of certificates. */
  certificate: Certificate | null;
  certifiedMs: number;
}

/** What became of the outboxes of one height on one platform. */
export interface Delivery {
  readonly platform: Hex;
  readonly height: number;
  readonly rank: number;
  readonly result: Submitted;
}

interface DelivererPorts {
  readonly chain: DecidedChain;
  readonly store: BlockStore;
  readonly certifier: Certifier;
  readonly contract: GroupContract;
  /** The own consensus key. */
  readonly own: Hex;
  readonly clock: Clock;
  readonly log: Logger;
}

/**
 * Brings certified outboxes to one group contract, in order of their sequence. The proposer of the decided round acts at
 * once, the others one stage after another, and only while the contract has not advanced.
 */
export class Deliverer implements Service {
  readonly name = "deliverer";
  readonly #p: DelivererPorts;
  readonly #pending = new Map<number, Pending>();
  readonly #listeners: ((delivery: Delivery) => void)[] = [];
  #running: Promise<void> | null = null;
  #again = false;
  #retryMs = RETRY_MS;
  #cancel: (() => void) | null = null;
  #stopped = false;
  #isLoaded = false;

  constructor(ports: DelivererPorts) {
    this.#p = ports;
    // what was decided before the start is read from the store
    ports.chain.onDecided(({block, hash, applied, replay}) => {
      if (!replay) this.#note(block, hash, applied.outboxes, ports.certifier.certificateOf(block.height));
    });
    ports.chain.onRestored(() => {
      if (this.#isLoaded) void this.#loadAgain();
    });
    ports.certifier.onCertified((certificate) => {
      const pending = this.#pending.get(certificate.height);
      if (pending === undefined) return;
      Object.assign(pending, {certificate, certifiedMs: ports.clock.now()});
      this.#pump();
    });
  }

  async start(): Promise<void> {
    await this.#load();
    this.#isLoaded = true;
    this.#pump();
  }
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancel?.();
    await this.#running;
  }

  onDelivered(listener: (delivery: Delivery) => void): void {
    this.#listeners.push(listener);
  }

  /** Blocks whose outboxes the contract has not taken, as far as is known. */
  get backlog(): number {
    return this.#pending.size;
  }

  /** The lowest height whose block is still needed here; infinity for none. */
  get neededFrom(): number {
    return this.#isLoaded ? Math.min(Number.POSITIVE_INFINITY, ...this.#pending.keys()) : 0;
  }

  #note(block: Block, hash: Hex, all: readonly OutboxBody[], certificate: Certificate | null): void {
    const {height, header, outboxes} = block;
    const bodies = all.filter((body) => body.outbox.platform === this.#p.contract.platform);
    if (bodies.length === 0 || this.#pending.has(height)) return;
    const certifiedMs = this.#p.clock.now();
    this.#pending.set(height, {height, hash, coreHash: coreHash(header), outboxes, bodies, certificate, certifiedMs});
  }

  /** Takes up what earlier runs have left, or what a snapshot shows. Blocks that are not here are delivered by others. */
  async #load(): Promise<void> {
    const {chain, store, certifier, contract, log} = this.#p;
    const {state} = chain;
    const heights = new Set(undeliveredOutboxes(state, contract.platform).map(({height}) => height));
    let missing = 0;
    for (const height of heights) {
      if (this.#pending.has(height)) continue;
      const stored = await store.read(height);
      if (stored === null) missing++;
      if (stored === null) continue;
      const block = decodeBlock(stored.block);
      const certificate = stored.proof.kind === "certificate" ? stored.proof.certificate : certifier.certificateOf(height);
      this.#note(block, blockHash(block), outboxBodies(state, block), certificate);
    }
    if (missing > 0) log.warn("undelivered blocks are not stored here", {platform: contract.platform, blocks: missing});
  }

  async #loadAgain(): Promise<void> {
    try {
      await this.#load();
      this.#pump();
    } catch (error) {
      this.#p.log.error("undelivered blocks cannot be read", describeError(error));
    }
  }

  #pump(): void {
    if (this.#stopped) return;
    if (this.#running !== null) {
      this.#again = true;
      return;
    }
    this.#cancel?.();
    this.#cancel = null;
    this.#running = this.#deliverAll().finally(() => {
      this.#running = null;
      if (!this.#again) return;
      this.#again = false;
      this.#pump();
    });
  }

  #wait(ms: number): void {
    this.#cancel?.();
    if (!this.#stopped) this.#cancel = this.#p.clock.after(ms, () => this.#pump());
  }

  async #deliverAll(): Promise<void> {
    try {
      while (this.#pending.size > 0 && !this.#stopped) {
        const status = await this.#p.contract.status();
        for (const [height, {bodies}] of this.#pending)
          if ((bodies.at(-1)?.outbox.seq ?? 0n) < status.nextSeq) this.#pending.delete(height);
        const next = [...this.#pending.values()].find(({bodies}) => bodies.some((b) => b.outbox.seq === status.nextSeq));
        if (!status.activated) return this.#wait(RETRY_MS);
        if (next === undefined || next.certificate === null) return;
        const rank = this.#rankOf(next, next.certificate.round);
        if (rank === null) return this.#wait(RETRY_MS_MAX);
        const waitMs = next.certifiedMs + rank * this.#p.chain.genesis.parameters.stageMs - this.#p.clock.now();
        if (waitMs > 0) return this.#wait(waitMs);
        await this.#deliver(next, next.certificate, {nextSeq: status.nextSeq, rank});
        this.#retryMs = RETRY_MS;
      }
    } catch (error) {
      this.#p.log.warn("delivery has to wait", {retryMs: this.#retryMs, ...describeError(error)});
      this.#wait(this.#retryMs);
      this.#retryMs = Math.min(RETRY_MS_MAX, this.#retryMs * 2);
    }
  }

  async #deliver(next: Pending, certificate: Certificate, {nextSeq, rank}: {nextSeq: bigint; rank: number}): Promise<void> {
    const {contract, log} = this.#p;
    const result = await contract.deliver({
      height: next.height,
      coreHash: next.coreHash,
      outboxes: next.outboxes,
      epoch: certificate.epoch,
      round: certificate.round,
      signature: g2ToEip2537(certificate.signature),
      deliveries: next.bodies.filter((b) => b.outbox.seq >= nextSeq).map(({system, events}) => ({system, events})),
    });
    const {platform} = contract;
    log.info("delivered", {
      platform,
      height: next.height,
      rank,
      outcome: result.outcome,
      tx: result.txHash,
      gas: result.gasUsed.toString(),
    });
    if (result.outcome === "reverted") throw new Error("the delivery reverted");
    for (const listener of this.#listeners) listener({platform, height: next.height, rank, result});
  }

  /** null: who has no seat now leaves it to the others. */
  #rankOf({height, hash}: Pending, round: number): number | null {
    const {set, validators, indexOf} = this.#p.chain.epochSet;
    const me = indexOf(this.#p.own);
    if (me === null) return null;
    const first = set.schedule[(height + round) % set.schedule.length] ?? 0;
    return ranksOf({validators: validators.length, first, blockHash: hash}).indexOf(me);
  }
}
