import {createHash} from "node:crypto";
import {BoundedMap} from "../base/bounded.ts";
import {DecodeError, describeError} from "../base/errors.ts";
import type {NetworkHandler, Peer, Verdict} from "../ports/network.ts";
import type {Clock} from "../ports/system.ts";
import {decodeMessage, MESSAGE_BYTES_MAX, type Message} from "../types/messages.ts";
import type {Report} from "./report.ts";
import {type Family, familyOf, kindOf, OBSERVER_FAMILIES} from "./topics.ts";

const ACCEPTED_MAX = 32_768;
const OTHERS_MAX = 8_192;
/** An ignored message may have come too early: the same bytes are judged again after this. */
const REJUDGE_MS = 200;
/** A message accepted longer ago is not forwarded again by gossip, which has forgotten it by then. */
export const FORWARD_MS = 30_000;

const VERDICTS: readonly unknown[] = ["accept", "ignore", "reject"];
const ids = new WeakMap<Uint8Array, Uint8Array>();

/** SHA-256 of the bytes, computed once per array: gossip and the intake ask for the same. The bytes must not change. */
export function messageId(bytes: Uint8Array): Uint8Array {
  const known = ids.get(bytes);
  if (known !== undefined) return known;
  const id = new Uint8Array(createHash("sha256").update(bytes).digest());
  ids.set(bytes, id);
  return id;
}

export interface IntakeOptions {
  readonly handler: NetworkHandler;
  readonly clock: Clock;
  readonly report: Report;
  /** The peer has sent what no honest node sends. */
  onReject(peer: Peer, reason: string): void;
}

/**
 * Where both paths meet: form, kind, duplicates, then the handler's verdict. Never throws. The same bytes are judged
 * once, whoever sends them by whatever path; status messages, which name no author, are judged each time.
 */
export class Intake {
  readonly #options: IntakeOptions;
  readonly #accepted = new BoundedMap<string, number>(ACCEPTED_MAX);
  readonly #others = new BoundedMap<string, {readonly verdict: Verdict; readonly at: number}>(OTHERS_MAX);

  constructor(options: IntakeOptions) {
    this.#options = options;
  }
  get remembered(): number {
    return this.#accepted.size + this.#others.size;
  }
  /** The bytes are our own: what comes back of them is a duplicate. */
  own(bytes: Uint8Array): void {
    this.#accepted.set(keyOf(bytes), this.#options.clock.now());
  }

  /** @param family  of the gossip topic that the bytes came by; null: direct stream */
  judge(bytes: Uint8Array, peer: Peer, family: Family | null): Verdict {
    const {report} = this.#options;
    report.count("received");
    const fault = faultOfWay(bytes, peer, family);
    if (fault !== null) return this.#reject(peer, fault);
    if (kindOf(bytes) === "status") return this.#settle(this.#ask(bytes, peer), peer);

    const key = keyOf(bytes);
    const known = this.#known(key);
    if (known !== null) {
      report.count("duplicate");
      return known === "reject" ? this.#reject(peer, "rejected before") : known;
    }
    const verdict = this.#ask(bytes, peer);
    const at = this.#options.clock.now();
    if (verdict === "accept") {
      this.#others.delete(key);
      this.#accepted.set(key, at);
    } else this.#others.set(key, {verdict, at});
    return this.#settle(verdict, peer);
  }

  /**
   * Whether gossip may look at the bytes: false, at the peer's cost, where they came a wrong way or were rejected before.
   * Gossip itself takes no notice of bytes that it has seen, so that repeating them would cost nothing.
   */
  screen(bytes: Uint8Array, peer: Peer, family: Family): boolean {
    const known = this.#others.get(keyOf(bytes))?.verdict === "reject" ? "rejected before" : null;
    const fault = faultOfWay(bytes, peer, family) ?? known;
    if (fault === null) return true;
    this.#options.report.count("received");
    this.#reject(peer, fault);
    return false;
  }

  #known(key: string): Verdict | null {
    const now = this.#options.clock.now();
    const acceptedAt = this.#accepted.get(key);
    if (acceptedAt !== undefined) return now - acceptedAt < FORWARD_MS ? "accept" : "ignore";
    const other = this.#others.get(key);
    if (other === undefined || (other.verdict === "ignore" && now - other.at >= REJUDGE_MS)) return null;
    return other.verdict;
  }

  #ask(bytes: Uint8Array, peer: Peer): Verdict {
    const {handler, report} = this.#options;
    if (bytes.length > MESSAGE_BYTES_MAX) return "reject";
    let message: Message;
    try {
      message = decodeMessage(bytes);
    } catch (error) {
      if (error instanceof DecodeError) return "reject";
      return this.#failed(error, peer);
    }
    report.count("delivered");
    try {
      const verdict = handler.receive(message, peer);
      return VERDICTS.includes(verdict) ? verdict : this.#failed(new Error("no verdict"), peer);
    } catch (error) {
      return this.#failed(error, peer);
    }
  }
  /** A fault of ours must not cost the peer anything. */
  #failed(error: unknown, peer: Peer): Verdict {
    this.#options.report.count("handlerErrors");
    this.#options.report.error("message handler failed", String(error).slice(0, 80), {peer: peer.peerId, ...describeError(error)});
    return "ignore";
  }

  #settle(verdict: Verdict, peer: Peer): Verdict {
    if (verdict === "reject") return this.#reject(peer, "message is invalid");
    this.#options.report.count(verdict === "accept" ? "accepted" : "ignored");
    return verdict;
  }
  #reject(peer: Peer, reason: string): Verdict {
    this.#options.report.count("rejected");
    this.#options.onReject(peer, reason);
    return "reject";
  }
}

function keyOf(bytes: Uint8Array): string {
  return Buffer.from(messageId(bytes)).toString("latin1");
}

/** What is wrong with the way and not with the bytes, which others may send rightly: not remembered. */
function faultOfWay(bytes: Uint8Array, peer: Peer, family: Family | null): string | null {
  const kind = kindOf(bytes);
  const carrier = kind === null ? null : familyOf(kind);
  if (family !== null && kind !== null && carrier !== family) return "kind on another topic";
  if (peer.validator === null && (carrier === null || !OBSERVER_FAMILIES.includes(carrier))) return "kind not for observers";
  return null;
}
