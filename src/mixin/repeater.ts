import type {Clock} from "../ports/system.ts";

/** Runs of an activity that never overlap, with a pause between them that grows while they fail. */
export interface Repeater {
  /** A run that starts after this call, at once where none is under way. Resolves when it is done. */
  now(): Promise<void>;
  start(): void;
  /** No run starts any more; resolves when the one under way is done. */
  stop(): Promise<void>;
}

/** @param run  never rejects; false where it failed */
export function createRepeater(options: {clock: Clock; pauseMs: number; pauseMaxMs: number; run: () => Promise<boolean>}): Repeater {
  const {clock, pauseMs, pauseMaxMs, run} = options;
  let current: Promise<void> | null = null;
  let next: Promise<void> | null = null;
  let cancel: (() => void) | null = null;
  let failures = 0;
  let active = false;

  function begin(): Promise<void> {
    cancel?.();
    cancel = null;
    const done = run().then((succeeded) => {
      failures = succeeded ? 0 : failures + 1;
      current = null;
      if (active && next === null) arm();
    });
    current = done;
    return done;
  }
  function arm(): void {
    const pause = Math.min(pauseMaxMs, pauseMs * 2 ** Math.min(failures, 20));
    cancel = clock.after(failures === 0 ? pauseMs : pause, () => void now());
  }
  function now(): Promise<void> {
    if (!active) return Promise.resolve();
    if (current === null) return begin();
    next ??= current.then(() => {
      next = null;
      return active ? begin() : undefined;
    });
    return next;
  }

  return {
    now,
    start() {
      active = true;
      void now();
    },
    async stop() {
      active = false;
      cancel?.();
      await next;
      await current;
    },
  };
}
