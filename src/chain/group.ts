import {fromHex, type Hex} from "../base/bytes.ts";
import {describeError} from "../base/errors.ts";
import {keccakHex} from "../base/hash.ts";
import type {
  ActivationArgs,
  DecidedOutboxes,
  DeliverArgs,
  GroupAction,
  GroupActions,
  GroupContract,
  SignedBySet,
  Submitted,
} from "../ports/chain.ts";
import type {Clock, Logger} from "../ports/system.ts";
import {platformOf} from "../types/digests.ts";
import {GROUP, readContract, type Target} from "./abi.ts";
import {Account, type MinedCall, type PlannedCall} from "./account.ts";
import {ChainError} from "./errors.ts";
import {gasLimitFor} from "./gas.ts";
import {actionCall, activateCall, deliverByVotesCall, deliverCall, executeCall, type GroupCall} from "./group-calls.ts";
import {createPoller, type Poller} from "./poller.ts";
import {type ChainProvider, openProvider} from "./provider.ts";

const TIMEOUT_MS = 10_000;
const REPLACE_MS = 30_000;
const RECEIPT_MS = 100;
const TEND_MS = 2_000;
const TEND_PAUSE_MAX_MS = 30_000;
const GROUP_KEY_BYTES = 128;

export interface GroupContractOptions {
  readonly url: string;
  readonly chainId: number;
  readonly group: Hex;
  /** Secret key of the account that pays, 32 bytes. */
  readonly submitter: Uint8Array;
  /** As of the chain's observer. */
  readonly finality: number;
  readonly clock: Clock;
  readonly log: Logger;
  readonly timeoutMs?: number;
  /** How long a transaction waits in the pool before a dearer one replaces it, ms. */
  readonly replaceMs?: number;
  /** Between two looks for a receipt, ms. */
  readonly receiptMs?: number;
}

/** A GroupContract that says which account pays. */
export interface RpcGroupContract extends GroupContract, GroupActions {
  readonly submitter: Hex;
}

export function createGroupContract(options: GroupContractOptions): RpcGroupContract {
  return new SubmittingGroup(options, openProvider({timeoutMs: TIMEOUT_MS, ...options}));
}

class SubmittingGroup implements RpcGroupContract {
  readonly name: string;
  readonly platform: Hex;
  readonly submitter: Hex;
  readonly #provider: ChainProvider;
  readonly #target: Target;
  readonly #account: Account;
  readonly #log: Logger;
  readonly #tending: Poller;

  constructor(options: GroupContractOptions, provider: ChainProvider) {
    const {chainId, group, clock, submitter, finality, replaceMs = REPLACE_MS, receiptMs = RECEIPT_MS} = options;
    this.name = `group contract ${chainId}`;
    this.platform = platformOf(chainId, group);
    this.#provider = provider;
    this.#target = {provider, address: group, abi: GROUP};
    this.#log = options.log.child({platform: this.platform});
    this.#account = new Account({provider, secret: submitter, clock, log: this.#log, replaceMs, receiptMs, finality});
    this.submitter = this.#account.address;
    this.#tending = createPoller({clock, pollMs: TEND_MS, pauseMaxMs: TEND_PAUSE_MAX_MS, run: () => this.#tend()});
  }

