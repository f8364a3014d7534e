import {createHash} from "node:crypto";
import {type Prng, prng} from "../prng.ts";
import {EventQueue} from "../queue.ts";

/** Lines of a trace that a person wants to read; the rest goes into the hash of the run alone. */
const TRACE_MAX = 20_000;

/**
 * What a run happens in: virtual time, one queue of events, and chance. Everything that follows an event is done before the next one:
 * `run` lets all promises settle in between, so that equal seeds give equal runs.
 */
export class World {
  readonly seed: number;
  readonly trace: string[] = [];
  readonly #queue = new EventQueue();
  readonly #hash = createHash("sha256");
  readonly #isTraced: boolean;
  /** ms since 1970, virtual. */
  readonly startMs: number;
  nowMs: number;
  events = 0;
  isOver = false;

  constructor(of: {seed: number; nowMs: number; isTraced: boolean}) {
    this.seed = of.seed;
    this.startMs = of.nowMs;
    this.nowMs = of.nowMs;
    this.#isTraced = of.isTraced;
  }

  after(ms: number, run: () => void): void {
    this.#queue.push({at: this.nowMs + Math.max(0, Math.round(ms)), run});
  }

  at(atMs: number, run: () => void): void {
    this.after(atMs - this.nowMs, run);
  }

  /** A source of chance of its own for each concern, so that taking away one fault leaves the others as they are. */
  chance(concern: string): Prng {
    return prng(createHash("sha256").update(`${this.seed}/${concern}`).digest().readUInt32BE());
  }

  /** A line of the run; `isQuiet` ones are many, and only hashed. */
  note(line: string, isQuiet = false): void {
    if (this.isOver) return;
    this.#hash.update(`${this.nowMs} ${line}\n`);
    if (this.#isTraced && !isQuiet && this.trace.length < TRACE_MAX) this.trace.push(`${this.nowMs % 10_000_000} ${line}`);
  }

  /** Nothing that is still waited for happens any more. Returns a name for everything that was noted. */
  end(): string {
    this.isOver = true;
    return this.#hash.digest("hex");
  }

  /** Runs events until `isOver` says so after one of them, or `endMs` is reached, or nothing is left. Returns whether `isOver` did. */
  async run(isOver: () => boolean, endMs: number): Promise<boolean> {
    await settled();
    while (!isOver()) {
      const event = this.#queue.pop();
      if (event === undefined || event.at > endMs) return false;
      this.nowMs = Math.max(this.nowMs, event.at);
      this.events++;
      event.run();
      await settled();
    }
    return true;
  }
}

/** Resolves when all promises that can go on by themselves have. */
function settled(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
