import type {Hex} from "../../base/bytes.ts";
import {describeError, MvmError} from "../../base/errors.ts";
import type {Network, Peer} from "../../ports/network.ts";
import type {Clock, Logger, Service} from "../../ports/system.ts";
import {type Block, blockHash, decodeBlock} from "../../types/block.ts";
import {decodeDecidedBlock} from "../../types/messages.ts";
import type {Proof} from "../../types/votes.ts";
import type {Certifier} from "./certifier.ts";
import type {DecidedChain} from "./decided-chain.ts";
import type {Driver} from "./driver.ts";
import {type Digests, isSignedBy} from "./signer.ts";

const BATCH = 64;
const REQUEST_MS = 10_000;
/** A gap of one height is usually a message on its way: it gets this long before a block is asked for. */
const PATIENCE_MS = 250;
const LOOK_MS = 100;
/** How long a validator that named a height and had no good block for it is not asked; doubled each time. */
const REST_MS = 500;
const REST_MAX_MS = 60_000;

/** What a peer served cannot be a decided block. */
export class CatchUpError extends MvmError<
  "WRONG_HEIGHT" | "UNPROVEN" | "WRONG_PARENT",
  {height: number; want?: number | Hex; got?: number | Hex}
> {}

/** Follows peers that are ahead: fetches decided blocks, checks their proofs, and hands them to the driver one by one. */
export class CatchUp implements Service {
  readonly name = "catch-up";
  readonly #p: {chain: DecidedChain; network: Network; certifier: Certifier; driver: Driver; digests: Digests; clock: Clock; log: Logger};
  /** Last decided height of each validator, as it says itself. */
  readonly #heights = new Map<number, number>();
  /** Validators that are not asked for a while. */
  readonly #resting = new Map<number, {fails: number; untilMs: number}>();
  readonly #stop = new AbortController();
  #behindSince: number | null = null;
  #fetching: Promise<void> | null = null;
  #cancel: (() => void) | null = null;
  #next = 0;
  #adopted: (() => void) | null = null;

  constructor(ports: {
    chain: DecidedChain;
    network: Network;
    certifier: Certifier;
    driver: Driver;
    digests: Digests;
    clock: Clock;
    log: Logger;
  }) {
    this.#p = ports;
  }

  async start(): Promise<void> {
    this.#look();
  }
  async stop(): Promise<void> {
    this.#stop.abort();
    this.#cancel?.();
    this.#adopted?.();
    await this.#fetching;
  }

  /** A peer says how far it is; null where it has gone. */
  note(peer: Peer, height: number): void {
    if (peer.validator !== null) this.#heights.set(peer.validator, height);
  }

  /** Last decided height of a validator, as it says itself; null where it has not, or is not believed for now. */
  heightOf(validator: number): number | null {
    return this.#heights.get(validator) ?? null;
  }

