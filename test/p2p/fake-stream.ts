import type {Stream} from "@libp2p/interface";
import {StreamMessageEvent} from "@libp2p/interface";

/** A stream whose other end is the test: it shows what was sent, and plays what comes in. */
export class FakeStream extends EventTarget {
  status = "open";
  readStatus: "readable" | "paused" | "closed" = "readable";
  writeStatus: "writable" | "closed" = "writable";
  writableNeedsDrain = false;
  writeBufferLength = 0;
  /** Whether the sender is given further window, as yamux decides: after what was held has been handed over, whatever that led to. */
  granting = true;
  readonly sent: Uint8Array[] = [];
  readonly #held: Uint8Array[] = [];

  get stream(): Stream {
    return this as unknown as Stream;
  }
  get heldBytes(): number {
    return this.#held.reduce((sum, chunk) => sum + chunk.length, 0);
  }
  /** Bytes that come in; kept while the stream is paused. */
  play(chunk: Uint8Array): void {
    if (this.readStatus === "paused") this.#held.push(chunk);
    else this.dispatchEvent(new StreamMessageEvent(chunk));
  }
  send(bytes: Uint8Array): boolean {
    this.sent.push(bytes);
    return !this.writableNeedsDrain;
  }
  pause(): void {
    this.readStatus = "paused";
    this.granting = false;
  }
  resume(): void {
    this.readStatus = "readable";
    for (const chunk of this.#held.splice(0)) this.dispatchEvent(new StreamMessageEvent(chunk));
    this.granting = true;
  }
  abort(): void {
    if (this.status !== "open") return;
    this.status = "aborted";
    this.readStatus = "closed";
    this.writeStatus = "closed";
    this.dispatchEvent(new Event("close"));
  }
}

/** A clock that a test moves. */
export function manualClock() {
  let now = 0;
  let timers: {readonly at: number; readonly run: () => void}[] = [];
  return {
    clock: {
      now: () => now,
      after(ms: number, run: () => void) {
        const timer = {at: now + ms, run};
        timers.push(timer);
        return () => {
          timers = timers.filter((t) => t !== timer);
        };
      },
    },
    get pending() {
      return timers.length;
    },
    /** Runs what is due within `ms`, in order, with a turn for promises after each. */
    async advance(ms: number): Promise<void> {
      const end = now + ms;
      for (;;) {
        const next = timers.filter((t) => t.at <= end).sort((a, b) => a.at - b.at)[0];
        if (next === undefined) break;
        timers = timers.filter((t) => t !== next);
        now = next.at;
        next.run();
        for (let i = 0; i < 10; i++) await Promise.resolve();
      }
      now = end;
    },
  };
}
