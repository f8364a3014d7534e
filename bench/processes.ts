import {readdirSync, readFileSync} from "node:fs";

/** Milliseconds of one tick of /proc/<pid>/stat: USER_HZ is 100 on every Linux that runs Node. */
const TICK_MS = 10;
/** Places after the name: fields 4, 14 and 15 of proc(5). */
const PARENT = 1;
const USER = 11;
const SYSTEM = 12;

/** Fields of /proc/<pid>/stat after the second, the name, which may hold anything. null: no such process. */
function statOf(pid: number): string[] | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "utf8");
    return text.slice(text.lastIndexOf(")") + 2).split(" ");
  } catch {
    return null;
  }
}

/** CPU time that a process has used, user and system, ms; 0 where it does not run. Linux only. */
export function cpuMsOf(pid: number): number {
  const stat = statOf(pid);
  return stat === null ? 0 : (Number(stat[USER]) + Number(stat[SYSTEM])) * TICK_MS;
}

/** Resident memory of a process, MB (1e6 bytes); 0 where it does not run. Linux only. */
export function residentMbOf(pid: number): number {
  try {
    const kb = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
    return (Number(kb ?? 0) * 1_024) / 1e6;
  } catch {
    return 0;
  }
}

/** All processes that descend from `pid`, without itself. */
export function descendantsOf(pid: number): number[] {
  const parents = readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map((name) => ({pid: Number(name), parent: Number(statOf(Number(name))?.[PARENT])}));
  const found = [pid];
  for (const at of found) found.push(...parents.filter(({parent}) => parent === at).map((p) => p.pid));
  return found.slice(1);
}
