import {runDemo} from "./demo.ts";
import {startTestnet, type Testnet} from "./launcher.ts";
import {parseOptions} from "./options.ts";
import {jsonLines, picture} from "./picture.ts";

const options = parseOptions(process.argv.slice(2));
const tell = options.json ? jsonLines(process.stdout) : picture(process.stdout);
const started = performance.now();
const stop = new AbortController();
let ok = true;

process.once("SIGINT", () => stop.abort(new Error("stopped")));
process.once("SIGTERM", () => stop.abort(new Error("stopped")));
// npm that is killed leaves this process behind, with another parent
const parent = process.ppid;
const watch = setInterval(() => {
  if (process.ppid !== parent) stop.abort(new Error("the parent process is gone"));
}, 500);

let net: Testnet | null = null;
try {
  net = await startTestnet(options, tell, stop.signal);
  if (options.demo) await runDemo(net, tell, stop.signal);
  tell({event: "done", ok: true, ms: performance.now() - started});
  if (!options.once) {
    if (!options.json) process.stdout.write("\nEverything stays up until Ctrl-C.\n");
    await new Promise<void>((resolve) => stop.signal.addEventListener("abort", () => resolve(), {once: true}));
  }
} catch (error) {
  if (!stop.signal.aborted) {
    ok = false;
    tell({event: "error", message: error instanceof Error ? error.message : String(error)});
    tell({event: "done", ok: false, ms: performance.now() - started});
  }
} finally {
  clearInterval(watch);
  await net?.stop();
}
process.exit(ok ? 0 : 1);
