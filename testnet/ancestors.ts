import {readFileSync} from "node:fs";

const LOOK_MS = 500;
/** npm sets it for whatever it runs, and has it not itself. */
const UNDER_NPM = "npm_lifecycle_event=";

/**
 * Calls back once when whoever started this process is gone: its parent, and where npm stands behind that, every process up
 * to npm. Between npm and us are its shell and tsx, which outlive an npm that is killed. The answer ends the watch.
 */
export function whenAbandoned(run: () => void): () => void {
  const parent = process.ppid;
  const chain = wrappersFrom(parent);
  const timer = setInterval(() => {
    const changed = process.ppid !== parent || chain.some(({pid, parent: before}) => parentOf(pid) !== before);
    if (!changed) return;
    clearInterval(timer);
    run();
  }, LOOK_MS);
  return () => clearInterval(timer);
}

/** From `pid` up: processes that npm started, each with its parent. Empty where the system has no /proc. */
function wrappersFrom(pid: number): {pid: number; parent: number}[] {
  const chain: {pid: number; parent: number}[] = [];
  for (let at = pid; at > 1 && isUnderNpm(at); ) {
    const parent = parentOf(at);
    if (parent === null) break;
    chain.push({pid: at, parent});
    at = parent;
  }
  return chain;
}

function isUnderNpm(pid: number): boolean {
  return (read(pid, "environ") ?? "").split("\0").some((entry) => entry.startsWith(UNDER_NPM));
}

function parentOf(pid: number): number | null {
  const found = /^PPid:\s*(\d+)$/m.exec(read(pid, "status") ?? "");
  return found === null ? null : Number(found[1]);
}

function read(pid: number, file: "environ" | "status"): string | null {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "utf8");
  } catch {
    return null;
  }
}
