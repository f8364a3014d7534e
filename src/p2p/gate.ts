import {BoundedMap} from "../base/bounded.ts";
import {CONNECT_RATE, TokenBucket} from "./limits.ts";
import type {Report} from "./report.ts";
import type {Reputation} from "./reputation.ts";

const STRANGERS_MAX = 1_024;
/** An observer's place is held for so long while its connection is being set up. */
const RESERVED_MS = 5_000;

export interface GateOptions {
  readonly ownPeerId: string;
  /** Registered peer ids and their indices. */
  readonly validators: ReadonlyMap<string, number>;
  readonly observersMax: number;
  readonly reputation: Reputation;
  readonly report: Report;
  now(): number;
  /** Peer ids that have a connection now. */
  connectedPeers(): readonly string[];
}

/** Who may connect: peer ids are what noise has proven. */
export class Gate {
  readonly #options: GateOptions;
  readonly #rates = new Map<string, TokenBucket>();
  readonly #strangerRates = new BoundedMap<string, TokenBucket>(STRANGERS_MAX);
  readonly #reserved = new BoundedMap<string, number>(STRANGERS_MAX);

  constructor(options: GateOptions) {
    this.#options = options;
    for (const peerId of options.validators.keys()) this.extend(peerId);
  }

  /** One more validator: `validators` has it already. */
  extend(peerId: string): void {
    this.#rates.set(peerId, new TokenBucket(this.#options.now, CONNECT_RATE));
  }

  /** Judges an incoming connection; a refusal is counted and logged. */
  admits(peerId: string, address: string): boolean {
    const reason = this.#refusal(peerId);
    if (reason === null) return true;
    this.#options.report.count("refusedConnections");
    // strangers can make a new key for every attempt: their lines are alike
    const subject = this.#options.validators.has(peerId) ? peerId : "stranger";
    this.#options.report.warn("connection refused", `${subject}/${reason}`, {peer: peerId, address, reason});
    return false;
  }
  /** Whether this node may dial the peer: registered, not itself, not banned. */
  mayDial(peerId: string): boolean {
    const {ownPeerId, validators, reputation} = this.#options;
    return peerId !== ownPeerId && validators.has(peerId) && !reputation.isBanned(peerId);
  }

  #refusal(peerId: string): string | null {
    const {ownPeerId, validators, reputation} = this.#options;
    if (peerId === ownPeerId) return "own identity";
    if (reputation.isBanned(peerId)) return "banned";
    if (!validators.has(peerId) && !this.#hasPlace(peerId)) return "not a registered validator";
    return this.#rate(peerId).take() ? null : "connects too often";
  }
  #hasPlace(peerId: string): boolean {
    const {observersMax, validators, connectedPeers, now} = this.#options;
    if (observersMax === 0) return false;
    const at = now();
    const others = new Set(connectedPeers().filter((id) => !validators.has(id)));
    for (const [id, since] of this.#reserved.entries()) if (at - since < RESERVED_MS) others.add(id);
    others.delete(peerId);
    if (others.size >= observersMax) return false;
    this.#reserved.set(peerId, at);
    return true;
  }
  #rate(peerId: string): TokenBucket {
    const known = this.#rates.get(peerId) ?? this.#strangerRates.get(peerId);
    if (known !== undefined) return known;
    const bucket = new TokenBucket(this.#options.now, CONNECT_RATE);
    this.#strangerRates.set(peerId, bucket);
    return bucket;
  }
}
