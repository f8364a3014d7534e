import {setMaxListeners} from "node:events";
import type {Connection} from "@libp2p/interface";
import {multiaddr} from "@multiformats/multiaddr";
import {describeError} from "../base/errors.ts";
import type {Peer} from "../ports/network.ts";
import {type AddressBook, parseAddress} from "./addresses.ts";
import {Connections} from "./connections.ts";
import {Dialer} from "./dialer.ts";
import {hasGossipStream} from "./gossip.ts";
import {Handshake} from "./handshake.ts";
import type {Hello} from "./hello.ts";
import type {Host} from "./host.ts";
import {HELLO_RATE, TokenBucket} from "./limits.ts";
import type {Settings} from "./options.ts";
import type {Outbox} from "./outbox.ts";
import type {Peers, Session} from "./peers.ts";
import {COST} from "./reputation.ts";

const CARE_MS = 5_000;
/** A peer that gossip has not reached after this is connected anew: gossipsub opens its stream once per connection. */
const GOSSIP_MS = 15_000;

export interface SwarmOptions {
  readonly settings: Settings;
  readonly host: Host;
  readonly peers: Peers;
  readonly book: AddressBook;
  outbox(peer: Peer): Outbox | null;
  onAdmitted(session: Session): void;
  onGone(peerId: string): void;
  charge(peerId: string, points: number, reason: string): void;
}

/** Who is connected: dials, hellos, sessions, and their ends. */
export class Swarm {
  readonly #options: SwarmOptions;
  readonly #helloRates = new Map<string, TokenBucket>();
  readonly #stop = new AbortController();
  readonly connections: Connections;
  readonly handshake: Handshake;
  readonly #dialer: Dialer;
  #cancelCare: () => void = () => {};

