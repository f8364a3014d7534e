import {prng} from "../../sim/prng.ts";
import type {Chain} from "../support/chain.ts";
import {argsOf, deployStakes, type Entry, now, pass, randomUsers, STAKE, type Stakes, TERMS} from "../support/stake.ts";

const CUT = STAKE / 20n;
const OPERATORS = 8;

/** A seeded source of whole numbers. */
export interface Random {
  /** From 0 to `count` - 1. */
  below(count: number): number;
}
export function randomOf(seed: number): Random {
  const {int} = prng(seed);
  return {below: (count) => int(0, count - 1)};
}

/** What should be true of one operator. */
interface Expected {
  deposited: boolean;
  seats: number;
  held: number;
  tombstoned: boolean;
  jailedUntil: number;
  entries: {seats: number; requestedAt: number; releasedAt: number}[];
}

export interface FuzzRun {
  readonly steps: number;
  /** How often each step was tried, and how often it went through. */
  readonly seen: Readonly<Record<string, {tried: number; done: number}>>;
}

/**
 * Random calls on one Staking contract, each compared with what a model of it allows, and the invariants: the contract holds each
 * seat's stake and nothing else, seats are those of the Mixin users, no stake leaves before its time, who is gone stays gone.
 * @throws Error with the seed and the step
 */
export async function fuzzStakes(chain: Chain, seed: number, steps: number): Promise<FuzzRun> {
  const run = new StakesRun(chain, await deployStakes(chain), randomOf(seed));
  await run.begin();
  for (let step = 0; step < steps; step++) {
    try {
      await run.step();
      if (step % 8 === 0 || step === steps - 1) await run.check();
    } catch (cause) {
      throw new Error(`seed ${seed}, step ${step}: ${(cause as Error).message}`, {cause});
    }
  }
  return {steps, seen: run.seen};
}

class StakesRun {
  readonly seen: Record<string, {tried: number; done: number}> = {};
  readonly #chain: Chain;
  readonly #stakes: Stakes;
  readonly #random: Random;
  readonly #model = new Map<string, Expected>();
  readonly #dates = new Map<string, number>();
  #frozen = false;
  #lastCheckpointAt = 0;
  #pool = 0n;

  constructor(chain: Chain, stakes: Stakes, random: Random) {
    this.#chain = chain;
    this.#stakes = stakes;
    this.#random = random;
  }

