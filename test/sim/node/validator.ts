import {addressOf} from "../../../src/crypto/secp256k1.ts";
import {isDecidedOutput} from "../../../src/mvm/queries.ts";
import {assemble, type NodeParts} from "../../../src/node/assemble.ts";
import {serviceGroup} from "../../../src/node/services.ts";
import type {Logger} from "../../../src/ports/system.ts";
import type {Genesis} from "../../../src/types/genesis.ts";
import type {Prng} from "../prng.ts";
import type {SimChain} from "./chain.ts";
import {type Disk, SimShares, SimStore, SimWal} from "./disk.ts";
import {Life} from "./life.ts";
import type {SimMixin} from "./mixin.ts";
import type {SimNet} from "./net.ts";
import type {World} from "./world.ts";

/** Secrets of a validator, 32 bytes each. */
export interface ValidatorKeys {
  readonly consensus: Uint8Array;
  readonly dealing: Uint8Array;
}

/** What all validators of a run share. */
export interface Surroundings {
  readonly world: World;
  readonly genesis: Genesis;
  readonly net: SimNet;
  readonly mixin: SimMixin;
  readonly chain: SimChain;
}

/** How this validator's machine differs from a good one. */
export interface Machine {
  /** ms that a write takes until it is synced, drawn for each. */
  readonly writeMs: (random: Prng) => number;
  readonly skewMs: number;
  readonly rate: number;
}

/** Told what happens inside a validator. */
export interface Insider {
  started(validator: SimValidator): void;
  failed(validator: SimValidator, what: string): void;
}

/** Levels of the log, as the trace marks them. */
type Level = "debug" | "info" | "warn" | "error";

/**
 * A whole validator: the real driver, ledger, DKG, certifier, catch-up and hosts, on simulated ports. It can die at any of the things
 * that it does to the world, and be started again with what was on its disk.
 */
export class SimValidator {
  readonly index: number;
  readonly name: string;
  disk: Disk;
  life: Life | null = null;
  parts: NodeParts | null = null;
  isStarted = false;
  /** Called before each operation; false: die. */
  onOperation: (what: string) => boolean = () => true;
  readonly #around: Surroundings;
  readonly #keys: ValidatorKeys;
  readonly #machine: Machine;
  readonly #insider: Insider;
  readonly #random: Prng;
  readonly #audience: (() => ReadonlySet<number>) | null;
  #lives = 0;

  constructor(of: {
    index: number;
    name?: string;
    around: Surroundings;
    keys: ValidatorKeys;
    disk: Disk;
    machine: Machine;
    insider: Insider;
    audience?: () => ReadonlySet<number>;
  }) {
    this.index = of.index;
    this.name = of.name ?? `${of.index}`;
    this.disk = of.disk;
    this.#around = of.around;
    this.#keys = of.keys;
    this.#machine = of.machine;
    this.#insider = of.insider;
    this.#audience = of.audience ?? null;
    this.#random = of.around.world.chance(`machine ${this.name}`);
  }

  get isUp(): boolean {
    return this.life?.isAlive === true;
  }

  start(): void {
    if (this.isUp) return;
    const {world} = this.#around;
    this.#lives++;
    this.isStarted = false;
    const life = new Life(world, (what) => this.onOperation(what));
    this.life = life;
    world.note(`${this.name} starts with ${this.disk.blocks.length} blocks and ${this.disk.wal.length} bytes of log`);
    try {
      this.parts = this.#assemble(life);
    } catch (error) {
      this.#insider.failed(this, `does not start: ${String(error)}`);
      return;
    }
    this.#insider.started(this);
    const group = serviceGroup(this.parts.services, quiet, 1_000);
    group.start().then(
      () => {
        this.isStarted = true;
      },
      (error: unknown) => life.isAlive && this.#insider.failed(this, `does not start: ${String(error)}`),
    );
  }

  /** The process ends here and now. */
  crash(): void {
    if (this.life === null || !this.life.isAlive) return;
    this.life.end();
    this.#around.world.note(`${this.name} crashes`);
    this.disk.crash(this.#random);
  }

  #assemble(life: Life): NodeParts {
    const {world, genesis, net, mixin, chain} = this.#around;
    const {index, disk} = this;
    const ports = {disk, life, writeMs: () => this.#machine.writeMs(this.#random)};
    const fresh = this.#freshBytes();
    let parts: NodeParts | null = null;
    const others = genesis.validators.map((_, i) => i).filter((i) => i !== index);
    const own = {life, validator: index};
    parts = assemble({
      genesis,
      store: new SimStore(ports),
      wal: new SimWal(ports),
      network: (handler) => net.port({life, me: index, handler, others, ...(this.#audience !== null && {audience: this.#audience})}),
      observers: [chain.observer(own)],
      contracts: [chain.contract(own)],
      feed: mixin.feed({...own, isDecided: (id) => parts !== null && isDecidedOutput(parts.chain.state, id)}),
      payouts: mixin.payouts(own),
      usersWithoutSafe: async () => [],
      clock: life.clock(this.#machine.skewMs, this.#machine.rate),
      log: this.#logger(life, ""),
      secrets: this.#keys,
      shares: new SimShares(ports, fresh),
      random: fresh,
      fatal: (error) => {
        if (life.isAlive) this.#insider.failed(this, `cannot go on: ${String(error)}`);
      },
    });
    if (addressOf(this.#keys.consensus) !== genesis.validators[index]?.consensusKey) throw new Error("the keys of another");
    world.note(`${this.name} is put together`, true);
    return parts;
  }

  #freshBytes(): () => Uint8Array {
    const random = this.#around.world.chance(`secrets ${this.name} ${this.#lives}`);
    return () => Uint8Array.from({length: 32}, (_, i) => (i === 0 ? 1 : random.int(0, 255)));
  }

  #logger(life: Life, part: string): Logger {
    const at = (level: Level) => (text: string, fields?: object) => {
      if (!life.isAlive) return;
      const line = `${this.name} ${part}: ${text} ${textOf(fields ?? {})}`;
      this.#around.world.note(level === "info" ? line : `${line} [${level}]`, level === "debug");
      if (level === "error") this.#insider.failed(this, `${text} ${textOf(fields ?? {})}`);
    };
    const child = (fields: object) => this.#logger(life, "part" in fields ? String(fields.part) : part);
    return {debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error"), child};
  }
}

const quiet: Logger = {debug() {}, info() {}, warn() {}, error() {}, child: () => quiet};

function textOf(fields: object): string {
  return JSON.stringify(fields, (_, value) => (typeof value === "bigint" ? `${value}` : short(value)));
}

/** Hashes are told apart by their first digits. */
function short(value: unknown): unknown {
  return typeof value === "string" && /^0x[0-9a-f]{40,}$/.test(value) ? value.slice(0, 8) : value;
}
