import type {Clock} from "../ports/system.ts";
import type {Report} from "./report.ts";

const FIRST_MS = 300;
const CAP_MS = 5_000;
/** Two nodes that start together, or hear of each other at once, would both dial: the one with the higher index gives the other this start. */
const YIELD_MS = 150;
const YIELD_HEARD_MS = 600;
/** While a validator is missing, one that is there is asked for addresses this often. */
const ASK_MS = 3_000;

export interface DialerOptions {
  readonly clock: Clock;
  readonly report: Report;
  /** This node's index, which may become known later. */
  own(): number | null;
  readonly validatorCount: number;
  isConnected(validator: number): boolean;
  candidates(validator: number): readonly string[];
  /** Connects and says hello; resolves to whether that worked. */
  dial(validator: number, addresses: readonly string[]): Promise<boolean>;
  /** Exchanges addresses with some connected validator. */
  ask(): void;
  /** From 0 up to 1. */
  random(): number;
}

/** Keeps trying to reach every validator: each has its own backoff, from 0.3 s doubling up to 5 s. */
export class Dialer {
  readonly #options: DialerOptions;
  readonly #failures: number[];
  readonly #cancels: (() => void)[];
  #cancelAsk: () => void = () => {};
  #stopped = false;

  constructor(options: DialerOptions) {
    this.#options = options;
    this.#failures = Array.from({length: options.validatorCount}, () => 0);
    this.#cancels = Array.from({length: options.validatorCount}, () => () => {});
  }

  /** One more validator, with the next index: dialled as soon as an address is known. */
  extend(): void {
    const validator = this.#failures.push(0) - 1;
    this.#cancels.push(() => {});
    if (validator !== this.#options.own()) this.#plan(validator, FIRST_MS);
  }

  start(): void {
    for (const validator of this.#others()) this.#plan(validator, this.#yieldsTo(validator) ? YIELD_MS : 0);
    this.#planAsk();
  }
  stop(): void {
    this.#stopped = true;
    for (const cancel of this.#cancels) cancel();
    this.#cancelAsk();
  }
  /** The validator is there: no more dials until `lost`. */
  reached(validator: number): void {
    this.#failures[validator] = 0;
    this.#cancels[validator]?.();
  }
  lost(validator: number): void {
    this.#plan(validator, this.#backoffMs(validator));
  }
  /** An address has become known: a dial that waits is made now. */
  heard(validator: number): void {
    if (validator === this.#options.own() || this.#options.isConnected(validator) || (this.#failures[validator] ?? 0) === 0) return;
    this.#failures[validator] = 0;
    this.#plan(validator, FIRST_MS * this.#options.random() + (this.#yieldsTo(validator) ? YIELD_HEARD_MS : 0));
  }

  #yieldsTo(validator: number): boolean {
    return validator < (this.#options.own() ?? -1);
  }
  #others(): number[] {
    return this.#failures.map((_, validator) => validator).filter((validator) => validator !== this.#options.own());
  }
  #backoffMs(validator: number): number {
    const failures = this.#failures[validator] ?? 0;
    return Math.min(CAP_MS, FIRST_MS * 2 ** failures) * (0.75 + 0.5 * this.#options.random());
  }
  #plan(validator: number, ms: number): void {
    this.#cancels[validator]?.();
    if (this.#stopped) return;
    this.#cancels[validator] = this.#options.clock.after(ms, () => void this.#attempt(validator));
  }
  async #attempt(validator: number): Promise<void> {
    const {isConnected, candidates, dial, report} = this.#options;
    if (isConnected(validator)) return;
    const addresses = candidates(validator);
    const reached = addresses.length > 0 && (await dial(validator, addresses));
    if (reached || this.#stopped || isConnected(validator)) return;
    if (addresses.length > 0) report.count("failedDials");
    this.#plan(validator, this.#backoffMs(validator));
    this.#failures[validator] = Math.min(16, (this.#failures[validator] ?? 0) + 1);
  }
  #planAsk(): void {
    this.#cancelAsk = this.#options.clock.after(ASK_MS, () => {
      if (this.#others().some((validator) => !this.#options.isConnected(validator))) this.#options.ask();
      this.#planAsk();
    });
  }
}
