/** What may wait for one peer: a few proposals of full size, and many votes. */
export const QUEUE_COUNT_MAX = 1_024;
export const QUEUE_BYTES_MAX = 8 << 20;

interface Item {
  readonly frame: Uint8Array;
  readonly value: number;
}

/** First in, first out, bounded by count and bytes. What does not fit pushes out the newest of lower value, or is dropped itself. */
export class SendQueue {
  readonly #countMax: number;
  readonly #bytesMax: number;
  #items: Item[] = [];
  #bytes = 0;

  constructor(countMax = QUEUE_COUNT_MAX, bytesMax = QUEUE_BYTES_MAX) {
    this.#countMax = countMax;
    this.#bytesMax = bytesMax;
  }
  get count(): number {
    return this.#items.length;
  }
  get bytes(): number {
    return this.#bytes;
  }

  /** How many items were dropped: 0 where all fits, 1 for the frame itself or for each that had to go for it. */
  push(frame: Uint8Array, value: number): number {
    const victims = this.#victimsFor(frame.length, value);
    if (victims === null) return 1;
    if (victims.size > 0) this.#items = this.#items.filter((item) => !victims.has(item));
    for (const {frame: gone} of victims) this.#bytes -= gone.length;
    this.#items.push({frame, value});
    this.#bytes += frame.length;
    return victims.size;
  }
  /** The frames at the front: one, and more while they are no more than `bytesMax` together. */
  take(bytesMax: number): Uint8Array[] {
    let count = 0;
    let bytes = 0;
    for (const {frame} of this.#items) {
      if (count > 0 && bytes + frame.length > bytesMax) break;
      count++;
      bytes += frame.length;
    }
    this.#bytes -= bytes;
    return this.#items.splice(0, count).map(({frame}) => frame);
  }
  /** Empties it; how many items there were. */
  clear(): number {
    const count = this.#items.length;
    this.#items = [];
    this.#bytes = 0;
    return count;
  }

  /** The items that must go so that `size` bytes of `value` fit: lowest value first, newest first among equals; null where that is not enough. */
  #victimsFor(size: number, value: number): ReadonlySet<Item> | null {
    const victims = new Set<Item>();
    let count = this.count + 1;
    let bytes = this.#bytes + size;
    if (count <= this.#countMax && bytes <= this.#bytesMax) return victims;
    const lower = this.#items.filter((item) => item.value < value).reverse();
    lower.sort((a, b) => a.value - b.value); // stable: newest first is kept
    for (const item of lower) {
      victims.add(item);
      count--;
      bytes -= item.frame.length;
      if (count <= this.#countMax && bytes <= this.#bytesMax) return victims;
    }
    return null;
  }
}
