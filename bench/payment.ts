import {setTimeout as sleep} from "node:timers/promises";
import {WebSocketProvider} from "ethers";
import type {Hex} from "../src/base/bytes.ts";
import {fromHex} from "../src/base/bytes.ts";
import {Account} from "../src/chain/account.ts";
import {openProvider} from "../src/chain/provider.ts";
import {systemClock} from "../src/node/system.ts";
import {MvmClient} from "../src/sdk/client.ts";
import {silentLog} from "../test/support/memory.ts";
import {CHAIN_ID, chainAccounts} from "../testnet/chain.ts";
import {ASSET, type Testnet} from "../testnet/launcher.ts";
import {sdkOf, unspentOutputs} from "../testnet/mixin/client.ts";
import {certificateCost} from "./crypto.ts";
import {type Benchmark, medianOf, type Result, resultOf, rounded, timed} from "./harness.ts";
import {type BenchNet, nowMs, payApp, withTestnet} from "./network.ts";
import {TcpFloor} from "./tcp-floor.ts";

const PAYOUT_MS = 15_000;
const LOOK_MS = 10;
const REST_MS = 1_500;
const PROBES = 20;

/**
 * A payment as its people see it, 4 validators, a block for each transaction: from the moment at which the Mixin API shows
 * it (it has answered the payer) to the moment at which a subscriber of the chain hears the app's own event; and from there
 * to the moment at which the payer's wallet shows what the app has sent back. One payment at a time.
 *
 * Bounds, measured in the same run beside the network: of the way in, one decision (a raw TCP exchange and one certificate,
 * as in `decision`) and one bare transfer on the chain, sent and receipted; of the way back, one decision, and as many calls of
 * the Mixin API as a payout needs one after the other: ghost keys, the request, and the signatures of q members. Neither
 * bound waits for a poll, which the network has to do: every 250 ms each validator asks.
 */
export const paymentBench: Benchmark = {
  name: "payment",
  about:
    "payment visible at Mixin → app has run → money back in the wallet; bound: one decision and one bare transfer, or the payout's API calls",
  async run({n, validators}) {
    const floor = await TcpFloor.start(validators);
    try {
      return await withTestnet(["--validators", `${validators}`], async (bench) => {
        const probes = await probe(bench.net, validators, floor);
        const payments = await payAll(bench, n ?? 40);
        return results(payments, probes);
      });
    } finally {
      floor.stop();
    }
  },
};

/** Moments of one payment, ms from when the API had answered the payer. */
interface Payment {
  readonly observed: number;
  readonly decided: number;
  readonly certified: number;
  readonly run: number;
  readonly back: number;
}

async function payAll(bench: BenchNet, n: number): Promise<Payment[]> {
  const {net} = bench;
  const echoed: number[] = [];
  const chain = new WebSocketProvider(net.rpc.replace(/^http/, "ws"), CHAIN_ID);
  try {
    await chain.on({address: net.echo}, () => void echoed.push(nowMs()));
    const payments: Payment[] = [];
    for (let i = 0; i < n; i++) {
      const runs = echoed.length;
      const {requestId, sentMs} = await payApp(net);
      const spent = await newestSequence(net);
      await bench.until(() => echoed.length > runs, "the app runs");
      const back = await moneyAfter(net, spent);
      payments.push(await momentsOf(bench, {requestId, sentMs, run: echoed[runs] ?? Number.NaN, back}));
      await sleep(LOOK_MS * (1 + (i % 25))); // so that polls are met at any point of their pause
    }
    return payments;
  } finally {
    await chain.destroy();
  }
}

export async function newestSequence(net: Testnet): Promise<number> {
  return (await unspentOutputs(net.mixin, net.user, ASSET.asset_id)).at(-1)?.sequence ?? 0;
}