  /** Throws ChainError WRONG_CHAIN or NO_CONTRACT. A node that does not answer yet is no reason to fail. */
  async start(): Promise<void> {
    try {
      await this.#provider.verify();
      if ((await this.#provider.request("eth_getCode", [this.#target.address, "latest"])) === "0x")
        throw new ChainError("NO_CONTRACT", {address: this.#target.address, chainId: this.#provider.chainId});
    } catch (error) {
      if (error instanceof ChainError && (error.code === "WRONG_CHAIN" || error.code === "NO_CONTRACT")) throw error;
      this.#log.warn("chain node does not answer yet", describeError(error));
    }
    this.#tending.start();
  }
  async stop(): Promise<void> {
    this.#account.close();
    this.#provider.destroy();
    await this.#tending.stop();
  }

  async status(): Promise<{activated: boolean; nextSeq: bigint; groupKey: Uint8Array}> {
    const [nextSeq, groupKey] = await Promise.all([this.#nextSeq(), this.#groupKey()]);
    return {activated: groupKey.length === GROUP_KEY_BYTES, nextSeq, groupKey};
  }
  balance(): Promise<bigint> {
    return this.#account.balance();
  }

  async activate(args: ActivationArgs): Promise<Submitted> {
    const call = activateCall(args);
    const mined = await this.#account.send(`activate ${args.sid}`, async () =>
      (await this.#groupKey()).length > 0 ? null : this.#planUnless(call, ["AlreadyActive"]),
    );
    const result = this.#result(mined, call.event);
    if (result.outcome === "reverted" && (await this.#groupKey()).length > 0) return {...result, outcome: "unneeded"};
    return result;
  }

  async admin(): Promise<{counter: bigint; pausedUntil: bigint; epoch: bigint; validatorsHash: Hex}> {
    const names = ["adminCounter", "pausedUntil", "epoch", "validatorsHash"];
    const [counter, pausedUntil, epoch, validatorsHash] = await Promise.all(names.map((name) => this.#read(name)));
    return {
      counter: counter as bigint,
      pausedUntil: pausedUntil as bigint,
      epoch: epoch as bigint,
      validatorsHash: validatorsHash as Hex,
    };
  }

  async act(action: GroupAction): Promise<Submitted> {
    const call = actionCall(action);
    const mined = await this.#account.send(`${action.kind} ${keccakHex(fromHex(call.data))}`, async () => {
      if ("counter" in action && ((await this.#read("adminCounter")) as bigint) > action.counter) return null;
      return this.#planUnless(call, ["NotWaiting", "NotPaused"]);
    });
    return this.#result(mined, call.event);
  }

  async deliver(args: DeliverArgs): Promise<Submitted> {
    const plan = () => this.#planDelivery(args, (deliveries) => deliverCall(args, deliveries));
    return this.#result(await this.#account.send(`deliver ${args.height}`, plan), "Delivered");
  }
  async deliverByVotes(args: DecidedOutboxes & SignedBySet): Promise<Submitted> {
    const plan = () => this.#planDelivery(args, (deliveries) => deliverByVotesCall(args, deliveries));
    return this.#result(await this.#account.send(`deliver ${args.height}`, plan), "Delivered");
  }

  async execute(args: {seq: bigint; event: Uint8Array; proof: readonly Uint8Array[]}): Promise<Submitted> {
    const call = executeCall(args);
    // the lane is past it where somebody else was faster
    const plan = () => this.#planUnless(call, ["NonceOutOfOrder"]);
    return this.#result(await this.#account.send(`execute ${keccakHex(args.event)}`, plan), call.event);
  }

  /** The call; null where it reverts with one of these errors, which mean that there is nothing left to do. */
  async #planUnless(call: GroupCall, done: readonly string[]): Promise<PlannedCall | null> {
    try {
      return await this.#plan(call);
    } catch (error) {
      if (error instanceof ChainError && error.code === "REVERTED" && done.includes(String(error.data["error"]))) return null;
      throw error;
    }
  }

  /**
   * A call with as many of the given outboxes as the gas cap allows, from the one that the contract wants now; null where it
   * has taken all. Throws ChainError OUT_OF_ORDER where it wants one before them.
   */
  async #planDelivery(
    args: DecidedOutboxes,
    callOf: (deliveries: DecidedOutboxes["deliveries"]) => GroupCall,
  ): Promise<PlannedCall | null> {
    const nextSeq = await this.#nextSeq();
    const own = args.outboxes.filter((outbox) => outbox.platform === this.platform);
    const given = own.slice(own.length - args.deliveries.length);
    const taken = given.filter((outbox) => outbox.seq < nextSeq).length;
    const first = given[taken];
    if (first === undefined) return null;
    if (first.seq !== nextSeq) throw new ChainError("OUT_OF_ORDER", {nextSeq, seq: first.seq});
    for (let count = given.length - taken; ; count = Math.ceil(count / 2)) {
      try {
        return await this.#plan(callOf(args.deliveries.slice(taken, taken + count)));
      } catch (error) {
        if (!(error instanceof ChainError) || error.code !== "GAS_TOO_HIGH" || count === 1) throw await this.#afterRace(error, nextSeq);
      }
    }
  }

  /** A revert may only mean that somebody else was faster: then the plan starts anew by way of a transient error. */
  async #afterRace(error: unknown, nextSeq: bigint): Promise<unknown> {
    if (!(error instanceof ChainError) || error.code !== "REVERTED") return error;
    const now = await this.#nextSeq();
    return now === nextSeq ? error : new ChainError("OUT_OF_ORDER", {nextSeq: now, seq: nextSeq}, {cause: error});
  }

  async #plan({name, data}: GroupCall): Promise<PlannedCall> {
    const call = {to: this.#target.address, data, value: 0n};
    const gasLimit = await gasLimitFor(this.#provider, {from: this.submitter, call, abi: GROUP, name});
    return {...call, gasLimit};
  }

  /** A transaction that succeeded without the contract's event came second: it changed nothing. */
  #result(mined: MinedCall | null, event: string): Submitted {
    if (mined === null) return {outcome: "unneeded", txHash: null, gasUsed: 0n};
    const {txHash, gasUsed, succeeded, logs} = mined;
    const topic = GROUP.getEvent(event)?.topicHash;
    if (!succeeded) this.#log.warn("transaction reverted when it was mined", {tx: txHash, gasUsed});
    const worked = logs.some((log) => log.address === this.#target.address && log.topic === topic);
    return {outcome: worked ? "mined" : succeeded ? "unneeded" : "reverted", txHash, gasUsed};
  }

  async #read(name: string): Promise<unknown> {
    return (await readContract(this.#target, name))[0];
  }
  async #nextSeq(): Promise<bigint> {
    return (await this.#read("nextSeq")) as bigint;
  }
  async #groupKey(): Promise<Uint8Array> {
    return fromHex((await this.#read("groupKey")) as string);
  }

  async #tend(): Promise<boolean> {
    try {
      await this.#account.tend();
      return true;
    } catch (error) {
      if (!(error instanceof ChainError && error.code === "STOPPED"))
        this.#log.debug("could not look after sent transactions", describeError(error));
      return false;
    }
  }
}