  /** Enough operators for a set; it is frozen whenever that comes up. */
  async begin(): Promise<void> {
    for (const operator of this.#chain.accounts.slice(0, 5)) await this.deposit(operator);
  }

  async step(): Promise<void> {
    const actions = [
      "deposit",
      "deposit",
      "addSeats",
      "removeSeats",
      "removeSeats",
      "exit",
      "withdraw",
      "withdraw",
      "unjail",
      "slash",
      "freeze",
      "checkpoint",
      "checkpoint",
      "wait",
      "wait",
      "fund",
    ] as const;
    const action = actions[this.#random.below(actions.length)] ?? "wait";
    const operator = this.#chain.accounts[this.#random.below(OPERATORS)] ?? "";
    await this[action](operator);
  }

  async deposit(operator: string): Promise<void> {
    const expected = this.#of(operator);
    const seats = 1 + this.#random.below(6);
    const d = expected.deposited
      ? {seats, keys: this.#stakes.depositOf(`0x${"01".repeat(20)}`, seats).keys, proofs: ["0x", "0x"]}
      : this.#stakes.depositOf(operator, seats);
    const done = await this.#send("deposit", argsOf(d), operator, !expected.deposited, BigInt(seats) * STAKE);
    if (done) Object.assign(expected, {deposited: true, seats, held: seats});
  }
  async addSeats(operator: string): Promise<void> {
    const expected = this.#of(operator);
    const seats = 1 + this.#random.below(40);
    const may = expected.seats > 0 && expected.seats + seats <= 64;
    if (!(await this.#send("addSeats", [seats, randomUsers(seats)], operator, may, BigInt(seats) * STAKE))) return;
    expected.seats += seats;
    expected.held += seats;
  }
  async removeSeats(operator: string): Promise<void> {
    const expected = this.#of(operator);
    const users = [...(await this.#stakes.contract.read("seatUsersOf", operator))[0]] as string[];
    const gone = users.filter(() => this.#random.below(4) === 0);
    const may = expected.seats > 0 && gone.length > 0 && gone.length < expected.seats && expected.entries.length < 7;
    if (await this.#send("removeSeats", [gone], operator, may)) await this.#leave(expected, gone.length);
  }
  async exit(operator: string): Promise<void> {
    if (this.#random.below(8) > 0) return; // a network that all leave teaches little
    const expected = this.#of(operator);
    if (await this.#send("exit", [], operator, expected.seats > 0)) await this.#leave(expected, expected.seats);
  }
  async withdraw(operator: string): Promise<void> {
    const expected = this.#of(operator);
    // the next block is a second later at least; an entry within that second may go either way
    const soon = (await now(this.#chain)) + 1;
    const ready = expected.entries.findIndex((e) => this.#readyAt(e) > soon);
    const count = ready < 0 ? expected.entries.length : ready;
    const head = expected.entries[0];
    if (head !== undefined && Math.abs(this.#readyAt(head) - soon) <= 2) return;
    const before = expected.held;
    const done = await this.#send("withdraw", [], operator, count > 0);
    if (!done) return;
    const {held} = await this.#stakes.validator(operator);
    const at = await now(this.#chain);
    while (expected.held > held) {
      const entry = expected.entries.shift();
      if (entry === undefined) throw new Error("more was withdrawn than had left");
      if (at < entry.requestedAt + TERMS.unbonding || at < this.#readyAt(entry)) throw new Error("stake left before its time");
      expected.held -= entry.seats;
    }
    if (before === held) throw new Error("a withdrawal of nothing");
  }
  async unjail(operator: string): Promise<void> {
    const expected = this.#of(operator);
    const soon = (await now(this.#chain)) + 1;
    if (Math.abs(soon - expected.jailedUntil) <= 2) return;
    const may = expected.seats > 0 && expected.jailedUntil > 0 && soon >= expected.jailedUntil;
    if (await this.#send("unjail", [], operator, may)) expected.jailedUntil = 0;
  }
  async slash(operator: string): Promise<void> {
    const expected = this.#of(operator);
    if (!expected.deposited || this.#random.below(8) > 0) return;
    const args = this.#stakes.doubleVote(this.#stakes.consensusOf(operator), {height: this.#random.below(1_000)});
    if (!(await this.#send("slash", args, this.#chain.accounts[9] ?? "", !expected.tombstoned && expected.held > 0))) return;
    expected.tombstoned = true;
    if (expected.seats > 0) await this.#leave(expected, expected.seats);
  }
  async freeze(): Promise<void> {
    const present = [...this.#model.values()].filter((e) => e.seats > 0).length;
    if (!(await this.#send("freeze", [], this.#chain.accounts[9] ?? "", !this.#frozen && present >= TERMS.minValidators))) return;
    this.#frozen = true;
    this.#lastCheckpointAt = await now(this.#chain);
  }
  async checkpoint(): Promise<void> {
    if (!this.#frozen) return;
    const some = (share: number) => [...this.#model.keys()].filter(() => this.#random.below(share) === 0);
    const staked = [...this.#model].filter(([, e]) => e.seats > 0 && e.jailedUntil === 0).map(([operator]) => operator);
    const next = this.#random.below(2) === 0 && staked.length > 0 ? await this.#setOf(staked) : [];
    const released = await Promise.all(
      some(2).map(async (operator) => {
        const [first, entries] = await this.#stakes.contract.read("entriesOf", operator);
        return {operator, entries: Number(first) + this.#random.below(entries.length + 2)};
      }),
    );
    const firsts = await Promise.all(
      released.map(async ({operator}) => Number((await this.#stakes.contract.read("entriesOf", operator))[0])),
    );
    const jailed = some(6);
    await this.#stakes.checkpoint({members: next, jailed, released});
    const at = await now(this.#chain);
    this.#lastCheckpointAt = at;
    for (const operator of jailed) if (this.#of(operator).seats > 0) this.#of(operator).jailedUntil = at + TERMS.jailSeconds;
    released.forEach(({operator, entries}, i) => {
      const count = entries - (firsts[i] ?? 0);
      for (const entry of this.#of(operator).entries.slice(0, Math.max(0, count))) if (entry.releasedAt === 0) entry.releasedAt = at;
    });
    this.#count("checkpoint", true);
  }
  async wait(): Promise<void> {
    await pass(this.#chain, 1 + this.#random.below(TERMS.unbonding));
  }
  async fund(): Promise<void> {
    const amount = BigInt(this.#random.below(1_000));
    if (await this.#send("fundRewards", [], this.#chain.accounts[9] ?? "", true, amount)) this.#pool += amount;
  }

  /** The invariants. */
  async check(): Promise<void> {
    let stake = this.#pool;
    const users = new Set<string>();
    let count = 0;
    for (const [operator, expected] of this.#model) {
      const {seats, held, tombstoned, jailedUntil} = await this.#stakes.validator(operator);
      const entries = await this.#stakes.entries(operator);
      const own = [...(await this.#stakes.contract.read("seatUsersOf", operator))[0]] as string[];
      for (const user of own) users.add(user);
      count += own.length;
      same(`seats of ${operator}`, own.length, seats);
      same(`held by ${operator}`, seats + entries.reduce((sum, e) => sum + e.seats, 0), held);
      same(
        `model of ${operator}`,
        {seats, held, tombstoned, jailedUntil, entries: entries.map(plain)},
        {...expected, deposited: undefined},
      );
      if (tombstoned && seats > 0) throw new Error("a tombstoned operator has seats");
      await this.#checkDates(operator, entries);
      stake += BigInt(held) * (tombstoned ? STAKE - CUT : STAKE);
    }
    same("Mixin users of one seat each", users.size, count);
    same("stake held", await this.#stakes.balance(), stake);
  }

  /** A date that is set stays; one that is not yet does not come nearer. */
  async #checkDates(operator: string, entries: readonly Entry[]): Promise<void> {
    const first = Number((await this.#stakes.contract.read("entriesOf", operator))[0]);
    entries.forEach((entry, i) => {
      const name = `${operator}/${first + i}/${entry.releasedAt}`;
      const known = this.#dates.get(name);
      if (known !== undefined && (entry.releasedAt > 0 ? entry.readyAt !== known : entry.readyAt < known))
        throw new Error(`date of ${name} moved from ${known} to ${entry.readyAt}`);
      this.#dates.set(name, entry.readyAt);
    });
  }

  #of(operator: string): Expected {
    const known = this.#model.get(operator);
    if (known !== undefined) return known;
    const fresh = {deposited: false, seats: 0, held: 0, tombstoned: false, jailedUntil: 0, entries: []};
    this.#model.set(operator, fresh);
    return fresh;
  }
  async #leave(expected: Expected, seats: number): Promise<void> {
    const requestedAt = await now(this.#chain);
    expected.seats -= seats;
    expected.entries.push({seats, requestedAt, releasedAt: this.#frozen ? 0 : requestedAt});
  }
  #readyAt({requestedAt, releasedAt}: Expected["entries"][number]): number {
    if (releasedAt > 0) return releasedAt + TERMS.unbonding;
    return Math.max(requestedAt + TERMS.unbonding, this.#lastCheckpointAt + 2 * TERMS.unbonding);
  }
  async #setOf(operators: readonly string[]) {
    const sorted = [...operators].sort((a, b) => (BigInt(a) < BigInt(b) ? -1 : 1));
    return sorted.map((operator) => ({operator, consensus: this.#stakes.consensusOf(operator).address, seats: 1 + this.#random.below(8)}));
  }
  async #send(fn: string, args: unknown[], from: string, may: boolean, value = 0n): Promise<boolean> {
    const {status} = await this.#stakes.contract.attempt(fn, args, {from, value});
    if (status !== may) throw new Error(`${fn} by ${from} ${status ? "went through" : "was refused"}`);
    this.#count(fn, status);
    return status;
  }
  #count(name: string, done: boolean): void {
    const {tried, done: before} = this.seen[name] ?? {tried: 0, done: 0};
    this.seen[name] = {tried: tried + 1, done: before + (done ? 1 : 0)};
  }
}

const plain = ({seats, requestedAt, releasedAt}: Entry) => ({seats, requestedAt, releasedAt});

function same(what: string, got: unknown, want: unknown): void {
  const text = (value: unknown) =>
    JSON.stringify(value, (_, v) =>
      typeof v === "bigint"
        ? `${v}`
        : typeof v === "object" && v !== null && !Array.isArray(v)
          ? Object.fromEntries(Object.entries(v).sort())
          : v,
    );
  if (text(got) !== text(want)) throw new Error(`${what}: ${text(got)} is not ${text(want)}`);
}
