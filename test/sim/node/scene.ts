import {createHash} from "node:crypto";
import type {Applied} from "../../../src/mvm/ledger.ts";
import {isDecidedOutput, openPayouts, platformOf} from "../../../src/mvm/queries.ts";
import {type EpochSet, epochSetOf} from "../../../src/node/bft/decided-chain.ts";
import {blockHash} from "../../../src/types/block.ts";
import type {Prng} from "../prng.ts";
import type {Beginning} from "./beginning.ts";
import {copyChain, SimChain} from "./chain.ts";
import {Checks} from "./checks.ts";
import type {Disk} from "./disk.ts";
import type {Faults, Partition} from "./faults.ts";
import {copyMixin, SimMixin, type View} from "./mixin.ts";
import {type Link, SimNet} from "./net.ts";
import {type Insider, type Machine, SimValidator} from "./validator.ts";
import {World} from "./world.ts";

/** Everything of one run, put together from where it begins and what goes wrong in it. */
export class Scene {
  readonly world: World;
  readonly beginning: Beginning;
  readonly faults: Faults;
  readonly checks: Checks;
  readonly net: SimNet;
  readonly mixin: SimMixin;
  readonly chain: SimChain;
  /** By index; undefined where the faulty one is played by somebody else. */
  readonly honest: ReadonlyMap<number, SimValidator>;
  /** When the faults end, ms since 1970. */
  readonly healAtMs: number;
  readonly #insider: Insider;
  #epochSet: EpochSet | null = null;

  constructor(of: {seed: number; beginning: Beginning; faults: Faults; isTraced: boolean; sendsBack: number}) {
    const {beginning, faults, seed} = of;
    const {genesis} = beginning;
    this.beginning = beginning;
    this.faults = faults;
    const world = new World({seed, nowMs: beginning.nowMs, isTraced: of.isTraced});
    this.world = world;
    this.healAtMs = world.nowMs + faults.healMs;
    this.checks = new Checks({world, genesis, faulty: new Set(faults.villain === null ? [] : [faults.villain.validator])});
    const violated = (what: string) => this.checks.violated(what);
    const view = viewOf({seed, faults, healAtMs: this.healAtMs});
    const random = world.chance("chain-fails");
    this.net = new SimNet({world, link: linkOf(world, faults, this.healAtMs), watcher: this.checks});
    const api = world.chance("api-answers");
    const apiMs = () => (world.nowMs < this.healAtMs ? api.int(1, faults.apiMs) : 8);
    this.mixin = new SimMixin({world, genesis, ledger: copyMixin(beginning.mixin), view, apiMs, violated});
    this.chain = new SimChain({
      world,
      genesis,
      ledger: copyChain(beginning.chain),
      view,
      fails: () => world.nowMs < this.healAtMs && random.chance(faults.chainFails),
      sendsBack: of.sendsBack,
      delivered: (height, hash) => this.checks.delivered(height, hash),
    });
    this.#insider = {started: (validator) => this.#listen(validator), failed: ({name}, what) => violated(`${name}: ${what}`)};
    const indices = genesis.validators.map((_, i) => i).filter((i) => i !== faults.villain?.validator);
    this.honest = new Map(indices.map((i) => [i, this.validator({index: i})]));
    for (const {fromMs, toMs} of faults.partitions) {
      world.note(`cut from ${fromMs} to ${toMs}`);
      world.after(toMs, () => this.#reconnect());
    }
  }

  /** A validator of this run; what a faulty one says of itself is nobody's concern. */
  validator(of: {index: number; name?: string; disk?: Disk; isFaulty?: boolean; audience?: () => ReadonlySet<number>}): SimValidator {
    const {beginning, faults, world} = this;
    const {index, isFaulty = false} = of;
    const disk = of.disk ?? (beginning.disks[index] as Disk).copy();
    const longest = faults.writeMs[index] ?? 1;
    const machine: Machine = {
      writeMs: (random) => (world.nowMs < this.healAtMs ? random.int(1, longest) : 1),
      skewMs: faults.skewMs[index] ?? 0,
      rate: faults.rates[index] ?? 1,
    };
    const keys = beginning.keys[index];
    if (keys === undefined) throw new Error("no such validator");
    const insider: Insider = isFaulty ? {started: (validator) => this.#share(validator), failed: () => {}} : this.#insider;
    return new SimValidator({
      index,
      around: {world, genesis: beginning.genesis, net: this.net, mixin: this.mixin, chain: this.chain},
      keys,
      disk,
      machine,
      insider,
      ...(of.name !== undefined && {name: of.name}),
      ...(of.audience !== undefined && {audience: of.audience}),
    });
  }

  /** The validators as nodes see them. */
  epochSet(): EpochSet {
    this.#epochSet ??= epochSetOf({epoch: 0, from: 1, startedAt: 0, validators: this.beginning.genesis.validators, shares: null});
    return this.#epochSet;
  }

  /** null: all that was paid is decided, certified, delivered and paid out, and all honest validators stand at one height; else what is missing. */
  missing(): string | null {
    const nodes = [...this.honest.values()];
    const down = nodes.find((node) => !node.isUp || !node.isStarted);
    if (down !== undefined) return `${down.name} is not up`;
    const heights = nodes.map(({parts}) => parts?.chain.height ?? 0);
    if (new Set(heights).size > 1) return `heights ${heights.join(", ")}`;
    for (const {name, parts, life} of nodes) {
      if (parts === null || life === null) return `${name} is not up`;
      const {chain, certifier, sources, deliverers} = parts;
      const facts = sources.candidates();
      if (facts.length > 0) return `${name} has not decided: ${facts.map(({kind}) => kind).join(", ")}`;
      if (certifier.openCount > 0) {
        const unconfirmed = nodes.map((node) => `${node.name}: ${node.parts?.certifier.unconfirmed().join(" ") || "none"}`);
        return `${name} lacks ${certifier.openCount} certificates; heights not confirmed by ${unconfirmed.join(", ")}`;
      }
      if (deliverers.some(({backlog}) => backlog > 0)) return `${name} has outboxes that are not delivered`;
      if (openPayouts(chain.state).length > 0) return `${name} has open payouts`;
      const {nextSeq} = platformOf(chain.state, this.chain.platform) ?? {nextSeq: 0n};
      if (nextSeq !== this.chain.ledger.nextSeq) return `the contract is at ${this.chain.ledger.nextSeq}, ${name} at ${nextSeq}`;
      const undecided = this.mixin.ledger.outputs.find(({output}) => !isDecidedOutput(chain.state, output.outputId));
      if (undecided !== undefined) return `${name} has not decided output ${undecided.output.sequence}`;
    }
    return null;
  }

  #listen(validator: SimValidator): void {
    const {parts, name} = validator;
    if (parts === null) return;
    this.#share(validator);
    parts.chain.onDecided((decision) => this.checks.decided(name, decision));
    parts.certifier.onCertified((certificate) => this.checks.certified(name, certificate));
  }

  /** The blocks of the beginning are run once for all runs: states are values. */
  #share({parts}: SimValidator): void {
    if (parts === null) return;
    const {applied} = this.beginning;
    if (applied.size === 0) return;
    const check = parts.chain.check.bind(parts.chain);
    parts.chain.check = (block): Applied => (block.height <= applied.size ? (applied.get(blockHash(block)) ?? check(block)) : check(block));
  }

