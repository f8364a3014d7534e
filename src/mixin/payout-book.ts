import {BoundedMap} from "../base/bounded.ts";
import type {Hex} from "../base/bytes.ts";
import type {Judgement} from "../ports/chain.ts";
import type {Uuid} from "../types/ids.ts";
import type {PayoutFact} from "../types/payout-facts.ts";

const REMEMBERED_MAX = 2_000;

/** A transaction of the group that the Mixin ledger has, and whether it gave the inputs back. */
export interface Spent {
  readonly txHash: Hex;
  readonly voiding: boolean;
}
export type Refusal = "unusable" | "impossible";

/** What the API has shown of the group's transactions, also of those whose order is gone. */
export class PayoutBook {
  readonly #spent = new BoundedMap<Uuid, Spent>(REMEMBERED_MAX);
  readonly #refusals = new BoundedMap<string, Refusal>(REMEMBERED_MAX);

  spent(traceId: Uuid): Spent | null {
    return this.#spent.get(traceId) ?? null;
  }

  noteSpent(traceId: Uuid, spent: Spent): void {
    this.#spent.set(traceId, spent);
  }

  /** What the API says now of a build that is not spent. */
  noteRefusal(of: {traceId: Uuid; buildIndex: number}, refusal: Refusal): void {
    this.#refusals.set(`${of.traceId} ${of.buildIndex}`, refusal);
  }

  /** "unknown" where the API has not shown it: a refusal may still come, and a payout may still be confirmed. */
  judge(fact: PayoutFact): Judgement {
    const spent = this.spent(fact.traceId);
    if (fact.kind === "payoutRefused") {
      if (spent !== null) return "invalid";
      return this.#refusals.get(`${fact.traceId} ${fact.buildIndex}`) === fact.reason ? "valid" : "unknown";
    }
    if (spent === null) return "unknown";
    return spent.txHash === fact.txHash && spent.voiding === (fact.kind === "payoutVoided") ? "valid" : "invalid";
  }
}
