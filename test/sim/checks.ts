import type {ValidatorSet} from "../../src/consensus/main.ts";
import {quorum} from "../../src/consensus/tally.ts";
import {BAD, type Proposal, type Vote} from "./messages.ts";

/** A safety property that does not hold. */
export class Violation extends Error {}

const ORDER = {proposal: 0, prevote: 1, precommit: 2};

/** Safety, looked at whenever something is signed, decided or accused. */
export class Checks {
  readonly #set: ValidatorSet;
  readonly #liars: ReadonlySet<number>;
  readonly #signed = new Map<string, string>();
  readonly #last = new Map<number, string>();
  readonly #precommits = new Map<string, Set<number>>();
  readonly #decided = new Map<number, string>();

  constructor(set: ValidatorSet, liars: readonly number[]) {
    this.#set = set;
    this.#liars = new Set(liars);
  }

  /** An honest validator signs one thing per (height, round, step), across restarts too, and never goes back. */
  signed(part: Vote | Proposal): void {
    const type = part.kind === "vote" ? part.type : "proposal";
    if (part.kind === "vote" && part.type === "precommit" && part.value !== null) this.#countPrecommit(part, part.value);
    if (this.#liars.has(part.from)) return;
    const slot = `${part.from} ${type} ${part.height}/${part.round}`;
    const text = JSON.stringify(part);
    const before = this.#signed.get(slot);
    if (before !== undefined && before !== text) throw new Violation(`${slot} signed twice: ${before} and ${text}`);
    if (before !== undefined) return;
    this.#signed.set(slot, text);
    const place = [part.height, part.round, ORDER[type]].map((n) => `${n}`.padStart(10, "0")).join("/");
    if (place <= (this.#last.get(part.from) ?? "") && type !== "proposal") throw new Violation(`${slot} signed after a later step`);
    if (type !== "proposal") this.#last.set(part.from, place);
    if (part.value?.startsWith(BAD)) throw new Violation(`${slot} signed the invalid ${part.value}`);
  }

  /** One value per height, valid, and with a quorum of precommits of one round that were really signed. */
  decided(node: number, at: {readonly height: number; readonly round: number; readonly value: string}): void {
    const {height, round, value} = at;
    const other = this.#decided.get(height);
    if (other !== undefined && other !== value) throw new Violation(`${node} decided ${value} at ${height}, others ${other}`);
    this.#decided.set(height, value);
    const behind = [...(this.#precommits.get(`${height}/${round}/${value}`) ?? [])];
    if (this.#seats(behind) < quorum(this.#seats(this.#set.validators.keys()))) {
      throw new Violation(`${node} decided ${value} at ${height}/${round} with precommits of only ${behind.join(",")}`);
    }
    if (value.startsWith(BAD)) throw new Violation(`${node} decided the invalid ${value}`);
  }

  /** What the first node decided there; a liar may know. */
  decisionAt(height: number): string | null {
    return this.#decided.get(height) ?? null;
  }

  /** Evidence never names an honest validator. */
  accused(from: number): void {
    if (!this.#liars.has(from)) throw new Violation(`evidence against the honest ${from}`);
  }

  #countPrecommit(vote: Vote, value: string): void {
    const key = `${vote.height}/${vote.round}/${value}`;
    this.#precommits.set(key, (this.#precommits.get(key) ?? new Set()).add(vote.from));
  }

  #seats(indices: Iterable<number>): number {
    return [...indices].reduce((sum, i) => sum + (this.#set.validators[i]?.seats ?? 0), 0);
  }
}
