import {SigningKey, Transaction} from "ethers";
import type {Hex} from "../base/bytes.ts";
import {addressOf} from "../crypto/secp256k1.ts";
import type {Clock, Logger} from "../ports/system.ts";
import {ChainError} from "./errors.ts";
import {type Fees, raiseFees, suggestFees} from "./fees.ts";
import type {Call} from "./gas.ts";
import {IN_POOL, Landed} from "./landed.ts";
import type {ChainProvider} from "./provider.ts";
import {parseCount, parseQuantity, parseReceipt, type Receipt} from "./replies.ts";

/** Turns of one send: each waits for at most `replaceMs` and then pays more. */
const TURNS_MAX = 20;
/** How often one offer is made dearer at once where the node wants more for a replacement. */
const RAISES_MAX = 24;
/** Looks for a receipt of a nonce that is used up, before it counts as used by somebody else. */
const LOOKS_MAX = 5;

const NONCE_USED = /nonce (?:is )?too low|nonce has already been used|oldnonce/i;
const UNDERPRICED = /underpriced|replacement|fee too low/i;
const NO_FUNDS = /insufficient (?:funds|balance)/i;

export interface AccountOptions {
  readonly provider: ChainProvider;
  /** 32 bytes. */
  readonly secret: Uint8Array;
  readonly clock: Clock;
  readonly log: Logger;
  /** How long a transaction may wait in the pool before it is replaced by one that pays more, ms. */
  readonly replaceMs: number;
  /** Between two looks for a receipt, ms. */
  readonly receiptMs: number;
  /** As of the chain's observer: a transaction in a final block needs no more care. */
  readonly finality: number;
}

export type PlannedCall = Call & {readonly gasLimit: bigint};

interface Attempt {
  readonly hash: Hex;
  readonly raw: string;
  readonly label: string;
  readonly fees: Fees;
  readonly sentMs: number;
}

/** A nonce in use, with every transaction that was ever signed for it: any of them may be the one that is mined. */
interface Slot {
  readonly nonce: number;
  readonly attempts: Attempt[];
}

export type MinedCall = Receipt & {readonly label: string};

/**
 * One EVM account: at most one nonce in flight, replaced by a dearer transaction when it is stuck. Knows nothing on disk:
 * after a restart the node's counts of mined and pending transactions say what is in flight.
 */
export class Account {
  readonly address: Hex;
  readonly #options: AccountOptions;
  readonly #key: SigningKey;
  readonly #landed: Landed;
  readonly #sleepers = new Set<() => void>();
  #turn: Promise<unknown> = Promise.resolve();
  #slot: Slot | null = null;
  #closed = false;

  constructor(options: AccountOptions) {
    this.#options = options;
    this.#key = new SigningKey(options.secret);
    this.address = addressOf(options.secret);
    this.#landed = new Landed({...options, address: this.address});
  }

  /**
   * Sends what `plan` gives and waits until it is mined. Calls wait for each other.
   * @param label names the purpose: where a transaction of an earlier call with this label turns out to be mined, that is the answer
   * @param plan  asked before each attempt, also after a wait; null: not needed any more
   * @returns null where the plan ended it; what is in the pool then stays there, and the next call deals with it
   * @throws ChainError NO_FUNDS, STUCK, STOPPED, what `plan` throws, and what the node does; all may be tried again
   */
  send(label: string, plan: () => Promise<PlannedCall | null>): Promise<MinedCall | null> {
    const turn = this.#turn.then(() => this.#send(label, plan));
    this.#turn = turn.catch(() => {});
    return turn;
  }

