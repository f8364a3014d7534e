import {existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync} from "node:fs";
import {tmpdir} from "node:os";
import {join, resolve} from "node:path";
import {buildPrograms, bundleOf} from "../scripts/build.ts";
import type {Hex} from "../src/base/bytes.ts";
import {decodeGenesis, type Genesis} from "../src/types/genesis.ts";
import {mixAddress} from "../src/types/mix-address.ts";
import {multisigOf, totalSeats} from "../src/types/validators.ts";
import {type Anvil, startAnvil} from "./anvil.ts";
import {CHAIN_ID, chainAccounts, compileTestnet, SALT, TestChain} from "./chain.ts";
import {type Child, runToEnd, startChild} from "./children.ts";
import {createAsset, createDevnetUser, type DevnetUser, mint} from "./mixin/client.ts";
import type {TestnetOptions} from "./options.ts";
import type {Tell} from "./report.ts";

/** The demo's money: XIN, as on the real network. */
export const ASSET = {asset_id: "c94ac88f-4671-3976-b60a-09064f1811e8", symbol: "XIN", name: "Mixin"};
/** MB of young objects: with Node's default a validator's resident memory is 26 MB more, for no speed that shows. */
const SMALL_HEAP = "--max-semi-space-size=2";
const PASSWORD = "testnet";
const FUNDS = "100";
const SEATS = [1, 1, 1, 1];
/** A file that is there while the directory does not hold a whole network yet. */
const UNFINISHED = "unfinished";

/** What a directory needs to be resumed besides the nodes' own directories. */
interface Facts {
  /** Of each validator. */
  readonly seats: readonly number[];
  readonly staking: Hex;
  readonly group: Hex;
  readonly echo: Hex;
  readonly developer: DevnetUser;
  readonly user: DevnetUser;
  /** Whether the demo app is registered: the demo does that once. */
  readonly registered: boolean;
}

/** A network that is up. */
export interface Testnet extends Facts {
  readonly dir: string;
  readonly rpc: string;
  readonly mixin: string;
  readonly members: readonly string[];
  readonly threshold: number;
  readonly nodes: readonly Child[];
  /** The HTTP API of each node. */
  readonly apis: readonly string[];
  /** Remembers for the next start that the demo app is registered. */
  markRegistered(): void;
  stop(): Promise<void>;
}

/** Starts everything, each part as a process of its own. Stops what runs where a part fails. */
export async function startTestnet(options: TestnetOptions, tell: Tell, signal: AbortSignal): Promise<Testnet> {
  const dir = resolve(options.dir ?? mkdtempSync(join(tmpdir(), "mvm-testnet-")));
  mkdirSync(dir, {recursive: true});
  const failed = new AbortController();
  const launcher = new Launcher(dir, options, tell, AbortSignal.any([signal, failed.signal]));
  try {
    return await launcher.start();
  } catch (error) {
    failed.abort(error); // parts that are still starting
    await launcher.stop();
    throw error;
  }
}

class Launcher {
  readonly #dir: string;
  readonly #options: TestnetOptions;
  readonly #tell: Tell;
  readonly #signal: AbortSignal;
  readonly #stops = {nodes: [] as (() => Promise<void>)[], ground: [] as (() => Promise<void>)[]};
  #since = performance.now();

  constructor(dir: string, options: TestnetOptions, tell: Tell, signal: AbortSignal) {
    this.#dir = dir;
    this.#options = options;
    this.#tell = tell;
    this.#signal = signal;
  }

