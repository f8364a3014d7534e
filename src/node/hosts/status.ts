import type {OutputFeed} from "../../ports/mixin.ts";
import type {Network, Peer} from "../../ports/network.ts";
import type {Clock, Service} from "../../ports/system.ts";
import type {StatusMessage} from "../../types/messages.ts";
import type {DecidedChain} from "../bft/decided-chain.ts";
import type {Driver} from "../bft/driver.ts";
import type {Sources} from "../bft/sources.ts";

/** Least time between two status messages, and the longest without one. */
const LEAST_MS = 20;
const HEARTBEAT_MS = 2_000;

/** Tells the other validators how far this one is and which outputs it has seen, so that nobody waits for its own poll. */
export class StatusTeller implements Service {
  readonly name = "status";
  readonly #p: {chain: DecidedChain; driver: Driver; sources: Sources; feed: OutputFeed; network: Network; clock: Clock};
  #due: (() => void) | null = null;
  #heartbeat: (() => void) | null = null;
  #stopped = false;

  constructor(ports: {chain: DecidedChain; driver: Driver; sources: Sources; feed: OutputFeed; network: Network; clock: Clock}) {
    this.#p = ports;
    ports.chain.onDecided(({replay}) => {
      if (!replay) this.#soon();
    });
  }

  async start(): Promise<void> {
    this.#p.feed.onNew(() => this.#soon());
    this.#beat();
  }
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#due?.();
    this.#heartbeat?.();
  }

  /** A validator has connected: it hears at once how far this one is. */
  send(to: Peer): void {
    if (to.validator !== null) this.#p.network.sendTo(to.validator, this.#message());
  }

  #message(): StatusMessage {
    const {chain, driver, sources} = this.#p;
    return {kind: "status", height: chain.height, round: Math.max(0, driver.round), outputs: sources.undecidedIds()};
  }

  #soon(): void {
    if (this.#due !== null || this.#stopped) return;
    this.#due = this.#p.clock.after(LEAST_MS, () => {
      this.#due = null;
      this.#p.network.resend(this.#message());
    });
  }

  #beat(): void {
    if (this.#stopped) return;
    this.#p.network.resend(this.#message());
    this.#heartbeat = this.#p.clock.after(HEARTBEAT_MS, () => this.#beat());
  }
}
