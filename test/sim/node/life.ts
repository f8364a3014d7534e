import type {Clock} from "../../../src/ports/system.ts";
import type {World} from "./world.ts";

/** Called before each thing that a node does to the world outside; false: the node dies before it is done. */
export type Operation = (what: string) => boolean;

/**
 * One run of one node's process. Everything that a node asks of the world goes through it: after its end nothing is done any more,
 * nothing is answered, and no timer fires, whatever its code still waits for.
 */
export class Life {
  readonly #world: World;
  readonly #operation: Operation;
  #isOver = false;

  constructor(world: World, operation: Operation = () => true) {
    this.#world = world;
    this.#operation = operation;
  }

  get isAlive(): boolean {
    return !this.#isOver && !this.#world.isOver;
  }

  end(): void {
    this.#isOver = true;
  }

  /** Whether the operation may be done: the node is alive and does not die at it. */
  may(what: string): boolean {
    return this.isAlive && this.#operation(what) && this.isAlive;
  }

  /** Resolves at once, or never where the node dies here. */
  step(what: string): Promise<void> {
    return this.may(what) ? Promise.resolve() : never();
  }

  wait(ms: number): Promise<void> {
    return new Promise((resolve) => this.after(ms, resolve));
  }

  after(ms: number, run: () => void): void {
    this.#world.after(ms, () => {
      if (this.isAlive) run();
    });
  }

  /** This node's clock: `skewMs` off, and `rate` times as fast as it should be. */
  clock(skewMs: number, rate: number): Clock {
    const world = this.#world;
    return {
      now: () => Math.floor(world.startMs + (world.nowMs - world.startMs) * rate + skewMs),
      after: (ms, run) => {
        let isSet = true;
        this.after(ms / rate, () => {
          if (isSet) run();
        });
        return () => {
          isSet = false;
        };
      },
    };
  }
}

function never<T>(): Promise<T> {
  return new Promise(() => {});
}
