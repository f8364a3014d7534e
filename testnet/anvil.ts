import {type ChildProcess, spawn} from "node:child_process";
import {accessSync, constants} from "node:fs";
import {createRequire} from "node:module";
import {dirname, join} from "node:path";

const STOP_MAX_MS = 3_000;
/** Ends anvil, whose pid is $0, as soon as nobody holds the other end of the standard input. */
const WATCH = 'trap "" INT TERM HUP; read -r _; kill "$0"';
const TEXT_MAX = 1 << 16;

/** Where anvil is: ANVIL_BIN, the npm package of this platform, PATH; else an error that says how to get it. */
export function findAnvil(): string {
  const given = process.env["ANVIL_BIN"];
  if (given !== undefined && given !== "") return given;
  try {
    const manifest = createRequire(import.meta.url).resolve("@foundry-rs/anvil-linux-amd64/package.json");
    return join(dirname(manifest), "bin", "anvil");
  } catch {
    for (const folder of (process.env["PATH"] ?? "").split(":")) {
      const file = join(folder, "anvil");
      try {
        accessSync(file, constants.X_OK);
        return file;
      } catch {}
    }
  }
  throw new Error("anvil not found: set ANVIL_BIN, or install Foundry (https://getfoundry.sh)");
}

export interface Anvil {
  readonly url: string;
  readonly pid: number;
  /** Resolves once the process has exited; kills it after 3 s. May be called again. */
  stop(): Promise<void>;
}

/** Anvil has no channel to us and would outlive a kill of this process: a shell that has one waits for our end. */
function endWithUs(pid: number, exited: Promise<void>): void {
  const watcher = spawn("sh", ["-c", WATCH, String(pid)], {stdio: ["pipe", "ignore", "ignore"]});
  watcher.on("error", () => {}); // without a shell anvil runs all the same
  watcher.stdin.on("error", () => {});
  void exited.then(() => watcher.kill("SIGKILL"));
}

/**
 * Starts anvil on a free port of the loopback and resolves once it listens. Osaka rules (EIP-2537 precompiles, EIP-7825
 * transaction gas limit) unless `args` name a hardfork; "finalized" is the newest block. An abort of `signal` before it
 * listens kills it and rejects.
 */
export function startAnvil(args: readonly string[], signal: AbortSignal): Promise<Anvil> {
  signal.throwIfAborted();
  const rules = args.includes("--hardfork") ? [] : ["--hardfork", "osaka"];
  const child: ChildProcess = spawn(
    findAnvil(),
    ["--host", "127.0.0.1", "--port", "0", ...rules, "--enable-tx-gas-limit", "--slots-in-an-epoch", "0", ...args],
    {stdio: ["ignore", "pipe", "pipe"]},
  );
  const exited = new Promise<void>((done) => child.once("exit", () => done()));
  if (child.pid !== undefined) endWithUs(child.pid, exited);
  async function stop(): Promise<void> {
    child.kill("SIGTERM");
    const deadline = setTimeout(() => child.kill("SIGKILL"), STOP_MAX_MS);
    await exited;
    clearTimeout(deadline);
  }
  return new Promise((resolve, reject) => {
    let text = "";
    const fail = (why: string) => {
      child.kill("SIGKILL");
      reject(new Error(`anvil: ${why}\n${text.slice(-2_000)}`));
    };
    const late = () => fail("did not listen in time");
    signal.addEventListener("abort", late, {once: true});
    child.once("error", (error) => reject(error));
    const died = (code: number | null) => fail(`exit ${code}`);
    child.once("exit", died);
    child.stderr?.on("data", (chunk: Buffer) => {
      text = (text + chunk.toString()).slice(-TEXT_MAX);
    });
    child.stdout?.on("data", (chunk: Buffer) => {
      if (text.length > TEXT_MAX) return; // keep draining: a full pipe stops anvil
      text += chunk.toString();
      const found = /Listening on (127\.0\.0\.1:\d+)/.exec(text);
      if (found === null) return;
      child.off("exit", died);
      signal.removeEventListener("abort", late);
      resolve({url: `http://${found[1]}`, pid: child.pid ?? 0, stop});
    });
  });
}
