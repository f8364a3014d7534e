import type {Hex} from "../../base/bytes.ts";
import type {Block} from "../../types/block.ts";
import type {ProposalMessage} from "../../types/messages.ts";
import type {Proof, SignedVote} from "../../types/votes.ts";
import type {Candidate, Candidates} from "./candidates.ts";
import type {EpochSet} from "./decided-chain.ts";
import {VoteLog} from "./vote-log.ts";

/** What is known of the height in progress beside the round machine's state: blocks, signed votes, proofs of a decision. */
export class HeightBook {
  readonly candidates: Candidates;
  readonly votes = new VoteLog();
  readonly #setNow: () => EpochSet;

  constructor(set: () => EpochSet, candidates: Candidates) {
    this.#setNow = set;
    this.candidates = candidates;
  }

  get #set(): EpochSet {
    return this.#setNow();
  }

  /** Keeps the block of a proposal, and the polka that came with it. */
  noteProposal(message: ProposalMessage, block: Block): Candidate {
    const {blockHash: hash, polRound} = message.proposal;
    const candidate = this.candidates.add({hash, block, bytes: message.block});
    this.votes.addAll(message.polka);
    if (polRound >= 0) this.candidates.excuse(hash);
    return candidate;
  }

  /** `third`: more than W/3 of the seats have voted at this height; `quorum`: the vote's block has q seats of its type and round. */
  noteVote(vote: SignedVote): {third: boolean; quorum: boolean} {
    const {blockHash, round, type} = vote;
    this.votes.add(vote);
    const third = 3 * this.#weigh(this.votes.heard()) > this.#set.seats;
    const quorum = blockHash !== null && this.#weigh(this.votes.voters(round, blockHash, type)) >= this.#set.quorum;
    if (quorum) this.candidates.excuse(blockHash);
    return {third, quorum};
  }

  /** The precommits that were counted here. */
  proofOf(round: number, hash: Hex): Proof {
    return {kind: "votes", votes: this.votes.votes(round, hash, "precommit")};
  }

  /**
   * Fewest votes that let a validator into `round`, one of each voter: precommits of a quorum in the round before it, else votes of
   * more than a third in it. [] for round 0, and where neither is known.
   */
  entry(round: number): SignedVote[] {
    if (round === 0) return [];
    const {quorum, seats} = this.#set;
    const before = this.#fewest(this.votes.of(round - 1, "precommit"), quorum);
    return before.length > 0 ? before : this.#fewest(this.votes.of(round), Math.floor(seats / 3) + 1);
  }

  #fewest(votes: Iterable<SignedVote>, seats: number): SignedVote[] {
    const chosen = new Map<number, SignedVote>();
    for (const vote of votes) {
      if (!chosen.has(vote.from)) chosen.set(vote.from, vote);
      if (this.#weigh(chosen.keys()) >= seats) return [...chosen.values()];
    }
    return [];
  }

  clear(): void {
    this.candidates.clear();
    this.votes.clear();
  }

  #weigh(validators: Iterable<number>): number {
    let seats = 0;
    for (const i of validators) seats += this.#set.set.validators[i]?.seats ?? 0;
    return seats;
  }
}
