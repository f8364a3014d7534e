import {setTimeout as sleep} from "node:timers/promises";
import {MvmClient} from "../src/sdk/client.ts";
import {certificateCost} from "./crypto.ts";
import {type Benchmark, medianOf, type Result, resultOf, rounded} from "./harness.ts";
import {type BenchNet, payApp, type Seen, withTestnet} from "./network.ts";
import {cpuMsOf} from "./processes.ts";
import {TcpFloor} from "./tcp-floor.ts";

/** Between two payments, and after the last of a series: then all that follows from it has come to rest. */
const PAUSE_MS = 300;
const REST_MS = 2_000;
const SERIES = 8;
const EXCHANGES = 20;
const SIGNATURES = 10;

/**
 * Proposal sent → certificate at every one of N validators, real processes under a payment every 300 ms: from the moment
 * at which the proposer of round 0 gives its proposal to the network to the moment at which the last validator holds the
 * certificate. Each payment makes about three blocks: one with the payment, one with the chain's logs, one with the receipt.
 *
 * Bound, measured in the same run by turns with the payments, while the testnet rests: a bare exchange of the three steps
 * among as many processes (tcp-floor.ts), plus what the certificate needs at least in one row: one partial signature, one
 * combination of q of them, one verification.
 */
export const decisionBench: Benchmark = {
  name: "decision",
  about:
    "proposal sent → certificate at every validator; bound: a raw TCP exchange of the three steps with one fdatasync before each vote, plus sign, combine and verify",
  async run({n, validators}) {
    const wanted = n ?? 100;
    const quorum = Math.floor((2 * validators) / 3) + 1;
    const tcp: number[] = [];
    const sign: number[] = [];
    const combine: number[] = [];
    const floor = await TcpFloor.start(validators);
    try {
      return await withTestnet(["--validators", `${validators}`], async (bench) => {
        const pids = bench.net.nodes.map(({pid}) => pid);
        const first = await heightOf(bench);
        let cpuMs = 0;
        let heights = 0;
        while (heights < wanted) {
          const before = sumOf(pids.map(cpuMsOf));
          await payments(bench);
          cpuMs += sumOf(pids.map(cpuMsOf)) - before;
          heights = (await heightOf(bench)) - first;
          tcp.push(...(await floor.exchanges(EXCHANGES)));
          const cost = await certificateCost(quorum, SIGNATURES);
          sign.push(...cost.sign);
          combine.push(...cost.combine);
        }
        return results(bench, {validators, tcp, sign, combine, cpuMs: cpuMs / heights / validators});
      });
    } finally {
      floor.stop();
    }
  },
};

async function payments({net}: BenchNet): Promise<void> {
  for (let i = 0; i < SERIES; i++) {
    await payApp(net);
    await sleep(PAUSE_MS);
  }
  await sleep(REST_MS);
}

interface Measured {
  readonly validators: number;
  readonly tcp: readonly number[];
  readonly sign: readonly number[];
  readonly combine: readonly number[];
  /** Of one validator per height, all that it does meanwhile included. */
  readonly cpuMs: number;
}

function results({seen}: BenchNet, of: Measured): Result[] {
  const {validators, tcp, sign, combine} = of;
  const crypto = medianOf(sign) + medianOf(combine);
  const bound = medianOf(tcp) + crypto;
  const heights = heightsOf(seen, validators);
  const calm = heights.filter(({rounds}) => rounds === 1);
  const first = (times: readonly number[]) => Math.min(...times);
  const last = (times: readonly number[]) => Math.max(...times);
  const laterRounds = heights.length - calm.length;
  const parts = (name: string, time: (h: Height) => number) => resultOf(`  ${name}`, "ms", calm.map(time));
  return [
    resultOf(
      `decision, ${validators} validators`,
      "ms",
      heights.map((h) => last(h.certified) - h.proposed),
      {bound, tcp: rounded(medianOf(tcp)), crypto: rounded(crypto), laterRounds, cpuMsPerValidator: rounded(of.cpuMs)},
    ),
    resultOf(
      "  those of one round",
      "ms",
      calm.map((h) => last(h.certified) - h.proposed),
      {bound},
    ),
    parts("proposed → decided at the first", (h) => first(h.decided) - h.proposed),
    parts("proposed → decided at the last", (h) => last(h.decided) - h.proposed),
    parts("proposed → certificate at the first", (h) => first(h.certified) - h.proposed),
    resultOf("CPU of a validator per height, polls included", "ms", [of.cpuMs]),
    resultOf(`raw TCP exchange, ${validators} processes`, "ms", tcp),
    resultOf("bare sign", "ms", sign),
    resultOf("bare combine and verify", "ms", combine),
  ];
}

interface Height {
  readonly height: number;
  readonly proposed: number;
  /** Proposals of how many rounds were sent. */
  readonly rounds: number;
  /** When, at each validator. */
  readonly decided: readonly number[];
  readonly certified: readonly number[];
}

/** Heights whose round 0 was seen to begin and whose certificate every validator was seen to have. */
export function heightsOf(seen: readonly Seen[], validators: number): Height[] {
  const numbers = new Set(seen.map(({height}) => height));
  return [...numbers].flatMap((height) => {
    const of = (type: string) => seen.filter((s) => s.height === height && s.type === type);
    const proposals = of("proposed");
    const proposed = proposals.find(({round}) => round === 0)?.atMs;
    const decided = of("decided").map(({atMs}) => atMs);
    const certified = of("certified").map(({atMs}) => atMs);
    if (proposed === undefined || decided.length < validators || certified.length < validators) return [];
    return [{height, proposed, rounds: proposals.length, decided, certified}];
  });
}

async function heightOf({net}: BenchNet): Promise<number> {
  return Number((await new MvmClient(net.apis[0] ?? "").status())["height"]);
}

function sumOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}
