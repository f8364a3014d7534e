import {join} from "node:path";
import {parseArgs} from "node:util";
import {Devnet} from "./devnet.ts";
import {DevnetServer} from "./server.ts";

const USAGE = `usage: mixin-devnet [--port P] [--dir D] [--multi-sign on|off]
  --port        on 127.0.0.1; 0, the default, takes a free one
  --dir         where the ledger is kept; without it, in memory
  --multi-sign  whether one sign call may bring the signatures of several members (on)
`;

/** What the command line says; null where it makes no sense. */
function options(): {port: number; dir: string | null; multiSign: boolean} | null {
  try {
    const {values} = parseArgs({options: {port: {type: "string"}, dir: {type: "string"}, "multi-sign": {type: "string"}}});
    const {port = "0", dir = null, "multi-sign": multiSign = "on"} = values;
    if (!/^\d{1,5}$/.test(port) || Number(port) > 65_535 || dir === "" || !["on", "off"].includes(multiSign)) return null;
    return {port: Number(port), dir, multiSign: multiSign === "on"};
  } catch {
    return null;
  }
}

async function run(): Promise<void> {
  const given = options();
  if (given === null) {
    process.stderr.write(USAGE);
    process.exit(2);
  }
  const {port, dir, multiSign} = given;
  const server = new DevnetServer(new Devnet({file: dir === null ? null : join(dir, "journal"), multiSign}));
  let stopping = false;
  const stop = () => {
    if (stopping) return;
    stopping = true;
    void server.stop().finally(() => process.exit(0));
  };
  // the parent may be gone before we are up
  for (const event of ["SIGINT", "SIGTERM", "disconnect"]) process.once(event, stop);
  const url = await server.start(port);
  process.stdout.write(`${JSON.stringify({event: "ready", url, pid: process.pid})}\n`);
}

run().catch((error: unknown) => {
  const {message, cause} = error instanceof Error ? error : new Error(String(error));
  process.stderr.write(`mixin-devnet: ${message}${cause instanceof Error ? `: ${cause.message}` : ""}\n`);
  process.exit(1);
});
