import "./polyfill.ts";
import {randomBytes} from "node:crypto";
import {peerIdFromPrivateKey} from "@libp2p/peer-id";
import {toHex} from "../base/bytes.ts";
import {describeError} from "../base/errors.ts";
import type {Network, Peer, SnapshotAsk} from "../ports/network.ts";
import {encodeMessage, MESSAGE_BYTES_MAX, type Message} from "../types/messages.ts";
import {within} from "./deadline.ts";
import {NetworkError} from "./errors.ts";
import {networkKey} from "./keys.ts";
import {type NetworkOptions, settings} from "./options.ts";
import {PeerNode, type PeerNodeStats} from "./peer-node.ts";
import {type NetworkCount, Report} from "./report.ts";

/** libp2p's stop has been seen to hang: it is left behind after this. */
const STOP_MS = 2_500;
const EMPTY: PeerNodeStats = {
  peers: 0,
  connections: 0,
  streams: 0,
  queuedCount: 0,
  queuedBytes: 0,
  unsentBytes: 0,
  unreadBytes: 0,
  remembered: 0,
  gossipSeen: 0,
  serving: 0,
};

export interface NetworkStats extends PeerNodeStats {
  readonly counts: Readonly<Partial<Record<NetworkCount, number>>>;
}
/** The libp2p adapter, with what it holds and what it has counted. */
export interface Libp2pNetwork extends Network {
  stats(): NetworkStats;
}

/**
 * The p2p side of a node. Nothing is opened before `start`, which throws NetworkError BAD_KEY, BAD_ADDRESS, WRONG_IDENTITY,
 * ABORTED, and libp2p's own error where an address cannot be listened on. It is started once.
 */
export function createNetwork(options: NetworkOptions): Libp2pNetwork {
  return new Adapter(options);
}

class Adapter implements Libp2pNetwork {
  readonly name = "p2p";
  readonly #options: NetworkOptions;
  readonly #report: Report;
  #node: PeerNode | null = null;
  /** What `extend` was told last. */
  #registered: readonly string[] = [];
  #stopping: Promise<void> | null = null;

  constructor(options: NetworkOptions) {
    this.#options = options;
    this.#report = new Report(options.logger, options.clock, options.onCount);
  }

  async start(signal: AbortSignal): Promise<void> {
    const {privateKey, validators, own} = this.#options;
    const key = await networkKey(privateKey);
    const peerId = peerIdFromPrivateKey(key).toString();
    const registered = typeof own === "number" ? validators[own]?.peerId : peerId;
    if (registered !== peerId) throw new NetworkError("WRONG_IDENTITY", {want: registered ?? "no such validator", got: peerId});
    if (signal.aborted || this.#stopping !== null) throw new NetworkError("ABORTED", {what: "start"});
    const node = await PeerNode.create(settings(this.#options, {key, peerId, instance: toHex(randomBytes(8)), report: this.#report}));
    this.#node = node;
    node.extend(this.#registered);
    await node.start();
    if (!signal.aborted && this.#stopping === null) return;
    await this.#halt(node);
    throw new NetworkError("ABORTED", {what: "start"});
  }

  /** Resolves within 3 s, whatever libp2p does. */
  stop(): Promise<void> {
    this.#stopping ??= this.#node === null ? Promise.resolve() : this.#halt(this.#node);
    return this.#stopping;
  }
  async #halt(node: PeerNode): Promise<void> {
    this.#node = null;
    try {
      await within(this.#options.clock, {ms: STOP_MS, what: "stop"}, () => node.stop());
    } catch (error) {
      this.#report.log.warn("p2p did not stop cleanly", describeError(error));
    }
    node.abandon();
  }

  broadcast(message: Message): void {
    const bytes = this.#encode(message);
    if (bytes === null) return;
    this.#node?.sendToAll(bytes, message.kind);
    this.#node?.publish(bytes, message.kind);
  }
  resend(message: Message): void {
    const bytes = this.#encode(message);
    if (bytes !== null) this.#node?.sendToAll(bytes, message.kind);
  }
  sendTo(validator: number, message: Message): void {
    const bytes = this.#encode(message);
    if (bytes !== null) this.#node?.sendTo(validator, bytes, message.kind);
  }
  async requestBlocks(validator: number, from: number, count: number, signal: AbortSignal): Promise<Uint8Array[]> {
    if (this.#node === null) throw new NetworkError("NOT_STARTED", {});
    return this.#node.requestBlocks(validator, {from, count, signal});
  }
  async requestSnapshot(validator: number, ask: SnapshotAsk, signal: AbortSignal): Promise<Uint8Array | null> {
    if (this.#node === null) throw new NetworkError("NOT_STARTED", {});
    return this.#node.requestSnapshot(validator, ask, signal);
  }
  extend(validators: readonly string[]): void {
    this.#registered = validators;
    this.#node?.extend(validators);
  }
  punish(validator: number, reason: string): void {
    this.#node?.punish(validator, reason);
  }
  peers(): readonly Peer[] {
    return this.#node?.peers() ?? [];
  }
  addresses(): readonly string[] {
    return this.#node?.addresses() ?? [];
  }
  stats(): NetworkStats {
    return {...(this.#node?.stats() ?? EMPTY), counts: this.#report.counts};
  }

  /** null, and a line in the log, where the message cannot be sent: that is a fault of ours. */
  #encode(message: Message): Uint8Array | null {
    try {
      const bytes = encodeMessage(message);
      if (bytes.length <= MESSAGE_BYTES_MAX) return bytes;
      this.#report.error("message is too large to send", message.kind, {kind: message.kind, bytes: bytes.length});
    } catch (error) {
      this.#report.error("message cannot be encoded", message.kind, {kind: message.kind, ...describeError(error)});
    }
    return null;
  }
}
