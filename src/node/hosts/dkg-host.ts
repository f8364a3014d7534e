import {type Hex, toHex} from "../../base/bytes.ts";
import {DecodeError, describeError, MvmError} from "../../base/errors.ts";
import {sha256} from "../../base/hash.ts";
import {admit} from "../../dkg/admit.ts";
import {openShares} from "../../dkg/open.ts";
import {makeAcks, makeComplaint, makeDealing} from "../../dkg/participant.ts";
import {type Session, sizesOf} from "../../dkg/session.ts";
import type {LedgerState} from "../../mvm/ledger.ts";
import {dkgSession, groupKey} from "../../mvm/queries.ts";
import type {Network, Verdict} from "../../ports/network.ts";
import type {BlockStore} from "../../ports/store.ts";
import type {Clock, Logger, Service} from "../../ports/system.ts";
import {dealingSize, decodeDkgBody, encodeDkgBody, placeOf} from "../../types/dkg.ts";
import type {DkgMessage} from "../../types/facts.ts";
import type {DkgGossip} from "../../types/messages.ts";
import type {Certifier} from "../bft/certifier.ts";
import type {DecidedChain} from "../bft/decided-chain.ts";
import {type ConsensusSigner, type Digests, isSignedBy} from "../bft/signer.ts";
import type {DkgPool} from "../bft/sources.ts";
import {replayedSession} from "./replayed-session.ts";

/** Messages of one validator that wait for a block: a dealing, a complaint, an ACK per seat. */
const PER_VALIDATOR_MAX = 200;
const RESEND_MS = 1_000;

/** Where this validator keeps what it must not lose, and must not tell. */
export interface ShareStore {
  /** The seed from which the own dealing of session `sid` is made: the same after a restart. */
  dealerSeed(sid: Hex): Promise<Uint8Array>;
  /** Erases the seed: the dealings are decided. */
  forgetDealerSeed(sid: Hex): void;
  /** Seat → 32-byte share; null where none are stored for this session. */
  readShares(sid: Hex): Promise<Map<number, Uint8Array> | null>;
  writeShares(sid: Hex, shares: ReadonlyMap<number, Uint8Array>): Promise<void>;
}

interface DkgHostPorts {
  readonly chain: DecidedChain;
  readonly store: BlockStore;
  readonly network: Network;
  readonly certifier: Certifier;
  readonly signer: ConsensusSigner;
  readonly digests: Digests;
  readonly me: number;
  /** Secret of the dealing key, 32 bytes. */
  readonly dealing: Uint8Array;
  readonly shares: ShareStore;
  /** 32 fresh random bytes. */
  readonly random: () => Uint8Array;
  readonly clock: Clock;
  readonly log: Logger;
}

/**
 * This validator's part in the DKG: deals, complains, acknowledges, keeps its shares, and holds everybody's messages
 * until a block takes them. What to do follows from the decided session alone, so a restart goes on where it was.
 */
export class DkgHost implements Service, DkgPool {
  readonly name = "dkg";
  readonly #p: DkgHostPorts;
  /** Validator → place → the first message for it. */
  readonly #pool = new Map<number, Map<string, DkgGossip>>();
  /** Own messages of the session in progress, by phase, so that each is made once. */
  readonly #own = new Map<string, DkgGossip[]>();
  #seen: {state: LedgerState; session: Session | null} | null = null;
  /** The newest session whose shares can be opened: a node that catches up sees this phase only in passing. */
  #lastAck: Session | null = null;
  #admissible: {session: Session | null; version: number; messages: DkgMessage[]} | null = null;
  #version = 0;
  #acting: Promise<void> | null = null;
  #again = false;
  #cancel: (() => void) | null = null;
  #started = false;
  #stopped = false;

  constructor(ports: DkgHostPorts) {
    this.#p = ports;
    ports.chain.onDecided(({applied, replay}) => {
      const session = dkgSession(applied.state);
      if (session.phase === "ack") this.#lastAck = session;
      if (!replay) this.#act();
    });
    ports.chain.onRestored(() => {
      const session = dkgSession(ports.chain.state);
      if (session.phase === "ack") this.#lastAck = session;
      if (this.#started) this.#act();
    });
  }

  async start(): Promise<void> {
    this.#started = true;
    this.#act();
    await this.#acting;
    this.#resend();
  }
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancel?.();
    await this.#acting;
  }

