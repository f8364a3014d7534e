import type {Connection, Stream} from "@libp2p/interface";
import {describeError} from "../base/errors.ts";
import type {Clock} from "../ports/system.ts";
import {within} from "./deadline.ts";
import {asError, NetworkError} from "./errors.ts";
import {FrameChannel} from "./frames.ts";
import {decodeHello, encodeHello, HELLO_BYTES_MAX, type Hello, PROTOCOL_VERSION} from "./hello.ts";
import type {Report} from "./report.ts";

/** A connection on which no hello was exchanged for so long is closed. */
export const HELLO_MS = 5_000;
/** The other side gets so long to read why it is being left. */
const GOODBYE_MS = 500;

export interface HandshakeOptions {
  readonly protocol: string;
  readonly clock: Clock;
  readonly report: Report;
  /** What this node says now. */
  own(): Hello;
  /** The peer is of this network and version. Called for every exchange. */
  onHello(connection: Connection, hello: Hello): void;
  /** Whether an exchange that the peer asks for is within its rate. */
  mayAsk(peerId: string): boolean;
}

/** Both sides say hello on a stream that the dialler opens; a peer of another network or version is disconnected. */
export class Handshake {
  readonly #options: HandshakeOptions;

  constructor(options: HandshakeOptions) {
    this.#options = options;
  }

  /** Says hello first. Resolves to whether the peer belongs here; where not, the connection is closed. Never rejects. */
  async greet(connection: Connection, parent?: AbortSignal): Promise<boolean> {
    const {clock, protocol, own} = this.#options;
    try {
      return await within(clock, {ms: HELLO_MS, what: "hello", parent}, async (signal) => {
        const channel = new FrameChannel(await connection.newStream(protocol, {signal}), HELLO_BYTES_MAX);
        signal.addEventListener("abort", () => channel.abort(asError(signal.reason)));
        await channel.send(encodeHello(own()), signal);
        const fits = this.#check(connection, await channel.next(signal));
        await channel.close(signal);
        if (!fits) connection.abort(new Error("peer is of another network"));
        return fits;
      });
    } catch (error) {
      this.#failed(connection, error);
      return false;
    }
  }

  /** Answers a hello. Never rejects. */
  async answer(stream: Stream, connection: Connection): Promise<void> {
    const {clock, own, mayAsk} = this.#options;
    if (!mayAsk(connection.remotePeer.toString())) {
      stream.abort(new Error("too many hellos"));
      return;
    }
    try {
      await within(clock, {ms: HELLO_MS, what: "hello"}, async (signal) => {
        const channel = new FrameChannel(stream, HELLO_BYTES_MAX);
        signal.addEventListener("abort", () => channel.abort(asError(signal.reason)));
        const fits = this.#check(connection, await channel.next(signal));
        await channel.send(encodeHello(own()), signal); // also to a stranger, whose log should say why it is left
        await channel.close(signal);
        if (!fits) clock.after(GOODBYE_MS, () => connection.abort(new Error("peer is of another network")));
      });
    } catch (error) {
      this.#failed(connection, error);
    }
  }

  /** Throws NetworkError and DecodeError where there is no hello to check. */
  #check(connection: Connection, bytes: Uint8Array | null): boolean {
    if (bytes === null) throw new NetworkError("REFUSED", {what: "hello"});
    const theirs = decodeHello(bytes);
    const ours = this.#options.own();
    const peer = connection.remotePeer.toString();
    if ("version" in theirs) return this.#differs(peer, "protocol version", PROTOCOL_VERSION, theirs.version);
    if (theirs.networkId !== ours.networkId) return this.#differs(peer, "network id", ours.networkId, theirs.networkId);
    if (theirs.genesisHash !== ours.genesisHash) return this.#differs(peer, "genesis hash", ours.genesisHash, theirs.genesisHash);
    this.#options.onHello(connection, theirs);
    return true;
  }
  #differs(peer: string, what: string, ours: number | string, theirs: number | string): false {
    this.#options.report.count("mismatches");
    this.#options.report.warn("peer is of another network, disconnecting", peer, {peer, what, ours, theirs});
    return false;
  }
  #failed(connection: Connection, error: unknown): void {
    // left before it said hello, as after a refusal; or this node stops
    if (connection.status !== "open" || (error instanceof NetworkError && error.code === "ABORTED")) return;
    const peer = connection.remotePeer.toString();
    this.#options.report.warn("no hello from peer, disconnecting", peer, {peer, ...describeError(error)});
    connection.abort(asError(error));
  }
}