  /** Heights between the own head and the furthest that validators with more than W - q seats name: one of them is honest. */
  get lag(): number {
    const {epochSet, height: own} = this.#p.chain;
    let seats = 0;
    for (const [validator, height] of [...this.#heights].sort(([, a], [, b]) => b - a)) {
      seats += epochSet.validators[validator]?.seats ?? 0;
      if (seats > epochSet.seats - epochSet.quorum) return Math.max(0, height - own);
    }
    return 0;
  }

  #look(): void {
    const {clock, chain} = this.#p;
    const now = clock.now();
    const isAwake = (validator: number) => (this.#resting.get(validator)?.untilMs ?? 0) <= now;
    const ahead = [...this.#heights].filter(([validator, height]) => height > chain.height && isAwake(validator));
    if (ahead.length === 0) this.#behindSince = null;
    else this.#behindSince ??= now;
    const patient = ahead.every(([, height]) => height === chain.height + 1) && now - (this.#behindSince ?? 0) < PATIENCE_MS;
    const [from] = ahead[this.#next++ % ahead.length] ?? [];
    if (from !== undefined && !patient && this.#fetching === null)
      this.#fetching = this.#fetch(from).finally(() => {
        this.#fetching = null;
      });
    this.#cancel = clock.after(LOOK_MS, () => this.#look());
  }

  async #fetch(validator: number): Promise<void> {
    const {network, chain, log} = this.#p;
    const first = chain.height + 1;
    try {
      const frames = await this.#request(validator, first);
      if (frames.length === 0) this.#rest(validator);
      for (const [i, frame] of frames.entries()) {
        if (this.#stop.signal.aborted) return;
        await this.#adopt(frame, first + i);
      }
      if (frames.length === 0) return;
      this.#resting.delete(validator);
      log.info("caught up from a peer", {validator, from: first, blocks: frames.length});
    } catch (error) {
      this.#rest(validator);
      if (!this.#stop.signal.aborted) log.warn("catch-up failed", {validator, height: first, ...describeError(error)});
      if (error instanceof MvmError) network.punish(validator, error.code);
    }
  }

  /** Rejects when no answer has come for REQUEST_MS, and when this service stops. */
  async #request(validator: number, first: number): Promise<Uint8Array[]> {
    const late = new AbortController();
    const cancel = this.#p.clock.after(REQUEST_MS, () => late.abort(new Error("no answer in time")));
    try {
      return await this.#p.network.requestBlocks(validator, first, BATCH, AbortSignal.any([this.#stop.signal, late.signal]));
    } finally {
      cancel();
    }
  }

  #rest(validator: number): void {
    this.#heights.delete(validator);
    const fails = (this.#resting.get(validator)?.fails ?? 0) + 1;
    const untilMs = this.#p.clock.now() + Math.min(REST_MAX_MS, REST_MS * 2 ** fails);
    this.#resting.set(validator, {fails, untilMs});
  }

  /** Proves one served block and waits until the driver has decided it. Throws CatchUpError, DecodeError. */
  async #adopt(frame: Uint8Array, height: number): Promise<void> {
    const {chain, driver} = this.#p;
    if (chain.height >= height) return; // decided live meanwhile
    const decided = decodeDecidedBlock(frame);
    const block = decodeBlock(decided.block);
    const hash = blockHash(block);
    if (block.height !== height) throw new CatchUpError("WRONG_HEIGHT", {height, got: block.height});
    if (block.header.parentHash !== chain.hash)
      throw new CatchUpError("WRONG_PARENT", {height, want: chain.hash, got: block.header.parentHash});
    const round = this.#proven(decided.proof, block, hash);
    if (round === null) throw new CatchUpError("UNPROVEN", {height, got: hash});
    if (!driver.push({kind: "commit", hash, round, block, bytes: decided.block, proof: decided.proof}))
      throw new Error("the driver is busy");
    await new Promise<void>((resolve) => {
      this.#adopted = resolve; // also called by stop()
      chain.whenHeight(height, resolve);
    });
  }

  /** The round of a valid proof for this block, else null. */
  #proven(proof: Proof, block: Block, hash: Hex): number | null {
    const {chain, certifier, digests} = this.#p;
    const {epoch, validators, quorum} = chain.epochSet;
    if (proof.kind === "certificate") {
      const {certificate} = proof;
      return certificate.height === block.height && certificate.blockHash === hash && certifier.verify(certificate)
        ? certificate.round
        : null;
    }
    const round = proof.votes[0]?.round ?? 0;
    const good = proof.votes.every(
      (vote) =>
        vote.type === "precommit" &&
        vote.epoch === epoch &&
        vote.height === block.height &&
        vote.round === round &&
        vote.blockHash === hash &&
        isSignedBy(validators[vote.from]?.consensusKey, digests.vote(vote), vote.signature),
    );
    const seats = proof.votes.reduce((sum, vote) => sum + (validators[vote.from]?.seats ?? 0), 0);
    return good && seats >= quorum ? round : null;
  }
}