  async start(): Promise<Testnet> {
    const facts = join(this.#dir, "testnet.json");
    const resumed = existsSync(facts) ? (JSON.parse(readFileSync(facts, "utf8")) as Facts) : null;
    if (resumed === null) this.#startOver();
    else this.#checkSeats(resumed.seats);
    const passwordFile = join(this.#dir, "password");
    if (!existsSync(passwordFile)) writeFileSync(passwordFile, PASSWORD, {mode: 0o600});
    await buildPrograms();
    compileTestnet();
    this.#step("build", "programs bundled, contracts compiled");
    const [anvil, mixin] = await Promise.all([this.#startChain(), this.#startMixin()]);
    this.#step("chain", `chain and Mixin devnet run: ${anvil.url} and ${mixin}`);
    const chain = new TestChain(anvil.url);
    const known = resumed ?? (await this.#create(chain, mixin));
    saveFacts(facts, known);
    rmSync(join(this.#dir, UNFINISHED), {force: true});
    if (resumed !== null) this.#step("resume", `resuming ${this.#dir}`);
    const nodes = await this.#startNodes(known.seats, {rpc: anvil.url, mixin});
    chain.close();
    const genesis = this.#genesis();
    const group = multisigOf(genesis.validators);
    const apis = nodes.map((node) => String(node.ready["api"]));
    const running = {...known, dir: this.#dir, rpc: anvil.url, mixin, nodes, apis, members: group.members, threshold: group.threshold};
    this.#ready(running, genesis.networkId);
    const markRegistered = () => saveFacts(facts, {...known, registered: true});
    return {...running, markRegistered, stop: () => this.stop()};
  }

  async stop(): Promise<void> {
    // the nodes first and together, then what they lean on
    for (const stops of [this.#stops.nodes, this.#stops.ground]) await Promise.all(stops.splice(0).map((stop) => stop().catch(() => {})));
  }

  /** Tells that a step is done; throws where no other is wanted any more. */
  #step(name: string, text: string): void {
    this.#signal.throwIfAborted();
    const now = performance.now();
    this.#tell({event: "step", name, text, ms: now - this.#since});
    this.#since = now;
  }

  /** Removes what an earlier start in this directory has left that was stopped before all was made. */
  #startOver(): void {
    const mark = join(this.#dir, UNFINISHED);
    const own = /^(validator-\d+|seats-\d+\.json|mixin|chain\.json|genesis\.json)$/;
    if (existsSync(mark))
      for (const name of readdirSync(this.#dir)) if (own.test(name)) rmSync(join(this.#dir, name), {recursive: true, force: true});
    writeFileSync(mark, "");
  }

  #checkSeats(there: readonly number[]): void {
    const {seats} = this.#options;
    if (seats !== null && String(seats) !== String(there))
      throw new Error(
        `${this.#dir} holds validators with the seats ${there}, not ${seats}: leave the options out, or name another directory`,
      );
  }

  async #startChain(): Promise<Anvil> {
    const {blockTime} = this.#options;
    const state = ["--state", join(this.#dir, "chain.json"), "--state-interval", "2"];
    const anvil = await startAnvil(
      ["--chain-id", String(CHAIN_ID), ...(blockTime > 0 ? ["--block-time", String(blockTime)] : []), ...state],
      AbortSignal.any([this.#signal, AbortSignal.timeout(20_000)]),
    );
    this.#stops.ground.push(() => anvil.stop());
    return anvil;
  }

  async #startMixin(): Promise<string> {
    const args = [bundleOf("mixin-devnet"), "--dir", join(this.#dir, "mixin")];
    const child = await startChild({name: "Mixin devnet", args, log: join(this.#dir, "mixin.log"), signal: this.#signal});
    this.#stops.ground.push(() => child.stop());
    return String(child.ready["url"]);
  }

  /** Contracts, users, keys, stake, genesis: once per directory. */
  async #create(chain: TestChain, mixin: string): Promise<Facts> {
    const seats = this.#options.seats ?? SEATS;
    await createAsset(mixin, ASSET);
    const total = seats.reduce((sum, s) => sum + s, 0);
    const [developer, user, ...seatUsers] = await Promise.all(
      ["developer", "user", ...Array.from({length: total}, (_, i) => `seat ${i + 1}`)].map((name) => createDevnetUser(mixin, name)),
    );
    if (developer === undefined || user === undefined) throw new Error("no Mixin users");
    for (const to of [developer, user]) await mint(mixin, {receivers: [to.app_id], asset: ASSET.asset_id, amount: FUNDS});
    this.#step("users", `${total} Mixin users for the seats, a developer, and a user with ${FUNDS} ${ASSET.symbol}`);
    const staking = await chain.deployStaking(Math.min(4, seats.length));
    await this.#stake(chain, {seats, staking, mixin, seatUsers});
    this.#step("stake", `${seats.length} validators have staked ${total} seats in Staking ${staking}`);
    const group = await chain.deployGroup(staking, await chain.freeze(staking));
    const echo = await chain.deployEcho(group, developer.app_id);
    await this.#writeGenesis(chain.rpc, {seats, staking, group});
    const held = totalSeats(this.#genesis().validators);
    const cut = held < total ? ` (of ${total}: nobody may hold a third)` : "";
    this.#step("contracts", `validator set frozen with ${held} seats${cut}, MixinGroup ${group} and demo app ${echo} deployed`);
    return {seats, staking, group, echo, developer, user, registered: false};
  }

  async #stake(
    chain: TestChain,
    of: {seats: readonly number[]; staking: Hex; mixin: string; seatUsers: readonly DevnetUser[]},
  ): Promise<void> {
    let next = 0;
    const made = await Promise.all(
      of.seats.map(async (seats, i) => {
        const file = join(this.#dir, `seats-${i}.json`);
        const users = of.seatUsers.slice(next, next + seats);
        next += seats;
        writeFileSync(file, JSON.stringify(users), {mode: 0o600});
        const args = [
          "init",
          "--dir",
          this.#nodeDir(i),
          "--rpc",
          chain.rpc,
          "--mixin",
          of.mixin,
          "--mixin-users",
          file,
          "--log-file",
          join(this.#nodeDir(i), "node.log"),
        ];
        const created = JSON.parse(await this.#mvm(args)) as {operator: Hex; submitter: Hex};
        return {...created, seats};
      }),
    );
    for (const {operator, submitter, seats} of made) {
      await chain.fund(operator, seats);
      await chain.fund(submitter, 0);
    }
    await Promise.all(made.map((_, i) => this.#mvm(["stake", "--dir", this.#nodeDir(i), "--staking", of.staking])));
  }

  async #writeGenesis(rpc: string, of: {seats: readonly number[]; staking: Hex; group: Hex}): Promise<void> {
    const out = join(this.#dir, "genesis.json");
    await this.#mvm([
      "genesis",
      "--rpc",
      rpc,
      "--staking",
      of.staking,
      "--salt",
      SALT,
      "--group",
      of.group,
      "--fee-asset",
      ASSET.asset_id,
      "--epoch-seconds",
      `${this.#options.epochSeconds}`,
      "--out",
      out,
    ]);
    for (const i of of.seats.keys()) writeFileSync(join(this.#nodeDir(i), "genesis.json"), readFileSync(out));
  }

  /** The first one alone, since the others want its address; then all the rest. */
  async #startNodes(seats: readonly number[], of: {rpc: string; mixin: string}): Promise<Child[]> {
    const [first, ...others] = seats.keys();
    if (first === undefined) return [];
    const leader = await this.#startNode(first, {...of, peers: []});
    const peers = leader.ready["addresses"] as string[];
    const rest = await Promise.all(others.map((i) => this.#startNode(i, {...of, peers})));
    const nodes = [leader, ...rest];
    this.#step("nodes", `${nodes.length} validators run`);
    return nodes;
  }

  async #startNode(i: number, of: {rpc: string; mixin: string; peers: string[]}): Promise<Child> {
    const dir = this.#nodeDir(i);
    const config = JSON.parse(readFileSync(join(dir, "config.json"), "utf8")) as Record<string, unknown>;
    writeFileSync(join(dir, "config.json"), `${JSON.stringify({...config, ...of}, null, 2)}\n`);
    const args = [SMALL_HEAP, bundleOf("mvm"), "run", "--dir", dir];
    const child = await startChild({name: `validator ${i}`, args, env: this.#env(), log: join(dir, "stderr.log"), signal: this.#signal});
    this.#stops.nodes.push(() => child.stop());
    void child.exited.then((how) => {
      if (!this.#signal.aborted && this.#stops.nodes.length > 0)
        this.#tell({event: "node", validator: i, text: `its process has ended (${how}); the others go on while a quorum runs`});
    });
    return child;
  }

  #ready(net: Omit<Testnet, "markRegistered" | "stop">, networkId: string): void {
    const {developer, user, members, threshold, nodes} = net;
    this.#tell({
      event: "ready",
      networkId,
      chain: {
        rpc: net.rpc,
        chainId: CHAIN_ID,
        group: net.group,
        staking: net.staking,
        accounts: chainAccounts(),
        apps: {echo: {process: developer.app_id, address: net.echo}},
      },
      mixin: {api: net.mixin, group: {members, threshold, mix: mixAddress({members, threshold})}, developer, user, asset: ASSET},
      nodes: nodes.map((node) => ({api: node.ready["api"], peerId: node.ready["peerId"], dir: node.ready["dir"], pid: node.pid})),
      explorer: net.apis[0] === undefined ? null : `${net.apis[0]}/`,
      dir: this.#dir,
    });
  }

  #genesis(): Genesis {
    return decodeGenesis(readFileSync(join(this.#dir, "genesis.json"), "utf8"));
  }
  #nodeDir(i: number): string {
    return join(this.#dir, `validator-${i}`);
  }
  #env(): Record<string, string> {
    return {MVM_PASSWORD_FILE: join(this.#dir, "password")};
  }
  #mvm(args: readonly string[]): Promise<string> {
    return runToEnd({name: `mvm ${args[0]}`, args: [bundleOf("mvm"), ...args], env: this.#env(), signal: this.#signal});
  }
}

function saveFacts(file: string, facts: Facts): void {
  writeFileSync(file, `${JSON.stringify(facts, null, 2)}\n`, {mode: 0o600});
}