  constructor(options: SwarmOptions) {
    this.#options = options;
    const {settings, host, peers, book} = options;
    const {clock, report} = settings;
    setMaxListeners(0, this.#stop.signal); // every dial listens to it
    this.connections = new Connections({
      host,
      clock,
      onGone: (peerId) => this.#gone(peerId),
      onAbuse: (peerId, reason) => {
        report.count("abusedConnections");
        options.charge(peerId, COST.abuse, reason);
      },
    });
    this.handshake = new Handshake({
      protocol: settings.names.hello,
      clock,
      report,
      own: () => this.#hello(),
      onHello: (connection, hello) => this.#heard(connection, hello),
      mayAsk: (peerId) => this.#helloRate(peerId).take(),
    });
    this.#dialer = new Dialer({
      clock,
      report,
      own: () => settings.own,
      validatorCount: settings.validators.length,
      isConnected: (validator) => peers.validator(validator) !== undefined,
      candidates: (validator) => book.candidates(validator),
      dial: (validator, addresses) => this.#dial(validator, addresses),
      ask: () => this.#ask(),
      random: Math.random,
    });
  }

  /** One more validator, with the next index. */
  extend(): void {
    this.#dialer.extend();
  }
  start(): void {
    this.#dialer.start();
    this.#planCare();
  }
  stop(): void {
    this.#stop.abort();
    this.#dialer.stop();
    this.connections.stop();
    this.#cancelCare();
    for (const {peer} of this.#options.peers.all()) this.#options.peers.remove(peer.peerId);
  }

  async #dial(validator: number, addresses: readonly string[]): Promise<boolean> {
    const {host, book, settings} = this.#options;
    try {
      const connection = await host.dial(
        addresses.map((address) => multiaddr(address)),
        {signal: this.#stop.signal},
      );
      if (this.connections.isGreeted(connection) || connection.direction === "inbound") return this.connections.isGreeted(connection);
      const fits = await this.handshake.greet(connection, this.#stop.signal);
      if (fits) book.worked(validator, connection.remoteAddr.toString());
      return fits;
    } catch (error) {
      if (!this.#stop.signal.aborted) settings.report.log.debug("dial failed", {validator, ...describeError(error)});
      return false;
    }
  }
  #ask(): void {
    const sessions = this.#options.peers.validators();
    const session = sessions[Math.floor(Math.random() * sessions.length)];
    const connection = session && this.connections.best(session.peer.peerId);
    if (connection !== undefined) void this.handshake.greet(connection, this.#stop.signal);
  }

  #hello(): Hello {
    const {settings, host, book} = this.#options;
    const {announce = []} = settings;
    const own = announce.length > 0 ? announce : host.getMultiaddrs().map(String);
    const listen = own.flatMap((address) => parseAddress(address)?.transport ?? []);
    // where there are more than can be told, those that only this machine can use are left out
    const isLocal = (address: string) => Number(/^\/ip4\/127\.|^\/ip6\/::1\//.test(address));
    return {
      networkId: settings.networkId,
      genesisHash: settings.genesisHash,
      instance: settings.instance,
      listen: listen.sort((a, b) => isLocal(a) - isLocal(b)),
      known: book.known(),
    };
  }
  #heard(connection: Connection, hello: Hello): void {
    if (connection.status !== "open" || this.#stop.signal.aborted) return;
    const {settings, peers} = this.#options;
    const peerId = connection.remotePeer.toString();
    const validator = settings.indices.get(peerId) ?? null;
    this.connections.greeted(connection);
    const session = peers.get(peerId);
    if (session === undefined) this.#admit({peerId, validator}, hello);
    else if (session.instance !== hello.instance) this.#restarted(session, connection, hello);
    if (validator !== null) this.#learn(validator, hello);
  }
  #learn(validator: number, hello: Hello): void {
    const {book} = this.#options;
    const before = new Set(book.known().map(({address}) => address));
    book.tell(validator, hello.listen);
    book.hear(validator, hello.known);
    for (const {validator: other, address} of hello.known) if (!before.has(address)) this.#dialer.heard(other);
  }
  #admit(peer: Peer, hello: Hello): void {
    const {settings, peers, outbox, onAdmitted} = this.#options;
    const session = peers.add(peer, hello.instance, outbox(peer));
    settings.report.info("peer connected", peer.peerId, {peer: peer.peerId, validator: peer.validator});
    onAdmitted(session);
    this.#tell(peer);
  }
  /** A new process answers to the peer id: what the old one was sent has gone with it, perhaps before its connection has. */
  #restarted(session: Session, connection: Connection, hello: Hello): void {
    const {peer} = session;
    this.#options.settings.report.info("peer has restarted", peer.peerId, {peer: peer.peerId, validator: peer.validator});
    session.instance = hello.instance;
    this.connections.cut(peer.peerId, "peer has restarted", connection);
    session.outbox?.reset();
    this.#tell(peer);
  }
  #tell(peer: Peer): void {
    if (peer.validator === null) return;
    this.#dialer.reached(peer.validator);
    const {handler, report} = this.#options.settings;
    try {
      handler.connected(peer);
    } catch (error) {
      report.count("handlerErrors");
      report.error("connection handler failed", peer.peerId, describeError(error));
    }
  }
  #gone(peerId: string): void {
    const {settings, peers, onGone} = this.#options;
    const session = peers.remove(peerId);
    const validator = settings.indices.get(peerId);
    if (validator === undefined) this.#helloRates.delete(peerId);
    onGone(peerId);
    if (session === undefined) return;
    settings.report.info("peer disconnected", peerId, {peer: peerId, validator: session.peer.validator});
    if (validator !== undefined) this.#dialer.lost(validator);
  }

  #helloRate(peerId: string): TokenBucket {
    const known = this.#helloRates.get(peerId);
    if (known !== undefined) return known;
    const {clock} = this.#options.settings;
    const bucket = new TokenBucket(() => clock.now(), HELLO_RATE);
    this.#helloRates.set(peerId, bucket);
    return bucket;
  }
  #planCare(): void {
    this.#cancelCare = this.#options.settings.clock.after(CARE_MS, () => {
      this.#care();
      this.#planCare();
    });
  }
  #care(): void {
    const {host, peers, settings} = this.#options;
    for (const {peer, since} of peers.validators()) {
      if (settings.clock.now() - since < GOSSIP_MS || hasGossipStream(host.services.pubsub, peer.peerId)) continue;
      settings.report.warn("gossip does not reach peer, connecting anew", peer.peerId, {peer: peer.peerId});
      this.connections.cut(peer.peerId, "no gossip");
    }
  }
}
