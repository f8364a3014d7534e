import type {Hex} from "../base/bytes.ts";
import type {Logger} from "../ports/system.ts";
import {ChainError} from "./errors.ts";
import type {ChainProvider} from "./provider.ts";
import {parseCount, parseReceipt, readFinalHead} from "./replies.ts";

const LANDED_MAX = 64;

/** What nodes say to a transaction that they have. */
export const IN_POOL = /already known|already imported|known transaction/i;

interface Transaction {
  readonly nonce: number;
  readonly raw: string;
  readonly hash: Hex;
  /** null after a reorganisation has taken it out. */
  readonly block: number | null;
}

/** Mined transactions of one account in blocks that are not final: a reorganisation may take them out, and not every node puts them back. */
export class Landed {
  readonly #provider: ChainProvider;
  readonly #address: Hex;
  readonly #finality: number;
  readonly #log: Logger;
  /** By nonce ascending, the newest at the end. */
  #transactions: Transaction[] = [];

  constructor(of: {provider: ChainProvider; address: Hex; finality: number; log: Logger}) {
    this.#provider = of.provider;
    this.#address = of.address;
    this.#finality = of.finality;
    this.#log = of.log;
  }

  add(transaction: Transaction): void {
    const others = this.#transactions.filter((t) => t.nonce !== transaction.nonce);
    this.#transactions = [...others, transaction].sort((a, b) => a.nonce - b.nonce).slice(-LANDED_MAX);
  }

  /**
   * Sends again those that are no longer in the chain.
   * @param mined how many transactions of the account the chain has now
   * @returns     whether there was one
   */
  async putBack(mined: number): Promise<boolean> {
    const gone = this.#transactions.filter((t) => t.nonce >= mined);
    for (const {nonce, raw, hash} of gone) {
      this.#log.warn("a mined transaction is not in the chain any more, sending it again", {nonce, tx: hash});
      if (await this.#send(raw)) this.#update(hash, null);
      else this.#transactions = this.#transactions.filter((t) => t.hash !== hash);
    }
    return gone.length > 0;
  }

  /** Whether the node has it now. */
  async #send(raw: string): Promise<boolean> {
    try {
      await this.#provider.request("eth_sendRawTransaction", [raw]);
      return true;
    } catch (error) {
      if (!(error instanceof ChainError) || error.code !== "REFUSED") throw error;
      return IN_POOL.test(String(error.data["message"]));
    }
  }

  /** Looks after all; forgets those in final blocks. Throws ChainError. */
  async tend(): Promise<void> {
    if (this.#transactions.length === 0) return;
    const [count, final] = await Promise.all([
      this.#provider.request("eth_getTransactionCount", [this.#address, "latest"]),
      readFinalHead(this.#provider, this.#finality),
    ]);
    const mined = parseCount(count, "transactionCount");
    await this.putBack(mined);
    for (const {hash, block, nonce} of this.#transactions) {
      if (block !== null || nonce >= mined) continue;
      const receipt = parseReceipt(await this.#provider.request("eth_getTransactionReceipt", [hash]));
      if (receipt !== null) this.#update(hash, receipt.blockNumber);
      else this.#transactions = this.#transactions.filter((t) => t.hash !== hash); // another one has its nonce now
    }
    if (final !== null) this.#transactions = this.#transactions.filter((t) => t.block === null || t.block > final.number);
  }

  #update(hash: Hex, block: number | null): void {
    this.#transactions = this.#transactions.map((t) => (t.hash === hash ? {...t, block} : t));
  }
}
