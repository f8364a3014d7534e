import "./polyfill.ts";
import type {Connection} from "@libp2p/interface";
import type {Peer, SnapshotAsk} from "../ports/network.ts";
import type {MessageKind} from "../types/messages.ts";
import {AddressBook, parseAddress} from "./addresses.ts";
import {NetworkError} from "./errors.ts";
import {Gate} from "./gate.ts";
import {gossipSeen} from "./gossip.ts";
import {createHost, type Host} from "./host.ts";
import {PIECE_RATE, type Rate, REQUEST_RATE, TokenBucket} from "./limits.ts";
import type {Settings} from "./options.ts";
import {Peers} from "./peers.ts";
import {COST, Reputation} from "./reputation.ts";
import {Swarm} from "./swarm.ts";
import {BlockSync, SnapshotSync, type SyncPorts} from "./sync.ts";
import {FAMILIES, OBSERVER_FAMILIES} from "./topics.ts";
import {Traffic} from "./traffic.ts";

/** Connections are counted for as many validators at least: more may come. */
const VALIDATORS_ROOM = 64;

/** What the adapter holds now; all of it is bounded. */
export interface PeerNodeStats {
  readonly peers: number;
  readonly connections: number;
  readonly streams: number;
  /** Messages and bytes in all queues to peers. */
  readonly queuedCount: number;
  readonly queuedBytes: number;
  /** Bytes handed to streams of all protocols that the transport has not taken. */
  readonly unsentBytes: number;
  /** Bytes that came by direct streams and are not judged. */
  readonly unreadBytes: number;
  /** Messages whose verdict is remembered, and ids that gossip remembers. */
  readonly remembered: number;
  readonly gossipSeen: number;
  /** Requests being served. */
  readonly serving: number;
}

/** The composition of the adapter's parts around one libp2p host. */
export class PeerNode {
  readonly #settings: Settings;
  readonly #host: Host;
  readonly #peers: Peers;
  readonly #traffic: Traffic;
  readonly #swarm: Swarm;
  readonly #blocks: BlockSync;
  readonly #snapshots: SnapshotSync;
  readonly #reputation: Reputation;
  readonly #extend: (peerId: string) => void;

  /** Throws NetworkError BAD_ADDRESS. Nothing is opened yet. */
  static async create(settings: Settings): Promise<PeerNode> {
    const {clock, validators, report, observersMax} = settings;
    const now = () => clock.now();
    const book = new AddressBook(
      validators.map(({peerId}) => peerId),
      () => settings.own,
    );
    for (const address of [...settings.listen, ...(settings.announce ?? []), ...settings.peers])
      if (parseAddress(address) === null) throw new NetworkError("BAD_ADDRESS", {got: address});
    for (const address of settings.peers)
      if (!book.configure(address)) report.log.warn("configured address is no registered validator's", {address});
    const peers = new Peers(clock);
    const reputation = new Reputation(now, settings.indices.keys());
    const late: {node?: PeerNode} = {};
    const gate = new Gate({
      ownPeerId: settings.peerId,
      validators: settings.indices,
      observersMax,
      reputation,
      report,
      now,
      connectedPeers: () => late.node?.connectedPeers() ?? [],
    });
    const traffic = new Traffic({
      settings,
      peers,
      connection: (peerId) => late.node?.connection(peerId),
      charge: (peerId, points, reason) => late.node?.charge(peerId, points, reason),
    });
    const host = await createHost({
      privateKey: settings.key,
      listen: settings.listen,
      connectionsMax: 3 * (Math.max(validators.length, VALIDATORS_ROOM) + observersMax) + 16,
      gate,
      gossip: traffic.gossipOptions(),
      now,
    });
    late.node = new PeerNode({settings, host, peers, traffic, book, reputation, gate});
    return late.node;
  }

