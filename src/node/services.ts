import type {Logger, Service} from "../ports/system.ts";

/**
 * Starts services in the order given and stops them in reverse. A stop that outlives `stopMaxMs` is abandoned and logged:
 * one hanging library must not keep the store from closing. If a start fails, that service and those before it are
 * stopped and the error is rethrown.
 */
export function serviceGroup(
  services: readonly Service[],
  log: Logger,
  stopMaxMs: number,
): {start(): Promise<void>; stop(): Promise<void>} {
  const abort = new AbortController();
  const running: Service[] = [];

  async function stop(): Promise<void> {
    abort.abort(new Error("stopping"));
    for (let service = running.pop(); service !== undefined; service = running.pop()) {
      const outcome = await withDeadline(service.stop(), stopMaxMs);
      if (outcome !== "done") log.error("service did not stop", {service: service.name, outcome});
    }
  }

  async function start(): Promise<void> {
    for (const service of services) {
      running.push(service);
      try {
        await service.start(abort.signal);
      } catch (error) {
        await stop();
        throw error;
      }
    }
  }
  return {start, stop};
}

/** "done", "late" after `ms`, or what the promise was rejected with, as text. The timer is always cleared. */
async function withDeadline(work: Promise<void>, ms: number): Promise<string> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<string>((resolve) => {
    timer = setTimeout(() => resolve("late"), ms);
  });
  const done = work.then(
    () => "done",
    (error: unknown) => `failed: ${error instanceof Error ? error.message : String(error)}`,
  );
  const outcome = await Promise.race([done, late]);
  clearTimeout(timer);
  return outcome;
}
