import type {Input, State, Transition, ValidatorSet} from "../../src/consensus/main.ts";
import type {Checks} from "./checks.ts";
import type {Faults} from "./faults.ts";
import type {Packet, Signatures} from "./messages.ts";
import type {Prng} from "./prng.ts";

export type StepFunction = (state: State, input: Input) => Transition;

/** What a test may change about every honest node, to show what a rule is there for. */
export type Variant = {
  readonly step: StepFunction;
  /** Whether a re-proposal travels with its polka. */
  readonly carriesPolka: boolean;
  /** What a node repeats while a round lasts: its own messages, with what let it into the round, or every vote it knows (the paper's gossip). */
  readonly repeats: "own" | "entry" | "everything";
};

/** What nodes and liars live in: one clock, one network, one source of chance. `note` is for the trace and costs nothing without one. */
export type World = {
  readonly set: ValidatorSet;
  readonly heights: number;
  readonly faults: Faults;
  readonly variant: Variant;
  readonly random: Prng;
  readonly signatures: Signatures;
  readonly checks: Checks;
  readonly now: () => number;
  readonly after: (ms: number, run: () => void) => void;
  readonly send: (from: number, to: number, packet: Packet) => void;
  readonly note: (line: () => string) => void;
};

/** To everybody else. */
export function broadcast(world: World, from: number, packet: Packet): void {
  for (let to = 0; to < world.set.validators.length; to++) if (to !== from) world.send(from, to, packet);
}
