import {randomBytes} from "node:crypto";
import {mkdtempSync, rmSync} from "node:fs";
import {tmpdir} from "node:os";
import {join} from "node:path";
import {afterEach, expect, test} from "vitest";
import {toHex} from "../../src/base/bytes.ts";
import {treeRoot} from "../../src/mvm/tree.ts";
import {Participation} from "../../src/node/api/participation.ts";
import {viewRoutes} from "../../src/node/api/views.ts";
import type {SnapshotPolicy} from "../../src/node/bft/snapshots.ts";
import type {SnapshotAsk} from "../../src/ports/network.ts";
import type {BlockStore, SnapshotStore} from "../../src/ports/store.ts";
import {createBlockStore} from "../../src/store/blocks.ts";
import {createSnapshotStore} from "../../src/store/snapshots.ts";
import {type LoneNode, type Serve, standIns, startLone} from "../support/lone-node.ts";
import {LongChain} from "../support/long-chain.ts";
import {MemoryHub, MemorySnapshots, MemoryStore} from "../support/memory.ts";

const LENGTH = 900;
const chain = new LongChain(LENGTH);

const cleanUps: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

const honest: Serve = async (from, count) => chain.serve(from, count);

function peers(
  hub: MemoryHub,
  serve: readonly Serve[],
  of: {heights?: readonly number[]; snapshot?: (ask: SnapshotAsk, validator: number) => Promise<Uint8Array | null>} = {},
): void {
  standIns(hub, serve, {heights: serve.map(() => LENGTH), ...of});
}

async function start(
  hub: MemoryHub,
  disk: {store: BlockStore; snapshots: SnapshotStore},
  policy: Partial<SnapshotPolicy> = {},
): Promise<LoneNode> {
  const node = await startLone(chain, hub, {...disk, policy});
  cleanUps.push(node.stop);
  return node;
}

