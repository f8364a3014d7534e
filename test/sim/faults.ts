import type {Prng} from "./prng.ts";

/** What may go wrong; each seed draws from the ones allowed. */
export const FAULTS = [
  "loss",
  "delay",
  "duplicate",
  "partition",
  "mute",
  "hide",
  "liar",
  "crash",
  "late-value",
  "slow-verdict",
  "withheld-verdict",
] as const;
export type FaultName = (typeof FAULTS)[number];

/** A cut of the network in two, while from ≤ time < to. Packets across it are lost or held until it is healed. */
export type Partition = {readonly from: number; readonly to: number; readonly left: readonly boolean[]};

/** `output`: the how-manieth signed message it dies at, before or after the write that precedes speaking; it comes back after `downMs`. */
export type Crash = {readonly node: number; readonly output: number; readonly isWritten: boolean; readonly downMs: number};

/** One run's faults. Up to `healAtMs` everything below holds; after it messages take at most `calmDelayMs` and all arrive. */
export type Faults = {
  readonly healAtMs: number;
  readonly calmDelayMs: number;
  readonly loss: number;
  readonly delayMs: number;
  readonly stray: number;
  readonly duplicate: number;
  readonly partitions: readonly Partition[];
  /** Hears everything and is heard late: the packets of this node are held back so long. */
  readonly mute: {readonly node: number; readonly ms: number} | null;
  /** What a node that has decided sent and still sends arrives after the heal only: nobody learns of its decision. */
  readonly hidesDecisions: boolean;
  readonly liars: readonly number[];
  readonly crashes: readonly Crash[];
  readonly lateValue: boolean;
  readonly verdictMs: readonly number[];
  readonly withholds: readonly boolean[];
  readonly seats: readonly number[];
};

export function drawFaults(random: Prng, nodes: number, allowed: readonly FaultName[]): Faults {
  const may = (name: FaultName, probability: number) => random.chance(probability) && allowed.includes(name);
  const each = <T>(draw: (i: number) => T): T[] => Array.from({length: nodes}, (_, i) => draw(i));
  const isRough = allowed.some((name) => name !== "liar");
  const healAtMs = isRough ? random.int(500, 3_000) : 0;
  const liars = may("liar", 0.8) ? drawLiars(random, nodes) : [];
  const honest = each((i) => i).filter((i) => !liars.includes(i));
  return {
    healAtMs,
    calmDelayMs: random.int(1, 40),
    loss: may("loss", 0.7) ? random.unit() * 0.5 : 0,
    delayMs: may("delay", 0.8) ? random.int(5, 300) : 5,
    stray: may("delay", 0.3) ? random.unit() * 0.1 : 0,
    duplicate: may("duplicate", 0.5) ? random.unit() * 0.3 : 0,
    partitions: may("partition", 0.4) ? drawPartitions(random, nodes, healAtMs) : [],
    mute: may("mute", 0.3) ? {node: random.pick(honest), ms: random.int(200, 3_000)} : null,
    hidesDecisions: may("hide", 0.4),
    liars,
    crashes: may("crash", 0.4) ? Array.from({length: random.int(1, 4)}, () => drawCrash(random, honest)) : [],
    lateValue: may("late-value", 0.2),
    verdictMs: may("slow-verdict", 0.3) ? each(() => random.int(0, 400)) : each(() => random.int(0, 15)),
    withholds: may("withheld-verdict", 0.3) ? drawWithholding(random, honest, nodes) : each(() => false),
    seats: drawSeats(random, nodes, liars),
  };
}

function drawLiars(random: Prng, nodes: number): number[] {
  const most = Math.floor((nodes - 1) / 3);
  const liars = new Set<number>();
  while (liars.size < most) liars.add(random.int(0, nodes - 1));
  return [...liars].sort((a, b) => a - b);
}

function drawPartitions(random: Prng, nodes: number, healAtMs: number): Partition[] {
  return Array.from({length: random.int(1, 3)}, () => {
    const from = random.int(0, healAtMs);
    const alone = random.chance(0.5) ? random.int(0, nodes - 1) : null;
    const left = Array.from({length: nodes}, (_, i) => (alone === null ? random.chance(0.5) : i === alone));
    return {from, to: Math.min(healAtMs, from + random.int(100, 2_000)), left};
  });
}

function drawCrash(random: Prng, honest: readonly number[]): Crash {
  return {node: random.pick(honest), output: random.int(1, 12), isWritten: random.chance(0.5), downMs: random.int(1, 800)};
}

/** One honest validator whose source has not shown something yet: it judges nothing fresh before a quorum has. */
function drawWithholding(random: Prng, honest: readonly number[], nodes: number): boolean[] {
  const one = random.pick(honest);
  return Array.from({length: nodes}, (_, i) => i === one);
}

/** Equal or uneven seats, with the liars below a third of them. */
function drawSeats(random: Prng, nodes: number, liars: readonly number[]): number[] {
  const equal = Array.from({length: nodes}, () => 1);
  if (random.chance(0.6)) return equal;
  const uneven = equal.map(() => random.int(1, 3));
  const total = uneven.reduce((sum, seats) => sum + seats, 0);
  const lying = liars.reduce((sum, i) => sum + (uneven[i] ?? 0), 0);
  return 3 * lying < total && uneven.every((seats) => 3 * seats < total) ? uneven : equal;
}
