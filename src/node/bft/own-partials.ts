import {BoundedMap} from "../../base/bounded.ts";
import {type Hex, toHex} from "../../base/bytes.ts";
import {blsSign} from "../../crypto/bls.ts";
import {certificateDigest, maskDigest} from "../../types/digests.ts";
import type {MaskPair} from "../../types/mask.ts";
import type {SeatSignature} from "../../types/votes.ts";
import type {DecidedChain} from "./decided-chain.ts";
import type {Subject} from "./partial-pool.ts";

/** Own partials that are kept. */
const OWN_MAX = 256;

/** The group's secret shares of this validator's seats in one epoch. */
export interface OwnShares {
  readonly epoch: number;
  readonly sid: Hex;
  readonly shares: readonly {readonly seat: number; readonly secret: Uint8Array}[];
}

/** The shares of this validator by epoch, and what is signed with them: fields of a block, never a digest that is handed in. */
export class OwnPartials {
  readonly #chain: DecidedChain;
  readonly #shares = new Map<number, OwnShares>();
  readonly #signed = new BoundedMap<string, readonly SeatSignature[]>(OWN_MAX);

  constructor(chain: DecidedChain) {
    this.#chain = chain;
  }

  set(shares: OwnShares): void {
    this.#shares.set(shares.epoch, shares);
  }
  /** The shares of this epoch are gone. */
  drop(epoch: number): void {
    this.#shares.delete(epoch);
  }

  /** Partial signatures of the own seats in the height's set; none without shares, and none for blocks that are proven by votes. */
  of(subject: Subject): readonly SeatSignature[] {
    const {epoch, shares} = this.#chain.setAt(subject.height);
    const held = this.#shares.get(epoch);
    if (held === undefined || held.sid !== shares?.sid || !this.#chain.isCertified(subject.height)) return [];
    const digest = subjectDigest(this.#chain, subject);
    const name = toHex(digest);
    const own = this.#signed.get(name) ?? held.shares.map(({seat, secret}) => ({seat, signature: blsSign(secret, digest)}));
    this.#signed.set(name, own);
    return own;
  }

  /** Partial signatures on a pair by the seats of the next height's set; none without shares. Only for pairs that the decided state wants. */
  ofMask(pair: MaskPair): readonly SeatSignature[] {
    const {epoch, shares} = this.#chain.epochSet;
    const held = this.#shares.get(epoch);
    if (held === undefined || held.sid !== shares?.sid) return [];
    const digest = maskDigest({networkId: this.#chain.genesis.networkId, ...pair});
    return held.shares.map(({seat, secret}) => ({seat, signature: blsSign(secret, digest)}));
  }
}

/** What the seats of a height's set sign, or those of the epoch that is said. */
export function subjectDigest(chain: DecidedChain, of: Subject & {readonly epoch?: number}): Uint8Array {
  const {height, round, blockHash, epoch} = {epoch: chain.setAt(of.height).epoch, ...of};
  return certificateDigest({networkId: chain.genesis.networkId, epoch, height, round, blockHash});
}
