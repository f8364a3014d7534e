import {BoundedQueue} from "../../base/bounded.ts";

/** A bounded queue with one reader that can wait. What does not fit is refused and counted. */
export class Mailbox<T> {
  readonly #queue: BoundedQueue<T>;
  #wake: (() => void) | null = null;
  #closed = false;

  constructor(countMax: number) {
    this.#queue = new BoundedQueue<T>(countMax);
  }

  get closed(): boolean {
    return this.#closed;
  }
  get dropped(): number {
    return this.#queue.dropped;
  }

  /** Whether the item was taken; never waits, never throws. */
  push(item: T): boolean {
    const taken = !this.#closed && this.#queue.push(item);
    this.#wake?.();
    return taken;
  }

  shift(): T | undefined {
    return this.#queue.shift();
  }

  /** Resolves once there is an item, or the mailbox is closed. */
  async wait(): Promise<void> {
    if (this.#queue.size > 0 || this.#closed) return;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
    this.#wake = null;
  }

  close(): void {
    this.#closed = true;
    this.#wake?.();
  }
}