/** When the wallet shows an output after that sequence. */
export async function moneyAfter(net: Testnet, sequence: number): Promise<number> {
  const {utxo} = sdkOf(net.mixin, net.user);
  const deadline = performance.now() + PAYOUT_MS;
  for (;;) {
    const of = {members: [net.user.app_id], threshold: 1, asset: ASSET.asset_id, offset: sequence + 1, limit: 1};
    const found = await utxo.safeOutputs({...of, state: "unspent"});
    if (found.length > 0) return nowMs();
    if (performance.now() > deadline) throw new Error("the money did not come back");
    await sleep(LOOK_MS);
  }
}

/** The first validator's moments from the streams and from what all show of the payment. */
async function momentsOf({net, seen}: BenchNet, of: {requestId: string; sentMs: number; run: number; back: number}): Promise<Payment> {
  const shown = await Promise.all(net.apis.map((api) => new MvmClient(api).payment(of.requestId)));
  const height = shown[0]?.height;
  const first = (type: string) => Math.min(...seen.filter((s) => s.height === height && s.type === type).map(({atMs}) => atMs));
  const observed = shown.flatMap((payment) => {
    const {observedMs} = (payment?.["times"] ?? {}) as {observedMs?: number};
    return observedMs === undefined ? [] : [observedMs];
  });
  const proposed = first("proposed");
  const since = (atMs: number) => atMs - of.sentMs;
  return {
    observed: since(observed.length > 0 ? Math.min(...observed) : proposed),
    decided: since(first("decided")),
    certified: since(first("certified")),
    run: since(of.run),
    back: since(of.back),
  };
}

/** Medians, ms. */
export interface Probes {
  readonly decision: number;
  readonly transfer: number;
  readonly call: number;
  readonly quorum: number;
}

export async function probe(net: Testnet, validators: number, floor: TcpFloor): Promise<Probes> {
  await sleep(REST_MS);
  const quorum = Math.floor((2 * validators) / 3) + 1;
  const {sign, combine} = await certificateCost(quorum, PROBES);
  const decision = medianOf(await floor.exchanges(PROBES)) + medianOf(sign) + medianOf(combine);
  const {utxo} = sdkOf(net.mixin, net.user);
  const members = [net.user.app_id];
  const call = medianOf(await timed(PROBES, () => utxo.safeOutputs({members, threshold: 1, state: "unspent", limit: 1})));
  return {decision, transfer: medianOf(await transfers(net.rpc)), call, quorum};
}

async function transfers(rpc: string): Promise<number[]> {
  const [from, to] = chainAccounts();
  if (from === undefined || to === undefined) throw new Error("no accounts");
  const provider = openProvider({url: rpc, chainId: CHAIN_ID, timeoutMs: PAYOUT_MS});
  const secret = fromHex(from.privateKey);
  const account = new Account({provider, secret, clock: systemClock, log: silentLog, replaceMs: 60_000, receiptMs: 1, finality: 0});
  const request = {to: to.address as Hex, data: "0x" as Hex, value: 1n, gasLimit: 21_000n};
  try {
    return await timed(PROBES, () => account.send("bench", async () => request));
  } finally {
    provider.destroy();
  }
}

function results(payments: readonly Payment[], {decision, transfer, call, quorum}: Probes): Result[] {
  const of = (time: (p: Payment) => number) => payments.map(time);
  const probes = {decision: rounded(decision), transfer: rounded(transfer), call: rounded(call)};
  return [
    resultOf(
      "payment visible → app has run",
      "ms",
      of((p) => p.run),
      {bound: decision + transfer, ...probes},
    ),
    resultOf(
      "  visible → seen by the first validator",
      "ms",
      of((p) => p.observed),
    ),
    resultOf(
      "  → decided at the first",
      "ms",
      of((p) => p.decided),
    ),
    resultOf(
      "  → certificate at the first",
      "ms",
      of((p) => p.certified),
    ),
    resultOf(
      "app has run → money back in the wallet",
      "ms",
      of((p) => p.back - p.run),
      {bound: decision + (2 + quorum) * call},
    ),
    resultOf(
      "payment visible → money back",
      "ms",
      of((p) => p.back),
    ),
  ];
}
