import {Contract, ContractFactory, type InterfaceAbi, JsonRpcProvider, type JsonRpcSigner, type Log} from "ethers";
import {artifactOf, compileContracts} from "../../scripts/compile.ts";
import {toHex, utf8} from "../../src/base/bytes.ts";
import {sha256} from "../../src/base/hash.ts";
import {decimal, units} from "../../src/sdk/payment.ts";
import {MIXIN_GROUP_ABI} from "../../src/types/contract-abi.ts";
import {uuidBytes, uuidFromHex} from "../../src/types/ids.ts";
import {explainRevert} from "../../src/types/revert.ts";
import {startAnvil} from "../anvil.ts";
import {compileProject} from "./compile.ts";

/** XIN. */
export const XIN = "c94ac88f-4671-3976-b60a-09064f1811e8";
const STATES = ["unknown", "queued", "delivered", "parked", "returned", "credited"] as const;
const START_MS = 30_000;
/** Below the cap of a transaction. [EIP-7825] */
const GAS = 16_000_000;

/** An app on the mock's chain. */
export interface MockApp {
  readonly process: string;
  readonly address: string;
  /** ethers' Contract, to read the app and to call what anyone may call. */
  readonly contract: Contract;
}

/** What an app paid. Amounts are decimal text. */
export interface MockSend {
  /** The user's name, where the app paid the sender of a message that this mock made; else a user id, or 0x hex. */
  readonly to: string;
  readonly asset: string;
  readonly amount: string;
  /** As text where it is UTF-8, else 0x hex. */
  readonly memo: string;
}

/** What a payment led to. */
export interface MockResult {
  readonly nonce: bigint;
  readonly state: (typeof STATES)[number];
  /** Why it is parked, in words. */
  readonly failure: string | null;
  readonly sends: readonly MockSend[];
  readonly gasUsed: number;
}

/** Mixin, its validators and a chain for the tests of an app: no validator runs, and nothing leaves this machine. */
export class MixinTestKit {
  readonly #provider: JsonRpcProvider;
  readonly #signer: JsonRpcSigner;
  readonly #mock: Contract;
  readonly #group: Contract;
  readonly #artifacts: ReturnType<typeof compileProject>;
  readonly #stop: () => Promise<void>;
  /** Names of users by the masks that apps see. */
  readonly #names = new Map<string, string>();

  private constructor(of: {
    provider: JsonRpcProvider;
    signer: JsonRpcSigner;
    mock: Contract;
    group: Contract;
    artifacts: ReturnType<typeof compileProject>;
    stop: () => Promise<void>;
  }) {
    this.#provider = of.provider;
    this.#signer = of.signer;
    this.#mock = of.mock;
    this.#group = of.group;
    this.#artifacts = of.artifacts;
    this.#stop = of.stop;
  }

  /** Compiles `contracts/` of the folder and starts a chain of its own with the mock. Throws with the compiler's text. */
  static async start(folder: string): Promise<MixinTestKit> {
    const artifacts = compileProject(folder);
    const {abi, bytecode} = artifactOf(compileContracts(), "MixinMock");
    const anvil = await startAnvil([], AbortSignal.timeout(START_MS));
    const provider = new JsonRpcProvider(anvil.url, undefined, {staticNetwork: true, pollingInterval: 20, cacheTimeout: -1});
    const stop = async () => {
      provider.destroy();
      await anvil.stop();
    };
    try {
      const signer = await provider.getSigner(0);
      const mock = await deploy(abi, bytecode, signer, []);
      const group = new Contract(String(await mock.getFunction("group")()), MIXIN_GROUP_ABI, signer);
      return new MixinTestKit({provider, signer, mock, group, artifacts, stop});
    } catch (error) {
      await stop();
      throw error;
    }
  }

