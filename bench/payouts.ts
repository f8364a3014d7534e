import {randomUUID} from "node:crypto";
import {setTimeout as sleep} from "node:timers/promises";
import {
  buildSafeTransaction,
  buildSafeTransactionRecipient,
  encodeSafeTransaction,
  getUnspentOutputsForRecipients,
  signSafeTransaction,
} from "@mixin.dev/mixin-node-sdk";
import {WebSocketProvider} from "ethers";
import {encodeMemo, PURPOSE} from "../src/types/operation.ts";
import {CHAIN_ID} from "../testnet/chain.ts";
import {ASSET, type Testnet} from "../testnet/launcher.ts";
import {sdkOf, unspentOutputs} from "../testnet/mixin/client.ts";
import {type Benchmark, medianOf, type Result, resultOf, rounded} from "./harness.ts";
import {type BenchNet, nowMs, payApp, withTestnet} from "./network.ts";
import {moneyAfter, newestSequence, type Probes, probe} from "./payment.ts";
import {TcpFloor} from "./tcp-floor.ts";

const ONE_BY_ONE = 20;
/** Payments to the app in one transaction of the payer: each is a message, and each comes back as a payout of its own. */
const PER_TRANSACTION = 25;
const LOOK_MS = 20;
const WAIT_MS = 120_000;
const CALLS = 400;
const AT_ONCE = 16;

/**
 * The way out, 4 validators, a block for each transaction. One by one: from the moment at which a subscriber of the chain hears
 * the app's event to the moment at which the wallet shows the money; bound: one decision, and the calls of the Mixin API that a payout
 * needs one after the other. Many at once: payouts that reach the wallet per second, from the first to the last of n;
 * bound: calls that the Mixin devnet answers per second on this machine, over the calls that a quorum needs for one payout.
 */
export const payoutsBench: Benchmark = {
  name: "payouts",
  about: "app sends → money in the wallet, one by one and many at once; bound: one decision and the payout's calls of the Mixin API",
  async run({n, validators}) {
    const floor = await TcpFloor.start(validators);
    try {
      return await withTestnet(["--validators", `${validators}`], async (bench) => {
        const probes = await probe(bench.net, validators, floor);
        const calls = await callsPerSecond(bench.net);
        const single = await oneByOne(bench);
        const arrivals = await manyAtOnce(bench.net, n ?? 200);
        return results({single, arrivals, probes, calls});
      });
    } finally {
      floor.stop();
    }
  },
};

/** Times from the app's event to the money, ms. */
async function oneByOne({net, until}: BenchNet): Promise<number[]> {
  const sent: number[] = [];
  const chain = new WebSocketProvider(net.rpc.replace(/^http/, "ws"), CHAIN_ID);
  try {
    await chain.on({address: net.echo}, () => void sent.push(nowMs()));
    const times: number[] = [];
    for (let i = 0; i < ONE_BY_ONE; i++) {
      await payApp(net);
      const sequence = await newestSequence(net);
      await until(() => sent.length > i, "the app runs");
      times.push((await moneyAfter(net, sequence)) - (sent[i] as number));
      await sleep(LOOK_MS * (1 + (i % 12))); // so that polls are met at any point of their pause
    }
    return times;
  } finally {
    await chain.destroy();
  }
}

/** When each of `n` payouts reached the wallet, ms, ascending. */
async function manyAtOnce(net: Testnet, n: number): Promise<number[]> {
  const from = await newestSequence(net);
  for (let left = n; left > 0; left -= PER_TRANSACTION) await payMany(net, Math.min(left, PER_TRANSACTION));
  const own = new Set([net.user.app_id]);
  const arrivals = new Map<string, number>();
  const {utxo} = sdkOf(net.mixin, net.user);
  const deadline = nowMs() + WAIT_MS;
  let offset = from + 1;
  while (arrivals.size < n) {
    if (nowMs() > deadline) throw new Error(`${arrivals.size} of ${n} payouts have come`);
    const page = await utxo.safeOutputs({members: [net.user.app_id], threshold: 1, asset: ASSET.asset_id, offset, limit: 500});
    for (const output of page) {
      offset = Math.max(offset, output.sequence);
      if (!output.senders.some((sender) => own.has(sender)) && !arrivals.has(placeOf(output))) arrivals.set(placeOf(output), nowMs());
    }
    await sleep(LOOK_MS);
  }
  return [...arrivals.values()];
}

/** One transaction with `count` payments to the app. */
async function payMany(net: Testnet, count: number): Promise<void> {
  const sdk = sdkOf(net.mixin, net.user);
  const requestId = randomUUID();
  const extra = new TextEncoder().encode("many");
  const memo = encodeMemo({purpose: PURPOSE.message, process: net.developer.app_id, platform: "", address: "", extra});
  const recipients = Array.from({length: count}, () => buildSafeTransactionRecipient([...net.members], net.threshold, "0.001"));
  const {utxos, change} = getUnspentOutputsForRecipients(await unspentOutputs(net.mixin, net.user, ASSET.asset_id), recipients);
  if (!change.isZero()) recipients.push(buildSafeTransactionRecipient([net.user.app_id], 1, change.toFixed(8)));
  const ghosts = await sdk.utxo.ghostKey(recipients, requestId, net.user.spend_private_key);
  const transaction = buildSafeTransaction(utxos, recipients, ghosts, Buffer.from(memo));
  const raw = encodeSafeTransaction(transaction);
  const [verified] = await sdk.utxo.verifyTransaction([{raw, request_id: requestId}]);
  const signed = signSafeTransaction(transaction, verified?.views ?? [], net.user.spend_private_key);
  await sdk.utxo.sendTransactions([{raw: signed, request_id: requestId}]);
}

/** Calls that the devnet answers per second, many at once, beside the idle network. */
async function callsPerSecond(net: Testnet): Promise<number> {
  const {utxo} = sdkOf(net.mixin, net.user);
  const of = {members: [net.user.app_id], threshold: 1, limit: 1};
  let left = CALLS;
  const start = performance.now();
  const worker = async () => {
    while (left-- > 0) await utxo.safeOutputs(of);
  };
  await Promise.all(Array.from({length: AT_ONCE}, worker));
  return (CALLS * 1_000) / (performance.now() - start);
}

function results(of: {single: readonly number[]; arrivals: readonly number[]; probes: Probes; calls: number}): Result[] {
  const {single, arrivals, probes, calls} = of;
  const {decision, call, quorum} = probes;
  const spanS = ((arrivals.at(-1) as number) - (arrivals[0] as number)) / 1_000;
  const perSecond = (arrivals.length - 1) / spanS;
  // keys, request and signature of each of q members, and one look whether it is done
  const callsEach = 3 * quorum + 1;
  const details = {payouts: arrivals.length, seconds: rounded(spanS), callsPerSecond: rounded(calls), callsEach};
  return [
    resultOf("app has sent → money in the wallet", "ms", single, {bound: decision + (2 + quorum) * call, call: rounded(call)}),
    resultOf("payouts, many at once", "1/s", [medianOf([perSecond])], {bound: calls / callsEach, ...details}),
  ];
}

const placeOf = (output: {transaction_hash: string; output_index: number}) => `${output.transaction_hash}:${output.output_index}`;
