import {randomBytes, randomInt, randomUUID} from "node:crypto";
import type {Connection} from "@libp2p/interface";
import {encodeFrame} from "../../src/p2p/frames.ts";
import {FAMILIES, protocolNames} from "../../src/p2p/topics.ts";
import {type Genesis, genesisHash} from "../../src/types/genesis.ts";
import {encodeMessage, MESSAGE_BYTES_MAX} from "../../src/types/messages.ts";
import {type Attacker, push, startAttacker} from "../p2p/attacker.ts";

const BURST = 60;
const LIES = 1_000;
const CAPTURED_MAX = 200;

/** What the bad peer did, by the name of its weapon: attempts that reached an open connection. */
export type Tally = Record<string, number>;

/** A validator gone bad: its key is staked, its hello fits, and nothing that it says after that is worth anything. */
export class BadPeer {
  readonly tally: Tally = {joined: 0, refused: 0};
  readonly #attacker: Attacker;
  readonly #genesis: Genesis;
  /** Messages of honest validators, to be changed and said again. */
  readonly #captured: Uint8Array[] = [];

  private constructor(attacker: Attacker, genesis: Genesis) {
    this.#attacker = attacker;
    this.#genesis = genesis;
  }

  /** @param seed  its libp2p key. To be called within a test: it stops with the test. */
  static async start(seed: Uint8Array, genesis: Genesis): Promise<BadPeer> {
    const peer = new BadPeer(await startAttacker(seed), genesis);
    const {pubsub} = peer.#attacker.host.services;
    for (const family of FAMILIES) pubsub.subscribe(peer.#names.topic(family));
    pubsub.addEventListener("message", ({detail}) => {
      if (peer.#captured.length < CAPTURED_MAX) peer.#captured.push(detail.data);
    });
    return peer;
  }

  get captured(): number {
    return this.#captured.length;
  }
  get #names() {
    return protocolNames(this.#genesis.networkId);
  }

  /** Connects to the address and says hello as a validator does. Rejects where it is not let in. */
  join(address: string): Promise<Connection> {
    const {networkId} = this.#genesis;
    return this.#attacker.join(address, {networkId, genesisHash: genesisHash(this.#genesis)});
  }

  /** Joins again and again until `signal` aborts: one time to send garbage until it is thrown out, one time to lie. */
  async flood(address: string, signal: AbortSignal): Promise<void> {
    let turn = 0;
    while (!signal.aborted) {
      const connection = await this.join(address).catch(() => null);
      if (connection === null) {
        this.#count("refused");
        await pause(250);
        continue;
      }
      this.#count("joined");
      if (turn++ % 2 === 0) await this.#talkRubbish(connection, signal);
      else await this.#lie(connection);
      connection.abort(new Error("enough"));
    }
  }

  async #talkRubbish(connection: Connection, signal: AbortSignal): Promise<void> {
    const {pubsub} = this.#attacker.host.services;
    for (let i = 0; i < 50 && !pubsub.getPeers().some((peer) => peer.equals(connection.remotePeer)); i++) await pause(10);
    while (!signal.aborted && connection.status === "open") {
      await Promise.all([this.#gossip(), ...this.#streams(connection)]);
      await pause(20);
    }
  }

  /** Messages of good form, for which nobody is thrown out at once: heights and payments that do not exist. */
  async #lie(connection: Connection): Promise<void> {
    const stream = await this.#attacker.open(connection, this.#names.direct).catch(() => null);
    for (let i = 0; i < LIES && stream !== null; i++) {
      const outputs = Array.from({length: 100}, () => randomUUID());
      if (!push(stream, encodeFrame(encodeMessage({kind: "status", height: 1_000_000_000, round: 0, outputs})))) return;
      this.#count("lies");
      if (i % 50 === 49) await pause(20);
    }
  }

  async #gossip(): Promise<void> {
    const {pubsub} = this.#attacker.host.services;
    for (const family of FAMILIES)
      for (let i = 0; i < BURST / FAMILIES.length; i++) {
        const sent = await pubsub.publish(this.#names.topic(family), this.#bytes(i)).catch(() => null);
        if (sent !== null && sent.recipients.length > 0) this.#count(`topic ${family}`);
      }
  }

  #streams(connection: Connection): Promise<void>[] {
    const {hello, direct, blocks} = this.#names;
    const protocols = {hello, direct, blocks, gossip: "/meshsub/1.2.0", identify: "/ipfs/id/1.0.0"};
    return Object.entries(protocols).map(async ([name, protocol]) => {
      const stream = await this.#attacker.open(connection, protocol).catch(() => null);
      if (stream === null) return;
      for (let i = 0; i < BURST; i++) {
        const large = encodeFrame(new Uint8Array(MESSAGE_BYTES_MAX + 1)).slice(0, 100_000);
        const bytes = i % 10 === 9 ? large : i % 2 === 0 ? encodeFrame(this.#bytes(i)) : this.#bytes(i);
        if (push(stream, bytes)) this.#count(`stream ${name}`);
      }
    });
  }

  /** Noise, or a message that honest validators have sent, cut, lengthened, changed or as it was. */
  #bytes(turn: number): Uint8Array {
    const real = this.#captured[randomInt(this.#captured.length + 1)];
    if (real === undefined || turn % 5 === 0) return new Uint8Array(randomBytes(randomInt(1, 2_000)));
    if (turn % 5 === 1) return real;
    if (turn % 5 === 2) return real.slice(0, randomInt(real.length));
    if (turn % 5 === 3) return Uint8Array.of(...real.slice(0, 5_000), 0);
    const changed = Uint8Array.from(real);
    for (let i = 0; i < 3; i++) changed[randomInt(changed.length)] = randomInt(256);
    return changed;
  }

  #count(name: string): void {
    this.tally[name] = (this.tally[name] ?? 0) + 1;
  }
}

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
