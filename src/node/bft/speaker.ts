import type {Hex} from "../../base/bytes.ts";
import type {Effect} from "../../consensus/types.ts";
import type {ProposalMessage, VoteMessage} from "../../types/messages.ts";
import type {SeatSignature, SignedVote} from "../../types/votes.ts";
import {SigningGuard} from "./guard.ts";
import type {ConsensusSigner} from "./signer.ts";

export type Said = Extract<Effect, {kind: "propose" | "vote"}>;

/** Where the parts of an own message come from. */
export interface SpeakerPorts {
  readonly signer: ConsensusSigner;
  /** The epoch of the height in progress, and the index of this validator there; null: it has no seat. */
  readonly place: () => {readonly epoch: number; readonly from: number | null};
  /** The encoded block of a value; undefined where it is not known. */
  readonly bytesOf: (value: Hex) => Uint8Array | undefined;
  /** The prevotes of a polka. */
  readonly polka: (round: number, value: Hex) => readonly SignedVote[];
  readonly ownPartials: (of: {height: number; round: number; blockHash: Hex}) => readonly SeatSignature[];
}

/** Turns what the round machine says into signed messages, past the guard. */
export class Speaker {
  readonly guard = new SigningGuard();
  readonly #ports: SpeakerPorts;

  constructor(ports: SpeakerPorts) {
    this.#ports = ports;
  }

  /**
   * The message to send: what was signed before for this place, or a new signature that the guard remembers.
   * null: a value whose block is unknown, or no seat. Throws GuardError.
   */
  say(effect: Said): ProposalMessage | VoteMessage | null {
    const {height, round} = effect;
    const slot = effect.kind === "propose" ? "proposal" : effect.type;
    const before = this.guard.allow({height, round, slot, value: effect.value as Hex | null});
    const message = before ?? (effect.kind === "vote" ? this.#vote(effect) : this.#proposal(effect));
    if (message !== null) this.guard.remember(message);
    return message;
  }

  #vote(effect: Extract<Said, {kind: "vote"}>): VoteMessage | null {
    const {signer} = this.#ports;
    const {epoch, from} = this.#ports.place();
    if (from === null) return null;
    const {height, round, type} = effect;
    const blockHash = effect.value as Hex | null;
    const fields = {epoch, height, round, type, blockHash};
    const partials = type === "precommit" && blockHash !== null ? this.#ports.ownPartials({height, round, blockHash}) : [];
    return {kind: "vote", vote: {...fields, from, signature: signer.vote(fields)}, partials};
  }

  #proposal(effect: Extract<Said, {kind: "propose"}>): ProposalMessage | null {
    const {signer, bytesOf} = this.#ports;
    const {epoch, from} = this.#ports.place();
    if (from === null) return null;
    const {height, round, polRound} = effect;
    const blockHash = effect.value as Hex;
    const block = bytesOf(blockHash);
    if (block === undefined) return null;
    const fields = {epoch, height, round, polRound, blockHash};
    const polka = polRound < 0 ? [] : this.#ports.polka(polRound, blockHash);
    return {kind: "proposal", proposal: {...fields, from, signature: signer.proposal(fields)}, block, polka};
  }
}
