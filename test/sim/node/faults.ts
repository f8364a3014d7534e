import type {Prng} from "../prng.ts";

/** What may go wrong; each seed draws from the ones allowed. */
export const FAULTS = [
  "loss",
  "delay",
  "duplicate",
  "partition",
  "crash",
  "slow-disk",
  "skew",
  "late-output",
  "blind",
  "chain-trouble",
  "silent",
  "amnesia",
  "twins",
  "liar",
] as const;
export type FaultName = (typeof FAULTS)[number];

/** The ways in which the one faulty validator is. */
export const VILLAINS = ["silent", "amnesia", "twins", "liar"] as const satisfies readonly FaultName[];
export type Villain = (typeof VILLAINS)[number];

/** A cut of the network in two, or only what goes from left to right; messages across it are lost or held until it is over. ms from the start. */
export interface Partition {
  readonly fromMs: number;
  readonly toMs: number;
  readonly left: readonly boolean[];
  readonly isOneWay: boolean;
}

/** What a validator does to the world, and where it can die before it does: sends, the start and the end of writes, transactions. */
export const OPERATIONS = ["send", "append", "appended", "store", "store done", "certificate", "deliver", "moment"] as const;

/**
 * A validator dies at its `count`th operation of this name from the start, and is down for `downMs`. A `moment` is no operation: it
 * dies `count` ms after the start, whatever it waits for.
 */
export interface Crash {
  readonly validator: number;
  readonly operation: string;
  readonly count: number;
  readonly downMs: number;
}

/** One run's faults. All but the villain's end at `healMs`. */
export interface Faults {
  readonly healMs: number;
  readonly calmDelayMs: number;
  readonly loss: number;
  readonly delayMs: number;
  readonly stray: number;
  readonly duplicate: number;
  readonly partitions: readonly Partition[];
  readonly crashes: readonly Crash[];
  /** Longest write of each validator, ms. */
  readonly writeMs: readonly number[];
  readonly skewMs: readonly number[];
  readonly rates: readonly number[];
  /** Longest time after which each validator's sources show something, ms. */
  readonly lagMs: readonly number[];
  /** Of something never being shown to this validator before the heal. */
  readonly blind: readonly number[];
  readonly chainFails: number;
  /** Longest time that the Mixin API takes for an answer, ms. */
  readonly apiMs: number;
  readonly villain: {readonly validator: number; readonly kind: Villain} | null;
}

type Chance = (concern: string) => Prng;

/** @param chance  each concern draws from its own source, so that leaving out a fault changes no other */
export function drawFaults(chance: Chance, seats: readonly number[], allowed: readonly FaultName[]): Faults {
  const may = (name: FaultName, probability: number) => chance(`may ${name}`).chance(probability) && allowed.includes(name);
  const each = (concern: string, draw: (random: Prng) => number) => {
    const random = chance(concern);
    return seats.map(() => draw(random));
  };
  const base = chance("faults");
  const healMs = base.chance(0.2) ? base.int(3_500, 12_000) : base.int(600, 3_500);
  const calmDelayMs = base.int(1, 40);
  const villain = drawVillain(chance("villain"), seats, allowed);
  const honest = seats.map((_, i) => i).filter((i) => i !== villain?.validator);
  const slow = chance("slow-disk");
  return {
    healMs,
    calmDelayMs,
    loss: may("loss", 0.6) ? chance("loss").unit() * 0.5 : 0,
    delayMs: may("delay", 0.7) ? chance("delay").int(5, 250) : 5,
    stray: may("delay", 0.3) ? chance("stray").unit() * 0.1 : 0,
    duplicate: may("duplicate", 0.5) ? chance("duplicate").unit() * 0.4 : 0,
    partitions: may("partition", 0.4) ? drawPartitions(chance("partition"), seats.length, healMs) : [],
    crashes: may("crash", 0.5) ? drawCrashes(chance("crash"), honest) : [],
    writeMs: may("slow-disk", 0.3) ? seats.map(() => (slow.chance(0.4) ? slow.int(20, 400) : 2)) : seats.map(() => 1),
    skewMs: may("skew", 0.4) ? each("skew", (random) => random.int(-20_000, 20_000)) : seats.map(() => 0),
    rates: may("skew", 0.4) ? each("rate", (random) => 0.9 + 0.2 * random.unit()) : seats.map(() => 1),
    lagMs: may("late-output", 0.6) ? each("lag", (random) => random.int(1, 3_000)) : seats.map(() => 1),
    blind: may("blind", 0.3) ? each("blind", (random) => (random.chance(0.4) ? random.unit() : 0)) : seats.map(() => 0),
    chainFails: may("chain-trouble", 0.3) ? chance("chain-trouble").unit() * 0.6 : 0,
    apiMs: may("late-output", 0.3) ? chance("api").int(10, 600) : 8,
    villain,
  };
}

/** One validator with less than a third of the seats, if any is allowed. */
function drawVillain(random: Prng, seats: readonly number[], allowed: readonly FaultName[]): Faults["villain"] {
  const isNeeded = random.chance(0.75);
  // a liar has most to choose from
  const kinds = [...VILLAINS, "liar", "liar", "liar"].filter((kind): kind is Villain => allowed.includes(kind as Villain));
  const kind = kinds.length === 0 ? null : random.pick(kinds);
  const total = seats.reduce((sum, n) => sum + n, 0);
  const light = seats.map((_, i) => i).filter((i) => 3 * (seats[i] as number) < total);
  const validator = light.length === 0 ? 0 : random.pick(light);
  return isNeeded && light.length > 0 && kind !== null ? {validator, kind} : null;
}

function drawPartitions(random: Prng, validators: number, healMs: number): Partition[] {
  return Array.from({length: random.int(1, 3)}, () => {
    const fromMs = random.int(0, healMs);
    const left = Array.from({length: validators}, () => random.chance(0.5));
    const isOneWay = random.chance(0.3);
    return {fromMs, toMs: Math.min(healMs, fromMs + random.int(100, 2_000)), left, isOneWay};
  });
}

function drawCrashes(random: Prng, honest: readonly number[]): Crash[] {
  return Array.from({length: random.int(1, 6)}, () => {
    const operation = random.pick(OPERATIONS);
    const most = {send: 120, append: 14, appended: 14, moment: 3_000}[operation as string] ?? 4;
    return {validator: random.pick(honest), operation, count: random.int(1, most), downMs: random.int(1, 1_000)};
  });
}