  private constructor(parts: {
    settings: Settings;
    host: Host;
    peers: Peers;
    traffic: Traffic;
    book: AddressBook;
    reputation: Reputation;
    gate: Gate;
  }) {
    const {settings, host, peers, traffic, book, reputation, gate} = parts;
    this.#settings = settings;
    this.#host = host;
    this.#peers = peers;
    this.#traffic = traffic;
    this.#reputation = reputation;
    this.#extend = (peerId) => {
      settings.indices.set(peerId, settings.validators.push({peerId}) - 1);
      if (peerId === settings.peerId) settings.own = settings.validators.length - 1;
      book.extend(peerId);
      for (const address of settings.peers) if (parseAddress(address)?.peerId === peerId) book.configure(address);
      reputation.extend(peerId);
      gate.extend(peerId);
      this.#swarm.extend();
    };
    this.#swarm = new Swarm({
      settings,
      host,
      peers,
      book,
      outbox: (peer) => traffic.outbox(peer),
      onAdmitted: (session) => traffic.admitted(session),
      onGone: (peerId) => traffic.gone(peerId),
      charge: (peerId, points, reason) => this.charge(peerId, points, reason),
    });
    const {handler, names, clock, report} = settings;
    const sync = (protocol: string, rate: Rate): SyncPorts => {
      const rateOf = ratesOf(settings, rate);
      // blocks and states name users: they are for validators that have said hello
      const mayAsk = (peerId: string) => peers.get(peerId) !== undefined && settings.indices.has(peerId) && rateOf(peerId).take();
      return {protocol, clock, report, mayAsk};
    };
    this.#blocks = new BlockSync(sync(names.blocks, REQUEST_RATE), (from, count) => handler.serveBlocks(from, count));
    this.#snapshots = new SnapshotSync(sync(names.snapshots, PIECE_RATE), (ask) => handler.serveSnapshot(ask));
  }

  async start(): Promise<void> {
    const {names, member} = this.#settings;
    const host = this.#host;
    await host.handle(names.hello, (stream, connection) => this.#swarm.handshake.answer(stream, connection), {maxInboundStreams: 2});
    await host.handle(names.direct, (stream, connection) => this.#traffic.accept(stream, connection), {maxInboundStreams: 2});
    for (const [name, {exchange}] of [
      [names.blocks, this.#blocks],
      [names.snapshots, this.#snapshots],
    ] as const)
      await host.handle(name, (stream, connection) => exchange.answer(stream, connection), {maxInboundStreams: 4});
    await host.start();
    for (const family of member ? FAMILIES : OBSERVER_FAMILIES) host.services.pubsub.subscribe(names.topic(family));
    this.#swarm.start();
    this.#settings.report.log.info("p2p started", {peerId: this.#settings.peerId, addresses: this.addresses()});
  }
  async stop(): Promise<void> {
    this.#blocks.exchange.close();
    this.#snapshots.exchange.close();
    this.#traffic.stop();
    this.#swarm.stop();
    await this.#host.stop();
  }
  /** What is left after a stop that failed. */
  abandon(): void {
    for (const connection of this.#host.getConnections()) connection.abort(new Error("stopped"));
  }

  /** As Network.extend. */
  extend(validators: readonly string[]): void {
    for (const peerId of validators.slice(this.#settings.validators.length)) this.#extend(peerId);
  }

  sendToAll(bytes: Uint8Array, kind: MessageKind): void {
    this.#traffic.sendToAll(bytes, kind);
  }
  sendTo(validator: number, bytes: Uint8Array, kind: MessageKind): void {
    this.#traffic.sendTo(validator, bytes, kind);
  }
  publish(bytes: Uint8Array, kind: MessageKind): void {
    if (this.#host.status === "started") this.#traffic.publish(this.#host.services.pubsub, bytes, kind);
  }

  /** As Network.requestBlocks. */
  requestBlocks(
    validator: number,
    request: {readonly from: number; readonly count: number; readonly signal: AbortSignal},
  ): Promise<Uint8Array[]> {
    return this.#ask(validator, (connection) => this.#blocks.request(connection, request));
  }
  /** As Network.requestSnapshot. */
  requestSnapshot(validator: number, ask: SnapshotAsk, signal: AbortSignal): Promise<Uint8Array | null> {
    return this.#ask(validator, (connection) => this.#snapshots.request(connection, ask, signal));
  }
  async #ask<T>(validator: number, request: (connection: Connection) => Promise<T>): Promise<T> {
    const peer = this.#settings.validators[validator]?.peerId ?? "";
    const connection = this.#peers.get(peer) && this.#swarm.connections.best(peer);
    if (connection === undefined) throw new NetworkError("NOT_CONNECTED", {peer});
    try {
      return await request(connection);
    } catch (error) {
      if (error instanceof NetworkError && (error.code === "TOO_LARGE" || error.code === "TOO_MANY"))
        this.charge(peer, COST.rejected, "answer is larger than asked for");
      throw error;
    }
  }
  punish(validator: number, reason: string): void {
    const peer = this.#settings.validators[validator];
    if (peer !== undefined && validator !== this.#settings.own) this.charge(peer.peerId, COST.rejected, reason);
  }

  peers(): readonly Peer[] {
    return this.#peers.all().map(({peer}) => peer);
  }
  addresses(): readonly string[] {
    const suffix = `/p2p/${this.#settings.peerId}`;
    return this.#host.getMultiaddrs().map((address) => (`${address}`.endsWith(suffix) ? `${address}` : `${address}${suffix}`));
  }
  connectedPeers(): readonly string[] {
    return this.#swarm.connections.peerIds();
  }
  connection(peerId: string): Connection | undefined {
    return this.#swarm.connections.best(peerId);
  }
  stats(): PeerNodeStats {
    const sessions = this.#peers.all();
    const connections = this.#host.getConnections();
    const streams = connections.flatMap((connection) => connection.streams);
    const sum = (of: (session: (typeof sessions)[number]) => number) => sessions.reduce((total, session) => total + of(session), 0);
    return {
      peers: sessions.length,
      connections: connections.length,
      streams: streams.length,
      queuedCount: sum(({outbox}) => outbox?.queued.count ?? 0),
      queuedBytes: sum(({outbox}) => outbox?.queued.bytes ?? 0),
      unsentBytes: streams.reduce((total, {writeBufferLength}) => total + writeBufferLength, 0),
      unreadBytes: sum(({inbox}) => inbox?.buffered ?? 0),
      remembered: this.#traffic.remembered,
      gossipSeen: gossipSeen(this.#host.services.pubsub),
      serving: this.#blocks.exchange.serving + this.#snapshots.exchange.serving,
    };
  }

  /** The peer has misbehaved; at some point that costs it the connection. */
  charge(peerId: string, points: number, reason: string): void {
    const {report} = this.#settings;
    report.warn("peer misbehaves", `${peerId}/${reason}`, {peer: peerId, validator: this.#settings.indices.get(peerId) ?? null, reason});
    const banMs = this.#reputation.charge(peerId, points);
    if (banMs === null) return;
    report.count("bans");
    report.warn("peer is disconnected", peerId, {peer: peerId, reason, banMs});
    this.#swarm.connections.cut(peerId, reason);
  }
}

/** A bucket for each validator. */
function ratesOf({clock}: Settings, rate: Rate): (peerId: string) => TokenBucket {
  const buckets = new Map<string, TokenBucket>();
  return (peerId) => {
    const bucket = buckets.get(peerId) ?? new TokenBucket(() => clock.now(), rate);
    buckets.set(peerId, bucket);
    return bucket;
  };
}
