import type {Hex} from "../../../src/base/bytes.ts";
import type {Decision} from "../../../src/node/bft/decided-chain.ts";
import type {Verdict} from "../../../src/ports/network.ts";
import type {Genesis} from "../../../src/types/genesis.ts";
import type {Message} from "../../../src/types/messages.ts";
import {quorumOf, totalSeats} from "../../../src/types/validators.ts";
import type {Certificate} from "../../../src/types/votes.ts";
import {audit} from "../../support/audit.ts";
import type {Watcher} from "./net.ts";
import type {World} from "./world.ts";

/** Safety of the whole run, looked at whenever something is signed, sent, judged, decided, certified or delivered. */
export class Checks implements Watcher {
  readonly violations: string[] = [];
  readonly #world: World;
  readonly #genesis: Genesis;
  readonly #faulty: ReadonlySet<number>;
  readonly #signed = new Map<string, Hex | null>();
  /** `height` → what is decided there. */
  readonly #decided = new Map<number, {hash: Hex; by: string}>();
  /** `height/round/hash` → honest validators that have precommitted it, or have given partial signatures for it. */
  readonly #behind = new Map<string, Set<number>>();
  #audited = 0;
  roundMax = 0;
  /** For whoever plays a scenario by hand. */
  onSent: (message: Message) => void = () => {};

  constructor(of: {world: World; genesis: Genesis; faulty: ReadonlySet<number>}) {
    this.#world = of.world;
    this.#genesis = of.genesis;
    this.#faulty = of.faulty;
  }

  violated(what: string): void {
    this.#world.note(`VIOLATION ${what}`);
    this.violations.push(what);
  }

  sent(from: number, message: Message): void {
    this.onSent(message);
    if (message.kind === "proposal") {
      const {height, round, polRound, blockHash} = message.proposal;
      this.#world.note(`${from} proposes ${height}/${round} ${brief(blockHash)}${polRound < 0 ? "" : ` of round ${polRound}`}`);
      this.#sign(message.proposal.from, `proposal ${height}/${round}`, blockHash);
    } else if (message.kind === "vote") {
      const {height, round, type, blockHash, from: author} = message.vote;
      this.#world.note(`${from} sends ${author === from ? "" : `${author}'s `}${type} ${height}/${round} ${brief(blockHash)}`);
      this.roundMax = Math.max(this.roundMax, round);
      this.#sign(author, `${type} ${height}/${round}`, blockHash);
      if (type === "precommit" && blockHash !== null && author === from) this.#stand(from, {height, round, hash: blockHash});
    } else if (message.kind === "partials") {
      const {height, round, blockHash} = message;
      this.#world.note(`${from} sends partials ${height}/${round} ${brief(blockHash)}`, true);
      this.#stand(from, {height, round, hash: blockHash});
    } else this.#world.note(`${from} sends ${message.kind}`, true);
  }

  judged(of: {from: number; to: number; message: Message; verdict: Verdict}): void {
    const {from, to, message, verdict} = of;
    if (verdict === "reject" && !this.#faulty.has(from) && !this.#faulty.has(to))
      this.violated(`${to} refuses ${message.kind} of the honest ${from}`);
  }

  punished(by: number, validator: number, reason: string): void {
    this.#world.note(`${by} punishes ${validator}: ${reason}`);
    if (!this.#faulty.has(by) && !this.#faulty.has(validator)) this.violated(`${by} punishes the honest ${validator}: ${reason}`);
  }

  /** A validator that is to be believed has decided, now or in an earlier life. */
  decided(by: string, {height, hash, block, applied, replay, proof}: Decision): void {
    if (!replay) this.#world.note(`${by} decides ${height} ${brief(hash)}${proof.kind === "certificate" ? " by certificate" : ""}`);
    this.#settle(height, hash, by);
    if (height <= this.#audited || replay) return;
    for (const fact of block.facts)
      if (fact.kind === "evidence" && !this.#faulty.has(fact.from))
        this.violated(`the honest ${fact.from} is accused of ${fact.type} ${fact.height}/${fact.round}`);
    this.#audited = height;
    try {
      audit(applied.state);
    } catch (error) {
      this.violated(`the books after ${height} do not agree: ${String(error)}`);
    }
  }

  certified(by: string, {height, blockHash}: Certificate): void {
    this.#world.note(`${by} has a certificate of ${height}`, true);
    this.#settle(height, blockHash, `certificate at ${by}`);
  }

  /** The contract has taken outboxes of this block. */
  delivered(height: number, hash: Hex): void {
    if (this.#decided.get(height)?.hash !== hash) this.violated(`the contract takes ${brief(hash)} of ${height}, which nobody has decided`);
  }

  #sign(author: number, slot: string, value: Hex | null): void {
    if (this.#faulty.has(author)) return;
    const key = `${author} ${slot}`;
    const before = this.#signed.get(key);
    if (before !== undefined && before !== value) this.violated(`${key} is signed twice: ${brief(before)} and ${brief(value)}`);
    this.#signed.set(key, value);
  }

  /**
   * Enough honest precommits to make a quorum with the faulty are a decision, whether or not anybody has counted them: the faulty may
   * sign whatever they like, votes and partial signatures alike.
   */
  #stand(by: number, of: {height: number; round: number; hash: Hex}): void {
    if (this.#faulty.has(by)) return;
    const key = `${of.height}/${of.round}/${of.hash}`;
    const behind = this.#behind.get(key) ?? new Set<number>();
    this.#behind.set(key, behind.add(by));
    const {validators} = this.#genesis;
    const seats = [...behind, ...this.#faulty].reduce((sum, i) => sum + (validators[i]?.seats ?? 0), 0);
    if (seats >= quorumOf(totalSeats(validators))) this.#settle(of.height, of.hash, `precommits of round ${of.round}`);
  }

  #settle(height: number, hash: Hex, by: string): void {
    const known = this.#decided.get(height);
    if (known === undefined) this.#decided.set(height, {hash, by});
    else if (known.hash !== hash) this.violated(`height ${height}: ${brief(known.hash)} by ${known.by}, ${brief(hash)} by ${by}`);
  }
}

export function brief(hash: Hex | null): string {
  return hash === null ? "nil" : hash.slice(2, 8);
}
