import {BoundedMap} from "../../base/bounded.ts";
import type {Hex} from "../../base/bytes.ts";
import {describeError} from "../../base/errors.ts";
import {blsVerify} from "../../crypto/bls.ts";
import {combinePartials} from "../../crypto/threshold.ts";
import {groupKey} from "../../mvm/queries.ts";
import type {Network, Peer, Verdict} from "../../ports/network.ts";
import type {BlockStore} from "../../ports/store.ts";
import type {Clock, Logger, Service} from "../../ports/system.ts";
import {blockHash, decodeBlock} from "../../types/block.ts";
import type {PartialsMessage} from "../../types/messages.ts";
import type {Certificate, Proof, SeatSignature} from "../../types/votes.ts";
import type {DecidedChain} from "./decided-chain.ts";
import {OwnPartials, subjectDigest} from "./own-partials.ts";
import {PartialPool, type Subject} from "./partial-pool.ts";

/** Uncertified heights that are remembered. Payments are not admitted long before there are so many. */
const OPEN_MAX = 1_024;
/** Certificates at hand without a look at the disk. */
const CERTIFICATES_MAX = 1_024;
const TOP_UP_MS = 500;
/** Heights above the own head whose certificates are kept. */
const EARLY_HEIGHTS = 4;
/** Heights, the oldest first, that are topped up at one time. */
const TOP_UP_MAX = 8;

/** Rounds of one height for which one validator is answered. */
const ROUNDS_MAX = 4;

/** A decided block without a certificate. */
interface Open extends Subject {
  /** The own sources have shown it. */
  readonly valid: boolean;
  /** This validator built it, and combines first. */
  readonly proposer: boolean;
  /** Rounds for which each validator has been answered. */
  readonly answered: Map<number, Set<number>>;
}

/** Collects partial signatures, makes certificates of decided blocks, and keeps asking until each block has one. */
export class Certifier implements Service {
  readonly name = "certifier";
  readonly #p: {chain: DecidedChain; network: Network; store: BlockStore; clock: Clock; log: Logger; own: Hex};
  readonly #pool = new PartialPool();
  readonly own: OwnPartials;
  readonly #open = new Map<number, Open>();
  readonly #certificates = new BoundedMap<number, Certificate>(CERTIFICATES_MAX);
  /** Verified certificates of heights that are not decided here yet. */
  readonly #early = new BoundedMap<number, Certificate>(EARLY_HEIGHTS);
  readonly #listeners: ((certificate: Certificate) => void)[] = [];
  #started = false;
  #cancel: (() => void) | null = null;

