import {proposerSchedule, step, type Validator} from "../../src/consensus/main.ts";
import {Checks, Violation} from "./checks.ts";
import {drawFaults, FAULTS, type FaultName, type Faults} from "./faults.ts";
import {Liar} from "./liar.ts";
import {type Packet, Signatures} from "./messages.ts";
import {SimNode} from "./node.ts";
import {type Prng, prng} from "./prng.ts";
import {EventQueue} from "./queue.ts";
import type {Variant, World} from "./world.ts";

export type Options = {
  readonly nodes: number;
  readonly heights: number;
  readonly faults: readonly FaultName[];
  readonly variant: Variant;
  /** Simulated time after the heal within which every honest node must have decided every height. */
  readonly livenessMs: number;
  /** Keeps a line per event; a failed seed is run again with it. */
  readonly isTraced: boolean;
};

export const DEFAULTS: Options = {
  nodes: 4,
  heights: 1,
  faults: FAULTS,
  variant: {step, carriesPolka: true, repeats: "entry"},
  livenessMs: 120_000,
  isTraced: false,
};

/** `failure` is null or what did not hold; the rest tells how it went. */
export type Outcome = {
  readonly seed: number;
  readonly failure: string | null;
  readonly decided: readonly string[];
  readonly timeMs: number;
  readonly events: number;
  readonly roundMax: number;
  readonly ignored: ReadonlyMap<string, number>;
  readonly nodes: readonly SimNode[];
  readonly faults: Faults;
  readonly trace: readonly string[];
};

/** One run: everything in it follows from the seed and the options. */
export function simulate(seed: number, given: Partial<Options> = {}): Outcome {
  const options: Options = {...DEFAULTS, ...given};
  const random = prng(seed);
  const faults = drawFaults(random, options.nodes, options.faults);
  const clock = {nowMs: 0, events: 0};
  const queue = new EventQueue();
  const trace: string[] = [];
  const note = (line: () => string) => {
    if (options.isTraced) trace.push(`${`${clock.nowMs}`.padStart(6)} ${line()}`);
  };
  const actors: (SimNode | Liar)[] = [];
  const after = (ms: number, run: () => void) => queue.push({at: clock.nowMs + ms, run});
  const validators: Validator[] = faults.seats.map((seats, i) => ({id: `0x${`${i}`.padStart(40, "0")}`, seats}));
  const set = {epoch: 1, validators, schedule: proposerSchedule(validators)};
  const arrive = (from: number, to: number, packet: Packet): void => {
    const hiddenMs = faults.hidesDecisions && hasDecided(actors[from], packet) ? faults.healAtMs - clock.nowMs : 0;
    if (hiddenMs > 0) after(hiddenMs, () => arrive(from, to, packet));
    else actors[to]?.receive(from, packet);
  };
  const world: World = {
    set,
    heights: options.heights,
    faults,
    variant: options.variant,
    random,
    signatures: new Signatures(faults.seats),
    checks: new Checks(set, faults.liars),
    now: () => clock.nowMs,
    after,
    send: (from, to, packet) => deliver({random, faults, nowMs: clock.nowMs, from, to}, (ms) => after(ms, () => arrive(from, to, packet))),
    note,
  };
  for (let i = 0; i < options.nodes; i++) actors.push(faults.liars.includes(i) ? new Liar(i, world) : new SimNode(i, world));
  const honest = actors.filter((actor) => actor instanceof SimNode);
  note(() => JSON.stringify(faults));
  const failure = run(queue, clock, actors, honest, faults.healAtMs + options.livenessMs);
  return {
    seed,
    failure,
    decided: [...(honest[0]?.decisions.values() ?? [])].map(({value}) => value),
    timeMs: clock.nowMs,
    events: clock.events,
    roundMax: Math.max(...honest.map((node) => node.state.round)),
    ignored: sum(honest),
    nodes: honest,
    faults,
    trace,
  };
}

function run(
  queue: EventQueue,
  clock: {nowMs: number; events: number},
  actors: readonly (SimNode | Liar)[],
  honest: readonly SimNode[],
  endMs: number,
): string | null {
  try {
    for (const actor of actors) actor.start();
    while (!honest.every((node) => node.isDone)) {
      const event = queue.pop();
      if (event === undefined || event.at > endMs) {
        return `liveness: undecided nodes ${honest.filter((node) => !node.isDone).map(({me, state}) => `${me} in round ${state.round}`)}`;
      }
      clock.nowMs = event.at;
      clock.events++;
      event.run();
    }
    return null;
  } catch (error) {
    if (error instanceof Violation) return `safety: ${error.message}`;
    throw error;
  }
}

function hasDecided(actor: SimNode | Liar | undefined, packet: Packet): boolean {
  return actor instanceof SimNode && actor.decisions.has(packet[0]?.height ?? 0);
}

type Link = {readonly random: Prng; readonly faults: Faults; readonly nowMs: number; readonly from: number; readonly to: number};

/** When a packet arrives, if at all, and how often. Delays are drawn one by one, so packets overtake each other. */
function deliver({random, faults, nowMs, from, to}: Link, arriveIn: (ms: number) => void): void {
  if (nowMs >= faults.healAtMs) {
    arriveIn(random.int(1, faults.calmDelayMs));
    return;
  }
  const cut = faults.partitions.find((one) => one.from <= nowMs && nowMs < one.to && one.left[from] !== one.left[to]);
  if (cut !== undefined && random.chance(0.5)) return;
  const heldMs = cut === undefined ? 0 : cut.to - nowMs;
  if (random.chance(faults.loss)) return;
  const strayMs = random.chance(faults.stray) ? random.int(500, 3_000) : 0;
  const muteMs = faults.mute?.node === from ? faults.mute.ms : 0;
  arriveIn(heldMs + strayMs + muteMs + random.int(1, faults.delayMs));
  if (random.chance(faults.duplicate)) arriveIn(heldMs + random.int(1, 4 * faults.delayMs));
}

function sum(nodes: readonly SimNode[]): Map<string, number> {
  const all = new Map<string, number>();
  for (const node of nodes) for (const [code, times] of node.ignored) all.set(code, (all.get(code) ?? 0) + times);
  return all;
}
