import type {OutputFeed} from "../../ports/mixin.ts";
import type {Clock, Service} from "../../ports/system.ts";
import type {Uuid} from "../../types/ids.ts";

/** Between two questions on behalf of one validator; doubled with every question that brought nothing. */
const GAP_MS = 20;
const GAP_MAX_MS = 5_000;

interface Claim {
  ids: readonly Uuid[];
  /** Questions in a row that brought nothing. */
  misses: number;
  dueMs: number;
}

/**
 * Outputs that other validators have seen and the own feed has not: the API is asked for them. One question at a time, the
 * validators in turn, and whoever names what does not exist is asked for ever more rarely: else one of them could make this
 * node ask as fast as it speaks, and the API refuse it altogether.
 */
export class NamedOutputs implements Service {
  readonly name = "named outputs";
  readonly #p: {feed: OutputFeed; clock: Clock};
  /** By validator, the one whose turn is next first. */
  readonly #claims = new Map<number, Claim>();
  #asking = false;
  #cancel: (() => void) | null = null;

  constructor(ports: {feed: OutputFeed; clock: Clock}) {
    this.#p = ports;
  }

  /** What a validator names now takes the place of what it named before. */
  note(validator: number, ids: readonly Uuid[]): void {
    const claim = this.#claims.get(validator);
    if (claim === undefined) this.#claims.set(validator, {ids, misses: 0, dueMs: 0});
    else claim.ids = ids;
    this.#ask();
  }

  async start(): Promise<void> {}
  async stop(): Promise<void> {
    this.#claims.clear();
    this.#cancel?.();
  }

  #ask(): void {
    if (this.#asking) return;
    this.#cancel?.();
    this.#cancel = null;
    const {feed, clock} = this.#p;
    const now = clock.now();
    let soonestMs = Number.POSITIVE_INFINITY;
    for (const [validator, claim] of this.#claims) {
      const unknown = claim.ids.filter((id) => !feed.knows(id));
      claim.ids = unknown;
      if (unknown.length === 0) continue;
      if (claim.dueMs <= now) {
        void this.#fetch(validator, claim, unknown);
        return;
      }
      soonestMs = Math.min(soonestMs, claim.dueMs);
    }
    if (soonestMs < Number.POSITIVE_INFINITY) this.#cancel = clock.after(soonestMs - now, () => this.#ask());
  }

  async #fetch(validator: number, claim: Claim, ids: readonly Uuid[]): Promise<void> {
    const {feed, clock} = this.#p;
    this.#asking = true;
    await feed.fetch(ids);
    this.#asking = false;
    claim.misses = ids.some((id) => feed.knows(id)) ? 0 : claim.misses + 1;
    claim.dueMs = clock.now() + Math.min(GAP_MAX_MS, GAP_MS * 2 ** claim.misses);
    // its turn comes again after all others
    if (this.#claims.delete(validator)) this.#claims.set(validator, claim);
    this.#ask();
  }
}
