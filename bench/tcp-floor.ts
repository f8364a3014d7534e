import {type ChildProcess, fork} from "node:child_process";
import {mkdtempSync, rmSync} from "node:fs";
import {tmpdir} from "node:os";
import {join} from "node:path";
import {fileURLToPath} from "node:url";

/** What a peer tells its parent; `at` in ms since 1970, with fractions. */
export interface PeerAnswer {
  readonly port?: number;
  /** All its connections are there. */
  readonly joined?: boolean;
  readonly proposed?: number;
  readonly done?: number;
  readonly at?: number;
}

const PEER = fileURLToPath(new URL("tcp-peer.ts", import.meta.url));
const PAUSE_MS = 20;
const ANSWER_MS = 10_000;
const WARM_UP = 20;

/**
 * The least that a decision takes on this machine: processes that send each other, over plain TCP, messages of the same
 * sizes in the same three steps, with a write and an fdatasync before each vote. No signatures, no checks, no encryption.
 */
export class TcpFloor {
  readonly #peers: readonly ChildProcess[];
  readonly #dir: string;
  #next = 0;

  private constructor(peers: readonly ChildProcess[], dir: string) {
    this.#peers = peers;
    this.#dir = dir;
  }

  /** Starts the processes, connects each to all others, and warms them up. */
  static async start(peers: number): Promise<TcpFloor> {
    const dir = mkdtempSync(join(tmpdir(), "mvm-bench-"));
    const children: ChildProcess[] = [];
    const floor = new TcpFloor(children, dir);
    try {
      const ports: number[] = [];
      for (let i = 0; i < peers; i++) {
        const child = fork(PEER, [join(dir, `${i}`), `${peers}`]);
        children.push(child);
        ports.push((await answer(child, (a) => a.port !== undefined)).port ?? 0);
      }
      const joined = children.map((child) => answer(child, (a) => a.joined === true));
      // each pair once: everybody dials those before it
      for (const [i, child] of children.entries()) child.send({dial: ports.slice(0, i)});
      await Promise.all(joined);
      await floor.exchanges(WARM_UP);
      return floor;
    } catch (error) {
      floor.stop();
      throw error;
    }
  }

  /** Times of `n` exchanges, from the sending of the proposal to the last one's quorum of precommits, ms. The proposer changes. */
  async exchanges(n: number): Promise<number[]> {
    const times: number[] = [];
    for (let i = 0; i < n; i++) {
      const round = this.#next++;
      const proposer = this.#peers[round % this.#peers.length];
      if (proposer === undefined) break;
      const done = Promise.all(this.#peers.map((child) => answer(child, (a) => a.done === round)));
      const started = answer(proposer, (a) => a.proposed === round);
      proposer.send({propose: round});
      const [start, ends] = await Promise.all([started, done]);
      times.push(Math.max(...ends.map(({at}) => at ?? Number.NaN)) - (start.at ?? Number.NaN));
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
    return times;
  }

  stop(): void {
    for (const child of this.#peers) if (child.connected) child.disconnect(); // which ends it
    rmSync(this.#dir, {recursive: true, force: true});
  }
}

function answer(child: ChildProcess, fits: (answer: PeerAnswer) => boolean): Promise<PeerAnswer> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error("a peer of the floor does not answer")), ANSWER_MS);
    const listen = (given: PeerAnswer) => {
      if (!fits(given)) return;
      clearTimeout(timer);
      child.off("message", listen);
      resolve(given);
    };
    child.on("message", listen);
  });
}
