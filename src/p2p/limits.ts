/** How much of something is allowed: `burst` at once, and `perSecond` in the long run. */
export interface Rate {
  readonly perSecond: number;
  readonly burst: number;
}

/** What one peer may send by one path. */
export interface PathRates {
  readonly messages: Rate;
  readonly bytes: Rate;
}

const MIB = 1 << 20;

/** A busy validator passes on about 1,500 messages a second, its peers' included, and a proposal has up to 2 MB. */
export const VALIDATOR_RATES: PathRates = {messages: {perSecond: 4_000, burst: 4_000}, bytes: {perSecond: 32 * MIB, burst: 64 * MIB}};
export const OBSERVER_RATES: PathRates = {messages: {perSecond: 20, burst: 100}, bytes: {perSecond: 64 << 10, burst: 256 << 10}};
/** New connections of one peer; honest ones redial with a backoff. */
export const CONNECT_RATE: Rate = {perSecond: 1, burst: 10};
/** Hello exchanges that one peer may ask for on open connections. */
export const HELLO_RATE: Rate = {perSecond: 0.5, burst: 5};
/** Requests for blocks that one peer may make. */
export const REQUEST_RATE: Rate = {perSecond: 10, burst: 40};
/** Pieces of snapshots that one peer may ask for: 10 MiB a second. */
export const PIECE_RATE: Rate = {perSecond: 40, burst: 80};

/** Refills with time. A taker of more than the burst never gets it. */
export class TokenBucket {
  readonly #now: () => number;
  readonly #rate: Rate;
  #tokens: number;
  #at: number;

  /** @param now  milliseconds, as Clock.now */
  constructor(now: () => number, rate: Rate) {
    this.#now = now;
    this.#rate = rate;
    this.#tokens = rate.burst;
    this.#at = now();
  }

  /** Takes `amount`, or nothing: false where so much is not there. */
  take(amount = 1): boolean {
    this.#refill();
    if (this.#tokens < amount) return false;
    this.#tokens -= amount;
    return true;
  }
  /** Milliseconds until `amount` is there; 0 where it is. */
  waitMs(amount = 1): number {
    this.#refill();
    return Math.max(0, Math.ceil(((amount - this.#tokens) / this.#rate.perSecond) * 1_000));
  }
  #refill(): void {
    const now = this.#now();
    // a clock that went back refills nothing
    this.#tokens = Math.min(this.#rate.burst, this.#tokens + (Math.max(0, now - this.#at) / 1_000) * this.#rate.perSecond);
    this.#at = now;
  }
}

/** Messages and bytes together. */
export class PathLimit {
  readonly #messages: TokenBucket;
  readonly #bytes: TokenBucket;

  constructor(now: () => number, rates: PathRates) {
    this.#messages = new TokenBucket(now, rates.messages);
    this.#bytes = new TokenBucket(now, rates.bytes);
  }
  /** Whether one message of `size` bytes may pass; it counts where it may. */
  take(size: number): boolean {
    return this.waitMs(size) === 0 && this.#messages.take() && this.#bytes.take(size);
  }
  /** Milliseconds until a message of `size` bytes may pass. */
  waitMs(size: number): number {
    return Math.max(this.#messages.waitMs(), this.#bytes.waitMs(size));
  }
}
