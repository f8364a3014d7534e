import {type ChildProcess, fork} from "node:child_process";
import {mkdtempSync, rmSync} from "node:fs";
import {tmpdir} from "node:os";
import {join} from "node:path";
import {fileURLToPath} from "node:url";

interface Answer {
  readonly port?: number;
  readonly proposed?: number;
  readonly done?: number;
  readonly at?: number;
}

const PEER = fileURLToPath(new URL("tcp-peer.ts", import.meta.url));
const PAUSE_MS = 20;

/** Times of `n` raw three-step exchanges among `peers` processes, from the proposal's sending to the last one's quorum of precommits, ms. */
export async function tcpFloor(peers: number, n: number): Promise<number[]> {
  const dir = mkdtempSync(join(tmpdir(), "mvm-bench-"));
  const children: ChildProcess[] = [];
  try {
    const ports: number[] = [];
    for (let i = 0; i < peers; i++) {
      const child = fork(PEER, [join(dir, `${i}`), `${peers}`]);
      children.push(child);
      ports.push((await next(child, (a) => a.port !== undefined)).port as number);
    }
    // each pair once: everybody dials those before it
    children.forEach((child, i) => void child.send({dial: ports.slice(0, i)}));
    await new Promise((resolve) => setTimeout(resolve, 300));
    const samples: number[] = [];
    for (let round = 0; round < n + 10; round++) {
      const done = Promise.all(children.map((child) => next(child, (a) => a.done === round)));
      const leader = children[round % peers] as ChildProcess;
      const started = next(leader, (a) => a.proposed === round);
      leader.send({propose: round});
      const start = (await started).at as number;
      const ends = (await done).map((a) => a.at as number);
      if (round >= 10) samples.push(Math.max(...ends) - start);
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
    return samples;
  } finally {
    for (const child of children) child.disconnect();
    rmSync(dir, {recursive: true, force: true});
  }
}

function next(child: ChildProcess, fits: (answer: Answer) => boolean): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error("a peer of the floor does not answer")), 10_000);
    const listen = (answer: Answer) => {
      if (!fits(answer)) return;
      clearTimeout(timer);
      child.off("message", listen);
      resolve(answer);
    };
    child.on("message", listen);
  });
}
