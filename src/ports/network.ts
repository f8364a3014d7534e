import type {Message} from "../types/messages.ts";
import type {Service} from "./system.ts";

/** Who a message or a request came from. `validator`: its place in the register, which outlives epochs; null for an observer. */
export interface Peer {
  readonly peerId: string;
  readonly validator: number | null;
}

/** accept: forward it; ignore: old, early or already known; reject: no honest node sends it, and the peer pays for it. */
export type Verdict = "accept" | "ignore" | "reject";

/** A part of the snapshot of a height, or its head where `part` is null; `height` null: the newest. */
export interface SnapshotAsk {
  readonly height: number | null;
  readonly part: number | null;
}

/** What the node does with what peers send. No method throws. */
export interface NetworkHandler {
  /** Judges a decoded message, and keeps it where it is useful. Runs before the message is forwarded. */
  receive(message: Message, from: Peer): Verdict;
  /** Encoded DecidedBlocks of heights `from`, `from + 1`, …, at most `count`, fewer or none where they are not known. */
  serveBlocks(from: number, count: number): Promise<readonly Uint8Array[]>;
  /** What is asked of a snapshot, encoded; null where it is not there. */
  serveSnapshot(ask: SnapshotAsk): Promise<Uint8Array | null>;
  /** A validator has connected. */
  connected(peer: Peer): void;
}

/** The p2p side of the node. Sending never waits and never throws: what does not fit a queue is dropped and counted. */
export interface Network extends Service {
  /** To all who are entitled to it: gossip, and the same bytes by direct stream to every connected validator. */
  broadcast(message: Message): void;
  /** The same bytes again, by direct streams alone (gossip refuses to repeat itself); also for messages between validators only. */
  resend(message: Message): void;
  sendTo(validator: number, message: Message): void;
  /** Asks one validator for decided blocks; each is still encoded and unchecked. Rejects on timeout, refusal and oversize. */
  requestBlocks(validator: number, from: number, count: number, signal: AbortSignal): Promise<Uint8Array[]>;
  /** Asks one validator for a piece of a snapshot, encoded and unchecked; null: it has none. Rejects as requestBlocks does. */
  requestSnapshot(validator: number, ask: SnapshotAsk, signal: AbortSignal): Promise<Uint8Array | null>;
  /**
   * Peer ids of all validators by index, those that are known already and then the new ones: they may connect from now on. The list
   * only grows.
   */
  extend(validators: readonly string[]): void;
  /** The peer has sent something that only a faulty node sends, found out later than `receive`. */
  punish(validator: number, reason: string): void;
  peers(): readonly Peer[];
  /** Multiaddrs with the peer id, once started. */
  addresses(): readonly string[];
}
