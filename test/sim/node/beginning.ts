import type {Applied} from "../../../src/mvm/ledger.ts";
import {processes} from "../../../src/mvm/queries.ts";
import type {MixinOutput} from "../../../src/types/facts.ts";
import {type Genesis, PARAMETERS_LAN} from "../../../src/types/genesis.ts";
import {APP, outputFact, registerMemo, testNetwork} from "../../support/ledger.ts";
import {type ChainLedger, copyChain, emptyChain} from "./chain.ts";
import {Disk} from "./disk.ts";
import type {Faults} from "./faults.ts";
import {copyMixin, emptyMixin, type MixinLedger} from "./mixin.ts";
import {Scene} from "./scene.ts";
import type {ValidatorKeys} from "./validator.ts";

/** What a run starts from: the time, every disk, and what stands outside. Runs copy it. */
export interface Beginning {
  readonly genesis: Genesis;
  readonly keys: readonly ValidatorKeys[];
  readonly nowMs: number;
  readonly disks: readonly Disk[];
  readonly mixin: MixinLedger;
  readonly chain: ChainLedger;
  /** Block hash → what the block makes of its parent's state, for heights 1 to `size`. */
  readonly applied: ReadonlyMap<string, Applied>;
}

const MADE_WITHIN_MS = 120_000;

/** Before height 1: the DKG is still to come. Keys follow from their place. */
export function atGenesis(seats: readonly number[]): Beginning {
  const {genesis, keys} = testNetwork(seats);
  return {
    genesis: {...genesis, platforms: genesis.platforms.slice(0, 1), parameters: PARAMETERS_LAN},
    keys: keys.map(({consensus, encSecret}) => ({consensus, dealing: encSecret})),
    nowMs: 1_700_000_100_000,
    disks: keys.map(() => new Disk()),
    mixin: emptyMixin(),
    chain: emptyChain(),
    applied: new Map(),
  };
}

const made = new Map<string, Promise<Beginning>>();

/** After the DKG: the contract is active, one app is registered, and nothing is open. Made once for each list of seats. */
export function withKey(seats: readonly number[]): Promise<Beginning> {
  const name = seats.join();
  const known = made.get(name) ?? make(atGenesis(seats));
  made.set(name, known);
  return known;
}

async function make(from: Beginning): Promise<Beginning> {
  const scene = new Scene({seed: 0, beginning: from, faults: noFaults(from.keys.length), isTraced: true, sendsBack: 0});
  const applied = new Map<string, Applied>();
  for (const node of scene.honest.values()) node.start();
  const first = scene.honest.get(0)?.parts?.chain;
  first?.onDecided((decision) => applied.set(decision.hash, decision.applied));
  scene.mixin.pay(registration());
  let isDone = false;
  const look = () => {
    isDone = first !== undefined && processes(first.state).length > 0 && scene.missing() === null;
    scene.world.after(100, look);
  };
  look();
  const isMade = await scene.world.run(() => isDone || scene.checks.violations.length > 0, scene.world.nowMs + MADE_WITHIN_MS);
  if (!isMade || scene.checks.violations.length > 0)
    throw new Error(`no beginning: ${scene.checks.violations[0] ?? scene.missing()}\n${scene.world.trace.slice(-60).join("\n")}`);
  const disks = [...scene.honest.values()].map(({disk}) => {
    const copy = disk.copy();
    copy.wal = Buffer.alloc(0); // all of it is about heights that are over
    return copy;
  });
  const {mixin, chain, world} = scene;
  return {...from, nowMs: world.nowMs, disks, mixin: copyMixin(mixin.ledger), chain: copyChain(chain.ledger), applied};
}

function registration(): Omit<MixinOutput, "sequence"> {
  return outputFact(1, {senders: [APP], extra: registerMemo(), amount: 5n});
}

export function noFaults(validators: number): Faults {
  const each = (value: number) => Array.from({length: validators}, () => value);
  return {
    healMs: 0,
    calmDelayMs: 5,
    loss: 0,
    delayMs: 5,
    stray: 0,
    duplicate: 0,
    partitions: [],
    crashes: [],
    writeMs: each(1),
    skewMs: each(0),
    rates: each(1),
    lagMs: each(1),
    blind: each(0),
    chainFails: 0,
    apiMs: 8,
    villain: null,
  };
}
