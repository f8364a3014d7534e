import {type Hex, toHex} from "../../base/bytes.ts";
import {DecodeError, describeError, MvmError} from "../../base/errors.ts";
import {sha256} from "../../base/hash.ts";
import {admit} from "../../dkg/admit.ts";
import {openShares} from "../../dkg/open.ts";
import {makeAcks, makeComplaint, makeDealing, makeReshareDealings} from "../../dkg/participant.ts";
import {type Session, sizesOf} from "../../dkg/session.ts";
import {dkgSenderKey} from "../../mvm/dkg-facts.ts";
import {recordsOf} from "../../mvm/draft.ts";
import type {LedgerState} from "../../mvm/ledger.ts";
import {dkgSession} from "../../mvm/queries.ts";
import type {Network, Verdict} from "../../ports/network.ts";
import type {BlockStore} from "../../ports/store.ts";
import type {Clock, Logger, Service} from "../../ports/system.ts";
import {dealingSize, decodeDkgBody, encodeDkgBody, type NoShare, placeOf} from "../../types/dkg.ts";
import type {DkgMessage} from "../../types/facts.ts";
import type {DkgGossip} from "../../types/messages.ts";
import {seatsOf} from "../../types/validators.ts";
import type {Certifier} from "../bft/certifier.ts";
import type {DecidedChain, EpochSet} from "../bft/decided-chain.ts";
import {type ConsensusSigner, type Digests, isSignedBy} from "../bft/signer.ts";
import type {DkgPool} from "../bft/sources.ts";
import {replayedSession} from "./replayed-session.ts";

/** Messages of one validator that wait for a block: a dealing, a complaint, an ACK per seat. */
const PER_VALIDATOR_MAX = 200;
const RESEND_MS = 1_000;
/** An epoch is so old when what the one before has left is erased. */
const ERASE_HEIGHTS = 100;

/** Where this validator keeps what it must not lose, and must not tell. */
export interface ShareStore {
  /** The seed from which the own dealing of session `sid` is made: the same after a restart. */
  dealerSeed(sid: Hex): Promise<Uint8Array>;
  /** Erases the seed: the dealings are decided. */
  forgetDealerSeed(sid: Hex): void;
  /** Seat → 32-byte share; null where none are stored for this session. */
  readShares(sid: Hex): Promise<Map<number, Uint8Array> | null>;
  writeShares(sid: Hex, shares: ReadonlyMap<number, Uint8Array>): Promise<void>;
  /** Erases shares and seeds of all sessions but these. */
  eraseAllBut(sids: readonly Hex[]): void;
}

