import {randomBytes} from "node:crypto";
import {type Hex, toHex} from "../../src/base/bytes.ts";
import {blsPublicKey} from "../../src/crypto/bls.ts";
import {addressOf} from "../../src/crypto/secp256k1.ts";
import {DEPOSIT_EPOCH, encKeyProof} from "../../src/dkg/enc-key.ts";
import {assemble, type NodeParts} from "../../src/node/assemble.ts";
import type {ShareStore} from "../../src/node/hosts/dkg-host.ts";
import {serviceGroup} from "../../src/node/services.ts";
import {systemClock} from "../../src/node/system.ts";
import type {ChainObserver} from "../../src/ports/chain.ts";
import type {Network, NetworkHandler} from "../../src/ports/network.ts";
import type {Logger} from "../../src/ports/system.ts";
import {networkIdOf} from "../../src/types/digests.ts";
import {type Genesis, PARAMETERS_LAN, type Parameters, platformIds} from "../../src/types/genesis.ts";
import {uuidFromHex} from "../../src/types/ids.ts";
import {MemoryFeed, MemoryHub, MemoryObserver, MemoryPayouts, MemoryStore, MemoryWal, silentLog} from "./memory.ts";

/** The secrets of a validator that exists only here. */
export interface TestKeys {
  readonly operator: Hex;
  readonly consensus: Uint8Array;
  readonly dealing: Uint8Array;
}

export const randomUuid = () => uuidFromHex(toHex(randomBytes(16)));
const secret = () => {
  const bytes = new Uint8Array(randomBytes(32));
  bytes[0] = 1; // below the order of both curves, above zero
  return bytes;
};

/** A network of validators with these seats; its contracts exist nowhere. */
export function testGenesis(seats: readonly number[], parameters: Partial<Parameters> = {}): {genesis: Genesis; keys: TestKeys[]} {
  const chain = {homeChainId: 31_337, staking: `0x${"57".repeat(20)}` as Hex, salt: `0x${"5a".repeat(32)}` as Hex};
  const networkId = networkIdOf(chain);
  const keys = seats
    .map(() => ({operator: addressOf(secret()), consensus: secret(), dealing: secret()}))
    .sort((a, b) => (a.operator < b.operator ? -1 : 1));
  const validators = keys.map(({operator, consensus, dealing}, i) => ({
    operator,
    consensusKey: addressOf(consensus),
    seats: seats[i] as number,
    peerId: `peer-${i}`,
    encKey: toHex(blsPublicKey(dealing)),
    encKeyProof: toHex(encKeyProof(dealing, {networkId, epoch: DEPOSIT_EPOCH, operator})),
    mixinUsers: Array.from({length: seats[i] as number}, randomUuid),
  }));
  const genesis: Genesis = {
    ...chain,
    networkId,
    platforms: [{chainId: 31_337, group: `0x${"6f".repeat(20)}`, finality: 0}],
    epoch0Block: 1,
    epoch0Time: 1_700_000_000,
    feeAsset: "965e5c6e-434c-3fa9-b780-c50f43cd955c",
    parameters: {...PARAMETERS_LAN, ...parameters},
    validators,
  };
  return {genesis, keys};
}

