import {randomUUID} from "node:crypto";
import {mkdtempSync, rmSync} from "node:fs";
import {tmpdir} from "node:os";
import {join} from "node:path";
import {setTimeout as sleep} from "node:timers/promises";
import {MvmClient} from "../src/sdk/client.ts";
import {encodeMemo, PURPOSE} from "../src/types/operation.ts";
import {runDemo} from "../testnet/demo.ts";
import {ASSET, startTestnet, type Testnet} from "../testnet/launcher.ts";
import {pay} from "../testnet/mixin/client.ts";
import {parseOptions} from "../testnet/options.ts";
import type {Tell} from "../testnet/report.ts";

const WAIT_MS = 20_000;
const LOOK_MS = 5;

/** A stage change of one node, as its stream tells it; `atMs` since 1970 with fractions, by the clock that all processes share. */
export interface Seen {
  readonly node: number;
  readonly type: string;
  readonly height: number;
  readonly atMs: number;
  readonly round?: number;
  readonly outputs?: readonly string[];
  readonly outcome?: string;
}

/** A testnet of real processes whose group is active and whose demo app has been paid once. */
export interface BenchNet {
  readonly net: Testnet;
  /** All that the nodes have told since the demo. */
  readonly seen: readonly Seen[];
  /** Resolves when `fits` holds, looked at every few ms; rejects after 20 s. */
  until(fits: () => boolean, what: string): Promise<void>;
}

/** What nobody wants in a table, but for a validator that ends. */
const tell: Tell = (event) => {
  if (event.event === "node") console.error(`validator ${event.validator}: ${event.text}`);
};

/** Starts a testnet, runs `use` on it, and stops it whatever happens. Its directory stays where something fails. */
export async function withTestnet<T>(options: readonly string[], use: (bench: BenchNet) => Promise<T>): Promise<T> {
  const dir = mkdtempSync(join(tmpdir(), "mvm-bench-"));
  const stop = new AbortController();
  const net = await startTestnet(parseOptions(["--json", "--dir", dir, ...options]), tell, stop.signal);
  try {
    await runDemo(net, tell, stop.signal);
    const seen: Seen[] = [];
    const failures: unknown[] = [];
    for (const [node, api] of net.apis.entries())
      void watch(api, node, seen, stop.signal).catch((error: unknown) => {
        if (!stop.signal.aborted) failures.push(error);
      });
    const until = async (fits: () => boolean, what: string) => {
      const deadline = performance.now() + WAIT_MS;
      while (!fits()) {
        if (failures.length > 0) throw failures[0];
        if (performance.now() > deadline) throw new Error(`not within ${WAIT_MS / 1_000} s: ${what}`);
        await sleep(LOOK_MS);
      }
    };
    const result = await use({net, seen, until});
    stop.abort();
    await net.stop();
    rmSync(dir, {recursive: true, force: true});
    return result;
  } finally {
    stop.abort();
    await net.stop();
  }
}

async function watch(api: string, node: number, seen: Seen[], signal: AbortSignal): Promise<void> {
  for await (const change of new MvmClient(api).stream(signal)) seen.push({...(change as unknown as Omit<Seen, "node">), node});
}

/** Pays the demo app with 64 bytes for it. Returns when the API has answered, ms since 1970, and the id of the payment. */
export async function payApp(net: Testnet): Promise<{requestId: string; sentMs: number}> {
  const requestId = randomUUID();
  const memo = encodeMemo({purpose: PURPOSE.message, process: net.developer.app_id, platform: "", address: "", extra: new Uint8Array(64)});
  const {members, threshold} = net;
  await pay(net.mixin, net.user, {members, threshold, asset: ASSET.asset_id, amount: "0.001", memo, requestId});
  return {requestId, sentMs: nowMs()};
}

/** Milliseconds since 1970, with fractions, as the nodes tell them. */
export function nowMs(): number {
  return performance.timeOrigin + performance.now();
}