  /**
   * Deploys a contract of the folder with the constructor arguments (group, process, …`args`) and registers it.
   * @param terms.process   UUID; made of the contract's name where absent
   * @param terms.policy    what happens behind a parked message; strict where absent
   * @param terms.gasLimit  300,000 where absent
   */
  async deploy(
    name: string,
    terms: {process?: string; policy?: "strict" | "park"; gasLimit?: number; args?: readonly unknown[]} = {},
  ): Promise<MockApp> {
    const artifact = this.#artifacts[name];
    if (artifact === undefined) throw new Error(`no contract ${name} in contracts/; there are ${Object.keys(this.#artifacts).join(", ")}`);
    const {process = userId(name), policy = "strict", gasLimit = 300_000, args = []} = terms;
    const id = toHex(uuidBytes(process));
    const contract = await deploy(artifact.abi, artifact.bytecode, this.#signer, [this.#group.target, id, ...args]);
    await (await this.#mock.getFunction("register")(id, contract.target, policy === "park" ? 1 : 0, gasLimit)).wait();
    return {process, address: String(contract.target), contract};
  }

  /**
   * A Mixin user pays the app. Resolves when the group contract has run it, or queued or parked it; never throws for a failure
   * of the app.
   * @param payment.from    any name; the same name is the same user. "": nobody who could be paid back
   * @param payment.amount  decimal text; 0 where absent
   * @param payment.asset   UUID; XIN where absent
   * @param payment.extra   a string counts as UTF-8
   */
  async pay(app: MockApp, payment: {from: string; amount?: string; asset?: string; extra?: Uint8Array | string}): Promise<MockResult> {
    const {from, amount = "0", asset = XIN, extra = ""} = payment;
    const process = toHex(uuidBytes(app.process));
    const user = from === "" ? `0x${"00".repeat(16)}` : toHex(uuidBytes(userId(from)));
    this.#names.set(await this.senderOf(app, from), from);
    const nonce = (await this.#group.getFunction("nextNonce")(process)) as bigint;
    const bytes = typeof extra === "string" ? utf8(extra) : extra;
    const args = [process, user, toHex(uuidBytes(asset)), units(amount), bytes];
    return this.#resultOf(app, nonce, await this.#mock.getFunction("pay")(...args, {gasLimit: GAS}));
  }

  /** Runs a parked message again, or a queued one whose turn has come, as anyone may. Throws where the contract refuses. */
  async retry(app: MockApp, nonce: bigint): Promise<MockResult> {
    const args = [toHex(uuidBytes(app.process)), nonce, {gasLimit: GAS}];
    await this.#mock
      .getFunction("retry")
      .staticCall(...args)
      .catch((error: {data?: string}) => {
        throw new Error(`the group contract refuses: ${explainRevert(bytesOf(error.data ?? "0x"), errorsOf(app))}`);
      });
    return this.#resultOf(app, nonce, await this.#mock.getFunction("retry")(...args));
  }

  /** What the app can send of an asset: decimal text. */
  async balance(app: MockApp, asset: string = XIN): Promise<string> {
    return decimal((await this.#group.getFunction("balanceOf")(toHex(uuidBytes(app.process)), toHex(uuidBytes(asset)))) as bigint);
  }

  /** `message.sender` of this user as this app sees it: 0x hex, 16 bytes. */
  async senderOf(app: MockApp, name: string): Promise<string> {
    const user = name === "" ? `0x${"00".repeat(16)}` : toHex(uuidBytes(userId(name)));
    return String(await this.#mock.getFunction("maskOf")(toHex(uuidBytes(app.process)), user));
  }

  /** The event of a message, as `retry` and `giveBack` of the group contract want it: 0x hex. */
  async eventOf(app: MockApp, nonce: bigint): Promise<string> {
    return String(await this.#mock.getFunction("eventOf")(toHex(uuidBytes(app.process)), nonce));
  }

  /** Lets time pass on the chain, seconds. */
  async passTime(seconds: number): Promise<void> {
    await this.#provider.send("evm_increaseTime", [seconds]);
    await this.#provider.send("evm_mine", []);
  }

  async stop(): Promise<void> {
    await this.#stop();
  }

  async #resultOf(app: MockApp, nonce: bigint, sent: {wait(): Promise<unknown>}): Promise<MockResult> {
    const receipt = (await sent.wait()) as {gasUsed: bigint; logs: readonly Log[]};
    const process = toHex(uuidBytes(app.process));
    const logs = receipt.logs.flatMap((log) => (log.address === this.#group.target ? (this.#group.interface.parseLog(log) ?? []) : []));
    const sends = logs.filter((log) => log.name === "Outbound").map(({args}) => this.#sendOf(args));
    const fate = logs.findLast((log) => log.name === "MessageState" && log.args["process"] === process && log.args["nonce"] === nonce);
    const state = STATES[Number(fate?.args["state"] ?? 0)] ?? "unknown";
    const failure = state === "parked" ? explainRevert(bytesOf(String(fate?.args["reason"])), errorsOf(app)) : null;
    return {nonce, state, failure, sends, gasUsed: Number(receipt.gasUsed)};
  }

  #sendOf(args: Readonly<Record<string, unknown>>): MockSend {
    const data = String(args["receiverData"]);
    const to = Number(args["receiverKind"]) === 0 ? (this.#names.get(data) ?? data) : data.length === 34 ? uuidFromHex(data) : data;
    return {to, asset: uuidFromHex(String(args["asset"])), amount: decimal(args["amount"] as bigint), memo: textOf(String(args["memo"]))};
  }
}

/** A user id made of a name: the same for the same name. */
function userId(name: string): string {
  return uuidFromHex(toHex(sha256(utf8(`user ${name}`)).subarray(0, 16)));
}

async function deploy(abi: readonly object[], bytecode: string, signer: JsonRpcSigner, args: readonly unknown[]): Promise<Contract> {
  const made = await new ContractFactory(abi as InterfaceAbi, bytecode, signer).deploy(...args, {gasLimit: GAS});
  await made.waitForDeployment();
  return new Contract(await made.getAddress(), abi as InterfaceAbi, signer);
}

function errorsOf({contract}: MockApp): string[] {
  return contract.interface.format().filter((line) => line.startsWith("error "));
}

function bytesOf(hex: string): Uint8Array {
  return Uint8Array.from(Buffer.from(hex.slice(2), "hex"));
}

function textOf(hex: string): string {
  const bytes = bytesOf(hex);
  try {
    const text = new TextDecoder("utf-8", {fatal: true}).decode(bytes);
    return /\p{Cc}/u.test(text) ? hex : text;
  } catch {
    return hex;
  }
}
