import {createOutputFeed, type OutputFeedOptions} from "../../src/mixin/output-feed.ts";
import {createPayoutSigner, type PayoutSignerOptions} from "../../src/mixin/payout-signer.ts";
import type {PayoutOrder} from "../../src/ports/mixin.ts";
import type {Clock, Logger} from "../../src/ports/system.ts";
import type {MixinOutput} from "../../src/types/facts.ts";
import {createAsset, createDevnetUser, type DevnetUser, mint} from "../../testnet/mixin/client.ts";
import {Devnet} from "../../testnet/mixin/devnet.ts";
import {DevnetServer} from "../../testnet/mixin/server.ts";

export type Feed = ReturnType<typeof createOutputFeed>;
export type Signer = ReturnType<typeof createPayoutSigner>;

export const clock: Clock = {
  now: () => Date.now(),
  after(ms, run) {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
};

/** Keeps warnings and errors, so that a test can say which are to be expected. */
export class Lines implements Logger {
  readonly all: {level: "warn" | "error"; text: string; fields: object}[] = [];
  debug(): void {}
  info(): void {}
  warn(text: string, fields: object = {}): void {
    this.all.push({level: "warn", text, fields});
  }
  error(text: string, fields: object = {}): void {
    this.all.push({level: "error", text, fields});
  }
  child(): Logger {
    return this;
  }
  errors(): object[] {
    return this.all.filter((line) => line.level === "error");
  }
}

/** A devnet over HTTP with a funded payer and a group of four users, three of whom can spend. */
export class DevnetGroup {
  readonly url: string;
  readonly server: DevnetServer;
  readonly asset: string;
  readonly payer: DevnetUser;
  readonly users: readonly DevnetUser[];
  readonly members: readonly string[];
  readonly threshold = 3;
  readonly #services: {stop(): Promise<void>}[] = [];

  private constructor(parts: {url: string; server: DevnetServer; asset: string; payer: DevnetUser; users: readonly DevnetUser[]}) {
    this.url = parts.url;
    this.server = parts.server;
    this.asset = parts.asset;
    this.payer = parts.payer;
    this.users = parts.users;
    this.members = parts.users.map((user) => user.app_id);
  }

  static async start(): Promise<DevnetGroup> {
    const server = new DevnetServer(new Devnet({file: null, multiSign: false}));
    const url = await server.start(0);
    const asset = await createAsset(url, {symbol: "XIN", name: "Mixin"});
    const payer = await createDevnetUser(url, "payer");
    await mint(url, {receivers: [payer.app_id], asset, amount: "1000"});
    const users = await Promise.all([0, 1, 2, 3].map((i) => createDevnetUser(url, `seat ${i}`)));
    return new DevnetGroup({url, server, asset, payer, users});
  }

  /** One of the group's users. */
  user(n: number): DevnetUser {
    const user = this.users[n];
    if (user === undefined) throw new Error(`no user ${n}`);
    return user;
  }

  async feed(logger: Logger, options: Partial<OutputFeedOptions> = {}): Promise<Feed> {
    const {url, members, threshold} = this;
    const feed = createOutputFeed({url, user: this.user(0), members, threshold, fromSequence: 0n, clock, logger, pollMs: 20, ...options});
    return this.#run(feed);
  }

  async signer(own: readonly DevnetUser[], logger: Logger, options: Partial<PayoutSignerOptions> = {}): Promise<Signer> {
    const {url, members, threshold} = this;
    return this.#run(createPayoutSigner({url, users: own, members, threshold, clock, logger, pollMs: 20, ...options}));
  }

  async #run<T extends Feed | Signer>(service: T): Promise<T> {
    this.#services.push(service);
    await service.start(new AbortController().signal);
    return service;
  }

  /** Stops what was started since the last call. */
  async stopServices(): Promise<void> {
    for (const service of this.#services.splice(0)) await service.stop();
  }

  async stop(): Promise<void> {
    await this.stopServices();
    await this.server.stop();
  }
}

/** Resolves when `condition` holds: it is asked every few milliseconds. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise<void>((done) => setTimeout(done, 5));
}

/** An order that spends `inputs` and pays `amount` to `receiver`. */
export function orderOf(traceId: string, amount: bigint, receiver: string, inputs: readonly MixinOutput[]): PayoutOrder {
  const [first] = inputs;
  if (first === undefined) throw new Error("no inputs");
  return {
    traceId,
    builds: [{requestId: traceId, voiding: false}],
    buildIndex: 0,
    change: inputs.reduce((sum, o) => sum + o.amount, -amount) > 0n ? [inputs.reduce((sum, o) => sum + o.amount, -amount)] : [],
    asset: first.asset,
    amount,
    receivers: [receiver],
    receiversThreshold: 1,
    memo: new TextEncoder().encode("from the group"),
    inputs: inputs.map((o) => ({outputId: o.outputId, txHash: o.txHash, index: o.index, amount: o.amount})),
  };
}
