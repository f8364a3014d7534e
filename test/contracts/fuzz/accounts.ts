import {concat} from "ethers";
import type {AccountCall} from "../../../src/types/call-list.ts";
import {ACCOUNTS, type Accounts, asUuid, callList, startAccounts} from "../support/accounts.ts";
import type {Chain, Deployed, Receipt} from "../support/chain.ts";
import {BTC, uuid} from "../support/group.ts";
import {type FuzzRun, type Random, randomOf} from "./stakes.ts";

const ASSETS = [BTC, uuid("usd")];
const SENDERS = [uuid("alice"), uuid("bob"), uuid("carol")];
const NOBODY = `0x${"00".repeat(16)}`;
const MODES = 6;

/**
 * Random payments to MixinAccounts with random call lists, good and bad exchanges, holders that withdraw, payments that bounce. After
 * each: what came in is what is there and what went out, all tokens of an asset are what the process holds, no allowance is left, no
 * message waits.
 * @throws Error with the seed and the step
 */
export async function fuzzAccounts(chain: Chain, seed: number, steps: number): Promise<FuzzRun> {
  const accounts = await startAccounts(chain);
  const shops: Deployed[] = [];
  for (let mode = 0; mode < MODES; mode++) {
    const shop = await chain.deploy("Shop", [accounts.hub.address, accounts.group.contract.address]);
    await shop.send("setMode", [mode]);
    shops.push(shop);
  }
  const run = new AccountsRun(accounts, shops, randomOf(seed));
  await run.begin();
  for (let step = 0; step < steps; step++) {
    try {
      await run.step();
      if (step % 6 === 0 || step === steps - 1) await run.check();
    } catch (cause) {
      throw new Error(`seed ${seed}, step ${step}: ${(cause as Error).message}`, {cause});
    }
  }
  return {steps, seen: run.seen};
}

class AccountsRun {
  readonly seen: Record<string, {tried: number; done: number}> = {};
  readonly #accounts: Accounts;
  readonly #shops: readonly Deployed[];
  readonly #random: Random;
  readonly #in = new Map<string, bigint>();
  readonly #out = new Map<string, bigint>();
  readonly #unowned = new Map<string, bigint>();
  #messages = 0;
  #payments = 0;

  constructor(accounts: Accounts, shops: readonly Deployed[], random: Random) {
    this.#accounts = accounts;
    this.#shops = shops;
    this.#random = random;
  }

  async begin(): Promise<void> {
    for (const asset of ASSETS) await this.#accounts.hub.send("createAsset", [asset]);
  }