interface DkgHostPorts {
  readonly chain: DecidedChain;
  readonly store: BlockStore;
  readonly network: Network;
  readonly certifier: Certifier;
  readonly signer: ConsensusSigner;
  readonly digests: Digests;
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
  /** Consensus key → place → the first message for it. */
  readonly #pool = new Map<Hex, Map<string, DkgGossip>>();
  /** Own messages of the session in progress, by phase, so that each is made once. */
  readonly #own = new Map<string, DkgGossip[]>();
  /** Sessions whose shares are in use here, or are known to be lost. */
  readonly #adopted = new Set<Hex>();
  /** The last epoch before which nothing is left to erase. */
  #erasedBefore = 0;
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
    try {
      const body = decodeDkgBody(message.body);
      if (body.sid !== session.sid) return "ignore";
      const {seats, threshold} = sizesOf(session);
      if (body.kind === "dealing" && message.body.length !== dealingSize(threshold, seats)) return "reject";
    } catch (error) {
      if (error instanceof DecodeError) return "reject";
      throw error;
    }
    const sender = dkgSenderKey(recordsOf(this.#p.chain.state.tree), session, message);
    if (!isSignedBy(sender ?? undefined, this.#p.digests.dkg(message.body), message.signature)) return "reject";
    return this.#keep(sender as Hex, message) ? "accept" : "ignore";
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

  /** The session under way, or the last one: it still hears of what turns out later. */
  #session(): Session | null {
    const {state} = this.#p.chain;
    if (this.#seen?.state !== state) this.#seen = {state, session: dkgSession(state)};
    return this.#seen.session;
  }

  #keep(sender: Hex, message: DkgGossip): boolean {
    const held = this.#pool.get(sender) ?? new Map<string, DkgGossip>();
    this.#pool.set(sender, held);
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
    const {epochSet} = this.#p.chain;
    // seats of the set before sign what it has decided, until all of that is certified
    for (const set of [this.#p.chain.setOf(epochSet.epoch - 1), epochSet]) if (set?.shares) await this.#adoptShares(set, set.shares.sid);
    this.#erase(epochSet);
    const session = this.#session();
    if (session === null) return;
    const doing = `${session.sid}/${session.phase}`;
    if (!this.#own.has(doing)) {
      this.#own.clear();
      for (const held of this.#pool.values()) for (const [id, m] of held) if (decodeDkgBody(m.body).sid !== session.sid) held.delete(id);
      const {from, bodies} = await this.#bodies(session);
      const messages = bodies.map((body): DkgGossip => ({kind: "dkg", from, body, signature: this.#p.signer.dkg(body)}));
      this.#own.set(doing, messages);
      this.#p.log.info("dkg", {epoch: session.epoch, phase: session.phase, attempt: session.attempt, messages: messages.length});
      for (const message of messages) {
        this.#keep(this.#p.signer.address, message);
        this.#p.network.broadcast(message);
      }
    }
  }

  /** What this validator has to say in the phase of the session, and its index in the table that speaks there. */
  async #bodies(session: Session): Promise<{from: number; bodies: Uint8Array[]}> {
    const {shares, random} = this.#p;
    if (session.phase === "deal") return this.#dealings(session);
    shares.forgetDealerSeed(session.sid);
    const from = this.#indexIn(session.epoch);
    if (from === null) return {from: 0, bodies: []};
    const encSecret = this.#p.dealing;
    const opened = openShares({session, validatorIndex: from, encSecret});
    const first = new Map(opened.bad.map((bad) => [bad.dealer, bad]));
    const complaints = [...first.values()].map((bad) => makeComplaint({session, accuserIndex: from, encSecret, ...bad, random: random()}));
    if (session.phase === "complain") return {from, bodies: complaints.map((said) => encodeDkgBody(said))};
    if (session.phase === "active") {
      // what was missed while others complained, and seats that cannot sign
      const lacking = seatsOf(session.validators, from).filter((seat) => !opened.shares.has(seat));
      const said = [...complaints, ...lacking.map((seat): NoShare => ({kind: "noShare", sid: session.sid, seat}))];
      return {from, bodies: said.map((late) => encodeDkgBody(late))};
    }
    await shares.writeShares(session.sid, opened.shares);
    return {from, bodies: makeAcks({session, shares: opened.shares}).map((ack) => encodeDkgBody(ack))};
  }

  /** Of the own polynomial, or of the own shares where those of the set in force are passed on. */
  async #dealings(session: Session): Promise<{from: number; bodies: Uint8Array[]}> {
    const {shares, chain} = this.#p;
    const dealers = session.old === null ? session.epoch : session.epoch - 1;
    const from = this.#indexIn(dealers);
    const held = session.old === null ? null : await shares.readShares(chain.setOf(dealers)?.shares?.sid ?? session.sid);
    if (from === null || (session.old !== null && held === null)) return {from: 0, bodies: []};
    const of = {session, dealerIndex: from, dealerSeed: await shares.dealerSeed(session.sid)};
    const dealings = held === null ? [makeDealing(of)] : makeReshareDealings({...of, shares: held});
    return {from, bodies: dealings.map((dealing) => encodeDkgBody(dealing))};
  }

  #indexIn(epoch: number): number | null {
    return this.#p.chain.setOf(epoch)?.indexOf(this.#p.signer.address) ?? null;
  }

  async #adoptShares(set: EpochSet, sid: Hex): Promise<void> {
    const {epoch} = set;
    const {certifier, log, shares} = this.#p;
    if (this.#adopted.has(sid) || this.#indexIn(epoch) === null || epoch < this.#erasedBefore) return;
    const stored = (await shares.readShares(sid)) ?? (await this.#deriveShares(set, sid));
    if (stored === null) {
      log.error("no shares of the group key: this validator votes, and gives no partial signatures", {epoch, sid});
    } else {
      certifier.own.set({epoch, sid, shares: [...stored].map(([seat, secret]) => ({seat, secret}))});
      log.info("group key is ready", {epoch, sid, seats: stored.size});
    }
    this.#adopted.add(sid);
  }

  /** Shares follow from decided blocks and the dealing key alone: a validator that was away derives them now. */
  async #deriveShares({epoch, from}: EpochSet, sid: Hex): Promise<Map<number, Uint8Array> | null> {
    const {chain, store} = this.#p;
    const last = epoch === 0 ? chain.keyHeight : (from ?? 1) - 1;
    const known = this.#lastAck?.sid === sid ? this.#lastAck : null;
    const session = known ?? (last === null ? null : await replayedSession(chain.genesis, store, last, sid));
    const validatorIndex = this.#indexIn(epoch);
    if (session === null || validatorIndex === null) return null;
    const {shares} = openShares({session, validatorIndex, encSecret: this.#p.dealing});
    if (shares.size === 0) return null;
    await this.#p.shares.writeShares(sid, shares);
    return shares;
  }

  /** What the epochs before this one have left goes when this one is old enough, and all that they have decided is certified. */
  #erase({epoch, from, shares}: EpochSet): void {
    const {chain, certifier, log} = this.#p;
    if (epoch <= this.#erasedBefore || from === null || shares === null || chain.height < from + ERASE_HEIGHTS) return;
    if (certifier.oldestOpen < from) return;
    this.#p.shares.eraseAllBut([shares.sid, dkgSession(chain.state).sid]);
    for (let old = this.#erasedBefore; old < epoch; old++) certifier.own.drop(old);
    this.#erasedBefore = epoch;
    log.info("shares of earlier epochs are erased", {epoch});
  }

  /** Until a block has taken them, own messages are sent again: gossip may have had nobody to carry them. */
  #resend(): void {
    if (this.#stopped) return;
    const waiting = new Set(this.admissible().map((m) => toHex(sha256(m.body))));
    for (const message of [...this.#own.values()].flat()) if (waiting.has(toHex(sha256(message.body)))) this.#p.network.resend(message);
    this.#cancel = this.#p.clock.after(RESEND_MS, () => this.#resend());
  }
}
