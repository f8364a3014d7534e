import type {VoteType} from "../../src/consensus/main.ts";
import {proposerOf} from "../../src/consensus/proposer.ts";
import {BAD, type Packet, type Part, type Proposal, type Vote} from "./messages.ts";
import {VoteBook} from "./votebook.ts";
import type {World} from "./world.ts";

/**
 * How a liar treats the others; drawn once per run. A `favourite`, the same always or another each time, alone gets the votes that complete a
 * polka or a commit: that is how locks and decisions get hidden. A `rival` does so too,
 * proposes one fresh value to everybody, and once some node has decided votes for whatever else there is.
 */
const MOODS = ["random", "favourite", "rival", "silent", "late"] as const;

/**
 * A validator that signs whatever may hurt: two proposals in a round, different votes to different peers, both votes to one, votes for
 * rounds far away, polkas that do not exist, and everything late. It cannot sign for others: what it forges is refused like any bad signature.
 */
export class Liar {
  readonly me: number;
  readonly #world: World;
  readonly #mood: (typeof MOODS)[number];
  readonly #isLoyal: boolean;
  #favourite: number;
  readonly #seen = new Set<string>();
  readonly #values = new Map<number, string[]>();
  readonly #books = new Map<number, VoteBook>();

  constructor(me: number, world: World) {
    this.me = me;
    this.#world = world;
    this.#mood = world.random.pick(MOODS);
    this.#isLoyal = world.random.chance(0.5);
    this.#favourite = world.random.pick(this.#others());
  }

  start(): void {
    this.#act(1, 0);
  }

  receive(_from: number, packet: Packet): void {
    for (const part of packet) {
      if (!this.#world.signatures.verify(part)) continue;
      if (part.kind === "vote") this.#book(part.height).add(part, this.#world.now());
      if (part.value !== null) this.#learn(part.height, part.value);
      if (!("from" in part) || part.from !== this.me) this.#act(part.height, part.round);
    }
  }

  #act(height: number, round: number): void {
    const key = `${height}/${round}`;
    if (this.#mood === "silent" || this.#seen.has(key)) return;
    this.#seen.add(key);
    const {random, set} = this.#world;
    if (proposerOf(set, height, round) === this.me) this.#proposeTo(height, round);
    const lag = this.#mood === "late" ? random.int(100, 2_000) : 0;
    this.#soon(lag + random.int(0, 60), () => this.#voteTo("prevote", height, round));
    this.#soon(lag + random.int(20, 300), () => this.#voteTo("precommit", height, round));
  }

  #proposeTo(height: number, round: number): void {
    const {random} = this.#world;
    const made = [`x${height}.${round}.a`, `x${height}.${round}.b`, `${BAD}${height}.${round}`].map((value) => ({value, polRound: -1}));
    const quorums = this.#book(height).quorums.filter((quorum) => quorum.type === "prevote" && quorum.round < round);
    const again = quorums.map(({value, round: polRound}) => ({value, polRound}));
    const feigned = this.#known(height).map((value) => ({value, polRound: random.int(-1, round)}));
    const choices = this.#mood === "rival" ? made.slice(0, 1) : [...made, ...again, ...feigned];
    for (const {value} of made) this.#learn(height, value);
    for (const to of this.#others()) {
      for (let times = this.#mood === "rival" ? 1 : random.int(0, 3); times > 0; times--) {
        const {value, polRound} = random.pick(choices);
        const id = `proposal ${height}/${round} ${polRound} ${value} by ${this.me}`;
        const proposal: Proposal = {kind: "proposal", height, round, polRound, value, from: this.me, id};
        const polka = polRound === -1 ? null : this.#book(height).certificate("polka", polRound, value);
        this.#soon(random.int(0, 150), () => this.#tell(to, polka === null || random.chance(0.3) ? [proposal] : [polka, proposal]));
      }
    }
  }

  #voteTo(type: VoteType, height: number, round: number): void {
    const {random} = this.#world;
    if (!this.#isLoyal) this.#favourite = random.pick(this.#others());
    const decided = this.#world.checks.decisionAt(height);
    const isForAll = this.#mood === "rival" && (decided !== null || proposerOf(this.#world.set, height, round) === this.me);
    const best = this.#leading(type, height, round, this.#mood === "rival" ? decided : null);
    const isPartial = this.#mood === "favourite" || this.#mood === "rival";
    for (const to of this.#others()) {
      const isFavoured = isForAll || (isPartial && to === this.#favourite);
      const choices = [null, ...this.#known(height).slice(-4)];
      const count = isFavoured ? 1 : random.int(0, 3);
      for (let n = 0; n < count; n++) {
        const value = isFavoured ? best : isPartial ? null : random.pick([...choices, best]);
        this.#tell(to, [this.#vote(type, height, round, value)]);
      }
      for (const ahead of [2, 1, 5, 1_000_000]) {
        if (random.chance(0.05)) this.#tell(to, [this.#vote(type, height, round + ahead, random.pick(choices))]);
      }
      if (random.chance(0.1))
        this.#soon(random.int(200, 3_000), () => this.#tell(to, [this.#vote(type, height, round, random.pick(choices))]));
      if (random.chance(0.1)) this.#tell(to, [this.#forged(type, height, round)]);
    }
  }

  #vote(type: VoteType, height: number, round: number, value: string | null): Vote {
    return {kind: "vote", type, height, round, value, from: this.me, id: `${type} ${height}/${round} ${value ?? "nil"} by ${this.me}`};
  }

  #forged(type: VoteType, height: number, round: number): Part {
    return this.#world.random.chance(0.5)
      ? {...this.#vote(type, height, round, `${BAD}${height}.${round}`), from: this.#favourite}
      : {kind: "commit", height, round, value: `${BAD}${height}.${round}`, from: [...this.#world.set.validators.keys()]};
  }

  /** The value of this round with most votes: the one that a single vote more may bring over the quorum. */
  #leading(type: VoteType, height: number, round: number, avoided: string | null): string | null {
    const counts = new Map<string, number>();
    for (const {value} of this.#book(height).of(type, round)) {
      if (value !== null && value !== avoided) counts.set(value, (counts.get(value) ?? 0) + 1);
    }
    return [...counts].sort((a, b) => b[1] - a[1])[0]?.[0] ?? this.#known(height).findLast((value) => value !== avoided) ?? null;
  }

  #tell(to: number, packet: Packet): void {
    for (const part of packet) {
      if ((part.kind !== "vote" && part.kind !== "proposal") || part.from !== this.me) continue;
      this.#world.checks.signed(part);
      this.#world.signatures.sign(part);
    }
    this.#world.send(this.me, to, packet);
  }

  #soon(ms: number, run: () => void): void {
    this.#world.after(ms, run);
  }

  #others(): number[] {
    return [...this.#world.set.validators.keys()].filter((i) => i !== this.me);
  }

  #learn(height: number, value: string): void {
    const known = this.#known(height);
    if (!known.includes(value)) known.push(value);
  }

  #known(height: number): string[] {
    const known = this.#values.get(height) ?? [];
    this.#values.set(height, known);
    return known;
  }

  #book(height: number): VoteBook {
    const book = this.#books.get(height) ?? new VoteBook(this.#world.set, height);
    this.#books.set(height, book);
    return book;
  }
}
