import {randomBytes} from "node:crypto";
import {assemble, type NodeParts} from "../../src/node/assemble.ts";
import type {SnapshotPolicy} from "../../src/node/bft/snapshots.ts";
import {serviceGroup} from "../../src/node/services.ts";
import {systemClock} from "../../src/node/system.ts";
import type {SnapshotAsk} from "../../src/ports/network.ts";
import type {BlockStore, SnapshotStore, Wal} from "../../src/ports/store.ts";
import {platformIds} from "../../src/types/genesis.ts";
import {MemoryShares} from "./cluster.ts";
import type {LongChain} from "./long-chain.ts";
import {MemoryFeed, type MemoryHub, MemoryObserver, MemoryPayouts, MemoryWal, silentLog} from "./memory.ts";

/** How a validator answers who asks for blocks. */
export type Serve = (from: number, count: number) => Promise<readonly Uint8Array[]>;

/** Validators 0 … that say they are at `heights[i]` and answer as `serve[i]`; they take no part in anything else. */
export function standIns(
  hub: MemoryHub,
  serve: readonly Serve[],
  of: {heights: readonly number[]; snapshot?: (ask: SnapshotAsk, validator: number) => Promise<Uint8Array | null>},
): void {
  serve.forEach((serveBlocks, i) => {
    const {snapshot} = of;
    const port = hub.port(i, {
      receive: () => "ignore",
      serveBlocks,
      serveSnapshot: async (ask) => (snapshot === undefined ? null : snapshot(ask, i)),
      connected: (peer) => port.sendTo(peer.validator ?? 0, {kind: "status", height: of.heights[i] ?? 0, round: 0, outputs: []}),
    });
    void port.start(new AbortController().signal);
  });
}

export interface LoneNode {
  readonly parts: NodeParts;
  /** What the node could not go on after. */
  readonly fatal: readonly unknown[];
  stop(): Promise<void>;
}

/** A whole validator, the last of the chain's network, without a world outside: it can only follow. */
export async function startLone(
  chain: LongChain,
  hub: MemoryHub,
  disk: {store: BlockStore; snapshots: SnapshotStore; wal?: Wal; policy?: Partial<SnapshotPolicy>},
): Promise<LoneNode> {
  const {genesis, keys} = chain.ledger.network;
  const me = keys.length - 1;
  const {consensus, encSecret: dealing} = keys[me] as {consensus: Uint8Array; encSecret: Uint8Array};
  const fatal: unknown[] = [];
  const parts = assemble({
    genesis,
    store: disk.store,
    snapshots: disk.snapshots,
    snapshotPolicy: {every: 0, ...disk.policy},
    wal: disk.wal ?? new MemoryWal(),
    network: (handler) => hub.port(me, handler),
    observers: platformIds(genesis).map((platform) => new MemoryObserver(platform)),
    contracts: [],
    feed: new MemoryFeed(),
    payouts: new MemoryPayouts(),
    usersWithoutSafe: async () => [],
    clock: systemClock,
    log: silentLog,
    secrets: {consensus, dealing},
    shares: new MemoryShares(),
    random: () => new Uint8Array(randomBytes(32)),
    fatal: (error) => fatal.push(error),
  });
  const group = serviceGroup(parts.services, silentLog, 5_000);
  await group.start();
  let stopped: Promise<void> | null = null;
  const stop = () => {
    stopped ??= group.stop();
    return stopped;
  };
  return {parts, fatal, stop};
}