  #reconnect(): void {
    const {validators} = this.beginning.genesis;
    for (const a of validators.keys()) for (const b of validators.keys()) if (a < b) this.net.connect(a, b);
  }
}

/** When a validator's sources show something: late, or not before the heal; after it soon. A function of its arguments. */
function viewOf({seed, faults, healAtMs}: {seed: number; faults: Faults; healAtMs: number}): View {
  const known = new Map<string, readonly [number, number, number]>();
  const drawn = (key: string) => {
    const before = known.get(key);
    if (before !== undefined) return before;
    const hash = createHash("sha256").update(`${seed}/${key}`).digest();
    const units = [0, 4, 8].map((at) => hash.readUInt32BE(at) / 2 ** 32);
    const made = [units[0] as number, units[1] as number, units[2] as number] as const;
    known.set(key, made);
    return made;
  };
  return (validator, what, atMs) => {
    const [lag, blindness, rest] = drawn(`${validator}/${what}`);
    const isBlind = blindness < (faults.blind[validator] ?? 0);
    const shownMs = isBlind ? Number.POSITIVE_INFINITY : atMs + 1 + Math.floor(lag * (faults.lagMs[validator] ?? 1));
    return shownMs <= healAtMs ? shownMs : Math.max(atMs, healAtMs) + 1 + Math.floor(rest * 250);
  };
}

/** Delays are drawn one by one, so messages overtake each other. */
function linkOf(world: World, faults: Faults, healAtMs: number): Link {
  const random: Prng = world.chance("link");
  const startMs = world.nowMs;
  return (from, to) => {
    const sinceMs = world.nowMs - startMs;
    if (world.nowMs >= healAtMs) return [random.int(1, faults.calmDelayMs)];
    const isCut = ({fromMs, toMs, left, isOneWay}: Partition) =>
      fromMs <= sinceMs && sinceMs < toMs && left[from] !== left[to] && (!isOneWay || left[from] === true);
    const cut = faults.partitions.find(isCut);
    const isDropped = random.chance(0.5);
    const isLost = random.chance(faults.loss);
    const isStray = random.chance(faults.stray);
    const isDoubled = random.chance(faults.duplicate);
    const [strayMs, ms, againMs] = [random.int(500, 3_000), random.int(1, faults.delayMs), random.int(1, 4 * faults.delayMs)];
    if ((cut !== undefined && isDropped) || isLost) return [];
    const heldMs = cut === undefined ? 0 : cut.toMs - sinceMs;
    const first = heldMs + (isStray ? strayMs : 0) + ms;
    return isDoubled ? [first, heldMs + againMs] : [first];
  };
}
