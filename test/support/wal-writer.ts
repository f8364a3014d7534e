import {createWal} from "../../src/store/wal.ts";

/** Appends numbered records from argv[3] to the log argv[2] as fast as it can, and prints each number once it is on disk. */
const wal = createWal({file: process.argv[2] as string});
await wal.start(new AbortController().signal);
for (let n = Number(process.argv[3]); ; n += 3) {
  const batch = [n, n + 1, n + 2];
  await Promise.all(
    batch.map(async (i) => {
      const record = Buffer.alloc(4 + ((i * 37) % 3_000), i % 251);
      record.writeUInt32BE(i);
      await wal.append([record]);
      process.stdout.write(`${i}\n`);
    }),
  );
}