  /** wei */
  async balance(): Promise<bigint> {
    return parseQuantity(await this.#options.provider.request("eth_getBalance", [this.address, "latest"]), "balance");
  }

  /** Sends again what a reorganisation of the chain took out of it. */
  async tend(): Promise<void> {
    await this.#landed.tend();
  }

  /** Ends waits with STOPPED. */
  close(): void {
    this.#closed = true;
    for (const wake of [...this.#sleepers]) wake();
  }

  async #send(label: string, plan: () => Promise<PlannedCall | null>): Promise<MinedCall | null> {
    for (let turn = 0; turn < TURNS_MAX; turn++) {
      const earlier = this.#slot === null ? null : await this.#settle(this.#slot);
      if (earlier?.label === label) return earlier;
      const call = await plan();
      if (call === null) return null;
      const [slot, suggested] = await Promise.all([this.#openSlot(), suggestFees(this.#options.provider)]);
      if (slot === null) continue;
      await this.#offer({slot, call, label, suggested});
      const mined = await this.#settled(slot);
      if (mined?.label === label) return mined;
    }
    throw new ChainError("STUCK", {address: this.address, nonce: this.#slot?.nonce ?? -1});
  }

  /** The nonce to use; null where it took a wait for unknown transactions, after which the plan may be another. */
  async #openSlot(): Promise<Slot | null> {
    if (this.#slot !== null) return this.#slot;
    const {clock, log, replaceMs} = this.#options;
    let [mined, pending] = await Promise.all([this.#count("latest"), this.#count("pending")]);
    if (await this.#landed.putBack(mined)) pending = await this.#count("pending");
    if (pending > mined) {
      log.info("transactions of an earlier run are pending", {address: this.address, nonce: mined, count: pending - mined});
      const since = clock.now();
      while (clock.now() - since < replaceMs) {
        await this.#wait();
        mined = await this.#count("latest");
        if (mined >= pending) return null;
      }
    }
    this.#slot = {nonce: mined, attempts: []};
    return this.#slot;
  }

  /** Signs and sends; raises fees until the node takes it in place of what it has. */
  async #offer(of: {slot: Slot; call: PlannedCall; label: string; suggested: Fees}): Promise<void> {
    const {slot, call, label, suggested} = of;
    const last = slot.attempts.at(-1);
    if (last?.label === label && this.#options.clock.now() - last.sentMs < this.#options.replaceMs) {
      await this.#broadcast(slot, last);
      return;
    }
    let fees = last === undefined ? suggested : raiseFees(last.fees, suggested);
    if (last !== undefined && fees !== null)
      this.#options.log.info("transaction is late, paying more", {nonce: slot.nonce, label, maxFee: fees.maxFee, tip: fees.tip});
    for (let raises = 0; raises < RAISES_MAX && fees !== null; raises++) {
      const attempt = this.#sign(slot.nonce, {...call, ...fees}, label);
      slot.attempts.push(attempt); // before it leaves: an answer may never come
      if (await this.#broadcast(slot, attempt)) return;
      fees = raiseFees(fees, suggested);
    }
    const kept = slot.attempts.at(-1);
    if (kept === undefined) this.#slot = null;
    else await this.#broadcast(slot, kept);
  }

  /** Whether the node has it now. Throws where it never will. */
  async #broadcast(slot: Slot, attempt: Attempt): Promise<boolean> {
    try {
      await this.#options.provider.request("eth_sendRawTransaction", [attempt.raw]);
      return true;
    } catch (error) {
      if (!(error instanceof ChainError) || error.code !== "REFUSED") throw error;
      const message = String(error.data["message"]);
      if (IN_POOL.test(message) || NONCE_USED.test(message)) return true; // a receipt, or its absence, says what became of it
      if (slot.attempts.at(-1) === attempt) slot.attempts.pop();
      if (UNDERPRICED.test(message)) return false;
      if (slot.attempts.length === 0) this.#slot = null;
      throw NO_FUNDS.test(message) ? new ChainError("NO_FUNDS", {address: this.address}, {cause: error}) : error;
    }
  }

  #sign(nonce: number, of: PlannedCall & Fees, label: string): Attempt {
    const {to, data, value, gasLimit, maxFee, tip} = of;
    const {chainId} = this.#options.provider;
    const fees = {maxFeePerGas: maxFee, maxPriorityFeePerGas: tip};
    const transaction = Transaction.from({type: 2, chainId, nonce, to, data, value, gasLimit, ...fees});
    transaction.signature = this.#key.sign(transaction.unsignedHash);
    return {hash: transaction.hash as Hex, raw: transaction.serialized, label, fees: {maxFee, tip}, sentMs: this.#options.clock.now()};
  }

  /** Waits for a receipt of any attempt; null where none comes within `replaceMs`, or the nonce was used otherwise. */
  async #settled(slot: Slot): Promise<MinedCall | null> {
    const {clock, replaceMs} = this.#options;
    const since = clock.now();
    for (let looks = 1; this.#slot === slot; looks++) {
      const mined = looks % LOOKS_MAX === 0 ? await this.#settle(slot) : await this.#receiptOf(slot);
      if (mined !== null) return mined;
      if (clock.now() - since >= replaceMs) return null;
      await this.#wait();
    }
    return null;
  }

  /** The receipt of `slot`, which is then over; it is over without one where another process used its nonce. */
  async #settle(slot: Slot): Promise<MinedCall | null> {
    for (let looks = 0; looks < LOOKS_MAX; looks++) {
      const mined = await this.#receiptOf(slot);
      if (mined !== null) return mined;
      if ((await this.#count("latest")) <= slot.nonce) return null;
      if (looks > 0) await this.#wait();
    }
    this.#options.log.warn("nonce was used by an unknown transaction", {address: this.address, nonce: slot.nonce});
    this.#slot = null;
    return null;
  }

  async #receiptOf(slot: Slot): Promise<MinedCall | null> {
    for (const {hash, raw, label} of [...slot.attempts].reverse()) {
      const receipt = parseReceipt(await this.#options.provider.request("eth_getTransactionReceipt", [hash]));
      if (receipt === null) continue;
      this.#landed.add({nonce: slot.nonce, raw, hash, block: receipt.blockNumber});
      this.#slot = null;
      return {...receipt, label};
    }
    return null;
  }

  async #count(tag: "latest" | "pending"): Promise<number> {
    return parseCount(await this.#options.provider.request("eth_getTransactionCount", [this.address, tag]), "transactionCount");
  }

  async #wait(): Promise<void> {
    if (!this.#closed)
      await new Promise<void>((resolve) => {
        const cancel = this.#options.clock.after(this.#options.receiptMs, wake);
        const sleepers = this.#sleepers;
        sleepers.add(wake);
        function wake(): void {
          cancel();
          sleepers.delete(wake);
          resolve();
        }
      });
    if (this.#closed) throw new ChainError("STOPPED", {address: this.address});
  }
}
