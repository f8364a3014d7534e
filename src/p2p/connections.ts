import type {Connection, PeerId} from "@libp2p/interface";
import {peerIdFromString} from "@libp2p/peer-id";
import type {Clock} from "../ports/system.ts";
import {HELLO_MS} from "./handshake.ts";
import type {Host} from "./host.ts";
import {MuxerAbuse} from "./muxer.ts";

/** Two nodes that dial each other at once have two connections; an older third one is of no use. */
const PER_PEER_MAX = 2;

export interface ConnectionsOptions {
  readonly host: Host;
  readonly clock: Clock;
  /** The last connection to the peer is gone. */
  onGone(peerId: string): void;
  onAbuse(peerId: string, reason: string): void;
}

/** The open connections, and which of them have said hello. Each must within 5 s. */
export class Connections {
  readonly #options: ConnectionsOptions;
  readonly #greeted = new WeakSet<Connection>();
  readonly #waiting = new Map<Connection, () => void>();

  constructor(options: ConnectionsOptions) {
    this.#options = options;
    options.host.addEventListener("connection:open", ({detail}) => this.#opened(detail));
    options.host.addEventListener("connection:close", ({detail}) => this.#closed(detail));
  }

  greeted(connection: Connection): void {
    this.#greeted.add(connection);
    this.#settle(connection);
  }
  isGreeted(connection: Connection): boolean {
    return this.#greeted.has(connection);
  }
  /** The newest open connection to the peer that has said hello. */
  best(peerId: string): Connection | undefined {
    return this.#open(peerId)
      .filter((c) => this.#greeted.has(c))
      .at(-1);
  }
  /** Cuts all connections to the peer, but for one. */
  cut(peerId: string, reason: string, except?: Connection): void {
    for (const connection of this.#all(peerId)) if (connection !== except) connection.abort(new Error(reason));
  }
  peerIds(): string[] {
    return this.#options.host.getPeers().map(String);
  }
  stop(): void {
    for (const cancel of this.#waiting.values()) cancel();
    this.#waiting.clear();
  }

  #opened(connection: Connection): void {
    const peerId = connection.remotePeer.toString();
    connection.addEventListener("close", ({error}) => {
      if (error instanceof MuxerAbuse) this.#options.onAbuse(peerId, error.message);
    });
    this.#waiting.set(
      connection,
      this.#options.clock.after(HELLO_MS, () => connection.abort(new Error("no hello"))),
    );
    const others = this.#open(peerId).filter((c) => c !== connection);
    for (const old of others.slice(0, Math.max(0, others.length + 1 - PER_PEER_MAX))) old.abort(new Error("replaced"));
  }
  #closed(connection: Connection): void {
    this.#settle(connection);
    const peerId = connection.remotePeer.toString();
    if (this.#open(peerId).every((c) => c === connection)) this.#options.onGone(peerId);
  }
  #settle(connection: Connection): void {
    this.#waiting.get(connection)?.();
    this.#waiting.delete(connection);
  }
  /** Open ones, oldest first. */
  #open(peerId: string): Connection[] {
    return this.#all(peerId)
      .filter((c) => c.status === "open")
      .sort((a, b) => a.timeline.open - b.timeline.open);
  }
  #all(peerId: string): Connection[] {
    return this.#options.host.getConnections(parsePeerId(peerId));
  }
}

const parsed = new Map<string, PeerId>();
const PARSED_MAX = 512;
function parsePeerId(text: string): PeerId {
  const known = parsed.get(text);
  if (known !== undefined) return known;
  if (parsed.size >= PARSED_MAX) parsed.clear();
  const peerId = peerIdFromString(text);
  parsed.set(text, peerId);
  return peerId;
}
