import type {Wal} from "../../ports/store.ts";

/** The same log; `observe` hears how many seconds each append took until it was on disk, and the bytes of the file. */
export function timedWal(wal: Wal, observe: (seconds: number, bytes: number) => void): Wal {
  return {
    ...wal,
    get recovered() {
      return wal.recovered;
    },
    start: (signal) => wal.start(signal),
    stop: () => wal.stop(),
    size: () => wal.size(),
    reset: (records) => wal.reset(records),
    async append(records) {
      const from = performance.now();
      await wal.append(records);
      observe((performance.now() - from) / 1_000, wal.size());
    },
  };
}
