import {randomUUID} from "node:crypto";
import {existsSync, readFileSync, writeFileSync} from "node:fs";
import {join} from "node:path";
import {Contract, ContractFactory, type InterfaceAbi, JsonRpcProvider, NonceManager, Wallet} from "ethers";
import {toHex} from "../../src/base/bytes.ts";
import {MvmClient, type PaymentStatus} from "../../src/sdk/client.ts";
import {messageMemo, type ProcessTerms, registrationMemo} from "../../src/sdk/memo.ts";
import {decimal} from "../../src/sdk/payment.ts";
import {uuidBytes} from "../../src/types/ids.ts";
import {balanceOf, createDevnetUser, type DevnetUser, mint, pay} from "../mixin/client.ts";
import {compileProject} from "./compile.ts";
import {findRunning, type RunningTestnet} from "./running.ts";

const SETTLE_MS = 60_000;
const FEE = "0.01";

/** An app on the running testnet; kept in `.<name>.testnet.json` of the app's folder. */
export interface LiveApp {
  readonly name: string;
  readonly process: string;
  readonly address: string;
  readonly contract: Contract;
}

interface Saved {
  readonly bot: DevnetUser;
  readonly address: string;
  readonly group: string;
}

/** One stage of a payment as it was seen; `ms` since it was sent. */
export type Journey = (stage: string, ms: number, status: PaymentStatus) => void;

/** The testnet of this machine, for an app's scripts. */
export class LiveTestnet {
  readonly running: RunningTestnet;
  readonly client: MvmClient;
  readonly #folder: string;
  readonly #provider: JsonRpcProvider;
  readonly #signer: NonceManager;

  /** @param folder   of the app; @param running  what the testnet says of itself; the one that runs on this machine where absent */
  constructor(folder: string, running: RunningTestnet = findRunning()) {
    const [node] = running.nodes;
    const [account] = running.chain.accounts;
    if (node === undefined || account === undefined) throw new Error("this testnet has no node");
    this.running = running;
    this.client = new MvmClient(node.api);
    this.#folder = folder;
    this.#provider = new JsonRpcProvider(running.chain.rpc, undefined, {staticNetwork: true, pollingInterval: 50, cacheTimeout: -1});
    this.#signer = new NonceManager(new Wallet(account.privateKey, this.#provider));
  }

  /** Deploys a contract of the folder for a Mixin bot of its own, and registers it. Throws where a step fails, with why. */
  async publish(name: string, options: ProcessTerms & {args?: readonly unknown[]; journey?: Journey} = {}): Promise<LiveApp> {
    const artifact = compileProject(this.#folder)[name];
    if (artifact === undefined) throw new Error(`no contract ${name} in contracts/`);
    const {api, asset} = this.running.mixin;
    const bot = await createDevnetUser(api, name);
    await mint(api, {receivers: [bot.app_id], asset: asset.asset_id, amount: "1"});
    const {group} = this.running.chain;
    const factory = new ContractFactory(artifact.abi as InterfaceAbi, artifact.bytecode, this.#signer);
    const made = await factory.deploy(group, toHex(uuidBytes(bot.app_id)), ...(options.args ?? []));
    await made.waitForDeployment();
    const address = (await made.getAddress()).toLowerCase();
    await this.#send(bot, FEE, registrationMemo(bot.app_id, address, options), ["registered"], options.journey);
    const saved: Saved = {bot, address, group};
    writeFileSync(this.#fileOf(name), `${JSON.stringify(saved, null, 2)}\n`, {mode: 0o600});
    return this.#appOf(name, saved, artifact.abi);
  }

  /** The app as `publish` left it. Throws where it was not published on this testnet. */
  app(name: string): LiveApp {
    const file = this.#fileOf(name);
    const saved = existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as Saved) : null;
    if (saved === null || saved.group !== this.running.chain.group)
      throw new Error(`${name} is not published on this testnet: run the publish script first`);
    return this.#appOf(name, saved, compileProject(this.#folder)[name]?.abi ?? []);
  }

  /**
   * The testnet's user pays the app, as a wallet would. Resolves when the app has run; throws where the payment ended otherwise,
   * with the reason in words.
   */
  async pay(
    app: LiveApp,
    payment: {amount: string; extra?: Uint8Array | string; from?: DevnetUser; journey?: Journey},
  ): Promise<PaymentStatus> {
    const {amount, extra = "", from = this.running.mixin.user, journey} = payment;
    return this.#send(from, amount, messageMemo(app.process, extra), ["delivered"], journey);
  }

  /** A new user with money. `amount`: decimal text. */
  async createUser(name: string, amount: string): Promise<DevnetUser> {
    const {api, asset} = this.running.mixin;
    const user = await createDevnetUser(api, name);
    await mint(api, {receivers: [user.app_id], asset: asset.asset_id, amount});
    return user;
  }

  /** What a user has of the testnet's asset: decimal text. */
  async balanceOf(user: DevnetUser = this.running.mixin.user): Promise<string> {
    return decimal(await balanceOf(this.running.mixin.api, user, this.running.mixin.asset.asset_id));
  }

  /** Resolves once the user has exactly this much; throws after a minute. */
  async hasBalance(amount: string, user: DevnetUser = this.running.mixin.user): Promise<void> {
    const end = performance.now() + SETTLE_MS;
    for (let last = ""; last !== amount; ) {
      last = await this.balanceOf(user);
      if (performance.now() > end) throw new Error(`wanted a balance of ${amount}, has ${last}`);
    }
  }

  close(): void {
    this.#provider.destroy();
  }

  #appOf(name: string, {bot, address}: Saved, abi: readonly object[]): LiveApp {
    return {name, process: bot.app_id, address, contract: new Contract(address, abi as InterfaceAbi, this.#signer)};
  }

  #fileOf(name: string): string {
    return join(this.#folder, `.${name}.testnet.json`);
  }

  async #send(
    from: DevnetUser,
    amount: string,
    memo: string,
    ends: readonly string[],
    journey: Journey | undefined,
  ): Promise<PaymentStatus> {
    const {api, asset, group} = this.running.mixin;
    const requestId = randomUUID();
    const sentMs = performance.now();
    await pay(api, from, {...group, asset: asset.asset_id, amount, memo, requestId});
    const onStage = (status: PaymentStatus) => journey?.(status.stage, performance.now() - sentMs, status);
    const status = await this.client.settled(requestId, {timeoutMs: SETTLE_MS, everyMs: 30, onStage});
    if (ends.includes(status.stage)) return status;
    const {means, cure} = status["words"] as {means: string; cure: string};
    throw new Error(`the payment is ${status.stage}${status.reason === null ? "" : ` (${status.reason})`}: ${means} ${cure}`);
  }
}

/** Prints each stage of a payment, one a line. */
export const printJourney: Journey = (stage, ms, {height, nonce}) => {
  const place = height === null ? "" : `height ${height}${nonce === null ? "" : `, message ${nonce} of the app`}`;
  process.stdout.write(`${`${Math.round(ms)} ms`.padStart(9)}  ${stage.padEnd(11)} ${place}\n`);
};
