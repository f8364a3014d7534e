import {BoundedMap} from "../../base/bounded.ts";
import {type Hex, toHex} from "../../base/bytes.ts";
import {combinePartials} from "../../crypto/threshold.ts";
import type {LedgerState} from "../../mvm/ledger.ts";
import {MASKS_PER_BLOCK_MAX, wantedPairs} from "../../mvm/masks.ts";
import {groupKey} from "../../mvm/queries.ts";
import type {Network, Peer, Verdict} from "../../ports/network.ts";
import type {Clock, Logger, Service} from "../../ports/system.ts";
import {maskDigest} from "../../types/digests.ts";
import type {MaskFact, MaskPair} from "../../types/mask.ts";
import type {MaskPartialsMessage} from "../../types/messages.ts";
import type {SeatSignature} from "../../types/votes.ts";
import type {DecidedChain} from "../bft/decided-chain.ts";
import type {OwnPartials} from "../bft/own-partials.ts";

/** Wanted pairs that are signed at one time, the oldest first. */
const WINDOW = 64;
/** Pairs for which one validator's partials are kept: the window, and what its ledger wants already and the own one not yet. */
const PER_VALIDATOR_MAX = 2 * WINDOW;
const RESEND_MS = 500;
/** Heights after a change of the set within which nobody is blamed for signing with shares of the other one. */
const SWITCH_HEIGHTS = 16;

interface MaskPorts {
  readonly chain: DecidedChain;
  readonly network: Network;
  readonly own: OwnPartials;
  /** Seats of whoever has this place in the register. */
  readonly seatsOf: (validator: number) => readonly number[];
  readonly clock: Clock;
  readonly log: Logger;
}

interface Wanted {
  readonly pair: MaskPair;
  readonly digest: Uint8Array;
  readonly own: readonly SeatSignature[];
}

/**
 * Signs the pairs that the own decided state wants masks for, never one that somebody names; gathers the others' partial
 * signatures, and holds the finished ones until a block takes them.
 */
export class MaskHost implements Service {
  readonly name = "masks";
  readonly #p: MaskPorts;
  /** Validator → digest → partials, unverified: whoever floods pushes out its own. */
  readonly #held = new Map<number, BoundedMap<Hex, readonly SeatSignature[]>>();
  readonly #wanted = new Map<Hex, Wanted>();
  readonly #done = new Map<Hex, MaskFact>();
  readonly #listeners: (() => void)[] = [];
  #state: LedgerState | null = null;
  #epoch = 0;
  #cancel: (() => void) | null = null;

  constructor(ports: MaskPorts) {
    this.#p = ports;
    ports.chain.onDecided(({replay}) => {
      if (!replay) this.#refresh();
    });
  }

  async start(): Promise<void> {
    this.#resend();
  }
  async stop(): Promise<void> {
    this.#cancel?.();
  }

  /** Called when a mask is ready for a block. */
  onNew(listener: () => void): void {
    this.#listeners.push(listener);
  }

  /** Masks that the next block may hold. */
  admissible(): readonly MaskFact[] {
    if (this.#state !== this.#p.chain.state) this.#refresh();
    return [...this.#done.values()].slice(0, MASKS_PER_BLOCK_MAX);
  }

  receive({digest, partials}: MaskPartialsMessage, from: Peer): Verdict {
    if (from.validator === null) return "reject";
    const own = this.#p.seatsOf(from.validator);
    if (partials.length === 0) return "reject";
    if (partials.some(({seat}) => !own.includes(seat))) return this.#blame();
    const held = this.#held.get(from.validator) ?? new BoundedMap<Hex, readonly SeatSignature[]>(PER_VALIDATOR_MAX);
    this.#held.set(from.validator, held);
    const isNew = held.get(digest) === undefined;
    held.set(digest, partials);
    this.#combine(digest);
    if (held.get(digest) === undefined) return this.#blame(); // they were bad
    return isNew ? "accept" : "ignore";
  }

  /** Around a change of the set honest validators sign with shares of either. */
  #blame(): Verdict {
    const {epochSet, height} = this.#p.chain;
    return height < (epochSet.from ?? 0) + SWITCH_HEIGHTS ? "ignore" : "reject";
  }

  /** What the ledger wants now: signs what is new, forgets what is over. */
  #refresh(): void {
    const {chain, network} = this.#p;
    this.#state = chain.state;
    if (this.#epoch !== chain.epochSet.epoch) {
      // what the seats of another set have signed fits nothing any more
      this.#epoch = chain.epochSet.epoch;
      this.#wanted.clear();
      this.#held.clear();
    }
    const {networkId} = chain.genesis;
    const wanted = new Map(
      wantedPairs(chain.state, WINDOW).map((pair) => {
        const digest = maskDigest({networkId, ...pair});
        return [toHex(digest), {pair, digest}];
      }),
    );
    for (const digest of [...this.#wanted.keys()]) if (!wanted.has(digest)) this.#forget(digest);
    for (const [name, {pair, digest}] of wanted) {
      if ((this.#wanted.get(name)?.own.length ?? 0) > 0) continue;
      const own = this.#p.own.ofMask(pair);
      this.#wanted.set(name, {pair, digest, own});
      if (own.length > 0) network.resend({kind: "maskPartials", digest: name, partials: own});
      this.#combine(name);
    }
  }

  #forget(digest: Hex): void {
    this.#wanted.delete(digest);
    this.#done.delete(digest);
    for (const held of this.#held.values()) held.delete(digest);
  }

  #combine(digest: Hex): void {
    const wanted = this.#wanted.get(digest);
    const {state, epochSet} = this.#p.chain;
    const key = groupKey(state);
    const {shares} = epochSet;
    if (wanted === undefined || key === null || shares === null || this.#done.has(digest)) return;
    const others = [...this.#held.values()].flatMap((held) => held.get(digest) ?? []);
    const partials = [...wanted.own, ...others];
    if (partials.length < epochSet.quorum) return;
    const {signature, bad} = combinePartials({
      partials,
      threshold: epochSet.quorum,
      groupKey: key.key,
      publicShares: (seat) => shares.publicShares[seat - 1] ?? new Uint8Array(48),
      message: wanted.digest,
    });
    for (const [validator, held] of this.#held)
      if (held.get(digest)?.some(({seat}) => bad.includes(seat))) {
        held.delete(digest);
        this.#p.log.warn("bad partial signature of a mask", {validator});
      }
    if (signature === null) return;
    this.#done.set(digest, {kind: "mask", ...wanted.pair, signature});
    for (const listener of this.#listeners) listener();
  }

  /** Whoever was away when the block was decided has sent nothing, and lacks what the others sent. */
  #resend(): void {
    this.#refresh();
    for (const [digest, {own}] of this.#wanted) if (own.length > 0) this.#p.network.resend({kind: "maskPartials", digest, partials: own});
    this.#cancel = this.#p.clock.after(RESEND_MS, () => this.#resend());
  }
}
