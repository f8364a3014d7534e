import {fromHex, type Hex, toHex} from "../base/bytes.ts";
import {describeError} from "../base/errors.ts";
import {keccakHex} from "../base/hash.ts";
import type {ActivationArgs, DeliverArgs, GroupContract, Submitted} from "../ports/chain.ts";
import type {Clock, Logger} from "../ports/system.ts";
import {platformOf} from "../types/digests.ts";
import {GROUP, readContract, type Target} from "./abi.ts";
import {Account, type MinedCall, type PlannedCall} from "./account.ts";
import {ChainError} from "./errors.ts";
import {gasLimitFor} from "./gas.ts";
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
export interface RpcGroupContract extends GroupContract {
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
    const data = GROUP.encodeFunctionData("activate", [
      args.groupKey,
      args.pop,
      args.sid,
      args.transcript,
      args.epoch,
      args.keys,
      args.seats,
      args.signatures,
      args.deadline,
    ]) as Hex;
    const mined = await this.#account.send(`activate ${args.sid}`, async () => {
      if ((await this.#groupKey()).length > 0) return null;
      try {
        return await this.#plan(data, "activate");
      } catch (error) {
        if (isRevert(error, "AlreadyActive")) return null;
        throw error;
      }
    });
    const result = this.#result(mined, "Activated");
    if (result.outcome === "reverted" && (await this.#groupKey()).length > 0) return {...result, outcome: "unneeded"};
    return result;
  }

  async deliver(args: DeliverArgs): Promise<Submitted> {
    const mined = await this.#account.send(`deliver ${args.height}`, () => this.#planDelivery(args));
    return this.#result(mined, "Delivered");
  }

  async execute(args: {seq: bigint; event: Uint8Array; proof: readonly Uint8Array[]}): Promise<Submitted> {
    const data = GROUP.encodeFunctionData("execute", [args.seq, toHex(args.event), args.proof.map(toHex)]) as Hex;
    try {
      const mined = await this.#account.send(`execute ${keccakHex(args.event)}`, () => this.#plan(data, "execute"));
      return this.#result(mined, "MessageState");
    } catch (error) {
      // the lane is past it: somebody else was faster
      if (error instanceof ChainError && error.data["error"] === "NonceOutOfOrder") return {outcome: "unneeded", txHash: null, gasUsed: 0n};
      throw error;
    }
  }

  /**
   * A call with as many of the given outboxes as the gas cap allows, from the one that the contract wants now; null where it
   * has taken all. Throws ChainError OUT_OF_ORDER where it wants one before them.
   */
  async #planDelivery(args: DeliverArgs): Promise<PlannedCall | null> {
    const nextSeq = await this.#nextSeq();
    const own = args.outboxes.filter((outbox) => outbox.platform === this.platform);
    const given = own.slice(own.length - args.deliveries.length);
    const taken = given.filter((outbox) => outbox.seq < nextSeq).length;
    const first = given[taken];
    if (first === undefined) return null;
    if (first.seq !== nextSeq) throw new ChainError("OUT_OF_ORDER", {nextSeq, seq: first.seq});
    for (let count = given.length - taken; ; count = Math.ceil(count / 2)) {
      const deliveries = args.deliveries.slice(taken, taken + count);
      try {
        return await this.#plan(encodeDelivery(args, deliveries), "deliver");
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

  async #plan(data: Hex, name: string): Promise<PlannedCall> {
    const call = {to: this.#target.address, data, value: 0n};
    const gasLimit = await gasLimitFor(this.#provider, {from: this.submitter, call, abi: GROUP, name});
    return {...call, gasLimit};
  }

  /** A transaction that succeeded without the contract's event came second: it changed nothing. */
  #result(mined: MinedCall | null, event: "Activated" | "Delivered" | "MessageState"): Submitted {
    if (mined === null) return {outcome: "unneeded", txHash: null, gasUsed: 0n};
    const {txHash, gasUsed, succeeded, logs} = mined;
    const topic = GROUP.getEvent(event)?.topicHash;
    if (!succeeded) this.#log.warn("transaction reverted when it was mined", {tx: txHash, gasUsed});
    const worked = logs.some((log) => log.address === this.#target.address && log.topic === topic);
    return {outcome: worked ? "mined" : succeeded ? "unneeded" : "reverted", txHash, gasUsed};
  }

  async #nextSeq(): Promise<bigint> {
    return (await readContract(this.#target, "nextSeq"))[0] as bigint;
  }
  async #groupKey(): Promise<Uint8Array> {
    return fromHex((await readContract(this.#target, "groupKey"))[0] as string);
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

function encodeDelivery(args: DeliverArgs, deliveries: DeliverArgs["deliveries"]): Hex {
  const {height, coreHash, outboxes, epoch, round, signature} = args;
  return GROUP.encodeFunctionData("deliver", [height, coreHash, outboxes, epoch, round, toHex(signature), deliveries]) as Hex;
}

function isRevert(error: unknown, name: string): boolean {
  return error instanceof ChainError && error.code === "REVERTED" && error.data["error"] === name;
}
