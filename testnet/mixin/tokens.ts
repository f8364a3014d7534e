import {tooMany, unauthorized} from "./failure.ts";

/** Ids of tokens that have been used, each until its token ends: none serves twice, and none is forgotten early. */
export class UsedTokens {
  readonly #max: number;
  /** Id → end, seconds. In the order of use, which is that of the ends but for the clients' clocks. */
  readonly #ends = new Map<string, number>();

  /** @param max  tokens alive at one time; further ones are refused, as forgetting one would let it serve again */
  constructor(max = 1 << 20) {
    this.#max = max;
  }

  get size(): number {
    return this.#ends.size;
  }

  /** Throws Failure 401 for a token used before, 429 where there is no room. */
  use(id: string, endS: number, nowS: number): void {
    for (const [old, end] of this.#ends) {
      if (end >= nowS) break;
      this.#ends.delete(old);
    }
    if (this.#ends.has(id)) throw unauthorized("token used twice");
    if (this.#ends.size >= this.#max) throw tooMany("tokens");
    this.#ends.set(id, endS);
  }
}
