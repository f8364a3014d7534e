import {type ChildProcess, spawn} from "node:child_process";
import {createWriteStream, mkdirSync} from "node:fs";
import {dirname} from "node:path";

const LINE_MAX = 1 << 16;
const STOP_MS = 8_000;

/** A process of the testnet that has said that it is ready. */
export interface Child {
  readonly name: string;
  readonly pid: number;
  /** The JSON object of its ready line. */
  readonly ready: Record<string, unknown>;
  /** Resolves with the exit code, or the signal's name. */
  readonly exited: Promise<number | string>;
  /** SIGTERM, then SIGKILL where that takes too long. */
  stop(): Promise<void>;
  kill(signal: NodeJS.Signals): void;
}

export interface ChildOptions {
  readonly name: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Where its standard error goes. */
  readonly log: string;
  readonly signal: AbortSignal;
}

/**
 * Starts `node args…` with a channel to this process, and resolves with its first line `{"event":"ready",…}`. The child ends
 * itself when the channel closes, so nothing is left running even where this process is killed.
 */
export async function startChild(options: ChildOptions): Promise<Child> {
  options.signal.throwIfAborted();
  mkdirSync(dirname(options.log), {recursive: true});
  const log = createWriteStream(options.log, {flags: "a"});
  const child = spawn(process.execPath, [...options.args], {
    stdio: ["ignore", "pipe", "pipe", "ipc"],
    env: {...process.env, ...options.env},
  });
  child.stderr?.pipe(log);
  const exited = new Promise<number | string>((resolve) => child.once("exit", (code, signal) => resolve(code ?? signal ?? "")));
  return new Promise((resolve, reject) => {
    const fail = (why: string) => {
      child.kill("SIGKILL");
      reject(new Error(`${options.name}: ${why}; see ${options.log}`));
    };
    const aborted = () => fail("was stopped while it started");
    options.signal.addEventListener("abort", aborted, {once: true});
    child.once("error", (error) => fail(error.message));
    void exited.then((how) => fail(`ended with ${how} before it was ready`));
    onLines(child, (line) => {
      const ready = parseReady(line);
      if (ready === null) return;
      options.signal.removeEventListener("abort", aborted);
      resolve({
        name: options.name,
        pid: child.pid ?? 0,
        ready,
        exited,
        kill: (signal) => child.kill(signal),
        stop: () => stop(child, exited),
      });
    });
  });
}

/** Runs `node args…` to its end. Rejects with its standard error where it fails. */
export async function runToEnd(options: Omit<ChildOptions, "log">): Promise<string> {
  options.signal.throwIfAborted();
  const child = spawn(process.execPath, [...options.args], {stdio: ["ignore", "pipe", "pipe"], env: {...process.env, ...options.env}});
  let out = "";
  let problems = "";
  child.stdout?.on("data", (chunk: Buffer) => {
    out = (out + chunk).slice(-LINE_MAX);
  });
  child.stderr?.on("data", (chunk: Buffer) => {
    problems = (problems + chunk).slice(-LINE_MAX);
  });
  const aborted = () => child.kill("SIGKILL");
  options.signal.addEventListener("abort", aborted, {once: true});
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => {
      options.signal.removeEventListener("abort", aborted);
      if (code === 0) resolve(out);
      else reject(new Error(`${options.name} ended with ${code}: ${problems.trim()}`));
    });
  });
}

async function stop(child: ChildProcess, exited: Promise<number | string>): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill("SIGTERM");
  const timer = setTimeout(() => child.kill("SIGKILL"), STOP_MS);
  await exited;
  clearTimeout(timer);
}

function onLines(child: ChildProcess, take: (line: string) => void): void {
  let rest = "";
  child.stdout?.on("data", (chunk: Buffer) => {
    const lines = (rest + chunk).split("\n");
    rest = (lines.pop() ?? "").slice(-LINE_MAX);
    for (const line of lines) take(line);
  });
}

function parseReady(line: string): Record<string, unknown> | null {
  if (!line.startsWith("{")) return null;
  try {
    const value = JSON.parse(line) as Record<string, unknown>;
    return value["event"] === "ready" ? value : null;
  } catch {
    return null;
  }
}
