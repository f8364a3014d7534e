import {utf8} from "../../../src/base/bytes.ts";
import type {MixinOutput} from "../../../src/types/facts.ts";
import {APP, BTC, messageMemo, outputFact, registerMemo, uuidOf} from "../../support/ledger.ts";
import {atGenesis, withKey} from "./beginning.ts";
import {type Crash, drawFaults, FAULTS, type FaultName, type Faults} from "./faults.ts";
import {Scene} from "./scene.ts";
import type {SimValidator} from "./validator.ts";
import {enter} from "./villains.ts";
import {World} from "./world.ts";

export interface Options {
  readonly seats: readonly number[];
  readonly faults: readonly FaultName[];
  /** key: after the DKG, from blocks that are made once; genesis: the DKG is part of the run. */
  readonly from: "key" | "genesis";
  /** Virtual time after the heal within which everything that was paid is done. */
  readonly livenessMs: number;
  /** Keeps the lines of the run. */
  readonly isTraced: boolean;
}

export const DEFAULTS: Options = {seats: [1, 1, 1, 1], faults: FAULTS, from: "key", livenessMs: 60_000, isTraced: false};

export interface Outcome {
  readonly seed: number;
  /** null, or what did not hold. */
  readonly failure: string | null;
  /** Of everything that happened. */
  readonly digest: string;
  readonly events: number;
  readonly heights: number;
  /** Virtual ms from the start, and from the heal. */
  readonly timeMs: number;
  readonly roundMax: number;
  readonly faults: Faults;
  readonly trace: readonly string[];
}

const LOOK_MS = 100;

/** One run of whole validators. Everything in it follows from the seed and the options. */
export async function simulate(seed: number, given: Partial<Options> = {}): Promise<Outcome> {
  const options: Options = {...DEFAULTS, ...given};
  const beginning = options.from === "key" ? await withKey(options.seats) : atGenesis(options.seats);
  const draws = new World({seed, nowMs: 0, isTraced: false});
  const seats = beginning.genesis.validators.map((v) => v.seats);
  const faults = drawFaults((concern) => draws.chance(concern), seats, options.faults);
  const scene = new Scene({seed, beginning, faults, isTraced: options.isTraced, sendsBack: 0.5});
  const {world, checks} = scene;
  world.note(JSON.stringify(faults));
  for (const node of scene.honest.values()) {
    plan(scene, node);
    node.start();
  }
  enter(scene);
  pay(scene);
  let isDone = false;
  const look = () => {
    isDone = scene.missing() === null;
    world.after(LOOK_MS, look);
  };
  world.at(scene.healAtMs, () => {
    world.note("healed");
    for (const node of scene.honest.values()) node.start();
    look();
  });
  const isOver = await world.run(() => isDone || checks.violations.length > 0, scene.healAtMs + options.livenessMs);
  const failure = checks.violations[0] ?? (isOver ? null : `liveness: ${scene.missing()}`);
  const heights = Math.max(...[...scene.honest.values()].map(({parts}) => parts?.chain.height ?? 0)) - beginning.applied.size;
  return {
    seed,
    failure,
    digest: world.end(),
    events: world.events,
    heights,
    timeMs: world.nowMs - world.startMs,
    roundMax: checks.roundMax,
    faults,
    trace: world.trace,
  };
}

/** Lets a node die where its faults say so, and come back. */
function plan({world, faults, healAtMs}: Scene, node: SimValidator): void {
  const done = new Map<string, number>();
  const own = faults.crashes.filter(({validator}) => validator === node.index);
  const die = ({operation, downMs}: Crash) => {
    world.note(`${node.name} dies at ${operation}`);
    node.crash();
    world.after(downMs, () => node.start());
  };
  node.onOperation = (what) => {
    const count = (done.get(what) ?? 0) + 1;
    done.set(what, count);
    const crash = own.find((one) => one.operation === what && one.count === count);
    if (crash === undefined || world.nowMs >= healAtMs) return true;
    die(crash);
    return false;
  };
  for (const crash of own)
    if (crash.operation === "moment") world.after(crash.count, () => node.isUp && world.nowMs < healAtMs && die(crash));
}

/** Payments of all kinds, most of them before the heal. */
function pay({world, mixin, faults}: Scene): void {
  const random = world.chance("payments");
  const count = random.chance(0.2) ? random.int(5, 12) : random.int(2, 5);
  for (let n = 0; n < count; n++) {
    const atMs = random.int(0, Math.round(faults.healMs * 1.1));
    const kind = random.pick(["refund", "message", "message", "register", "held"] as const);
    const amount = BigInt(random.int(1, 1_000));
    world.after(atMs, () => mixin.pay(payment(`${world.seed}/${n}`, kind, amount, world.nowMs)));
  }
}

function payment(
  name: string,
  kind: "refund" | "message" | "register" | "held",
  amount: bigint,
  nowMs: number,
): Omit<MixinOutput, "sequence"> {
  const process = uuidOf(`process ${name}`);
  const extra = {refund: utf8("thanks"), message: messageMemo(APP), register: registerMemo({process}), held: utf8("")}[kind];
  const senders = {refund: [uuidOf(`payer ${name}`)], message: [uuidOf(`payer ${name}`)], register: [process], held: []}[kind];
  return {
    ...outputFact(1),
    outputId: uuidOf(`output ${name}`),
    requestId: uuidOf(`request ${name}`),
    asset: BTC,
    amount,
    senders,
    sendersThreshold: senders.length,
    extra,
    createdAt: BigInt(nowMs) * 1_000_000n,
  };
}