  receive(message: DkgGossip): Verdict {
    const session = this.#session();
    if (session === null) return "ignore";
    const validator = this.#p.chain.epochSet.validators[message.from];
    if (!isSignedBy(validator?.consensusKey, this.#p.digests.dkg(message.body), message.signature)) return "reject";
    try {
      const body = decodeDkgBody(message.body);
      if (body.sid !== session.sid) return "ignore";
      const {seats, threshold} = sizesOf(session);
      if (body.kind === "dealing" && message.body.length !== dealingSize(threshold, seats)) return "reject";
    } catch (error) {
      if (error instanceof DecodeError) return "reject";
      throw error;
    }
    return this.#keep(message) ? "accept" : "ignore";
  }

  admissible(): readonly DkgMessage[] {
    const session = this.#session();
    if (session === null) return [];
    if (this.#admissible?.session === session && this.#admissible.version === this.#version) return this.#admissible.messages;
    const messages: DkgMessage[] = [];
    let next = session;
    for (const message of [...this.#pool.values()].flatMap((held) => [...held.values()])) {
      try {
        next = admit(next, message);
        messages.push({kind: "dkgMessage", from: message.from, body: message.body, signature: message.signature});
      } catch (error) {
        // too early, too late or already decided: it stays until its session is over
        if (!(error instanceof MvmError)) throw error;
      }
    }
    this.#admissible = {session, version: this.#version, messages};
    return messages;
  }

  #session(): Session | null {
    const {state} = this.#p.chain;
    if (this.#seen?.state !== state) this.#seen = {state, session: dkgSession(state)};
    return this.#seen.session;
  }

  #keep(message: DkgGossip): boolean {
    const held = this.#pool.get(message.from) ?? new Map<string, DkgGossip>();
    this.#pool.set(message.from, held);
    const key = placeOf(decodeDkgBody(message.body));
    if (held.has(key) || held.size >= PER_VALIDATOR_MAX) return false;
    held.set(key, message);
    this.#version++;
    return true;
  }

  /** Runs one look at a time; a decision during it asks for another. */
  #act(): void {
    if (this.#stopped) return;
    if (this.#acting !== null) {
      this.#again = true;
      return;
    }
    this.#acting = this.#look()
      .catch((error: unknown) => this.#p.log.error("dkg failed", describeError(error)))
      .finally(() => {
        this.#acting = null;
        if (!this.#again) return;
        this.#again = false;
        this.#act();
      });
  }

  async #look(): Promise<void> {
    const key = groupKey(this.#p.chain.state);
    if (key !== null) return this.#adoptShares(key);
    const session = this.#session();
    if (session === null) return;
    const doing = `${session.sid}/${session.phase}`;
    if (!this.#own.has(doing)) {
      this.#own.clear();
      for (const held of this.#pool.values()) for (const [id, m] of held) if (decodeDkgBody(m.body).sid !== session.sid) held.delete(id);
      const bodies = await this.#bodies(session);
      const messages = bodies.map((body): DkgGossip => ({kind: "dkg", from: this.#p.me, body, signature: this.#p.signer.dkg(body)}));
      this.#own.set(doing, messages);
      this.#p.log.info("dkg", {phase: session.phase, attempt: session.attempt, messages: messages.length});
      for (const message of messages) {
        this.#keep(message);
        this.#p.network.broadcast(message);
      }
    }
  }

  /** What this validator has to say in the phase of the session. */
  async #bodies(session: Session): Promise<Uint8Array[]> {
    const {me, dealing, shares, random} = this.#p;
    if (session.phase === "deal")
      return [encodeDkgBody(makeDealing({session, dealerIndex: me, dealerSeed: await shares.dealerSeed(session.sid)}))];
    shares.forgetDealerSeed(session.sid);
    const opened = openShares({session, validatorIndex: me, encSecret: dealing});
    if (session.phase === "complain") {
      const first = new Map(opened.bad.map((bad) => [bad.dealer, bad]));
      return [...first.values()].map((bad) =>
        encodeDkgBody(makeComplaint({session, accuserIndex: me, encSecret: dealing, ...bad, random: random()})),
      );
    }
    await shares.writeShares(session.sid, opened.shares);
    return makeAcks({session, shares: opened.shares}).map((ack) => encodeDkgBody(ack));
  }

  async #adoptShares({sid, keyHeight}: {sid: Hex; keyHeight: number}): Promise<void> {
    if (this.#own.has(`${sid}/adopted`)) return;
    const stored = (await this.#p.shares.readShares(sid)) ?? (await this.#deriveShares(sid, keyHeight));
    if (stored === null) {
      this.#p.log.error("no shares of the group key: this validator votes, and gives no partial signatures", {sid});
    } else {
      this.#p.certifier.setShares({sid, shares: [...stored].map(([seat, secret]) => ({seat, secret}))});
      this.#p.log.info("group key is ready", {sid, seats: stored.size});
    }
    this.#own.set(`${sid}/adopted`, []);
    this.#pool.clear();
  }

  /** Shares follow from decided blocks and the dealing key alone: a validator that was away derives them now. */
  async #deriveShares(sid: Hex, keyHeight: number): Promise<Map<number, Uint8Array> | null> {
    const {chain, store} = this.#p;
    const known = this.#lastAck?.sid === sid ? this.#lastAck : null;
    const session = known ?? (await replayedSession(chain.genesis, store, keyHeight, sid));
    if (session === null) return null;
    const {shares} = openShares({session, validatorIndex: this.#p.me, encSecret: this.#p.dealing});
    if (shares.size === 0) return null;
    await this.#p.shares.writeShares(sid, shares);
    return shares;
  }

  /** Until a block has taken them, own messages are sent again: gossip may have had nobody to carry them. */
  #resend(): void {
    if (this.#stopped) return;
    const waiting = new Set(this.admissible().map((m) => toHex(sha256(m.body))));
    for (const message of [...this.#own.values()].flat()) if (waiting.has(toHex(sha256(message.body)))) this.#p.network.resend(message);
    this.#cancel = this.#p.clock.after(RESEND_MS, () => this.#resend());
  }
}
