import {setTimeout as sleep} from "node:timers/promises";
import {MvmClient} from "../src/sdk/client.ts";
import {encodeMemo, PURPOSE} from "../src/types/operation.ts";
import {runDemo} from "../testnet/demo.ts";
import {ASSET, startTestnet, type Testnet} from "../testnet/launcher.ts";
import {pay} from "../testnet/mixin/client.ts";
import {parseOptions} from "../testnet/options.ts";
import {certificateCost} from "./crypto.ts";
import {type Benchmark, resultOf} from "./harness.ts";
import {tcpFloor} from "./tcp-floor.ts";

const PAUSE_MS = 300;

interface Seen {
  proposed?: number;
  outputs: number;
  readonly certified: Map<number, number>;
}

export const decisionBench: Benchmark = {
  name: "decision",
  about:
    "proposal sent → certificate at every one of N validator processes; bound: a raw TCP exchange of the three steps with one fdatasync per vote, plus signing, combining and verifying one certificate",
  async run({n, validators}) {
    const wanted = n ?? 60;
    const samples = await measure(validators, wanted);
    const raw = await tcpFloor(validators, wanted);
    const {sign, combine} = await certificateCost(Math.floor((2 * validators) / 3) + 1, 50);
    const tcp = resultOf(`raw TCP exchange, ${validators} processes`, "ms", raw);
    const crypto = resultOf("", "ms", sign).median + resultOf("", "ms", combine).median;
    return [
      resultOf(`decision, ${validators} validators`, "ms", samples, {bound: tcp.median + crypto, tcp: tcp.median, crypto}),
      tcp,
      resultOf(
        "bare sign + combine + verify",
        "ms",
        combine.map((ms, i) => ms + (sign[i] ?? 0)),
      ),
    ];
  },
};

/** Times of decisions that bring a payment, one payment at a time. */
async function measure(validators: number, n: number): Promise<number[]> {
  const stop = new AbortController();
  const net = await startTestnet(parseOptions(["--json", "--validators", String(validators)]), () => {}, stop.signal);
  try {
    await runDemo(net, () => {}, stop.signal);
    const heights = new Map<number, Seen>();
    for (const [node, api] of net.apis.entries()) void watch(api, node, heights, stop.signal);
    for (let i = 0; i < n; i++) {
      await payOnce(net);
      await sleep(PAUSE_MS);
    }
    await sleep(2_000);
    return [...heights.values()].flatMap(({proposed, outputs, certified}) =>
      proposed !== undefined && outputs > 0 && certified.size === validators ? [Math.max(...certified.values()) - proposed] : [],
    );
  } finally {
    stop.abort();
    await net.stop();
  }
}

async function payOnce(net: Testnet): Promise<void> {
  const memo = encodeMemo({purpose: PURPOSE.message, process: net.developer.app_id, platform: "", address: "", extra: new Uint8Array(64)});
  await pay(net.mixin, net.user, {members: net.members, threshold: net.threshold, asset: ASSET.asset_id, amount: "0.001", memo});
}

async function watch(api: string, node: number, heights: Map<number, Seen>, signal: AbortSignal): Promise<void> {
  try {
    for await (const change of new MvmClient(api).stream(signal)) {
      const {type, height, atMs} = change as {type: string; height: number; atMs: number};
      const seen = heights.get(height) ?? {outputs: 0, certified: new Map<number, number>()};
      heights.set(height, seen);
      if (type === "proposed") seen.proposed = atMs;
      if (type === "decided") seen.outputs = (change["outputs"] as unknown[]).length;
      if (type === "certified") seen.certified.set(node, atMs);
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}
