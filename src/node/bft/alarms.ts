import type {Clock} from "../../ports/system.ts";

/** Named one-shot timers: setting one that runs changes nothing. */
export class Alarms {
  readonly #clock: Clock;
  readonly #cancels = new Map<string, () => void>();
  #closed = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  once(name: string, ms: number, run: () => void): void {
    if (this.#cancels.has(name) || this.#closed) return;
    const cancel = this.#clock.after(ms, () => {
      this.#cancels.delete(name);
      run();
    });
    this.#cancels.set(name, cancel);
  }

  /** Cancels all, and takes no more. */
  close(): void {
    this.#closed = true;
    for (const cancel of this.#cancels.values()) cancel();
    this.#cancels.clear();
  }
}
