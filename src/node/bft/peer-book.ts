/** Seats of the peer with this number in the set of the next height, and all seats of that set. */
export interface Weights {
  seatsOf(validator: number): number;
  total(): number;
}

/** How long a validator that had no good answer is not asked; doubled each time. */
const REST_MS = 500;
const REST_MAX_MS = 60_000;

interface Standing {
  /** Last decided height, as it says itself. */
  height: number;
  /** Requests to it that are open. */
  busy: number;
  /** Answers in a row that were of no use. */
  fails: number;
  untilMs: number;
  askedMs: number;
}

/** What the validators say of their heights, and how they have answered: whom to believe, and whom to ask. */
export class PeerBook {
  readonly #weights: Weights;
  readonly #now: () => number;
  readonly #standings = new Map<number, Standing>();

  constructor(weights: Weights, now: () => number) {
    this.#weights = weights;
    this.#now = now;
  }

  note(validator: number, height: number): void {
    this.#of(validator).height = height;
  }

  /** The highest height that validators with more than a third of the seats name: one of them is honest. 0: there is none. */
  get target(): number {
    let seats = 0;
    for (const [validator, {height}] of [...this.#standings].sort(([, a], [, b]) => b.height - a.height)) {
      seats += this.#weights.seatsOf(validator);
      if (3 * seats > this.#weights.total()) return height;
    }
    return 0;
  }

  /** Whether they have more than a third of the seats: one of them is honest. */
  isThird(validators: Iterable<number>): boolean {
    let seats = 0;
    for (const validator of validators) seats += this.#weights.seatsOf(validator);
    return 3 * seats > this.#weights.total();
  }

  heightOf(validator: number): number {
    return this.#standings.get(validator)?.height ?? 0;
  }
  /** As heightOf; null where it has said nothing, or rests. */
  believed(validator: number): number | null {
    const standing = this.#standings.get(validator);
    return standing === undefined || standing.height === 0 || standing.untilMs > this.#now() ? null : standing.height;
  }
  /** All who say that they have `height`. */
  holders(height: number): number[] {
    return [...this.#standings].filter(([, standing]) => standing.height >= height).map(([validator]) => validator);
  }
  /** The highest height that anybody names who does not rest: true or not, its blocks prove themselves. */
  get claimed(): number {
    const now = this.#now();
    return Math.max(0, ...[...this.#standings.values()].filter((s) => s.untilMs <= now).map((s) => s.height));
  }
  /** Whom to ask for `height` now: idle, not resting, best first by answers, then by who was asked longest ago. */
  pick(height: number, except: ReadonlySet<number>): number | null {
    const now = this.#now();
    const able = [...this.#standings].filter(
      ([validator, s]) => s.height >= height && s.busy === 0 && s.untilMs <= now && !except.has(validator),
    );
    const [best] = able.sort(([, a], [, b]) => a.fails - b.fails || a.askedMs - b.askedMs);
    return best?.[0] ?? null;
  }

  asked(validator: number): void {
    const standing = this.#of(validator);
    standing.busy++;
    standing.askedMs = this.#now();
  }
  answered(validator: number): void {
    this.#of(validator).busy--;
  }
  /** What it served was good. */
  praise(validator: number): void {
    this.#of(validator).fails = 0;
  }
  /** It had no answer, or one of no use: others are asked for a while. */
  rest(validator: number): void {
    const standing = this.#of(validator);
    standing.fails++;
    standing.untilMs = this.#now() + Math.min(REST_MAX_MS, REST_MS * 2 ** standing.fails);
  }

  #of(validator: number): Standing {
    const known = this.#standings.get(validator);
    if (known !== undefined) return known;
    const standing = {height: 0, busy: 0, fails: 0, untilMs: 0, askedMs: 0};
    this.#standings.set(validator, standing);
    return standing;
  }
}
