import {whenAbandoned} from "./ancestors.ts";
import {runDemo} from "./demo.ts";
import {announce} from "./kit/running.ts";
import {startTestnet, type Testnet} from "./launcher.ts";
import {parseOptions} from "./options.ts";
import {jsonLines, picture} from "./picture.ts";
import type {Tell} from "./report.ts";

const options = parseOptions(process.argv.slice(2));
const show = options.json ? jsonLines(process.stdout) : picture(process.stdout);
let forget = () => {};
const tell: Tell = (report) => {
  if (report.event === "ready") forget = announce(report);
  show(report);
};
const started = performance.now();
const stop = new AbortController();
let ok = true;

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => stop.abort(new Error("stopped")));
process.stdout.on("error", () => stop.abort(new Error("nobody reads any more")));
const endWatch = whenAbandoned(() => stop.abort(new Error("whoever started this is gone")));

let net: Testnet | null = null;
try {
  net = await startTestnet(options, tell, stop.signal);
  if (options.demo) await runDemo(net, tell, stop.signal);
  tell({event: "done", ok: true, demo: options.demo, ms: performance.now() - started});
  if (!options.once) {
    if (!options.json) process.stdout.write("\nEverything stays up until Ctrl-C.\n");
    await new Promise<void>((resolve) => stop.signal.addEventListener("abort", () => resolve(), {once: true}));
  }
} catch (error) {
  // whoever stops it has what they want; but a script that asked for the payment has not
  ok = stop.signal.aborted && !options.once;
  if (!stop.signal.aborted) {
    tell({event: "error", message: error instanceof Error ? error.message : String(error)});
    tell({event: "done", ok: false, demo: options.demo, ms: performance.now() - started});
  }
} finally {
  endWatch();
  forget();
  await net?.stop();
}
process.exit(ok ? 0 : 1);
