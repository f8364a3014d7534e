import {expect, vi} from "vitest";
import {toHex} from "../../src/base/bytes.ts";
import {blsPublicKey, blsSign, blsVerify} from "../../src/crypto/bls.ts";
import {combinePartials} from "../../src/crypto/threshold.ts";
import {admit, sessionAckDigest} from "../../src/dkg/admit.ts";
import {tick} from "../../src/dkg/advance.ts";
import {type OpenedShares, openShares} from "../../src/dkg/open.ts";
import {makeAcks, makeComplaint} from "../../src/dkg/participant.ts";
import {type ActiveSession, dealersOf, type Session, sizesOf} from "../../src/dkg/session.ts";
import {decodeSession, encodeSession} from "../../src/dkg/session-codec.ts";
import {type Complaint, type Dealing, type DkgBody, encodeDkgBody} from "../../src/types/dkg.ts";
import {
  bytesOf,
  type Committee,
  codeOf,
  committee,
  dealingOf,
  expectActive,
  forgedDealing,
  forgedReshare,
  type Holders,
  holders,
  reshareDealings,
  resharing,
} from "../support/dkg.ts";

/** Who takes part and how it deals, the same for a fresh key and for one that is passed on: seven dealers, seven receivers, a seat each. */
export interface Stage {
  readonly mode: "fresh" | "reshare";
  readonly receivers: Committee;
  /** Those whose key is passed on. */
  readonly before: Holders | null;
  deal(dealer: number, session: Session): Dealing;
  /** The dealing that a dealer has altered and proven as well as it can. */
  forge(dealer: number, change: (honest: Dealing) => Dealing, session: Session): Dealing;
}

/** Dealings are a function of the session's id and the dealer. */
function once(deal: Stage["deal"]): Stage["deal"] {
  const made = new Map<string, Dealing>();
  return (dealer, session) => {
    const key = `${session.sid}/${dealer}`;
    const dealing = made.get(key) ?? deal(dealer, session);
    made.set(key, dealing);
    return dealing;
  };
}

export const SEATS = [1, 1, 1, 1, 1, 1, 1] as const; // t = 5, two may be faulty

export function freshStage(): Stage {
  const of = committee(SEATS, "stage");
  return {
    mode: "fresh",
    receivers: of,
    before: null,
    deal: once((dealer, session) => dealingOf(of, dealer, session)),
    forge: (dealer, change, session) => forgedDealing(of, dealer, change, session),
  };
}

export function reshareStage(): Stage {
  const before = holders(committee(SEATS, "old"));
  const of = resharing(before, SEATS, "new");
  return {
    mode: "reshare",
    receivers: of,
    before,
    deal: once((dealer, session) => reshareDealings(of, dealer, session)[0] as Dealing),
    forge: (dealer, change, session) => forgedReshare(of, {dealer, seat: dealer + 1}, change, session),
  };
}

/** The same code once more, with caches of its own. */
const other = (async () => {
  vi.resetModules();
  return {
    admit: (await import("../../src/dkg/admit.ts")).admit,
    tick: (await import("../../src/dkg/advance.ts")).tick,
    codec: await import("../../src/dkg/session-codec.ts"),
  };
})();

interface Said {
  readonly from: number;
  readonly body: Uint8Array;
}

/**
 * Nodes that decide the same blocks: one keeps its state, one writes and reads it before each step as after a restart or from a
 * snapshot, and at the end one replays everything with nothing in its caches. All must give the same verdict on each message.
 */
export class Net {
  readonly stage: Stage;
  readonly #log: (Said | "tick")[] = [];
  /** What receivers find, by session, as it takes them long to look. */
  readonly #opened = new WeakMap<Session, Map<number, OpenedShares>>();
  #live: Session;
  #stored: Uint8Array;

  constructor(stage: Stage) {
    this.stage = stage;
    this.#live = stage.receivers.session;
    this.#stored = encodeSession(this.#live);
  }

  get session(): Session {
    return this.#live;
  }

  /** Offers a message to every node; what all say: "none", or the code of the refusal. */
  say(from: number, body: DkgBody): string {
    return this.sayBytes(from, encodeDkgBody(body));
  }

