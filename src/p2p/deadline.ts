import type {Clock} from "../ports/system.ts";
import {NetworkError} from "./errors.ts";

/**
 * Runs something that takes a signal, for at most `ms`. Ends at the deadline whether it heeds the signal or not; what it
 * does later is ignored. Rejects with NetworkError TIMEOUT, with ABORTED where `parent` aborts, else with its own error.
 */
export function within<T>(
  clock: Clock,
  {ms, what, parent}: {readonly ms: number; readonly what: string; readonly parent?: AbortSignal | undefined},
  run: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const limit = new AbortController();
    const end = (error: NetworkError) => {
      limit.abort(error);
      reject(error);
    };
    const aborted = () => end(new NetworkError("ABORTED", {what}));
    if (parent?.aborted) return aborted();
    parent?.addEventListener("abort", aborted, {once: true});
    const cancel = clock.after(ms, () => end(new NetworkError("TIMEOUT", {what, want: ms})));
    const done = () => {
      cancel();
      parent?.removeEventListener("abort", aborted);
    };
    limit.signal.addEventListener("abort", done, {once: true});
    const running = (async () => run(limit.signal))(); // also what is thrown before the first await
    running.then(resolve, reject).finally(done);
  });
}
