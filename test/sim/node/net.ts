import {DecodeError} from "../../../src/base/errors.ts";
import type {Network, NetworkHandler, Peer, Verdict} from "../../../src/ports/network.ts";
import {decodeMessage, encodeMessage, type Message} from "../../../src/types/messages.ts";
import type {Prng} from "../prng.ts";
import type {Life} from "./life.ts";
import type {World} from "./world.ts";

/** Delays of the copies of one message on its way; none: it is lost. */
export type Link = (from: number, to: number) => readonly number[];

/** Who hears what goes to a validator: a node, both halves of a split one, or a liar. */
export interface Endpoint {
  readonly life: Life;
  readonly handler: NetworkHandler;
  /** Those who hear it; null: everybody. */
  readonly audience: (() => ReadonlySet<number>) | null;
}

/** Told of everything on the network, for checks. */
export interface Watcher {
  sent(from: number, message: Message): void;
  judged(of: {from: number; to: number; message: Message; verdict: Verdict}): void;
  punished(by: number, validator: number, reason: string): void;
}

/** Joins the validators of a run. Messages are encoded and decoded on their way. */
export class SimNet {
  readonly #world: World;
  readonly #link: Link;
  readonly #watcher: Watcher;
  readonly #random: Prng;
  readonly #endpoints = new Map<number, Endpoint[]>();
  /** For scenarios that are played by hand: what is lost besides. */
  loses: (from: number, to: number, message: Message) => boolean = () => false;

  constructor(of: {world: World; link: Link; watcher: Watcher}) {
    this.#world = of.world;
    this.#link = of.link;
    this.#watcher = of.watcher;
    this.#random = of.world.chance("answers");
  }

  join(me: number, endpoint: Endpoint): void {
    const before = this.#endpoints.get(me) ?? [];
    this.#endpoints.set(me, [...before.filter(({life}) => life.isAlive), endpoint]);
  }

  /** Tells two validators that they have found each other. */
  connect(a: number, b: number): void {
    for (const [one, other] of [
      [a, b],
      [b, a],
    ] as const)
      for (const {life, handler} of this.#endpoints.get(one) ?? []) if (life.isAlive && this.#isUp(other)) handler.connected(peerOf(other));
  }

  /** Puts bytes on the wire, whatever they are. */
  carry(from: number, to: number, bytes: Uint8Array): void {
    for (const ms of this.#link(from, to)) this.#world.after(ms, () => this.#arrive(from, to, bytes));
  }

  port(of: {life: Life; me: number; handler: NetworkHandler; others: readonly number[]; audience?: () => ReadonlySet<number>}): Network {
    const {life, me, handler, others} = of;
    const audience = of.audience ?? null;
    const sendAll = (message: Message) => {
      if (!life.isAlive) return;
      this.#watcher.sent(me, message);
      const bytes = encodeMessage(message);
      for (const to of others) {
        if (!life.may("send")) return;
        if (audience === null || audience().has(to)) this.carry(me, to, bytes);
      }
    };
    return {
      name: "simulated network",
      start: async () => {
        this.join(me, {life, handler, audience});
        for (const to of others) this.#world.after(this.#random.int(1, 30), () => this.connect(me, to));
      },
      stop: async () => {},
      broadcast: sendAll,
      resend: sendAll,
      sendTo: (to, message) => {
        if (!life.may("send")) return;
        this.#watcher.sent(me, message);
        if (audience === null || audience().has(to)) this.carry(me, to, encodeMessage(message));
      },
      requestBlocks: (to, from, count, signal) => this.#request({life, me, to, from, count, signal}),
      requestSnapshot: async () => null,
      extend() {},
      punish: (validator, reason) => this.#watcher.punished(me, validator, reason),
      peers: () => others.filter((other) => this.#isUp(other)).map(peerOf),
      addresses: () => [],
    };
  }

  #isUp(validator: number): boolean {
    return (this.#endpoints.get(validator) ?? []).some(({life}) => life.isAlive);
  }

  #arrive(from: number, to: number, bytes: Uint8Array): void {
    for (const {life, handler} of this.#endpoints.get(to) ?? []) {
      if (!life.isAlive) continue;
      const message = decoded(bytes);
      if (message === null) {
        this.#world.note(`${from} > ${to} garbage`, true);
        continue;
      }
      if (this.loses(from, to, message)) continue;
      const verdict = handler.receive(message, peerOf(from));
      this.#world.note(`${from} > ${to} ${message.kind} ${verdict}`, true);
      this.#watcher.judged({from, to, message, verdict});
    }
  }

  #request(of: {life: Life; me: number; to: number; from: number; count: number; signal: AbortSignal}): Promise<Uint8Array[]> {
    const {life, me, to, from, count, signal} = of;
    return new Promise((resolve, reject) => {
      signal.addEventListener("abort", () => life.isAlive && reject(new Error("no answer in time")));
      const answer = (frames: readonly Uint8Array[]) => {
        for (const ms of this.#link(to, me).slice(0, 1)) life.after(ms, () => resolve([...frames]));
      };
      for (const ms of this.#link(me, to).slice(0, 1))
        this.#world.after(ms, () => {
          const endpoint = (this.#endpoints.get(to) ?? []).find((one) => one.life.isAlive);
          if (endpoint === undefined) {
            life.after(1, () => reject(new Error("unreachable")));
            return;
          }
          void endpoint.handler.serveBlocks(from, count).then(answer);
        });
    });
  }
}

function peerOf(validator: number): Peer {
  return {peerId: `peer-${validator}`, validator};
}

function decoded(bytes: Uint8Array): Message | null {
  try {
    return decodeMessage(bytes);
  } catch (error) {
    if (error instanceof DecodeError) return null;
    throw error;
  }
}
