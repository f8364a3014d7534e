import {spawn} from "node:child_process";
import {once} from "node:events";
import {setTimeout as sleep} from "node:timers/promises";
import {openProvider} from "../src/chain/provider.ts";
import {CHAIN_ID} from "../testnet/chain.ts";
import {type Benchmark, medianOf, type Result, resultOf, rounded} from "./harness.ts";
import {type BenchNet, withTestnet} from "./network.ts";
import {cpuMsOf, descendantsOf, residentMbOf} from "./processes.ts";

const SETTLE_MS = 5_000;
const SECONDS = 20;
const CALLS = 200;
/** Of each validator: its Mixin outputs and its chain's head, every 250 ms each. */
const POLLS_PER_SECOND = 8;

/**
 * What a testnet costs that has nothing to do: CPU of each validator over 20 s in percent of one core, of all processes
 * together (validators, chain, Mixin devnet), and resident memory. Linux only: read from /proc. `n`: seconds.
 *
 * Bounds: of CPU, what its polls alone cost a process, measured as bare calls of the chain's RPC node; of memory, a Node
 * process that does nothing. The targets beside them are 20 % of a core for all, and 150 MB for a validator.
 */
export const idleBench: Benchmark = {
  name: "idle",
  about: "CPU and memory of a testnet without payments; bounds: bare calls as often as it polls, and an empty Node process",
  async run({n, validators}) {
    return withTestnet(["--validators", `${validators}`], async (bench) => {
      await sleep(SETTLE_MS);
      return measure(bench, n ?? SECONDS);
    });
  },
};

async function measure({net}: BenchNet, seconds: number): Promise<Result[]> {
  const validators = net.nodes.map(({pid}) => pid);
  const all = descendantsOf(process.pid);
  const before = new Map(all.map((pid) => [pid, cpuMsOf(pid)]));
  const start = performance.now();
  await sleep(seconds * 1_000);
  const wallMs = performance.now() - start;
  const share = (pid: number) => (100 * (cpuMsOf(pid) - (before.get(pid) ?? 0))) / wallMs;
  const shares = validators.map(share);
  const total = all.reduce((sum, pid) => sum + share(pid), 0);
  const resident = validators.map(residentMbOf);
  const bound = POLLS_PER_SECOND * 0.1 * (await callCpuMs(net.rpc));
  return [
    resultOf("CPU of a validator", "% of a core", shares, {bound}),
    resultOf("CPU of the whole testnet", "% of a core", [total], {bound: bound * validators.length, target: 20, processes: all.length}),
    resultOf("resident memory of a validator", "MB", resident, {bound: await emptyNodeMb(), target: 150, all: resident.map(rounded)}),
  ];
}

/** CPU time of this process for one bare RPC call, ms. */
async function callCpuMs(rpc: string): Promise<number> {
  const provider = openProvider({url: rpc, chainId: CHAIN_ID, timeoutMs: 5_000});
  try {
    const costs: number[] = [];
    for (let round = 0; round < 5; round++) {
      const before = process.cpuUsage();
      for (let i = 0; i < CALLS; i++) await provider.request("eth_blockNumber", []);
      const {user, system} = process.cpuUsage(before);
      costs.push((user + system) / 1_000 / CALLS);
    }
    return medianOf(costs);
  } finally {
    provider.destroy();
  }
}

/** Resident memory of a Node process that only waits, MB. */
async function emptyNodeMb(): Promise<number> {
  const child = spawn(process.execPath, ["-e", 'console.log("up"); process.stdin.resume()'], {stdio: ["pipe", "pipe", "inherit"]});
  try {
    await once(child.stdout, "data");
    return residentMbOf(child.pid ?? 0);
  } finally {
    child.stdin.end();
    await once(child, "exit");
  }
}
