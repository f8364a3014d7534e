import {closeSync, fsyncSync, openSync, readFileSync, rmSync, statfsSync, writeSync} from "node:fs";
import {connect} from "node:net";
import {join} from "node:path";
import {describeError} from "../../base/errors.ts";
import {readChainId} from "../../chain/chain-id.ts";
import {checkGenesis} from "../../chain/genesis.ts";
import {openProvider} from "../../chain/provider.ts";
import {readHeader} from "../../chain/replies.ts";
import {addressOf} from "../../crypto/secp256k1.ts";
import {createMixinClient, usersWithoutSafe} from "../../mixin/client.ts";
import {type Config, readConfig} from "../../node/config.ts";
import {withoutSecrets} from "../../node/config-fields.ts";
import {type Keyring, openKeyring, readPassword} from "../../node/keyring.ts";
import {decodeGenesis, type Genesis} from "../../types/genesis.ts";

/** What one look found. `advice` is there when something is to be done. */
export interface Finding {
  readonly check: string;
  readonly result: "ok" | "warning" | "failed" | "skipped";
  readonly text: string;
  readonly advice?: string;
}

/** What the checks share; filled by the first ones, null where they failed. */
interface Known {
  readonly dir: string;
  config: Config | null;
  genesis: Genesis | null;
  keys: Keyring | null;
}
type Check = (known: Known) => Promise<Omit<Finding, "check">>;

const NET_MS = 5_000;
const SYNCS = 20;
/** A vote waits for one sync; ms. */
const SYNC_MS_MAX = 20;
const FREE_MB_MIN = 2_048;
const CLOCK_MS_MAX = 5_000;
const BALANCE_WEI_MIN = 10n ** 16n;

const skipped = (text: string) => ({result: "skipped" as const, text});

const CHECKS: Readonly<Record<string, Check>> = {
  runtime: async () => {
    const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
    const fits = major > 20 || (major === 20 && minor >= 19);
    return fits
      ? {result: "ok", text: `Node ${process.versions.node}`}
      : {result: "failed", text: `Node ${process.versions.node}`, advice: "install Node 20.19 or newer"};
  },
  config: async (known) => {
    known.config = readConfig(join(known.dir, "config.json"));
    return {result: "ok", text: `chain ${withoutSecrets(known.config.rpc)}, Mixin ${known.config.mixin}`};
  },
  genesis: async (known) => {
    known.genesis = decodeGenesis(readFileSync(join(known.dir, "genesis.json"), "utf8"));
    return {
      result: "ok",
      text: `network ${known.genesis.networkId.slice(0, 18)}…, ${known.genesis.validators.length} validators at its start`,
    };
  },
  keys: async (known) => {
    known.keys = await openKeyring(known.dir, readPassword());
    return {result: "ok", text: `${known.keys.seatUsers.length} seats, submitter ${addressOf(known.keys.submitter)}`};
  },
  disk: async ({dir}) => disk(dir),
  chain: async ({config, genesis}) => (config === null ? skipped("no config") : chain(config, genesis)),
  submitter: async ({config, keys}) => (config === null || keys === null ? skipped("no config or keys") : submitter(config, keys)),
  mixin: async ({config, keys}) => (config === null || keys === null ? skipped("no config or keys") : mixin(config, keys)),
  clock: async ({config}) => (config === null ? skipped("no config") : clock(config)),
  peers: async ({config}) => (config === null ? skipped("no config") : peers(config)),
};

/** Looks at everything that a node needs, one thing after the other. Never rejects: what goes wrong is a finding. */
export async function examine(dir: string): Promise<Finding[]> {
  const known: Known = {dir, config: null, genesis: null, keys: null};
  const findings: Finding[] = [];
  for (const [check, run] of Object.entries(CHECKS)) {
    const found = await run(known).catch((error: unknown) => failure(error, check, dir));
    findings.push({check, ...found});
  }
  return findings;
}

function failure(error: unknown, check: string, dir: string): Omit<Finding, "check"> {
  const {error: code, advice, problems, ...data} = describeError(error);
  const hints: Readonly<Record<string, string>> = {
    config: `mend ${join(dir, "config.json")}; mvm config fields lists what it may hold`,
    genesis: `copy the network's genesis.json into ${dir}, or write it with mvm genesis`,
    keys: `key files are in ${join(dir, "keys")}; MVM_PASSWORD_FILE names the file with their password`,
    chain: "look whether the chain's node runs, and whether rpc in config.json names it",
    submitter: "look whether the chain's node runs, and whether rpc in config.json names it",
    clock: "look whether the Mixin API answers: its time is compared with the own",
    mixin: "look whether the Mixin API answers, and whether the Mixin users are those of the seats",
  };
  const text = Array.isArray(problems) ? `${code}: ${problems.join("; ")}` : `${code} ${JSON.stringify(data)}`;
  const todo = typeof advice === "string" ? advice : hints[check];
  return {result: "failed", text, ...(todo !== undefined && {advice: todo})};
}