  sayBytes(from: number, body: Uint8Array): string {
    this.#log.push({from, body});
    const [live, stored] = [this.#live, decodeSession(this.#stored)];
    const verdicts = [
      codeOf(() => {
        this.#live = admit(live, {from, body});
      }),
      codeOf(() => {
        this.#stored = encodeSession(admit(stored, {from, body}));
      }),
    ];
    expect(new Set(verdicts).size, "every node gives the same verdict").toBe(1);
    return verdicts[0] as string;
  }

  tick(count = 1): void {
    for (let i = 0; i < count; i++) {
      this.#log.push("tick");
      this.#live = tick(this.#live);
      this.#stored = encodeSession(tick(decodeSession(this.#stored)));
    }
  }

  /** Ticks until the phase is over. */
  endPhase(): void {
    const {phase, attempt} = this.#live;
    for (let i = 0; i < 100 && this.#live.phase === phase && this.#live.attempt === attempt; i++) this.tick();
  }

  /** All dealers but `except` deal honestly, unless they have dealt. */
  dealAll(except: readonly number[] = []): void {
    const start = this.#live;
    dealersOf(start).forEach((_, dealer) => {
      if (!except.includes(dealer) && this.#live.phase === "deal") this.say(dealer, this.stage.deal(dealer, start));
    });
  }

  secret(receiver: number): Uint8Array {
    return this.stage.receivers.secrets[receiver] as Uint8Array;
  }

  open(receiver: number): OpenedShares {
    const session = this.#live;
    const known = this.#opened.get(session) ?? new Map<number, OpenedShares>();
    this.#opened.set(session, known);
    const opened = known.get(receiver) ?? openShares({session, validatorIndex: receiver, encSecret: this.secret(receiver)});
    known.set(receiver, opened);
    return opened;
  }

  /** The complaint of a receiver about a dealer, true or not. */
  complaintOf(accuser: number, dealer: number, session: Session = this.#live): Complaint {
    const oldSeat = this.stage.mode === "fresh" ? 0 : dealer + 1;
    const names = {accuserIndex: accuser, dealer, oldSeat, seat: accuser + 1};
    return makeComplaint({session, encSecret: this.secret(accuser), random: bytesOf("random"), ...names});
  }

  /** What the receivers that are not `absent` have to complain about, said in their order; the verdicts. */
  complainAll(absent: readonly number[] = []): string[] {
    return this.stage.receivers.secrets.flatMap((_, receiver) =>
      absent.includes(receiver) ? [] : this.open(receiver).bad.map((bad) => this.say(receiver, this.complaintOf(receiver, bad.dealer))),
    );
  }

  ackAll(absent: readonly number[] = []): void {
    const start = this.#live;
    this.stage.receivers.secrets.forEach((_, receiver) => {
      if (absent.includes(receiver) || start.phase !== "ack") return;
      for (const ack of makeAcks({session: start, shares: this.open(receiver).shares}))
        if (this.#live.phase === "ack") this.say(receiver, ack);
    });
  }

  /** The rest of the session, in which all but `absent` receivers and `silent` dealers do what they have to. */
  async finish(of: {absent?: readonly number[]; silent?: readonly number[]} = {}): Promise<ActiveSession> {
    const is = (phase: Session["phase"]) => this.#live.phase === phase;
    for (let i = 0; !is("active") && i < 9; i++) {
      if (is("deal")) this.dealAll(of.silent);
      if (is("complain")) this.complainAll(of.absent);
      if (is("ack")) this.ackAll(of.absent);
      if (!is("active")) this.endPhase();
    }
    const active = expectActive(this.session);
    await this.agree();
    this.expectKey(active);
    return active;
  }

  /** All nodes hold the same bytes, also the one that starts from genesis with empty caches. */
  async agree(): Promise<void> {
    expect(toHex(this.#stored)).toBe(toHex(encodeSession(this.#live)));
    const cold = await other;
    let session = cold.codec.decodeSession(encodeSession(this.stage.receivers.session));
    for (const step of this.#log) {
      if (step === "tick") session = cold.tick(session);
      else
        try {
          session = cold.admit(session, step);
        } catch {
          // refused, as it was the first time: the bytes at the end show it
        }
    }
    expect(toHex(cold.codec.encodeSession(session))).toBe(toHex(this.#stored));
  }

  /** What every key must be: the same as before where it was passed on, proven, known by seat, and signed with by those with shares. */
  expectKey(active: ActiveSession): void {
    const {threshold} = sizesOf(active);
    const {before} = this.stage;
    if (before !== null) expect(active.groupKey).toEqual(before.active.groupKey);
    expect(blsVerify(active.groupKey, sessionAckDigest(active), active.pop)).toBe(true);
    const shares = this.shares();
    for (const [seat, share] of shares) expect(blsPublicKey(share)).toEqual(active.publicShares[seat - 1]);
    expect(shares.size).toBeGreaterThanOrEqual(threshold);
    const message = bytesOf("message");
    const partials = [...shares].map(([seat, share]) => ({seat, signature: blsSign(share, message)}));
    const {groupKey} = active;
    expect(combinePartials({partials: partials.slice(-threshold), threshold, groupKey, message}).signature).not.toBeNull();
    const few = combinePartials({partials: partials.slice(0, threshold - 1), threshold: threshold - 1, groupKey, message});
    expect(few.signature).toBeNull();
  }

  /** Seat → share of everybody that has one. */
  shares(): Map<number, Uint8Array> {
    return new Map(this.stage.receivers.secrets.flatMap((_, receiver) => [...this.open(receiver).shares]));
  }

  /** The old key still signs: nobody has needed anything but the old shares. */
  expectOldKeyWorks(): void {
    const {before} = this.stage;
    if (before === null) return;
    const {threshold} = sizesOf(before.active);
    const message = bytesOf("while it goes on");
    const partials = [...before.shares].map(([seat, share]) => ({seat, signature: blsSign(share, message)}));
    expect(combinePartials({partials, threshold, groupKey: before.active.groupKey, message}).signature).not.toBeNull();
  }
}
