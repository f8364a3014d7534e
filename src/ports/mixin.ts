import type {Hex} from "../base/bytes.ts";
import type {AssetInfo} from "../types/asset-facts.ts";
import type {MixinOutput} from "../types/facts.ts";
import type {Uuid} from "../types/ids.ts";
import type {PayoutFact} from "../types/payout-facts.ts";
import type {Judgement} from "./chain.ts";
import type {Service} from "./system.ts";

/** Outputs of the group's multisig, as this validator's own view of the Mixin API shows them. */
export interface OutputFeed extends Service {
  /** Outputs seen and not decided, by sequence ascending, at most `count`. */
  undecided(count: number): readonly {readonly output: MixinOutput; readonly seenAtMs: number}[];
  /** Whether a proposed output is what the API shows. unknown: not seen yet; `fetch` may help. */
  judge(output: MixinOutput): Judgement;
  /** Whether this output was seen or is known to be decided. */
  knows(id: Uuid): boolean;
  /** Asks the API for these ids at once and adds what it confirms to the feed. Never rejects. */
  fetch(ids: readonly Uuid[]): Promise<void>;
  /** Polls now. Never rejects: trouble is logged, counted, and retried. */
  poll(): Promise<void>;
  /** These are decided: forget their bodies, and never show them again. */
  decided(outputs: readonly MixinOutput[]): void;
  onNew(listener: () => void): void;
}

/** One transaction that an order may become: under which request id, and whether it gives the inputs back to the group. */
export interface PayoutBuild {
  readonly requestId: Uuid;
  readonly voiding: boolean;
}

/** A transaction of the group that the ledger has decided: every validator builds the same from it. */
export interface PayoutOrder {
  readonly traceId: Uuid;
  /** Its newest builds, at least one; the last is to be signed, and is number `buildIndex` from 0. */
  readonly builds: readonly PayoutBuild[];
  readonly buildIndex: number;
  readonly asset: Uuid;
  /** 1e-8 units. */
  readonly amount: bigint;
  readonly receivers: readonly Uuid[];
  readonly receiversThreshold: number;
  /** At most 200 bytes. */
  readonly memo: Uint8Array;
  /** Amounts that go back to the group, in outputs after the payment: the inputs' sum less `amount`. */
  readonly change: readonly bigint[];
  /** By sequence ascending. */
  readonly inputs: readonly {readonly outputId: Uuid; readonly txHash: Hex; readonly index: number; readonly amount: bigint}[];
}

/** Builds, signs for this validator's seats, and follows the group's transactions. */
export interface PayoutSigner extends Service {
  /** The open orders of the ledger, by the time of their decision; replaces what was there. Orders that are gone are done. */
  setOrders(orders: readonly PayoutOrder[]): void;
  /** What the API has made of open orders, not yet decided: confirmed, or refused. */
  receipts(): readonly PayoutFact[];
  judge(fact: PayoutFact): Judgement;
  /** Looks at the API for this payout now, under all of `builds`. Never rejects. */
  check(payout: Pick<PayoutOrder, "traceId" | "builds">): Promise<void>;
  onNew(listener: () => void): void;
}

/** What the own Mixin API calls assets whose names are not decided. */
export interface AssetSource extends Service {
  /** Seen for long enough that the others have seen them too. */
  proposals(): readonly AssetInfo[];
  /** Whether the API shows exactly this now. */
  shows(info: AssetInfo): boolean;
  onNew(listener: () => void): void;
}
