import type {Input} from "../../consensus/types.ts";
import type {Clock} from "../../ports/system.ts";
import type {Parameters} from "../../types/genesis.ts";

type Timeout = Extract<Input, {kind: "timeout"}>;

/**
 * The round timers of one height. The propose timer waits, unarmed, until there is something to decide: an idle network
 * has no rounds. Arrivals never reset a timer that runs.
 */
export class RoundTimers {
  readonly #clock: Clock;
  readonly #parameters: Parameters;
  readonly #fire: (input: Timeout) => void;
  readonly #cancels: (() => void)[] = [];
  #held: Timeout | null = null;

  constructor(clock: Clock, parameters: Parameters, fire: (input: Timeout) => void) {
    this.#clock = clock;
    this.#parameters = parameters;
    this.#fire = fire;
  }

  /** Answers a "timer" effect. A propose timer of round 0 is only held; later rounds exist because there is something to decide. */
  set(timer: {step: Timeout["step"]; height: number; round: number}): void {
    const input: Timeout = {kind: "timeout", step: timer.step, height: timer.height, round: timer.round};
    if (timer.step === "propose" && timer.round === 0) this.#held = input;
    else this.#start(input);
  }

  /** There is something to decide now: the held propose timer starts. */
  release(): void {
    if (this.#held !== null) this.#start(this.#held);
    this.#held = null;
  }

  /** Whether the height is idle: its first propose timer has not started. */
  get idle(): boolean {
    return this.#held !== null;
  }

  clear(): void {
    for (const cancel of this.#cancels.splice(0)) cancel();
    this.#held = null;
  }

  #start(input: Timeout): void {
    const p = this.#parameters;
    const ms = input.step === "propose" ? p.proposeMs + p.proposeDeltaMs * input.round : p.voteMs + p.voteDeltaMs * input.round;
    this.#cancels.push(this.#clock.after(ms, () => this.#fire(input)));
  }
}
