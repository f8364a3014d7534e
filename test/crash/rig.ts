import {type ChildProcess, spawn} from "node:child_process";
import {appendFileSync, readFileSync, writeFileSync} from "node:fs";
import {join} from "node:path";
import {createInterface} from "node:readline";
import {repairLog} from "../../src/node/repair.ts";
import {encodeAppend, scanWal} from "../../src/store/wal-format.ts";

const CHILD = new URL("./child.ts", import.meta.url).pathname;
const START_MS = 60_000;
const VALIDATORS = 4;

/** What has been seen of the validators over all their lives. */
export interface Seen {
  kills: number;
  torn: number;
  /** Logs damaged before their end, and repaired. */
  damaged: number;
  /** Votes and proposals that left a validator, each counted once. */
  signed: number;
  /** Highest height of any validator. */
  height: number;
  roundMax: number;
}

/** Starts the validators of a directory, kills them, and holds what they say against all that they ever said. */
export class CrashRig {
  readonly seen: Seen = {kills: 0, torn: 0, damaged: 0, signed: 0, height: 0, roundMax: 0};
  readonly violations: string[] = [];
  readonly #dir: string;
  readonly #loss: number;
  readonly #values = new Map<string, string>();
  readonly #heights = new Map<string, number>();
  /** Validator → first height at which it may vote again after the last repair. */
  readonly #votesFrom = new Map<string, number>();
  #child: ChildProcess | null = null;
  #blocks = 0;
  #onLine: () => void = () => {};
  #isReady = false;

  constructor(dir: string, loss: number) {
    this.#dir = dir;
    this.#loss = loss;
  }

  /** One life: until `blocks` new blocks are decided and `ms` more have passed. */
  async life(of: {blocks: number; ms: number}): Promise<void> {
    const child = spawn(process.execPath, ["--import", "tsx", CHILD, this.#dir, `${this.#loss}`], {stdio: ["ignore", "pipe", "inherit"]});
    this.#child = child;
    this.#blocks = 0;
    this.#isReady = false;
    this.#heights.clear();
    const gone = new Promise<void>((resolve) => child.once("exit", () => resolve()));
    const lines = createInterface({input: child.stdout});
    const read = new Promise<void>((resolve) => lines.once("close", resolve));
    lines.on("line", (line) => {
      this.#take(line);
      this.#onLine();
    });
    await this.#until(() => this.#isReady && this.#blocks >= of.blocks, gone);
    await Promise.race([gone, new Promise((resolve) => setTimeout(resolve, of.ms))]);
    child.kill("SIGKILL");
    await Promise.all([gone, read]);
    this.seen.kills++;
  }

  /** Leaves the start of an append at the end of a log, as a machine does that loses power while it writes: its first records may be whole. */
  tear(validator: number, random: () => number): void {
    const file = join(this.#dir, `${validator}`, "wal", "consensus.wal");
    const last = scanWal(readFileSync(file)).records.slice(-3);
    if (last.length === 0) return;
    const whole = encodeAppend(last);
    appendFileSync(file, whole.subarray(0, 1 + Math.floor(random() * (whole.length - 1))));
    this.seen.torn++;
  }

  /**
   * Flips a byte of a log where no torn end explains it, and repairs it: what followed is lost, votes among it. Only once the others no
   * longer wait for who was silent before.
   */
  async damage(validator: number, random: () => number): Promise<void> {
    if ([...this.#votesFrom.values()].some((height) => height > this.seen.height)) return;
    const own = join(this.#dir, `${validator}`);
    const file = join(own, "wal", "consensus.wal");
    const bytes = readFileSync(file);
    if (bytes.length === 0) return;
    // most of it is about heights that are over: the last tenth is what matters
    const at = Math.floor(bytes.length * (random() < 0.8 ? 1 - random() / 10 : random()));
    bytes[at] = (bytes[at] ?? 0) ^ 0x10;
    writeFileSync(file, bytes);
    const report = await repairLog(own);
    if (report.state === "sound") return; // it was in a torn end
    this.#votesFrom.set(`${validator}`, report.votesFrom);
    this.seen.damaged++;
  }

  stop(): void {
    this.#child?.kill("SIGKILL");
  }

  async #until(isSo: () => boolean, gone: Promise<void>): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<string>((resolve) => {
      timer = setTimeout(() => resolve(`no progress within ${START_MS} ms`), START_MS);
    });
    const so = new Promise<null>((resolve) => {
      this.#onLine = () => {
        if (isSo() || this.violations.length > 0) resolve(null);
      };
    });
    const trouble = await Promise.race([so, late, gone.then(() => "the validators ended by themselves")]);
    clearTimeout(timer);
    if (trouble !== null) this.violations.push(trouble);
  }

  #take(line: string): void {
    const [what = "", validator = "", height = "", third = "", fourth = ""] = line.split(" ");
    switch (what) {
      case "ready":
        this.#isReady = true;
        return;
      case "error":
        this.violations.push(line);
        return;
      case "block":
        this.#same(`block ${height}`, `${third} ${fourth}`);
        this.#follows(validator, Number(height));
        return;
      case "proposal":
      case "prevote":
      case "precommit":
        this.seen.roundMax = Math.max(this.seen.roundMax, Number(third));
        if (Number(height) < (this.#votesFrom.get(validator) ?? 0)) this.violations.push(`after a repair: ${line}`);
        if (this.#same(`${what} of ${validator} at ${height}/${third}`, fourth)) this.seen.signed++;
        return;
      default:
        this.violations.push(`what is this: ${line}`);
    }
  }

  /** Whether the name is new; a second value for it is a violation. */
  #same(name: string, value: string): boolean {
    const before = this.#values.get(name);
    if (before !== undefined && before !== value) this.violations.push(`${name}: ${before} and ${value}`);
    this.#values.set(name, value);
    return before === undefined;
  }

  /** A life replays every block from the first one on, and goes on from there. */
  #follows(validator: string, height: number): void {
    const before = this.#heights.get(validator) ?? 0;
    if (height !== before + 1) this.violations.push(`validator ${validator} has block ${height} after ${before}`);
    this.#heights.set(validator, height);
    if (height <= this.seen.height) return;
    this.seen.height = height;
    this.#blocks++;
  }

  /** Kills the validators `times` times, at random moments of their work, with a torn or repaired log before some of their starts. */
  async run(times: number, random: () => number): Promise<void> {
    for (let n = 0; n < times && this.violations.length === 0; n++) {
      await this.life({blocks: Math.floor(random() * 4), ms: random() * 300});
      if (random() < 0.5) this.tear(Math.floor(random() * VALIDATORS), random);
      if (random() < 0.3) await this.damage(Math.floor(random() * VALIDATORS), random);
    }
  }
}
