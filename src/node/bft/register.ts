import type {Hex} from "../../base/bytes.ts";
import {recordsOf} from "../../mvm/draft.ts";
import {epochsOf} from "../../mvm/epoch-queries.ts";
import {OPERATORS, STAKES} from "../../mvm/epoch-tables.ts";
import type {DecidedChain} from "./decided-chain.ts";

/** Somebody who is, was or may become a validator. */
export interface Registered {
  readonly consensusKey: Hex;
  readonly peerId: string;
}

/**
 * Everybody who may take part, by place: the validators of genesis by index, then whoever deposited later, in the order in which
 * blocks took the deposits. Places never change, so they name peers across epochs; an index in a set is another thing.
 */
export class Register {
  readonly #chain: DecidedChain;
  readonly #all: Registered[];
  readonly #places: Map<Hex, number>;
  readonly #listeners: (() => void)[] = [];
  /** Deposits that are taken in. */
  #operators = 0;

  constructor(chain: DecidedChain) {
    this.#chain = chain;
    this.#all = [...chain.genesis.validators];
    this.#places = new Map(this.#all.map(({consensusKey}, place) => [consensusKey, place]));
    chain.onDecided(() => this.#grow());
    chain.onRestored(() => this.#grow());
  }

  /** Calls back when somebody has been added, also while stored blocks are replayed. */
  onGrown(listener: () => void): void {
    this.#listeners.push(listener);
  }

  get peerIds(): string[] {
    return this.#all.map(({peerId}) => peerId);
  }
  placeOf(consensusKey: Hex): number | null {
    return this.#places.get(consensusKey) ?? null;
  }
  peerIdOf(place: number): string | null {
    return this.#all[place]?.peerId ?? null;
  }
  /** Seats of whoever has this place, in the set of the next height. */
  seatsOf(place: number): number {
    const {indexOf, validators} = this.#chain.epochSet;
    const key = this.#all[place]?.consensusKey;
    const index = key === undefined ? null : indexOf(key);
    return index === null ? 0 : (validators[index]?.seats ?? 0);
  }

  /** Which seats those are. */
  seatNumbersOf(place: number): readonly number[] {
    const {indexOf, seatsOf} = this.#chain.epochSet;
    const key = this.#all[place]?.consensusKey;
    const index = key === undefined ? null : indexOf(key);
    return index === null ? [] : (seatsOf[index] ?? []);
  }

  /** Seats of that set. */
  total(): number {
    return this.#chain.epochSet.seats;
  }

  #grow(): void {
    const {state} = this.#chain;
    const {operators} = epochsOf(state);
    if (operators === this.#operators) return;
    const records = recordsOf(state.tree);
    for (; this.#operators < operators; this.#operators++) {
      const operator = records.get(OPERATORS, this.#operators);
      const stake = operator === undefined ? undefined : records.get(STAKES, operator);
      if (stake === undefined || this.#places.has(stake.consensusKey)) continue;
      const {consensusKey, peerId} = stake;
      this.#places.set(consensusKey, this.#all.push({consensusKey, peerId}) - 1);
    }
    for (const listener of this.#listeners) listener();
  }
}
