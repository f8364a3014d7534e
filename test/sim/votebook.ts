import type {ValidatorSet, VoteType} from "../../src/consensus/main.ts";
import {quorum} from "../../src/consensus/tally.ts";
import type {Certificate, Vote} from "./messages.ts";

/** A quorum of votes for one value, and when it was complete. */
export type Quorum = {readonly type: VoteType; readonly round: number; readonly value: string; readonly sinceMs: number};

/** The signed votes of one height as a driver keeps them: it must be able to show a polka, a commit, and what let it into a round. */
export class VoteBook {
  readonly #set: ValidatorSet;
  readonly #height: number;
  readonly #votes = new Map<string, Map<string, Vote>>();
  readonly #polkas = new Map<string, Certificate>();
  readonly quorums: Quorum[] = [];

  constructor(set: ValidatorSet, height: number) {
    this.#set = set;
    this.#height = height;
  }

  add(vote: Vote, nowMs: number): void {
    const place = `${vote.type}/${vote.round}`;
    const votes = this.#votes.get(place) ?? new Map<string, Vote>();
    this.#votes.set(place, votes);
    const key = `${vote.from}/${vote.value}`;
    if (votes.has(key)) return;
    votes.set(key, vote);
    if (vote.value === null) return;
    const {type, round, value} = vote;
    const before = this.#seats(this.#voters(type, round, value)) - this.#seats([vote.from]);
    const needed = quorum(this.#seats(this.#set.validators.keys()));
    if (before < needed && before + this.#seats([vote.from]) >= needed) this.quorums.push({type, round, value, sinceMs: nowMs});
  }

  addPolka(polka: Certificate, nowMs: number): void {
    const {round, value} = polka;
    const key = `${round}/${value}`;
    if (this.#polkas.has(key)) return;
    this.#polkas.set(key, polka);
    this.quorums.push({type: "prevote", round, value, sinceMs: nowMs});
  }

  of(type: VoteType, round: number): Vote[] {
    return [...(this.#votes.get(`${type}/${round}`)?.values() ?? [])];
  }

  all(): Vote[] {
    return [...this.#votes.values()].flatMap((votes) => [...votes.values()]);
  }

  polkasOf(round: number): Certificate[] {
    return [...this.#polkas.values()].filter((polka) => polka.round === round);
  }

  /** The certificate for `value` in `round` from the votes kept, or as it came; null if there is no quorum. */
  certificate(kind: "polka" | "commit", round: number, value: string): Certificate | null {
    const type = kind === "polka" ? "prevote" : "precommit";
    const from = this.#voters(type, round, value);
    if (this.#seats(from) >= quorum(this.#seats(this.#set.validators.keys()))) return {kind, height: this.#height, round, value, from};
    return kind === "polka" ? (this.#polkas.get(`${round}/${value}`) ?? null) : null;
  }

  #voters(type: VoteType, round: number, value: string): number[] {
    return this.of(type, round)
      .filter((vote) => vote.value === value)
      .map((vote) => vote.from);
  }

  #seats(indices: Iterable<number>): number {
    return [...indices].reduce((sum, i) => sum + (this.#set.validators[i]?.seats ?? 0), 0);
  }
}
