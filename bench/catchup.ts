import {mkdtempSync, rmSync} from "node:fs";
import {tmpdir} from "node:os";
import {join} from "node:path";
import {blsVerify} from "../src/crypto/bls.ts";
import {groupKey} from "../src/mvm/queries.ts";
import {createBlockStore} from "../src/store/blocks.ts";
import {createSnapshotStore} from "../src/store/snapshots.ts";
import {createWal} from "../src/store/wal.ts";
import {certificateDigest} from "../src/types/digests.ts";
import type {DecidedBlock} from "../src/types/messages.ts";
import {standIns, startLone} from "../test/support/lone-node.ts";
import {LongChain} from "../test/support/long-chain.ts";
import {MemoryHub} from "../test/support/memory.ts";
import {type Benchmark, cpuNow, type Result, resultOf, rounded} from "./harness.ts";

const PER_SAMPLE = 250;
/** Blocks that are stored as one, by the node and by the bound. */
const SLICE = 64;

/**
 * Blocks per second that a validator with an empty database proves, applies and stores, each with one payment: a whole node
 * on real disks, with three others that hand it the encoded blocks from memory.
 *
 * Bound, of the same blocks in the same run: one pairing for each certificate, and one write of each slice to a store of its
 * own, one after the other. Nothing is decoded, hashed or applied.
 */
export const catchupBench: Benchmark = {
  name: "catchup",
  about:
    "blocks per second that an empty validator proves, applies and stores; bound: the pairings and the writes of the same blocks alone",
  async run({n}) {
    const chain = new LongChain(n ?? 5_000);
    const dir = mkdtempSync(join(tmpdir(), "mvm-bench-"));
    try {
      const {wall, cpu} = await follow(chain, join(dir, "node"));
      const bounds = await bare(chain, join(dir, "bare"));
      const bound = resultOf("", "1/s", bounds.wall).median;
      const cpuBound = resultOf("", "1/s", bounds.cpu).median;
      return [
        resultOf("blocks caught up", "1/s", wall, {bound}),
        resultOf("blocks caught up, by CPU time", "1/s", cpu, {
          bound: cpuBound,
          cpuMsPerBlock: rounded(1_000 / resultOf("", "1/s", cpu).median),
        }),
      ] satisfies Result[];
    } finally {
      rmSync(dir, {recursive: true});
    }
  },
};

interface Rates {
  readonly wall: readonly number[];
  readonly cpu: readonly number[];
}

/** Rates over PER_SAMPLE blocks each, without those of the DKG. */
function meter(): {note(blocks: number): void; rates: {wall: number[]; cpu: number[]}} {
  const rates = {wall: [] as number[], cpu: [] as number[]};
  let last: {blocks: number; ms: number; cpu: number} | null = null;
  return {
    rates,
    note(blocks) {
      const now = {blocks, ms: performance.now(), cpu: cpuNow()};
      if (last !== null && blocks - last.blocks < PER_SAMPLE) return;
      if (last !== null) {
        rates.wall.push((1_000 * (blocks - last.blocks)) / (now.ms - last.ms));
        rates.cpu.push((1_000 * (blocks - last.blocks)) / (now.cpu - last.cpu));
      }
      last = now;
    },
  };
}

async function follow(chain: LongChain, dir: string): Promise<Rates> {
  const hub = new MemoryHub();
  const {length} = chain.blocks;
  const served = chain.serve(1, length);
  const serve = async (from: number, count: number) => served.slice(from - 1, from - 1 + count);
  standIns(hub, [serve, serve, serve], {heights: [length, length, length]});
  const disk = {store: createBlockStore({dir}), snapshots: createSnapshotStore({dir}), wal: createWal({file: join(dir, "wal")})};
  const node = await startLone(chain, hub, {...disk, policy: {every: 1_000}});
  const {rates, note} = meter();
  await new Promise<void>((resolve, reject) => {
    node.parts.chain.onDecided(({height}) => {
      if (height > chain.keyHeight) note(height);
      if (node.fatal.length > 0) reject(node.fatal[0]);
      if (height === length) resolve();
    });
  });
  await node.stop();
  return rates;
}

async function bare(chain: LongChain, dir: string): Promise<Rates> {
  const store = createBlockStore({dir});
  await store.start(new AbortController().signal);
  const {rates, note} = meter();
  const key = groupKey(chain.ledger.state)?.key ?? new Uint8Array();
  const {networkId} = chain.ledger.network.genesis;
  for (let from = 0; from < chain.blocks.length; from += SLICE) {
    const slice = chain.blocks.slice(from, from + SLICE);
    if (!slice.every(({proof}) => isProven(proof))) throw new Error(`a certificate after height ${from} does not hold`);
    await store.appendAll(from + 1, slice);
    if (from >= chain.keyHeight) note(from + slice.length);
  }
  await store.stop();
  return rates;

  function isProven(proof: DecidedBlock["proof"]): boolean {
    if (proof.kind === "votes") return true; // of the DKG's blocks, which are not measured
    const {certificate} = proof;
    return blsVerify(key, certificateDigest({...certificate, networkId}), certificate.signature);
  }
}
