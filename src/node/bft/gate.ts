import {BoundedMap} from "../../base/bounded.ts";
import {DecodeError} from "../../base/errors.ts";
import type {NetworkHandler, Peer, SnapshotAsk, Verdict} from "../../ports/network.ts";
import type {BlockStore} from "../../ports/store.ts";
import {type Block, blockHash, decodeBlock} from "../../types/block.ts";
import type {Uuid} from "../../types/ids.ts";
import type {
  ActivationMessage,
  DkgGossip,
  MaskPartialsMessage,
  Message,
  ProposalMessage,
  StatusMessage,
  VoteMessage,
} from "../../types/messages.ts";
import {totalSeats} from "../../types/validators.ts";
import type {SignedProposal, SignedVote} from "../../types/votes.ts";
import type {CatchUp} from "./catch-up.ts";
import type {Certifier} from "./certifier.ts";
import type {DecidedChain, EpochSet} from "./decided-chain.ts";
import type {Driver} from "./driver.ts";
import type {EvidencePort} from "./driver-ports.ts";
import {type Digests, isSignedBy} from "./signer.ts";
import type {SnapshotKeeper} from "./snapshots.ts";

/** Votes of the next height that wait for it, of each validator: nobody's push out another's. Of its proposals one waits for each round. */
const EARLY_MAX = 32;
/** Rounds of the next height whose proposals wait: they may be large, and come again. */
const EARLY_ROUNDS = 2;
/** Rounds ahead of the own one that a message may be from. */
const ROUNDS_AHEAD = 1_000;
const SERVED_BYTES_MAX = 8 << 20;

/** Where messages that are not the round machine's go. */
export interface GatePorts {
  readonly chain: DecidedChain;
  readonly store: BlockStore;
  readonly driver: Driver;
  readonly certifier: Certifier;
  readonly catchUp: Pick<CatchUp, "note">;
  readonly snapshots: Pick<SnapshotKeeper, "serve"> | null;
  readonly named: {note(validator: number, ids: readonly Uuid[]): void};
  readonly digests: Digests;
  readonly dkg: {receive(message: DkgGossip): Verdict};
  readonly evidence: Pick<EvidencePort, "receive" | "watch" | "watchLate">;
  readonly activation: {receive(message: ActivationMessage): Verdict};
  readonly masks: {receive(message: MaskPartialsMessage, from: Peer): Verdict};
  readonly status: {send(to: Peer): void};
}

interface Early {
  readonly message: ProposalMessage | VoteMessage;
  readonly block: Block | null;
}

/** The first and only judge of what peers send: what passes here is signed by whom it names, and fits the height. */
export class Gate implements NetworkHandler {
  readonly #p: GatePorts;
  readonly #early = new Map<number, BoundedMap<string, Early>>();

  constructor(ports: GatePorts) {
    this.#p = ports;
    ports.chain.onDecided(({replay}) => {
      if (!replay) this.#releaseEarly();
    });
  }

  receive(message: Message, from: Peer): Verdict {
    switch (message.kind) {
      case "proposal":
        return this.#proposal(message);
      case "vote":
        return this.#vote(message);
      case "partials":
        return this.#p.certifier.receivePartials(message, from);
      case "certificate":
        return this.#p.certifier.receiveCertificate(message.certificate);
      case "dkg":
        return this.#p.dkg.receive(message);
      case "activation":
        return this.#p.activation.receive(message);
      case "maskPartials":
        return this.#p.masks.receive(message, from);
      case "status":
        return this.#status(message, from);
      case "evidence":
        return this.#p.evidence.receive(message);
    }
  }

  serveBlocks(from: number, count: number): Promise<readonly Uint8Array[]> {
    return this.#p.store.readRange(from, count, SERVED_BYTES_MAX);
  }

  serveSnapshot(ask: SnapshotAsk): Promise<Uint8Array | null> {
    return this.#p.snapshots?.serve(ask) ?? Promise.resolve(null);
  }

  connected(peer: Peer): void {
    this.#p.status.send(peer);
  }

