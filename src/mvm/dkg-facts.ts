import {fromHex, type Hex} from "../base/bytes.ts";
import {DecodeError} from "../base/errors.ts";
import {recover} from "../crypto/secp256k1.ts";
import {admit} from "../dkg/admit.ts";
import {tick} from "../dkg/advance.ts";
import {DkgError} from "../dkg/errors.ts";
import {openSession, type Session, senderOf} from "../dkg/session.ts";
import {dkgMessageDigest} from "../types/digests.ts";
import {type DkgBody, decodeDkgBody} from "../types/dkg.ts";
import type {DkgMessage} from "../types/facts.ts";
import type {Genesis} from "../types/genesis.ts";
import type {Draft, Records} from "./draft.ts";
import {endSession, findEpoch} from "./epochs.ts";
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
    const key = dkgSenderKey(draft, this.session, fact);
    if (key === null) throw new LedgerError("UNKNOWN_VALIDATOR", {got: fact.from});
    if (recover(dkgMessageDigest(network.genesis.networkId, fact.body), fact.signature) !== key)
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

  /** A session that takes the place of one that is over. */
  open(draft: Draft, session: Session): void {
    this.session = session;
    draft.put(SESSION, null, session);
  }

  #step(draft: Draft, height: number, session: Session): void {
    const wasActive = this.session.phase === "active";
    this.open(draft, session);
    if (session.phase !== "active" || wasActive) return;
    endSession(draft, height, session);
    const {epoch, old, sid, transcript, groupKey: key, pop, publicShares} = session;
    if (old === null) draft.put(KEY, null, {epoch, sid, transcript, key, pop, publicShares, keyHeight: height});
  }
}

/**
 * The consensus key that has to have signed a DKG message: of the set in force where it deals shares of the key, else of the one that
 * gets them. null: there is no such validator.
 */
export function dkgSenderKey(records: Records, session: Session, {from, body}: Pick<DkgMessage, "from" | "body">): Hex | null {
  const sender = senderOf(session, from, kindOf(body));
  if (sender === null) return null;
  const epoch = sender.table === "old" ? session.epoch - 1 : session.epoch;
  const validator = findEpoch(records, epoch)?.validators[from];
  return validator?.operator === sender.operator ? validator.consensusKey : null;
}

/** Of a body that says nothing, whoever may say most: the session refuses it. */
function kindOf(body: Uint8Array): DkgBody["kind"] {
  try {
    return decodeDkgBody(body).kind;
  } catch (error) {
    if (error instanceof DecodeError) return "ack";
    throw error;
  }
}

/** Whether time must pass for the session to end. */
export function waitsForTicks(session: Session): boolean {
  return session.phase !== "active";
}
