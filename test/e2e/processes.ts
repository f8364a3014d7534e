import {spawn} from "node:child_process";
import {randomUUID} from "node:crypto";
import {readdirSync, readFileSync} from "node:fs";
import {fileURLToPath} from "node:url";

export const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const MARK = "MVM_TEST_RUN";
const TEXT_MAX = 1 << 20;

export interface Running {
  readonly pid: number;
  readonly command: string;
}
export type Line = {readonly event: string; readonly [field: string]: unknown};

/** A program that was started as a person starts it, with all processes that come from it. */
export interface Run {
  readonly pid: number;
  /** Whole lines of its standard output. */
  readonly out: readonly string[];
  /** Those that are JSON objects. */
  readonly lines: readonly Line[];
  /** All of its standard output and error. */
  text(): string;
  /** Resolves with the first line that fits. Rejects after `ms`, or when the program ends before. */
  line(fits: (line: Line) => boolean, what: string, ms: number): Promise<Line>;
  /** How it ended: the exit code, or the name of the signal. Rejects after `ms`. */
  ended(ms: number): Promise<number | string>;
  kill(signal: NodeJS.Signals): void;
  /** To every process of its group, as a terminal does on Ctrl-C. */
  killGroup(signal: NodeJS.Signals): void;
  /** Every process that runs now and comes from it, itself included. */
  processes(): Running[];
  /** Resolves once none is left. Rejects after `ms` with what is left. */
  gone(ms: number): Promise<void>;
  /** Kills what is left; for the end of a test. */
  clear(): Promise<void>;
}

/** Starts a program in a process group of its own. What comes from it is known by a mark in its environment. */
export function start(command: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): Run {
  const mark = randomUUID();
  const child = spawn(command, [...args], {
    cwd: ROOT,
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
    env: {...process.env, ...env, [MARK]: mark},
  });
  const out: string[] = [];
  const lines: Line[] = [];
  const waiting = new Set<() => void>();
  let text = "";
  let rest = "";
  const read = (chunk: Buffer) => {
    text = (text + chunk).slice(-TEXT_MAX);
  };
  child.stderr.on("data", read);
  child.stdout.on("data", read);
  child.stdout.on("data", (chunk: Buffer) => {
    const parts = (rest + chunk).split("\n");
    rest = parts.pop() ?? "";
    out.push(...parts);
    for (const part of parts) {
      const line = parse(part);
      if (line !== null) lines.push(line);
    }
    for (const look of waiting) look();
  });
  let how: number | string | null = null;
  const exited = new Promise<void>((resolve) => {
    child.once("close", (code, signal) => {
      how = code ?? signal ?? "";
      resolve();
      for (const look of waiting) look();
    });
  });
  child.once("error", (error) => read(Buffer.from(String(error))));
  const processes = () => processesWith(`${MARK}=${mark}`);
  const gone = (ms: number) =>
    until(
      () => processes().length === 0,
      () => `nothing is left of it: ${show(processes())}\n${text}`,
      ms,
    );
  return {
    pid: child.pid ?? 0,
    out,
    lines,
    text: () => text,
    processes,
    gone,
    kill: (signal) => void child.kill(signal),
    killGroup: (signal) => void process.kill(-(child.pid ?? 0), signal),
    async ended(ms) {
      await until(
        () => how !== null,
        () => `it ends\n${text}`,
        ms,
      );
      return how as unknown as number | string;
    },
    line: (fits, what, ms) =>
      new Promise((resolve, reject) => {
        const timer = setTimeout(() => done(() => reject(new Error(`no ${what} within ${ms} ms\n${text}`))), ms);
        const done = (settle: () => void) => {
          clearTimeout(timer);
          waiting.delete(look);
          settle();
        };
        const look = () => {
          const found = lines.find(fits);
          if (found !== undefined) done(() => resolve(found));
          else if (how !== null) done(() => reject(new Error(`it ended with ${how} before ${what}\n${text}`)));
        };
        waiting.add(look);
        look();
      }),
    async clear() {
      for (const {pid} of processes()) killPid(pid);
      if (child.pid !== undefined) await exited;
      await gone(5_000);
    },
  };
}

/** The launcher itself, without npm or tsx's own process around it. */
export function startLauncher(...args: string[]): Run {
  return start(process.execPath, ["--import", "tsx", "testnet/main.ts", ...args]);
}

/** Resolves as soon as `holds`, asked every few ms; rejects after `ms` with what it waited for. */
export async function until(holds: () => boolean | Promise<boolean>, what: string | (() => string), ms: number): Promise<void> {
  const end = performance.now() + ms;
  while (!(await holds())) {
    if (performance.now() > end) throw new Error(`waited ${ms} ms in vain: ${typeof what === "string" ? what : what()}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

export function isRunning(pid: number): boolean {
  return /^State:\s*[^ZX]/m.test(readProc(pid, "status").join());
}

/** Resident memory, MB; null where the process has ended. */
export function residentMb(pid: number): number | null {
  const found = /^VmRSS:\s*(\d+) kB$/m.exec(readProc(pid, "status").join());
  return found === null ? null : Number(found[1]) / 1_024;
}

export function killPid(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {} // it has ended meanwhile
}

function processesWith(entry: string): Running[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => readProc(pid, "environ").includes(entry))
    .map((pid) => ({pid, command: readProc(pid, "cmdline").join(" ").slice(0, 200)}));
}

function readProc(pid: number, file: "environ" | "cmdline" | "status"): string[] {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "utf8").split("\0");
  } catch {
    return []; // it has ended, or belongs to somebody else
  }
}

function show(running: readonly Running[]): string {
  return running.map(({pid, command}) => `${pid} ${command}`).join("\n");
}

function parse(text: string): Line | null {
  if (!text.startsWith("{")) return null;
  try {
    return JSON.parse(text) as Line;
  } catch {
    return null;
  }
}