  #status(message: StatusMessage, from: Peer): Verdict {
    this.#p.catchUp.note(from, message.height);
    if (from.validator !== null) this.#p.named.note(from.validator, message.outputs);
    return "accept";
  }

  #vote(message: VoteMessage): Verdict {
    const {vote, partials} = message;
    const place = this.#place(vote);
    if (place === "old") return this.#lateVote(message);
    if (place !== "now" && place !== "next") return "ignore";
    if (!this.#isSigned(vote)) return "reject";
    const own = this.#setOf(vote)?.seatsOf[vote.from] ?? [];
    if (partials.some(({seat}) => !own.includes(seat))) return "reject";
    if (partials.length > 0 && (vote.type !== "precommit" || vote.blockHash === null)) return "reject";
    this.#offerPartials(message);
    return this.#pass({message, block: null}, place);
  }

  /** A precommit may bring what the certificate still lacks; it is verified anyhow, so that it is remembered. */
  #lateVote(message: VoteMessage): Verdict {
    const {vote} = message;
    const verdict = this.#p.evidence.watchLate(vote, () => this.#isSigned(vote));
    if (verdict !== "ignore" || vote.type !== "precommit" || vote.blockHash === null || !this.#isSigned(vote)) return verdict;
    this.#offerPartials(message);
    this.#p.evidence.watch(message, vote.round);
    return verdict;
  }

  #offerPartials({vote, partials}: VoteMessage): void {
    const {blockHash} = vote;
    const own = this.#setOf(vote)?.seatsOf[vote.from] ?? [];
    if (blockHash !== null) this.#p.certifier.offer({...vote, blockHash, partials: partials.filter(({seat}) => own.includes(seat))});
  }

  #proposal(message: ProposalMessage): Verdict {
    const {proposal} = message;
    const set = this.#setOf(proposal)?.set;
    const place = this.#place(proposal);
    if (place === "old") return this.#p.evidence.watchLate(proposal, () => this.#isProposalSigned(proposal));
    if (place !== "now" && place !== "next") return "ignore";
    if (set?.schedule[(proposal.height + proposal.round) % set.schedule.length] !== proposal.from) return "reject";
    if (!this.#isProposalSigned(proposal)) return "reject";
    const block = decoded(message.block);
    if (block === null || block.height !== proposal.height || blockHash(block) !== proposal.blockHash) return "reject";
    if (!this.#hasPolka(message)) return "reject";
    return this.#pass({message, block}, place);
  }

  /** A re-proposal carries prevotes of a quorum for its block in its polRound; a fresh one carries none. */
  #hasPolka({proposal, polka}: ProposalMessage): boolean {
    const {polRound, height, blockHash: hash} = proposal;
    if (polRound < 0) return polRound === -1 && polka.length === 0;
    const of = this.#setOf(proposal);
    if (of === null) return false;
    const {validators, quorum} = of;
    const fits = (vote: SignedVote, i: number) =>
      vote.type === "prevote" &&
      vote.height === height &&
      vote.round === polRound &&
      vote.blockHash === hash &&
      vote.from > (polka[i - 1]?.from ?? -1);
    if (!polka.every(fits)) return false;
    if (totalSeats(polka.map((vote) => ({seats: validators[vote.from]?.seats ?? 0}))) < quorum) return false;
    return polka.every((vote) => this.#isSigned(vote));
  }

  #place(of: {epoch: number; height: number; round: number}): "now" | "next" | "old" | "far" {
    const {chain, driver} = this.#p;
    if (this.#setOf(of) === null) return "far";
    if (of.height <= chain.height) return "old";
    if (of.height === chain.height + 1) return of.round <= driver.round + ROUNDS_AHEAD ? "now" : "far";
    return of.height === chain.height + 2 && of.round <= ROUNDS_AHEAD ? "next" : "far";
  }

  /** The set that signs for this height; the one that is frozen may have the height after the next. null: another epoch's. */
  #setOf({epoch, height}: {epoch: number; height: number}): EpochSet | null {
    const {chain} = this.#p;
    const {nextSet} = chain;
    if (epoch === nextSet?.epoch && height === chain.height + 2) return nextSet;
    const set = chain.setAt(height);
    return set.epoch === epoch ? set : null;
  }

  #isSigned(vote: SignedVote): boolean {
    const set = this.#setOf(vote);
    return set !== null && isSignedBy(set.validators[vote.from]?.consensusKey, this.#p.digests.vote(vote), vote.signature);
  }

  #isProposalSigned(proposal: SignedProposal): boolean {
    const {consensusKey} = this.#setOf(proposal)?.validators[proposal.from] ?? {};
    return isSignedBy(consensusKey, this.#p.digests.proposal(proposal), proposal.signature);
  }

  #pass(item: Early, place: "now" | "next"): Verdict {
    if (place === "now") this.#p.driver.push({kind: "message", ...item});
    else this.#wait(item);
    return "accept";
  }

  #wait(item: Early): void {
    const {message} = item;
    const {from, round, blockHash} = message.kind === "vote" ? message.vote : message.proposal;
    if (message.kind === "proposal" && round >= EARLY_ROUNDS) return;
    const waiting = this.#early.get(from) ?? new BoundedMap<string, Early>(EARLY_MAX + EARLY_ROUNDS);
    this.#early.set(from, waiting);
    const name = message.kind === "vote" ? `${message.vote.type} ${blockHash}` : "proposal";
    waiting.set(`${round} ${name}`, item);
  }

  #releaseEarly(): void {
    const items = [...this.#early.values()].flatMap((waiting) => [...waiting.values()]);
    this.#early.clear();
    for (const {message, block} of items) {
      const place = this.#place(message.kind === "vote" ? message.vote : message.proposal);
      if (place === "now" || place === "next") this.#pass({message, block}, place);
    }
  }
}

function decoded(bytes: Uint8Array): Block | null {
  try {
    return decodeBlock(bytes);
  } catch (error) {
    if (error instanceof DecodeError) return null;
    throw error;
  }
}
