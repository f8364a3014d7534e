import {HDNodeWallet} from "ethers";
import {type Artifacts, compileSome} from "../scripts/compile.ts";
import type {Hex} from "../src/base/bytes.ts";
import {fromHex} from "../src/base/bytes.ts";
import {Account} from "../src/chain/account.ts";
import {deployApp, deployGroup, deployStaking} from "../src/chain/deploy.ts";
import {type ChainProvider, openProvider} from "../src/chain/provider.ts";
import {freeze, readValidatorsHash} from "../src/chain/staking.ts";
import {systemClock} from "../src/node/system.ts";
import type {Logger} from "../src/ports/system.ts";
import type {Uuid} from "../src/types/ids.ts";

export const CHAIN_ID = 31_337;
export const SALT: Hex = `0x${"6d766d2e746573746e6574".padEnd(64, "0")}`;
export const SEAT_STAKE = 10n ** 18n;
/** Times of Staking that one can wait for, s. */
const TIMES = {genesisTime: 0, epochSeconds: 60, evidenceAge: 120, unbonding: 240, jailSeconds: 60};
const RPC_MS = 10_000;
const GAS_MONEY = 10n ** 19n;

/** First account of anvil's well-known test mnemonic: rich on every anvil, and on no other chain. */
const DEPLOYER = fromHex("0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80");

/** The mnemonic of every anvil. */
const PHRASE = `${"test ".repeat(11)}junk`;
const ACCOUNTS = 10;

/** Accounts of anvil with money, for whoever wants to use the chain; the first is the deployer's and is not among them. */
export function chainAccounts(): {address: Hex; privateKey: Hex}[] {
  const root = HDNodeWallet.fromPhrase(PHRASE, undefined, "m/44'/60'/0'/0");
  return Array.from({length: ACCOUNTS - 1}, (_, i) => root.deriveChild(i + 1)).map(({address, privateKey}) => ({
    address: address.toLowerCase() as Hex,
    privateKey: privateKey as Hex,
  }));
}

const silent: Logger = {debug() {}, info() {}, warn() {}, error() {}, child: () => silent};

/** What a testnet deploys, compiled or as it was compiled before. Throws with the compiler's text. */
export function compileTestnet(): Artifacts {
  return compileSome(["contracts/Staking.sol:Staking", "contracts/MixinGroup.sol:MixinGroup", "contracts/examples/Echo.sol:Echo"]);
}

/** What the launcher does on the chain, with the deployer's account. */
export class TestChain {
  readonly rpc: string;
  readonly provider: ChainProvider;
  readonly #account: Account;
  readonly #artifacts = compileTestnet();

  constructor(rpc: string) {
    this.rpc = rpc;
    this.provider = openProvider({url: rpc, chainId: CHAIN_ID, timeoutMs: RPC_MS});
    this.#account = new Account({
      provider: this.provider,
      secret: DEPLOYER,
      clock: systemClock,
      log: silent,
      replaceMs: 60_000,
      receiptMs: 20,
      finality: 0,
    });
  }

  get deployer(): Hex {
    return this.#account.address;
  }

  close(): void {
    this.provider.destroy();
  }

  deployStaking(minValidators: number): Promise<Hex> {
    return deployStaking(this.#with("Staking"), {salt: SALT, seatStake: SEAT_STAKE, minValidators, ...TIMES});
  }

  /** Money for an operator's stake and its gas, or for a submitter's gas. */
  async fund(address: Hex, seats: number): Promise<void> {
    const value = BigInt(seats) * SEAT_STAKE + GAS_MONEY;
    const mined = await this.#account.send(`fund ${address}`, async () => ({to: address, data: "0x", value, gasLimit: 21_000n}));
    if (mined?.succeeded !== true) throw new Error(`funding ${address} failed`);
  }

  async freeze(staking: Hex): Promise<Hex> {
    await freeze({account: this.#account, provider: this.provider, staking});
    const hash = await readValidatorsHash(this.provider, staking, 0);
    if (hash === null) throw new Error("Staking did not freeze");
    return hash;
  }

  deployGroup(staking: Hex, validatorsHash: Hex): Promise<Hex> {
    return deployGroup(this.#with("MixinGroup"), {homeChainId: CHAIN_ID, staking, salt: SALT, validatorsHash});
  }

  deployEcho(group: Hex, process: Uuid): Promise<Hex> {
    return deployApp(this.#with("Echo"), {group, process});
  }

  #with(contract: string) {
    const found = Object.entries(this.#artifacts).find(([name]) => name.endsWith(`:${contract}`));
    if (found === undefined) throw new Error(`no contract ${contract}: run npm run build:contracts`);
    return {account: this.#account, provider: this.provider, artifact: found[1]};
  }
}