export class MemoryShares implements ShareStore {
  readonly #seeds = new Map<string, Uint8Array>();
  readonly #shares = new Map<string, Map<number, Uint8Array>>();
  async dealerSeed(sid: Hex): Promise<Uint8Array> {
    const seed = this.#seeds.get(sid) ?? new Uint8Array(randomBytes(32));
    this.#seeds.set(sid, seed);
    return seed;
  }
  forgetDealerSeed(sid: Hex): void {
    this.#seeds.delete(sid);
  }
  async readShares(sid: Hex): Promise<Map<number, Uint8Array> | null> {
    return this.#shares.get(sid) ?? null;
  }
  async writeShares(sid: Hex, shares: ReadonlyMap<number, Uint8Array>): Promise<void> {
    this.#shares.set(sid, new Map(shares));
  }
  eraseAllBut(sids: readonly Hex[]): void {
    for (const sid of [...this.#shares.keys()]) if (!(sids as readonly string[]).includes(sid)) this.#shares.delete(sid);
  }
  /** Sessions whose shares are here. */
  get sids(): string[] {
    return [...this.#shares.keys()];
  }
}

/** One validator of the cluster: what survives its stop, and the parts that run. */
export interface TestNode {
  readonly parts: NodeParts;
  readonly feed: MemoryFeed;
  readonly payouts: MemoryPayouts;
  readonly store: MemoryStore;
  readonly wal: MemoryWal;
  readonly fatal: unknown[];
  stop(): Promise<void>;
}

export interface ClusterOptions {
  readonly parameters?: Partial<Parameters>;
  readonly log?: (validator: number) => Logger;
  readonly observe?: () => ChainObserver[];
  /** libp2p's names of the validators, and what joins them; where absent the memory hub does. */
  readonly peerIds?: readonly string[];
  readonly network?: (validator: number, handler: NetworkHandler) => Network;
}

/** Whole validators in this process, on memory ports: real consensus, ledger, DKG and signatures. */
export class TestCluster {
  readonly genesis: Genesis;
  readonly keys: TestKeys[];
  readonly hub = new MemoryHub();
  readonly nodes = new Map<number, TestNode>();
  readonly #disks: {store: MemoryStore; wal: MemoryWal; shares: MemoryShares}[];
  readonly #log: (validator: number) => Logger;
  readonly #network: NonNullable<ClusterOptions["network"]>;
  readonly #observe: () => ChainObserver[];

  /** @param options.observe  observers of each validator besides those of group contracts */
  constructor(seats: readonly number[], options: ClusterOptions = {}) {
    const {genesis, keys} = testGenesis(seats, options.parameters);
    const {peerIds} = options;
    this.genesis = {...genesis, validators: genesis.validators.map((v, i) => ({...v, peerId: peerIds?.[i] ?? v.peerId}))};
    this.keys = keys;
    this.#disks = keys.map(() => ({store: new MemoryStore(), wal: new MemoryWal(), shares: new MemoryShares()}));
    this.#network = options.network ?? ((validator, handler) => this.hub.port(validator, handler));
    this.#log = options.log ?? (() => silentLog);
    this.#observe = options.observe ?? (() => []);
  }

  /** Somebody who is in no set; started as the others are, by the number that this returns. */
  add(keys: TestKeys): number {
    this.#disks.push({store: new MemoryStore(), wal: new MemoryWal(), shares: new MemoryShares()});
    return this.keys.push(keys) - 1;
  }
  /** Sessions whose shares this validator keeps. */
  sidsOf(validator: number): string[] {
    return this.#disks[validator]?.shares.sids ?? [];
  }

  /** Starts a validator, or starts it again with what it had on disk. */
  async start(validator: number): Promise<TestNode> {
    const disk = this.#disks[validator];
    const keys = this.keys[validator];
    if (disk === undefined || keys === undefined) throw new Error("no such validator");
    disk.wal = new MemoryWal(disk.wal.records);
    const feed = new MemoryFeed();
    const payouts = new MemoryPayouts();
    const fatal: unknown[] = [];
    const log = this.#log(validator);
    const parts = assemble({
      genesis: this.genesis,
      store: disk.store,
      wal: disk.wal,
      network: (handler) => this.#network(validator, handler),
      observers: [...platformIds(this.genesis).map((platform) => new MemoryObserver(platform)), ...this.#observe()],
      contracts: [],
      feed,
      payouts,
      usersWithoutSafe: async () => [],
      clock: systemClock,
      log,
      secrets: keys,
      shares: disk.shares,
      random: () => new Uint8Array(randomBytes(32)),
      fatal: (error) => fatal.push(error),
    });
    const group = serviceGroup(parts.services, log, 2_000);
    await group.start();
    const node = {parts, feed, payouts, store: disk.store, wal: disk.wal, fatal, stop: () => group.stop()};
    this.nodes.set(validator, node);
    return node;
  }

  async startAll(): Promise<void> {
    for (const i of this.keys.keys()) await this.start(i);
  }

  async stop(validator: number): Promise<void> {
    await this.nodes.get(validator)?.stop();
    this.nodes.delete(validator);
  }

  async stopAll(): Promise<void> {
    await Promise.all([...this.nodes.keys()].map((v) => this.stop(v)));
  }

  /** Resolves when `done` is true, looked at after every decision and certificate; rejects after `ms`. */
  async until(done: () => boolean, ms: number, what: string): Promise<void> {
    const deadline = Date.now() + ms;
    while (!done()) {
      const dead = [...this.nodes.values()].flatMap((n) => n.fatal);
      if (dead.length > 0) throw dead[0];
      if (Date.now() > deadline) {
        const heights = [...this.nodes].map(([v, n]) => `${v}: height ${n.parts.chain.height} round ${n.parts.driver.round}`);
        throw new Error(`${what}: not within ${ms} ms; ${heights.join(", ")}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }
}
