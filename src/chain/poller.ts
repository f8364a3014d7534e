import type {Clock} from "../ports/system.ts";

const FAILURES_MAX = 5;

/** Runs of one activity that never overlap, every `pollMs`, more rarely while they fail. */
export interface Poller {
  /** A run that begins after this call, at once where none is under way; resolves when it is over. */
  now(): Promise<void>;
  start(): void;
  /** No run begins any more; resolves when the one under way is over. */
  stop(): Promise<void>;
}

/** @param run never rejects; false where it failed: the pause doubles, up to 32 times `pollMs` */
export function createPoller(options: {clock: Clock; pollMs: number; pauseMaxMs: number; run: () => Promise<boolean>}): Poller {
  const {clock, pollMs, pauseMaxMs, run} = options;
  let running: Promise<void> | null = null;
  let queued: Promise<void> | null = null;
  let cancel: (() => void) | null = null;
  let failures = 0;
  let active = false;
  let stopped = false;

  async function once(): Promise<void> {
    cancel?.();
    cancel = null;
    failures = (await run()) ? 0 : Math.min(FAILURES_MAX, failures + 1);
    running = null;
    if (active && queued === null) cancel = clock.after(Math.min(Math.max(pauseMaxMs, pollMs), pollMs * 2 ** failures), () => void now());
  }
  function now(): Promise<void> {
    if (stopped) return Promise.resolve();
    if (running === null) {
      running = once();
      return running;
    }
    queued ??= running.then(() => {
      queued = null;
      return now();
    });
    return queued;
  }

  return {
    now,
    start() {
      active = true;
      if (running === null) void now();
    },
    async stop() {
      active = false;
      stopped = true;
      cancel?.();
      await queued;
      await running;
    },
  };
}