async function disk(dir: string): Promise<Omit<Finding, "check">> {
  const file = join(dir, `.doctor-${process.pid}`);
  const fd = openSync(file, "w", 0o600);
  const times: number[] = [];
  try {
    for (let i = 0; i < SYNCS; i++) {
      const from = performance.now();
      writeSync(fd, new Uint8Array(512));
      fsyncSync(fd);
      times.push(performance.now() - from);
    }
  } finally {
    closeSync(fd);
    rmSync(file, {force: true});
  }
  const median = times.sort((a, b) => a - b)[SYNCS >> 1] ?? 0;
  const {bavail, bsize} = statfsSync(dir);
  const freeMb = Math.floor((bavail * bsize) / 2 ** 20);
  const text = `a sync takes ${median.toFixed(1)} ms, ${freeMb} MB are free`;
  if (freeMb < FREE_MB_MIN)
    return {result: "warning", text, advice: `make room: below ${FREE_MB_MIN} MB a full disk is near, and a full disk stops the node`};
  if (median > SYNC_MS_MAX) return {result: "warning", text, advice: "use a faster disk: each vote waits for a sync"};
  return {result: "ok", text};
}

async function chain({rpc}: Config, genesis: Genesis | null): Promise<Omit<Finding, "check">> {
  const chainId = await readChainId(rpc, NET_MS);
  if (genesis === null)
    return {result: "warning", text: `chain ${chainId} answers; without genesis.json nobody knows whether it is the right one`};
  const provider = openProvider({url: rpc, chainId: genesis.homeChainId, timeoutMs: NET_MS});
  try {
    await checkGenesis(genesis, provider);
    const head = await readHeader(provider, "latest");
    return {result: "ok", text: `chain ${chainId}, block ${head?.number ?? "?"}, as genesis.json says`};
  } finally {
    provider.destroy();
  }
}

async function submitter({rpc}: Config, {submitter: secret}: Keyring): Promise<Omit<Finding, "check">> {
  const provider = openProvider({url: rpc, chainId: await readChainId(rpc, NET_MS), timeoutMs: NET_MS});
  const address = addressOf(secret);
  try {
    const wei = BigInt(String(await provider.request("eth_getBalance", [address, "latest"])));
    const text = `${address} has ${Number(wei) / 1e18} coins`;
    return wei >= BALANCE_WEI_MIN
      ? {result: "ok", text}
      : {result: "warning", text, advice: "send it coins of the chain: it pays the gas of deliveries"};
  } finally {
    provider.destroy();
  }
}

async function mixin({mixin: url}: Config, {seatUsers}: Keyring): Promise<Omit<Finding, "check">> {
  for (const user of seatUsers) {
    const client = createMixinClient({url, user, timeoutMs: NET_MS});
    try {
      await client.get("/safe/me");
      const missing = await usersWithoutSafe(client, [user.app_id]);
      if (missing.length > 0)
        return {result: "failed", text: `${user.app_id} is not registered for Safe`, advice: "register this Mixin user for Safe"};
    } finally {
      client.close();
    }
  }
  return {result: "ok", text: `${seatUsers.length} Mixin users sign in`};
}

/** Any HTTP answer carries the other side's time. */
async function clock({mixin: url}: Config): Promise<Omit<Finding, "check">> {
  const before = Date.now();
  const response = await fetch(url, {signal: AbortSignal.timeout(NET_MS)});
  await response.body?.cancel();
  const date = Date.parse(response.headers.get("date") ?? "");
  if (Number.isNaN(date)) return skipped("the Mixin API tells no time");
  // the header has whole seconds: the middle of its second is the best guess
  const skew = Math.round((before + Date.now()) / 2 - (date + 500));
  const text = `${Math.abs(skew) < 1_000 ? "less than a second" : `${(skew / 1_000).toFixed(1)} s`} off the Mixin API's`;
  return Math.abs(skew) <= CLOCK_MS_MAX
    ? {result: "ok", text}
    : {result: "failed", text, advice: "set the clock by NTP: the Mixin API refuses requests of another time"};
}

async function peers({peers: all}: Config): Promise<Omit<Finding, "check">> {
  if (all.length === 0) return {result: "ok", text: "none to dial: this node waits to be dialled"};
  const reached = await Promise.all(all.map(canConnect));
  const count = reached.filter(Boolean).length;
  const text = `${count} of ${all.length} answer`;
  if (count === 0) return {result: "failed", text, advice: "look whether the peers run, and whether a firewall is between"};
  return count < all.length
    ? {result: "warning", text, advice: `not reached: ${all.filter((_, i) => !reached[i]).join(", ")}`}
    : {result: "ok", text};
}

function canConnect(multiaddr: string): Promise<boolean> {
  const [, kind, host, transport, port] = multiaddr.split("/");
  if (host === undefined || !["ip4", "ip6", "dns", "dns4", "dns6"].includes(kind ?? "") || transport !== "tcp")
    return Promise.resolve(false);
  return new Promise((resolve) => {
    const socket = connect({host, port: Number(port)});
    const end = (isOpen: boolean) => {
      socket.destroy();
      resolve(isOpen);
    };
    socket.setTimeout(NET_MS, () => end(false));
    socket.once("connect", () => end(true));
    socket.once("error", () => end(false));
  });
}