  async step(): Promise<void> {
    const kind = this.#random.below(10);
    if (kind === 0) return this.#holderWithdraws();
    if (kind === 1) return this.#bounce();
    const calls = await Promise.all(Array.from({length: this.#random.below(4)}, () => this.#call()));
    const list = callList(calls, {
      atomic: this.#random.below(3) === 0,
      keep: this.#random.below(2) === 0,
      assets: ASSETS.filter(() => this.#random.below(4) === 0).map(asUuid),
    });
    const extra = this.#random.below(12) === 0 ? list.slice(0, -2) || "0x" : list;
    await this.#pay(extra, this.#pick(SENDERS), BigInt(this.#random.below(2_000)));
  }

  async #call(): Promise<{target: string; allowance: AccountCall["allowance"]; input: string}> {
    const shop = this.#pick(this.#shops);
    const [token, other] = [await this.#accounts.token(this.#pick(ASSETS)), await this.#accounts.token(this.#pick(ASSETS))];
    const amount = BigInt(this.#random.below(1_500));
    const allowance = this.#random.below(3) === 0 ? "everything" : BigInt(this.#random.below(2_000));
    const account = await this.#accounts.accountOf(this.#pick(SENDERS));
    const choices: readonly [string, string][] = [
      [shop.address, shop.abi.encodeFunctionData("buy", [token.address, amount])],
      [shop.address, shop.abi.encodeFunctionData("buy", [token.address, amount])],
      [shop.address, shop.abi.encodeFunctionData("swap", [token.address, other.address, amount])],
      [shop.address, shop.abi.encodeFunctionData("rob", [token.address, account])],
      [token.address, token.abi.encodeFunctionData("transfer", [this.#pick(this.#holders()), amount])],
      [token.address, token.abi.encodeFunctionData("withdraw", [uuid("user"), amount, "0x"])],
      [token.address, token.abi.encodeFunctionData("transferFrom", [account, shop.address, amount])],
      [token.address, token.abi.encodeFunctionData("burn", [account, amount])],
      [this.#accounts.hub.address, this.#accounts.hub.abi.encodeFunctionData("createAsset", [uuid("new")])],
      [this.#accounts.group.contract.address, this.#accounts.group.contract.abi.encodeFunctionData("bind", [ACCOUNTS])],
      [account, "0x12345678"],
    ];
    const [target, input] = this.#pick(choices);
    return {target, allowance, input};
  }

  async #holderWithdraws(): Promise<void> {
    const holder = this.#pick(this.#holders());
    const asset = this.#pick(ASSETS);
    const token = await this.#accounts.token(asset);
    const has = await this.#accounts.balanceOf(holder, asset);
    const amount = BigInt(this.#random.below(Number(has) + 20));
    const receipt = await token.attempt("withdraw", [uuid("user"), amount, "0x"], {from: holder});
    const may = amount > 0n && amount <= has;
    if (receipt.status !== may) throw new Error(`a withdrawal of ${amount} of ${has} ${receipt.status ? "went through" : "was refused"}`);
    this.#count("withdraw", receipt.status);
    this.#takeOut(receipt);
  }

  /** The group could not make one of the payments: its money is back, and is told so. */
  async #bounce(): Promise<void> {
    const outNonce = this.#random.below(this.#payments + 3);
    await this.#pay(
      concat([Buffer.from("BOUNCE"), `0x${outNonce.toString(16).padStart(16, "0")}`]),
      NOBODY,
      BigInt(1 + this.#random.below(50)),
    );
  }

  async #pay(extra: string, sender: string, amount: bigint): Promise<void> {
    const asset = this.#pick(ASSETS);
    const {receipt, hub} = await this.#accounts.pay(extra, {asset, amount, sender});
    this.#messages++;
    add(this.#in, asset, amount);
    this.#takeOut(receipt);
    if (hub["Unowned"] !== undefined) add(this.#unowned, asset, amount);
    const name = Object.keys(hub).sort().join("+") || "refunded";
    this.#count(name, true);
  }

  #takeOut(receipt: Receipt): void {
    const {abi, address} = this.#accounts.group.contract;
    for (const log of receipt.raw) {
      const parsed = log.address.toLowerCase() === address.toLowerCase() ? abi.parseLog(log) : null;
      if (parsed?.name !== "Outbound") continue;
      this.#payments++;
      add(this.#out, parsed.args["asset"], parsed.args["amount"]);
    }
  }

  async check(): Promise<void> {
    const {group, hub, chain} = this.#accounts;
    const owners = [
      ...(await Promise.all(SENDERS.map((s) => this.#accounts.accountOf(s)))),
      ...this.#shops.map((s) => s.address),
      ...this.#holders(),
    ];
    for (const asset of ASSETS) {
      const {custody, supply} = await this.#accounts.books(asset);
      same(`${asset}: in and out`, (this.#in.get(asset) ?? 0n) - (this.#out.get(asset) ?? 0n), custody);
      same(`${asset}: tokens`, supply + (this.#unowned.get(asset) ?? 0n), custody);
      let sum = 0n;
      for (const owner of owners) sum += await this.#accounts.balanceOf(owner, asset);
      same(`${asset}: everybody's`, sum, supply);
      const token = await this.#accounts.token(asset);
      for (const sender of SENDERS)
        for (const shop of this.#shops)
          same("an allowance", (await token.read("allowance", await this.#accounts.accountOf(sender), shop.address))[0], 0n);
    }
    same("messages taken", (await group.contract.read("nextNonce", ACCOUNTS))[0], BigInt(this.#messages));
    same("the last message", (await hub.read("last"))[0], BigInt(this.#messages - 1) & ((1n << 64n) - 1n));
    const [reentering] = this.#shops.slice(-1);
    same("what a re-entering exchange got", (await reentering?.read("successes"))?.[0], 0n);
    if ((await chain.rpc<string>("eth_getBalance", hub.address, "latest")) !== "0x0") throw new Error("the hub has coins");
  }

  #holders(): string[] {
    return this.#accounts.chain.accounts.slice(3, 6);
  }
  #pick<T>(list: readonly T[]): T {
    return list[this.#random.below(list.length)] as T;
  }
  #count(name: string, done: boolean): void {
    const {tried, done: before} = this.seen[name] ?? {tried: 0, done: 0};
    this.seen[name] = {tried: tried + 1, done: before + (done ? 1 : 0)};
  }
}

function add(sums: Map<string, bigint>, key: string, amount: bigint): void {
  sums.set(key, (sums.get(key) ?? 0n) + amount);
}

function same(what: string, got: bigint | undefined, want: bigint): void {
  if (got !== want) throw new Error(`${what}: ${got} is not ${want}`);
}