async function until(done: () => boolean, node: LoneNode, ms = 60_000): Promise<void> {
  const end = Date.now() + ms;
  while (!done()) {
    if (node.fatal.length > 0) throw node.fatal[0];
    if (Date.now() > end) throw new Error(`not within ${ms} ms: height ${node.parts.chain.height}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
const memory = () => ({store: new MemoryStore(), snapshots: new MemorySnapshots()});
const atHead = ({parts}: LoneNode) => parts.chain.height === LENGTH;
function expectHead({parts}: LoneNode): void {
  expect(parts.chain.hash).toBe(chain.ledger.parent.hash);
  expect(toHex(treeRoot(parts.chain.state.tree))).toBe(toHex(treeRoot(chain.ledger.state.tree)));
}

test("an empty node, on a real store, takes all blocks from three validators", async () => {
  const dir = mkdtempSync(join(tmpdir(), "mvm-catch-up-"));
  cleanUps.push(() => rmSync(dir, {recursive: true, force: true}));
  const hub = new MemoryHub();
  const asked = new Set<number>();
  peers(
    hub,
    [0, 1, 2].map(
      (i): Serve =>
        (from, count) => {
          asked.add(i);
          return honest(from, count);
        },
    ),
  );
  const node = await start(hub, {store: createBlockStore({dir}), snapshots: createSnapshotStore({dir})});
  await until(() => atHead(node), node, 120_000);
  expectHead(node);
  expect(asked.size).toBe(3);
  expect(hub.punished).toEqual([]);
}, 180_000);

test.for<[string, Serve, boolean]>([
  ["blocks of other heights", async (from, count) => chain.serve(from + 1, count), true],
  [
    "another block's proof",
    async (from, count) =>
      chain.serve(from, count).map((f, i, all) => {
        const g = f.slice();
        g.set((all[i + 1] ?? f).subarray(-96), g.length - 96);
        return g;
      }),
    true,
  ],
  ["bytes", async () => [new Uint8Array(randomBytes(300))], true],
  ["one block at a time", async (from) => chain.serve(from, 1), false],
  ["nothing", async () => [], false],
  ["no answer", () => new Promise(() => {}), false],
])("a validator that serves %s does not hold it up", {timeout: 90_000}, async ([, bad, isPunished]) => {
  const hub = new MemoryHub();
  peers(hub, [bad, honest, honest]);
  const node = await start(hub, memory());
  await until(() => node.parts.chain.height >= 300, node);
  expect(hub.punished.some(({validator}) => validator === 0)).toBe(isPunished);
  expect(hub.punished.some(({validator}) => validator !== 0)).toBe(false);
});

test("one validator's word for a height makes nobody behind", async () => {
  const hub = new MemoryHub();
  peers(hub, [async () => [], honest, honest], {heights: [1e9, 300, 300]});
  const node = await start(hub, memory());
  await until(() => node.parts.chain.height === 300, node);
  expect(node.parts.catchUp.lag).toBe(0);
}, 60_000);

test("a restart reads the newest snapshot and the blocks after it; blocks before are pruned, but for those of the DKG", async () => {
  const hub = new MemoryHub();
  peers(hub, [honest, honest, honest]);
  const disk = memory();
  const node = await start(hub, disk, {every: 200, retain: 100});
  await until(() => atHead(node), node);
  await node.parts.snapshots?.settled();
  await node.stop();
  expect(disk.snapshots.heights().length).toBeGreaterThan(0);
  const newest = disk.snapshots.heights().at(-1) as number;
  expect(disk.store.gap()?.from).toBe(chain.keyHeight + 1);
  expect(disk.store.gap()?.to).toBeLessThan(disk.snapshots.heights()[0] as number);
  expect(await disk.store.read((disk.store.gap()?.to ?? 0) - 1)).toBeNull();
  expect(await disk.store.read(chain.keyHeight)).not.toBeNull();

  // a crash in the middle of a snapshot: parts without a head
  await disk.snapshots.putPart(newest + 7, 0, new Uint8Array(10));
  let read = 0;
  const alone = new MemoryHub();
  const again = await start(alone, {store: bound(disk.store, () => read++), snapshots: disk.snapshots});
  expectHead(again);
  expect(read).toBeLessThanOrEqual(LENGTH - newest + chain.keyHeight);

  const {parts} = again;
  const routes = viewRoutes({parts, store: disk.store, version: "", alarms: () => [], participation: new Participation(parts.chain)});
  const block = async (height: number) =>
    routes.find(({path}) => path === "/v1/blocks/:height")?.answer([`${height}`], new URLSearchParams());
  await expect(block(disk.store.gap()?.to ?? 0)).rejects.toMatchObject({code: "PRUNED", data: {status: 410}});
  await expect(block(LENGTH + 1)).rejects.toMatchObject({code: "NOT_FOUND", data: {status: 404}});
  expect(await block(LENGTH)).toMatchObject({body: {height: LENGTH}});
  await expect(start(new MemoryHub(), disk, {replay: "genesis"})).rejects.toMatchObject({code: "REPLAY_FAILED"});
}, 120_000);

/** The same store, with its reads counted. */
function bound(store: BlockStore, onRead: () => void): BlockStore {
  return new Proxy(store, {
    get(target, key) {
      const value = Reflect.get(target, key, target) as unknown;
      if (typeof value !== "function") return value;
      return (...args: unknown[]) => {
        if (key === "read") onRead();
        return Reflect.apply(value, target, args) as unknown;
      };
    },
  });
}

test("an empty node takes a snapshot over from peers, past one that serves wrong pieces, and goes on by blocks", async () => {
  const first = new MemoryHub();
  peers(first, [honest, honest, honest]);
  const disk = memory();
  const source = await start(first, disk, {every: 400});
  await until(() => atHead(source), source);
  await source.parts.snapshots?.settled();
  const serveSnapshot = (ask: SnapshotAsk) => source.parts.snapshots?.serve(ask) ?? Promise.resolve(null);

  const hub = new MemoryHub();
  let pieces = 0;
  peers(hub, [honest, honest, honest], {
    snapshot: async (ask) => {
      const piece = await serveSnapshot(ask);
      if (piece === null || ++pieces % 2 === 0) return piece;
      const wrong = piece.slice();
      wrong[wrong.length >> 1] = (wrong[wrong.length >> 1] as number) ^ 1;
      return wrong;
    },
  });
  const own = memory();
  const node = await start(hub, own, {fetchLag: 300});
  await until(() => atHead(node), node, 90_000);
  expectHead(node);
  expect(own.store.gap()).not.toBeNull();
  expect(hub.punished.length).toBeGreaterThan(0);
}, 180_000);

test("a snapshot of another chain under the same key is not taken: a third of the seats does not show its block", async () => {
  const other = new LongChain(LENGTH, 1_000_000);
  const elsewhere = new MemoryHub();
  const serve: Serve = async (from, count) => other.serve(from, count);
  peers(elsewhere, [serve, serve, serve]);
  const disk = memory();
  const liar = await startLone(other, elsewhere, {...disk, policy: {every: 400}});
  cleanUps.push(liar.stop);
  await until(() => liar.parts.chain.height === LENGTH, liar);
  await liar.parts.snapshots?.settled();

  const hub = new MemoryHub();
  let offered = 0;
  peers(hub, [honest, honest, honest], {
    snapshot: async (ask, validator) => {
      if (validator !== 0) return null;
      offered++;
      return liar.parts.snapshots?.serve(ask) ?? null;
    },
  });
  const own = memory();
  const node = await start(hub, own, {fetchLag: 300});
  await until(() => atHead(node), node);
  expectHead(node);
  expect(offered).toBe(1);
  expect(own.store.gap()).toBeNull();
}, 90_000);