  constructor(ports: {chain: DecidedChain; network: Network; store: BlockStore; clock: Clock; log: Logger; own: Hex}) {
    this.#p = ports;
    this.own = new OwnPartials(ports.chain);
    ports.chain.onRestored(() => {
      if (this.#started) void this.#load().catch((error: unknown) => ports.log.error("proofs cannot be read", describeError(error)));
    });
  }

  /** Reads back which blocks have certificates and which still want one. Throws StoreError. */
  async start(): Promise<void> {
    this.#started = true;
    await this.#load();
    this.#topUp();
  }
  async stop(): Promise<void> {
    this.#cancel?.();
  }

  /** Called once for each new certificate. */
  onCertified(listener: (certificate: Certificate) => void): void {
    this.#listeners.push(listener);
  }

  certificateOf(height: number): Certificate | null {
    return this.#certificates.get(height) ?? null;
  }
  /** Decided heights above K that lack a certificate. */
  get openCount(): number {
    return this.#open.size;
  }

  /** The lowest decided height above K that lacks a certificate; infinity: none does. */
  get oldestOpen(): number {
    return Math.min(Number.POSITIVE_INFINITY, ...this.#open.keys());
  }

  /** How far behind the head the oldest block without a certificate is; 0: none lacks one. */
  get lag(): number {
    const [oldest] = this.#open.keys();
    return oldest === undefined ? 0 : this.#p.chain.height - oldest;
  }

  /** Decided heights whose blocks the own sources have not confirmed: no partial signature is given for them. */
  unconfirmed(): number[] {
    return [...this.#open.values()].filter((open) => !open.valid).map((open) => open.height);
  }

  /** The own sources show everything that the block of this height says. */
  confirm(height: number): void {
    const open = this.#open.get(height);
    if (open !== undefined) this.#open.set(height, {...open, valid: true});
  }

  /** Keeps partials that nobody has verified: the first for each seat, until a combination fails. */
  offer(of: Subject & {partials: readonly SeatSignature[]}): void {
    if (of.partials.length === 0) return;
    this.#pool.offer(of, of.partials);
    const open = this.#open.get(of.height);
    if (open?.proposer === true && isSame(open, of)) this.#combine(open);
  }

  /** Partials given after the decision: each is verified before it is kept, as nothing else vouches for its sender. */
  receivePartials(message: PartialsMessage, from: Peer): Verdict {
    const certificate = this.#certificates.get(message.height);
    // whoever still tops up a height that is certified here has missed the certificate, and nobody sends it again by itself
    if (certificate !== undefined && from.validator !== null) this.#p.network.sendTo(from.validator, {kind: "certificate", certificate});
    const open = this.#open.get(message.height);
    const {shares} = this.#p.chain.setAt(message.height);
    if (open === undefined || shares === null || open.blockHash !== message.blockHash) return "ignore";
    const digest = subjectDigest(this.#p.chain, message);
    const fresh = this.#pool.fresh(message, message.partials);
    for (const {seat, signature} of fresh) {
      const share = shares.publicShares[seat - 1];
      if (share === undefined || !blsVerify(share, digest, signature)) return "reject";
    }
    for (const partial of fresh) this.#pool.replace(message, partial);
    if (isSame(open, message)) this.#combine(open);
    else if (from.validator !== null) this.#answer(open, message, from.validator);
    return fresh.length > 0 ? "accept" : "ignore";
  }

  /**
   * Some may have decided a block by one round's precommits and some by another's: neither would ever have a quorum of partials.
   * No other value can be decided at that height, so its block may be signed for the round that somebody else needs.
   */
  #answer(open: Open, {height, round, blockHash, epoch}: PartialsMessage, to: number): void {
    const rounds = open.answered.get(to) ?? new Set<number>();
    if (!open.valid || (rounds.size >= ROUNDS_MAX && !rounds.has(round))) return;
    open.answered.set(to, rounds.add(round));
    const partials = this.own.of({height, round, blockHash});
    if (partials.length > 0) this.#p.network.sendTo(to, {kind: "partials", epoch, height, round, blockHash, partials});
  }

  /** A certificate that somebody else has combined: checked once, then stored with the block. */
  receiveCertificate(certificate: Certificate): Verdict {
    const open = this.#open.get(certificate.height);
    const {height} = this.#p.chain;
    if (open === undefined && certificate.height > height && certificate.height <= height + EARLY_HEIGHTS)
      return this.#keepEarly(certificate);
    if (open === undefined) return "ignore";
    if (open.blockHash !== certificate.blockHash || !this.verify(certificate)) return "reject";
    this.#finish(certificate, false);
    return "accept";
  }

  /** Others may have combined a block that is not decided here yet: its certificate will be wanted in a moment. */
  #keepEarly(certificate: Certificate): Verdict {
    if (this.#early.has(certificate.height)) return "ignore";
    if (groupKey(this.#p.chain.state) === null) return "ignore";
    if (!this.verify(certificate)) return "reject";
    this.#early.set(certificate.height, certificate);
    return "accept";
  }

  /** Whether the group key has signed (height, round, block). */
  verify(certificate: Certificate): boolean {
    const key = groupKey(this.#p.chain.state);
    return (
      key !== null && this.#isOfEpoch(certificate) && blsVerify(key.key, subjectDigest(this.#p.chain, certificate), certificate.signature)
    );
  }

  /** A height beyond the next may be of any epoch from this one on: all have the one key. */
  #isOfEpoch({height, epoch}: Certificate): boolean {
    const {chain} = this.#p;
    const set = chain.setAt(height);
    return height > chain.height + 1 ? epoch >= set.epoch : epoch === set.epoch;
  }

  /** A block is decided: it wants a certificate, unless it came with one or stands at or below K. */
  decided(of: Subject & {valid: boolean; proof: Proof; proposer: Hex}): void {
    if (of.proof.kind === "certificate") {
      this.#finish(of.proof.certificate, true);
      return;
    }
    if (!this.#p.chain.isCertified(of.height)) return;
    const {height, round, blockHash, valid} = of;
    const open = this.#openHeight({height, round, blockHash, valid, proposer: this.#isMine(of.proposer)});
    // whoever saw the block valid signs it now, also if it precommitted nil or another round
    if (valid) this.offer({...open, partials: this.own.of(open)});
    const early = this.#early.get(of.height);
    this.#early.delete(of.height);
    if (early !== undefined && early.blockHash === of.blockHash && this.#isOfEpoch(early)) this.#finish(early, false);
    else if (open.proposer) this.#combine(open);
  }

  async #load(): Promise<void> {
    const {chain, store} = this.#p;
    const {height: head, keyHeight} = chain;
    const gap = store.gap();
    for (const height of [...this.#open.keys()]) if (gap !== null && height >= gap.from && height <= gap.to) this.#open.delete(height);
    if (keyHeight === null) return;
    for (let height = Math.max(keyHeight + 1, head - CERTIFICATES_MAX + 1); height <= head; height++) {
      const proof = await store.readProof(height);
      if (proof?.kind === "certificate") this.#certificates.set(height, proof.certificate);
    }
    for (const height of (await store.uncertified(keyHeight)).slice(-OPEN_MAX)) {
      const stored = height > head ? null : await store.read(height);
      if (stored?.proof.kind !== "votes" || this.#certificates.has(height) || this.#open.has(height)) continue;
      const block = decodeBlock(stored.block);
      const proposer = this.#isMine(block.header.proposer);
      this.#openHeight({height, round: stored.proof.votes[0]?.round ?? 0, blockHash: blockHash(block), valid: false, proposer});
    }
  }

  #openHeight(of: Omit<Open, "answered">): Open {
    const open = {...of, answered: new Map<number, Set<number>>()};
    this.#open.set(open.height, open);
    if (this.#open.size > OPEN_MAX) this.#open.delete(Math.min(...this.#open.keys()));
    return open;
  }

  #combine(open: Subject): void {
    const key = groupKey(this.#p.chain.state);
    const {epoch, quorum, shares} = this.#p.chain.setAt(open.height);
    const partials = this.#pool.held(open);
    if (key === null || shares === null || partials.length < quorum || this.#certificates.has(open.height)) return;
    try {
      const result = combinePartials({
        partials,
        threshold: quorum,
        groupKey: key.key,
        publicShares: (seat) => shares.publicShares[seat - 1] ?? new Uint8Array(48),
        message: subjectDigest(this.#p.chain, open),
      });
      this.#pool.drop(open, result.bad);
      for (const seat of result.bad) {
        this.#p.log.warn("bad partial signature", {height: open.height, seat});
      }
      if (result.signature === null) return;
      const {height, round, blockHash} = open;
      const certificate = {epoch, height, round, blockHash, signature: result.signature};
      this.#p.network.broadcast({kind: "certificate", certificate});
      this.#finish(certificate, false);
    } catch (error) {
      this.#p.log.error("combining failed", {height: open.height, ...describeError(error)});
    }
  }

  #finish(certificate: Certificate, stored: boolean): void {
    if (this.#certificates.has(certificate.height)) return;
    this.#certificates.set(certificate.height, certificate);
    this.#open.delete(certificate.height);
    if (!stored)
      this.#p.store
        .setCertificate(certificate)
        .catch((error: unknown) => this.#p.log.error("certificate not stored", {height: certificate.height, ...describeError(error)}));
    for (const listener of this.#listeners) listener(certificate);
  }

  /**
   * Every half second: what still lacks a certificate is combined by whoever can, and the own partials are sent again. Whoever
   * has the certificate answers with it, also where there is no own partial to send.
   */
  #topUp(): void {
    for (const open of this.#open.values()) this.#combine(open);
    for (const {height, round, blockHash, valid} of [...this.#open.values()].slice(0, TOP_UP_MAX)) {
      const partials = valid ? this.own.of({height, round, blockHash}) : [];
      this.offer({height, round, blockHash, partials});
      this.#p.network.resend({kind: "partials", epoch: this.#p.chain.setAt(height).epoch, height, round, blockHash, partials});
    }
    this.#cancel = this.#p.clock.after(TOP_UP_MS, () => this.#topUp());
  }

  #isMine(proposer: Hex): boolean {
    return this.#p.own === proposer;
  }
}

function isSame(a: Subject, b: Subject): boolean {
  return a.height === b.height && a.round === b.round && a.blockHash === b.blockHash;
}
