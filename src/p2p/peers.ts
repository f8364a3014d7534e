import type {Hex} from "../base/bytes.ts";
import type {Peer} from "../ports/network.ts";
import type {Clock} from "../ports/system.ts";
import type {Inbox} from "./inbox.ts";
import {OBSERVER_RATES, PathLimit, VALIDATOR_RATES} from "./limits.ts";
import type {Outbox} from "./outbox.ts";

/** A connected peer that has said a fitting hello. */
export interface Session {
  readonly peer: Peer;
  /** As in its hello. */
  instance: Hex;
  readonly since: number;
  /** null for an observer: it hears gossip only. */
  readonly outbox: Outbox | null;
  inbox: Inbox | null;
  readonly directLimit: PathLimit;
  readonly gossipLimit: PathLimit;
}

/** Sessions by peer id, and who waits for one. */
export class Peers {
  readonly #clock: Clock;
  readonly #sessions = new Map<string, Session>();
  readonly #byIndex = new Map<number, Session>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }
  get(peerId: string): Session | undefined {
    return this.#sessions.get(peerId);
  }
  /** The session of the validator with this index. */
  validator(index: number): Session | undefined {
    return this.#byIndex.get(index);
  }
  all(): readonly Session[] {
    return [...this.#sessions.values()];
  }
  validators(): readonly Session[] {
    return [...this.#byIndex.values()];
  }

  add(peer: Peer, instance: Hex, outbox: Outbox | null): Session {
    const rates = peer.validator === null ? OBSERVER_RATES : VALIDATOR_RATES;
    const now = () => this.#clock.now();
    const session: Session = {
      peer,
      instance,
      since: now(),
      outbox,
      inbox: null,
      directLimit: new PathLimit(now, rates),
      gossipLimit: new PathLimit(now, rates),
    };
    this.#sessions.set(peer.peerId, session);
    if (peer.validator !== null) this.#byIndex.set(peer.validator, session);
    return session;
  }
  /** Ends the session; undefined where there is none. */
  remove(peerId: string): Session | undefined {
    const session = this.#sessions.get(peerId);
    if (session === undefined) return undefined;
    this.#sessions.delete(peerId);
    if (session.peer.validator !== null) this.#byIndex.delete(session.peer.validator);
    session.outbox?.close();
    session.inbox?.close(new Error("session ended"));
    return session;
  }
}
