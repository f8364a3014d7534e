import {describeError} from "../../base/errors.ts";
import {heightOf, type LedgerState} from "../../mvm/ledger.ts";
import type {Clock, Logger, Service} from "../../ports/system.ts";
import type {Block} from "../../types/block.ts";
import type {Certifier} from "./certifier.ts";
import type {DecidedChain} from "./decided-chain.ts";
import type {Sources} from "./sources.ts";

const LOOK_MS = 500;
/** Blocks that are kept; payments are not admitted long before so many lack a certificate. */
const HELD_MAX = 1_024;
const LOOKS_AT_ONCE = 8;

/**
 * Reviews decided blocks that the own sources had not confirmed when they were decided: by others' votes, while catching up, or
 * before a restart. A block is signed with the group's shares only once they have; were it never, one silent validator
 * and one late source would keep its certificate from everybody.
 */
export class LateReview implements Service {
  readonly name = "late review";
  readonly #p: {chain: DecidedChain; certifier: Certifier; sources: () => Sources; clock: Clock; log: Logger};
  /** Height → block without a certificate, and the state that it follows. */
  readonly #held = new Map<number, {readonly block: Block; readonly before: LedgerState}>();
  readonly #contradicted = new Set<number>();
  #last: LedgerState;
  #cancel: (() => void) | null = null;
  #asking: Promise<void> = Promise.resolve();

  /** @param ports.sources  asked from `start` on: they need this one to know what not to forget */
  constructor(ports: {chain: DecidedChain; certifier: Certifier; sources: () => Sources; clock: Clock; log: Logger}) {
    this.#p = ports;
    const {chain} = ports;
    this.#last = chain.state;
    chain.onDecided(({height, block, applied, proof, replay}) => {
      const before = this.#last;
      this.#last = applied.state;
      if (!replay) this.#forget(); // the certifier says what is open once it has started
      // blocks that a snapshot stands for are not heard of
      if (heightOf(before) !== height - 1) return;
      if (proof.kind === "certificate" || !chain.isCertified(height)) return;
      this.#held.set(height, {block, before});
      const [first] = this.#held.keys();
      if (this.#held.size > HELD_MAX && first !== undefined) this.#held.delete(first);
    });
  }

  async start(): Promise<void> {
    this.#forget();
    this.#look();
  }
  async stop(): Promise<void> {
    this.#cancel?.();
    await this.#asking;
  }

  /** The state before the oldest block that may have to be reviewed; null: there is none. */
  oldest(): LedgerState | null {
    const [first] = this.#held.values();
    return first?.before ?? null;
  }

  #look(): void {
    const waiting = this.#p.certifier.unconfirmed().filter((height) => !this.#contradicted.has(height));
    for (const height of waiting.slice(0, LOOKS_AT_ONCE)) this.#review(height);
    this.#cancel = this.#p.clock.after(LOOK_MS, () => this.#look());
  }

  #review(height: number): void {
    const {certifier, log} = this.#p;
    const held = this.#held.get(height);
    if (held === undefined) {
      // the state before it is gone: what an earlier run made of it stands
      certifier.confirm(height);
      return;
    }
    const sources = this.#p.sources();
    const {judgement, ask} = sources.review(held.block, held.before);
    if (judgement === "valid") {
      certifier.confirm(height);
      log.info("the own sources confirm a decided block", {height});
    } else if (judgement === "invalid") {
      this.#contradicted.add(height);
      log.error("a decided block contradicts the own sources, no partial signature is given", {height});
    } else {
      this.#asking = sources.ask(ask).catch((error: unknown) => log.warn("source failed", describeError(error)));
    }
  }

  /** What is confirmed or certified by now. */
  #forget(): void {
    const waiting = new Set(this.#p.certifier.unconfirmed());
    for (const height of this.#held.keys()) if (!waiting.has(height)) this.#held.delete(height);
    for (const height of this.#contradicted) if (!waiting.has(height)) this.#contradicted.delete(height);
  }
}
