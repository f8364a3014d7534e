/** A first-in-first-out queue that never holds more than `countMax` items; what does not fit is refused and counted. */
export class BoundedQueue<T> {
  readonly #countMax: number;
  #items: T[] = [];
  #head = 0;
  dropped = 0;

  constructor(countMax: number) {
    this.#countMax = countMax;
  }
  get size(): number {
    return this.#items.length - this.#head;
  }
  /** Whether the item was taken. */
  push(item: T): boolean {
    if (this.size >= this.#countMax) {
      this.dropped++;
      return false;
    }
    this.#items.push(item);
    return true;
  }
  shift(): T | undefined {
    const item = this.#items[this.#head];
    if (this.#head < this.#items.length) this.#head++;
    if (this.#head > 1_024 && this.#head * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
    return item;
  }
}

/** A map that never holds more than `countMax` entries: setting one more forgets the entry that was set first. */
export class BoundedMap<K, V> {
  readonly #countMax: number;
  readonly #map = new Map<K, V>();

  constructor(countMax: number) {
    this.#countMax = countMax;
  }
  get size(): number {
    return this.#map.size;
  }
  get(key: K): V | undefined {
    return this.#map.get(key);
  }
  has(key: K): boolean {
    return this.#map.has(key);
  }
  set(key: K, value: V): void {
    if (!this.#map.has(key) && this.#map.size >= this.#countMax) {
      const [oldest] = this.#map.keys();
      if (oldest !== undefined) this.#map.delete(oldest);
    }
    this.#map.set(key, value);
  }
  delete(key: K): boolean {
    return this.#map.delete(key);
  }
  keys(): IterableIterator<K> {
    return this.#map.keys();
  }
  values(): IterableIterator<V> {
    return this.#map.values();
  }
  entries(): IterableIterator<[K, V]> {
    return this.#map.entries();
  }
  clear(): void {
    this.#map.clear();
  }
}
