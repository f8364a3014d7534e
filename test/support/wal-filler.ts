import {createWal} from "../../src/store/wal.ts";

/** Appends 100,000-byte records to the log argv[2] until one is refused; prints how many were taken, and the codes of two refusals. */
const wal = createWal({file: process.argv[2] as string});
await wal.start(new AbortController().signal);
const codeOf = (error: unknown) => (error as {code: string}).code;
let taken = 0;
for (;;) {
  const refused = await wal.append([Buffer.alloc(100_000, taken + 1)]).then(() => null, codeOf);
  if (refused !== null) {
    const again = await wal.append([Buffer.alloc(1)]).then(() => null, codeOf);
    process.stdout.write(JSON.stringify([taken, refused, again]));
    break;
  }
  taken++;
}
await wal.stop();
