import {fromHex} from "../base/bytes.ts";
import {recover} from "../crypto/secp256k1.ts";
import {admit} from "../dkg/admit.ts";
import {tick} from "../dkg/advance.ts";
import {DkgError} from "../dkg/errors.ts";
import {openSession, type Session} from "../dkg/session.ts";
import {dkgMessageDigest} from "../types/digests.ts";
import type {DkgMessage} from "../types/facts.ts";
import type {Genesis} from "../types/genesis.ts";
import type {Draft} from "./draft.ts";
import {LedgerError} from "./errors.ts";
import type {NetworkConstants} from "./network.ts";
import {KEY, SESSION} from "./tables.ts";

/** The session in which the validators of epoch 0 make the group key. */
export function genesisSession(genesis: Genesis): Session {
  const validators = genesis.validators.map(({operator, seats, encKey}) => ({operator, seats, encKey: fromHex(encKey)}));
  return openSession({networkId: genesis.networkId, epoch: 0, attempt: 0, mode: "fresh", seats: {validators}});
}

/** Moves the session on within one block. */
export class DkgTaker {
  session: Session;

  constructor(session: Session) {
    this.session = session;
  }

  /** Throws LedgerError IDLE_TICK where nothing waits for time. */
  takeTick(draft: Draft, height: number): void {
    if (!waitsForTicks(this.session)) throw new LedgerError("IDLE_TICK", {});
    this.#step(draft, height, tick(this.session));
  }

  /** Throws LedgerError where the signature is not its sender's, or the session does not admit the message. */
  takeMessage(draft: Draft, network: NetworkConstants, height: number, fact: DkgMessage): void {
    const sender = network.genesis.validators[fact.from];
    if (sender === undefined) throw new LedgerError("UNKNOWN_VALIDATOR", {got: fact.from});
    if (recover(dkgMessageDigest(network.genesis.networkId, fact.body), fact.signature) !== sender.consensusKey)
      throw new LedgerError("BAD_SIGNATURE", {got: fact.from});
    this.#step(draft, height, this.#admit(fact));
  }

  #admit({from, body}: DkgMessage): Session {
    try {
      return admit(this.session, {from, body});
    } catch (cause) {
      if (!(cause instanceof DkgError)) throw cause;
      throw new LedgerError("DKG_REFUSED", {reason: cause.code, got: from}, {cause});
    }
  }

  #step(draft: Draft, height: number, session: Session): void {
    const wasActive = this.session.phase === "active";
    this.session = session;
    draft.put(SESSION, null, session);
    if (session.phase !== "active" || wasActive) return;
    const {epoch, sid, transcript, groupKey: key, pop, publicShares} = session;
    draft.put(KEY, null, {epoch, sid, transcript, key, pop, publicShares, keyHeight: height});
  }
}

/** Whether time must pass for the session to end. */
export function waitsForTicks(session: Session): boolean {
  return session.phase !== "active";
}
