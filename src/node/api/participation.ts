import {BoundedMap} from "../../base/bounded.ts";
import type {DecidedChain} from "../bft/decided-chain.ts";

/** Heights that are looked back on. */
const WINDOW = 500;

/** What a validator has done in the last heights that this run decided. */
export interface Turns {
  /** Blocks that it built and that were decided. */
  readonly proposed: number;
  /** Heights with its precommit among those that proved the decision here; a quorum is enough, so nobody is in all. */
  readonly voted: number;
  /** The newest height with its precommit or its block. */
  readonly lastHeight: number | null;
}

/** Counts who proposes and who votes, over the last 500 heights of this run. */
export class Participation {
  readonly #chain: DecidedChain;
  readonly #heights = new BoundedMap<number, {proposer: string; voters: readonly number[]; round: number}>(WINDOW);

  constructor(chain: DecidedChain) {
    this.#chain = chain;
    chain.onDecided(({height, block, proof, replay}) => {
      const votes = proof.kind === "votes" ? proof.votes : [];
      if (replay || votes.length === 0) return;
      const voters = [...new Set(votes.map((v) => v.from))];
      this.#heights.set(height, {proposer: block.header.proposer, voters, round: votes[0]?.round ?? 0});
    });
  }

  /** How many heights the counts are of. */
  get heights(): number {
    return this.#heights.size;
  }
  /** Rounds beyond the first that those heights took: turns in which nothing was decided. */
  get failedRounds(): number {
    return [...this.#heights.values()].reduce((sum, {round}) => sum + round, 0);
  }

  of(validator: number): Turns {
    const key = this.#chain.epochSet.validators[validator]?.consensusKey;
    const turns = {proposed: 0, voted: 0, lastHeight: null as number | null};
    for (const [height, {proposer, voters}] of this.#heights.entries()) {
      const proposed = proposer === key;
      const voted = voters.includes(validator);
      if (proposed) turns.proposed++;
      if (voted) turns.voted++;
      if (proposed || voted) turns.lastHeight = height;
    }
    return turns;
  }
}
