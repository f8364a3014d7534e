import {openPayouts} from "../../mvm/queries.ts";
import type {PayoutSigner} from "../../ports/mixin.ts";
import type {Clock, Service} from "../../ports/system.ts";
import type {DecidedChain} from "../bft/decided-chain.ts";

/** A node that is behind looks so often whether it still is: others pay meanwhile. */
const BEHIND_MS = 500;

/**
 * Tells the payout signer which payouts are open, derived from the state at every decision, never remembered. Reading them costs
 * time for each of them, so it is left out while this node is behind and proposes nothing.
 */
export class PayoutOrders implements Service {
  readonly name = "payout orders";
  readonly #p: {chain: DecidedChain; payouts: PayoutSigner; isBehind: () => boolean; clock: Clock};
  #cancel: (() => void) | null = null;
  #started = false;

  constructor(ports: {chain: DecidedChain; payouts: PayoutSigner; isBehind: () => boolean; clock: Clock}) {
    this.#p = ports;
    ports.chain.onDecided(() => this.#changed());
    ports.chain.onRestored(() => this.#changed());
  }

  async start(): Promise<void> {
    this.#started = true;
    this.#read();
  }
  async stop(): Promise<void> {
    this.#started = false;
    this.#cancel?.();
  }

  #changed(): void {
    if (!this.#started) return;
    if (!this.#p.isBehind()) this.#read();
    else
      this.#cancel ??= this.#p.clock.after(BEHIND_MS, () => {
        this.#cancel = null;
        this.#changed();
      });
  }

  #read(): void {
    const {chain, payouts} = this.#p;
    this.#cancel?.();
    this.#cancel = null;
    payouts.setOrders(openPayouts(chain.state));
  }
}
