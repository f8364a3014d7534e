import type {Hex} from "../../base/bytes.ts";
import type {SignedVote} from "../../types/votes.ts";

/** Votes of one validator that are kept for one height; the oldest go first. Rounds that matter are recent. */
const VOTES_PER_VALIDATOR_MAX = 256;

/** The signed votes of the height in progress: the round machine counts, this keeps what proves the count to others. */
export class VoteLog {
  /** `round/type/value` → validator → vote. */
  readonly #votes = new Map<string, Map<number, SignedVote>>();
  readonly #order = new Map<number, string[]>();

  add(vote: SignedVote): void {
    const key = keyOf(vote.round, vote.type, vote.blockHash);
    const votes = this.#votes.get(key) ?? new Map<number, SignedVote>();
    if (votes.has(vote.from)) return;
    votes.set(vote.from, vote);
    this.#votes.set(key, votes);
    const order = this.#order.get(vote.from) ?? [];
    order.push(key);
    this.#order.set(vote.from, order);
    if (order.length > VOTES_PER_VALIDATOR_MAX) this.#forget(order.shift() as string, vote.from);
  }

  /** Takes in the prevotes that came with a re-proposal. */
  addAll(votes: readonly SignedVote[]): void {
    for (const vote of votes) this.add(vote);
  }

  /** Validators that have voted at this height at all. */
  heard(): Iterable<number> {
    return this.#order.keys();
  }

  /** Votes of a round, of one type or of both, whatever for. */
  *of(round: number, type?: SignedVote["type"]): Generator<SignedVote> {
    for (const votes of this.#votes.values())
      for (const vote of votes.values()) if (vote.round === round && (type === undefined || vote.type === type)) yield vote;
  }

  voters(round: number, value: Hex, type: SignedVote["type"]): number[] {
    return [...(this.#votes.get(keyOf(round, type, value))?.keys() ?? [])].sort((a, b) => a - b);
  }

  /** The votes themselves, by validator ascending. */
  votes(round: number, value: Hex, type: SignedVote["type"]): SignedVote[] {
    return [...(this.#votes.get(keyOf(round, type, value))?.values() ?? [])].sort((a, b) => a.from - b.from);
  }

  #forget(key: string, from: number): void {
    const votes = this.#votes.get(key);
    votes?.delete(from);
    if (votes?.size === 0) this.#votes.delete(key);
  }

  clear(): void {
    this.#votes.clear();
    this.#order.clear();
  }
}

function keyOf(round: number, type: SignedVote["type"], value: Hex | null): string {
  return `${round}/${type}/${value ?? "nil"}`;
}
