import type {GossipSub} from "@chainsafe/libp2p-gossipsub";
import type {Connection, Stream} from "@libp2p/interface";
import {describeError} from "../base/errors.ts";
import type {Peer} from "../ports/network.ts";
import type {MessageKind} from "../types/messages.ts";
import type {GossipOptions} from "./gossip.ts";
import {Inbox} from "./inbox.ts";
import {Intake} from "./intake.ts";
import type {Settings} from "./options.ts";
import {Outbox} from "./outbox.ts";
import type {Peers, Session} from "./peers.ts";
import {COST} from "./reputation.ts";
import {FAMILIES, type Family, familyOf, OBSERVER_FAMILIES, worthOf} from "./topics.ts";

/** One of these sent twice over one connection would arrive later than one sent once. */
const LARGE_BYTES = 32 << 10;
const LATE_MS = 100;
const LATE_MAX = 8;

export interface TrafficOptions {
  readonly settings: Settings;
  readonly peers: Peers;
  connection(peerId: string): Connection | undefined;
  charge(peerId: string, points: number, reason: string): void;
}

/** Messages, out and in: by direct stream between validators, and by gossip. */
export class Traffic {
  readonly #options: TrafficOptions;
  readonly #intake: Intake;
  /** Direct streams of peers whose hello is still on its way; one each. */
  readonly #early = new Map<string, Stream>();

  /** Cancels large messages that gossip is still to carry. */
  readonly #late = new Set<() => void>();

  constructor(options: TrafficOptions) {
    this.#options = options;
    const {handler, clock, report} = options.settings;
    const onReject = (peer: Peer, reason: string) => options.charge(peer.peerId, COST.rejected, reason);
    this.#intake = new Intake({handler, clock, report, onReject});
  }
  get remembered(): number {
    return this.#intake.remembered;
  }

  /** How gossip is to be set up for this node. */
  gossipOptions(): GossipOptions {
    const {settings, peers, charge} = this.#options;
    return {
      names: settings.names,
      families: settings.member ? FAMILIES : OBSERVER_FAMILIES,
      hears: (peerId) => (settings.indices.has(peerId) ? FAMILIES : OBSERVER_FAMILIES),
      maySend: (peerId, bytes, family) => {
        const session = peers.get(peerId);
        if (session === undefined) return false;
        if (session.gossipLimit.take(bytes.length)) return this.#intake.screen(bytes, session.peer, family);
        settings.report.count("limited");
        charge(peerId, COST.overLimit, "gossips too much");
        return false;
      },
      judge: (bytes, peerId, family) => {
        const session = peers.get(peerId);
        return session === undefined ? "ignore" : this.#intake.judge(bytes, session.peer, family);
      },
      onMalformed: (peerId) => charge(peerId, COST.rejected, "gossip message with an author's fields"),
    };
  }

  outbox(peer: Peer): Outbox | null {
    const {settings, connection} = this.#options;
    if (!settings.member || peer.validator === null) return null;
    return new Outbox({
      protocol: settings.names.direct,
      clock: settings.clock,
      connection: () => connection(peer.peerId),
      onSent: (count) => settings.report.count("sent", count),
      onDropped: (count) => settings.report.count("dropped", count),
    });
  }

  sendToAll(bytes: Uint8Array, kind: MessageKind): void {
    this.#intake.own(bytes);
    for (const {outbox} of this.#options.peers.validators()) outbox?.push(bytes, worthOf(kind));
  }
  sendTo(validator: number, bytes: Uint8Array, kind: MessageKind): void {
    this.#intake.own(bytes);
    const outbox = this.#options.peers.validator(validator)?.outbox;
    if (outbox) outbox.push(bytes, worthOf(kind));
    else this.#options.settings.report.count("dropped");
  }
  /** Gossips the message; a large one after a moment, where direct streams bring it to all validators meanwhile. */
  publish(pubsub: GossipSub, bytes: Uint8Array, kind: MessageKind): void {
    const {settings} = this.#options;
    const family = familyOf(kind);
    if (family === null) return;
    const covered = this.#isCovered(family);
    if (covered && settings.gossip === "needed") return;
    if (!covered || bytes.length < LARGE_BYTES || this.#late.size >= LATE_MAX) this.#gossip(pubsub, bytes, kind, family);
    else {
      const cancel = settings.clock.after(LATE_MS, () => {
        this.#late.delete(cancel);
        this.#gossip(pubsub, bytes, kind, family);
      });
      this.#late.add(cancel);
    }
  }
  /** Whether direct streams to all who are entitled to the family are open and flow. */
  #isCovered(family: Family): boolean {
    const {settings, peers} = this.#options;
    const validators = peers.validators();
    if (!settings.member || validators.length < settings.validators.length - 1) return false;
    if (OBSERVER_FAMILIES.includes(family) && peers.all().length > validators.length) return false;
    return validators.every(({outbox}) => outbox?.flows);
  }
  #gossip(pubsub: GossipSub, bytes: Uint8Array, kind: MessageKind, family: Family): void {
    const {names, report} = this.#options.settings;
    report.count("published");
    pubsub.publish(names.topic(family), bytes).catch((error) => report.warn("gossip failed", kind, {kind, ...describeError(error)}));
  }

  /** A peer has opened a direct stream. */
  accept(stream: Stream, connection: Connection): void {
    const peerId = connection.remotePeer.toString();
    const {settings, peers} = this.#options;
    const session = peers.get(peerId);
    if (!settings.member || !settings.indices.has(peerId)) stream.abort(new Error("direct streams are for validators"));
    else if (session !== undefined) this.#read(stream, session);
    else {
      this.#early.get(peerId)?.abort(new Error("replaced"));
      this.#early.set(peerId, stream);
    }
  }
  /** The peer has said hello: reads what it has already sent. */
  admitted(session: Session): void {
    const early = this.#early.get(session.peer.peerId);
    if (early?.status === "open") this.#read(early, session);
    this.#early.delete(session.peer.peerId);
  }
  stop(): void {
    for (const cancel of this.#late) cancel();
    this.#late.clear();
  }
  gone(peerId: string): void {
    this.#early.delete(peerId);
  }

  #read(stream: Stream, session: Session): void {
    session.inbox?.close(new Error("replaced"));
    const {charge, settings} = this.#options;
    session.inbox = new Inbox(stream, {
      clock: settings.clock,
      limit: session.directLimit,
      receive: (bytes) => void this.#intake.judge(bytes, session.peer, null),
      onOversize: () => charge(session.peer.peerId, COST.rejected, "frame is too large"),
    });
  }
}
