import {BoundedMap} from "../base/bounded.ts";

/** What a deed costs; above `POINTS_MAX` the peer is banned: with the fifth invalid message in quick succession. */
export const COST = {rejected: 1, overLimit: 0.02, abuse: 5} as const;
const POINTS_MAX = 4;
const FORGIVE_MS = 10_000;
const BAN_MS = 10_000;
const BAN_MAX_MS = 300_000;
const FORGET_MS = 600_000;
const STRANGERS_MAX = 1_024;

interface Record {
  points: number;
  at: number;
  bans: number;
  bannedUntil: number;
}

/**
 * Points of misbehaviour per peer id: one is forgiven every 10 s. More than four cost the connection and a ban of 10 s, doubled with
 * every ban up to 5 minutes until the peer has behaved for 10 minutes. Short, because a validator shut out by mistake costs the network a vote.
 */
export class Reputation {
  readonly #now: () => number;
  readonly #validators = new Map<string, Record>();
  readonly #strangers = new BoundedMap<string, Record>(STRANGERS_MAX);

  constructor(now: () => number, validators: Iterable<string>) {
    this.#now = now;
    for (const peerId of validators) this.extend(peerId);
  }

  /** One more peer that is remembered whatever happens. */
  extend(peerId: string): void {
    this.#validators.set(peerId, {points: 0, at: 0, bans: 0, bannedUntil: 0});
  }

  /** Milliseconds of the ban that these points lead to, or null where the peer stays. */
  charge(peerId: string, points: number): number | null {
    const now = this.#now();
    const record = this.#record(peerId);
    const quietMs = now - record.at;
    if (quietMs > FORGET_MS) record.bans = 0;
    record.points = Math.max(0, record.points - quietMs / FORGIVE_MS) + points;
    record.at = now;
    if (record.points <= POINTS_MAX) return null;
    const banMs = Math.min(BAN_MS * 2 ** record.bans, BAN_MAX_MS);
    record.points = 0;
    record.bans++;
    record.bannedUntil = now + banMs;
    return banMs;
  }
  isBanned(peerId: string): boolean {
    const record = this.#validators.get(peerId) ?? this.#strangers.get(peerId);
    return record !== undefined && record.bannedUntil > this.#now();
  }

  #record(peerId: string): Record {
    const known = this.#validators.get(peerId) ?? this.#strangers.get(peerId);
    if (known !== undefined) return known;
    const record = {points: 0, at: this.#now(), bans: 0, bannedUntil: 0};
    this.#strangers.set(peerId, record);
    return record;
  }
}
