import type {Hex} from "../../base/bytes.ts";
import {assetInfoOf} from "../../mvm/asset-info.ts";
import {epochDueAt} from "../../mvm/epoch-queries.ts";
import type {LedgerState} from "../../mvm/ledger.ts";
import {chainCursor, isDecidedOutput, needsTicks, payoutBuilds, payoutOfTrace} from "../../mvm/queries.ts";
import type {ChainCursor, ChainObserver, Judgement} from "../../ports/chain.ts";
import type {AssetSource, OutputFeed, PayoutOrder, PayoutSigner} from "../../ports/mixin.ts";
import type {Clock} from "../../ports/system.ts";
import type {Block} from "../../types/block.ts";
import type {Evidence} from "../../types/evidence.ts";
import type {ChainHead, ChainLog, DkgMessage, Fact, MixinOutput} from "../../types/facts.ts";
import type {Uuid} from "../../types/ids.ts";
import type {MaskFact} from "../../types/mask.ts";
import {isPayoutFact} from "../../types/payout-facts.ts";
import type {DecidedChain} from "./decided-chain.ts";

/** An output must have been seen this long, and told to the others, before its omission withholds a verdict. */
const OMISSION_MS = 2_000;
/** No payments are taken while the oldest block without a certificate is further behind: money must not pile up undeliverable. */
const CERTIFICATE_LAG_MAX = 64;
const OUTPUTS_PER_BLOCK = 500;
const LOGS_PER_BLOCK = 300;
const RECEIPTS_PER_BLOCK = 100;
const ASSETS_PER_BLOCK = 16;
/** Ids that are fetched for one proposal. */
const FETCH_MAX = 100;

/** A platform that is not the network's has no cursor, and its heads are refused by the ledger before they come here. */
function cursorOf(state: LedgerState, platform: Hex): ChainCursor {
  return chainCursor(state, platform) ?? {number: 0, logs: 0};
}

/** DKG messages that wait for a block; those that the session would refuse now are left out. */
export interface DkgPool {
  admissible(): readonly DkgMessage[];
}

/** Evidence that waits for a block; what the ledger would refuse now is left out. */
export interface EvidenceSource {
  admissible(): readonly Evidence[];
  onNew(listener: () => void): void;
}

/** Masks that wait for a block. Their signature says all: nobody's sources are asked. */
export interface MaskSource {
  admissible(): readonly MaskFact[];
  onNew(listener: () => void): void;
}

/** A verdict on the facts of a block, and what may be asked once to turn "unknown" into one. */
export interface Review {
  readonly judgement: Judgement;
  readonly ask: {
    readonly outputs: readonly Uuid[];
    readonly payouts: readonly Pick<PayoutOrder, "traceId" | "builds">[];
    readonly platforms: readonly Hex[];
  };
}

/** This validator's own view of the worlds outside: what it would propose, and what it thinks of others' proposals. */
export class Sources {
  readonly #chain: DecidedChain;
  readonly #clock: Clock;
  readonly #observers: readonly ChainObserver[];
  readonly #feed: OutputFeed;
  readonly #payouts: PayoutSigner;
  readonly #assets: AssetSource | undefined;
  readonly #dkg: DkgPool;
  readonly #evidence: EvidenceSource;
  readonly #masks: MaskSource;
  readonly #certificateLag: () => number;
  readonly #unconfirmed: () => LedgerState | null;
  #lastTickMs = 0;

  constructor(ports: {
    chain: DecidedChain;
    clock: Clock;
    observers: readonly ChainObserver[];
    feed: OutputFeed;
    payouts: PayoutSigner;
    assets?: AssetSource | undefined;
    dkg: DkgPool;
    evidence: EvidenceSource;
    masks: MaskSource;
    /** How far behind the head the oldest block without a certificate is. */
    certificateLag: () => number;
    /** The state before the oldest decided block that the sources have still to confirm; null: there is none. */
    unconfirmed: () => LedgerState | null;
  }) {
    this.#chain = ports.chain;
    this.#clock = ports.clock;
    this.#observers = ports.observers;
    this.#feed = ports.feed;
    this.#payouts = ports.payouts;
    this.#assets = ports.assets;
    this.#dkg = ports.dkg;
    this.#evidence = ports.evidence;
    this.#masks = ports.masks;
    this.#certificateLag = ports.certificateLag;
    this.#unconfirmed = ports.unconfirmed;
    ports.chain.onDecided(({block, applied, replay}) => {
      if (block.facts.some((f) => f.kind === "tick") && !replay) this.#lastTickMs = this.#clock.now();
      this.#feed.decided(block.facts.filter((f): f is MixinOutput => f.kind === "mixinOutput"));
      const needed = this.#unconfirmed() ?? applied.state;
      for (const observer of this.#observers) observer.forget(cursorOf(needed, observer.platform));
    });
    ports.chain.onRestored(() => {
      const {state} = this.#chain;
      const seen = this.#feed.undecided(Number.POSITIVE_INFINITY).map(({output}) => output);
      this.#feed.decided(seen.filter((output) => isDecidedOutput(state, output.outputId)));
      for (const observer of this.#observers) observer.forget(cursorOf(state, observer.platform));
    });
  }

  /** Facts that a block could hold now, in no order; the ledger may still refuse some of them. */
  candidates(): Fact[] {
    const {state} = this.#chain;
    const facts: Fact[] = this.tickWaitMs() === 0 ? [{kind: "tick"}] : [];
    facts.push(...this.#dkg.admissible(), ...this.#evidence.admissible());
    if (!this.#takesPayments()) return facts;
    const due = epochDueAt(state);
    for (const observer of this.#observers) {
      const next = observer.next(cursorOf(state, observer.platform), LOGS_PER_BLOCK);
      if (next !== null) facts.push(next.head, ...next.logs);
      else if (due !== null && observer.platform === state.network.staking) {
        const head = observer.boundary(cursorOf(state, observer.platform), due);
        if (head !== null) facts.push(head);
      }
    }
    if (this.#certificateLag() > CERTIFICATE_LAG_MAX) return facts;
    const unnamed = (this.#assets?.proposals() ?? []).filter(({asset}) => assetInfoOf(state, asset) === null);
    facts.push(...unnamed.slice(0, ASSETS_PER_BLOCK));
    facts.push(...this.#masks.admissible());
    const receipts = this.#payouts.receipts().filter((r) => payoutOfTrace(state, r.traceId) !== null);
    const outputs = this.#feed.undecided(OUTPUTS_PER_BLOCK).map(({output}) => output);
    return [...facts, ...receipts.slice(0, RECEIPTS_PER_BLOCK), ...outputs.filter((output) => !isDecidedOutput(state, output.outputId))];
  }

  hasWork(): boolean {
    return this.candidates().length > 0;
  }

  /** Milliseconds until a tick may be proposed; 0: now; null: nothing waits for ticks. */
  tickWaitMs(): number | null {
    if (!needsTicks(this.#chain.state)) return null;
    return Math.max(0, this.#lastTickMs + this.#chain.genesis.parameters.paceMs - this.#clock.now());
  }

  /** Ids of outputs that are seen and not decided, to tell the others. */
  undecidedIds(): Uuid[] {
    return this.#feed.undecided(FETCH_MAX).map(({output}) => output.outputId);
  }

  /**
   * Whether every fact of `block` is what the own sources show. Says nothing of what the block leaves out.
   * @param state  before the block; the head's where absent
   */
  review(block: Block, state: LedgerState = this.#chain.state): Review {
    const ask = {outputs: [] as Uuid[], payouts: [] as Review["ask"]["payouts"][number][], platforms: [] as Hex[]};
    let judgement: Judgement = "valid";
    const note = (of: Judgement, unknown: () => void) => {
      if (of === "invalid") judgement = "invalid";
      if (of === "unknown") {
        if (judgement === "valid") judgement = "unknown";
        unknown();
      }
    };
    for (const fact of block.facts) {
      if (fact.kind === "mixinOutput") note(this.#feed.judge(fact), () => ask.outputs.push(fact.outputId));
      if (isPayoutFact(fact)) note(this.#payouts.judge(fact), () => ask.payouts.push(...payoutBuilds(state, fact.traceId)));
      if (fact.kind === "chainHead")
        note(this.#judgeHead(fact, block, cursorOf(state, fact.platform)), () => ask.platforms.push(fact.platform));
    }
    return {judgement, ask: {...ask, outputs: ask.outputs.slice(0, FETCH_MAX), payouts: ask.payouts.slice(0, FETCH_MAX)}};
  }

  /** Whether a fresh proposal may have a verdict: it leaves out no output that everybody has had time to see, and no tick comes early. */
  isAdmitted(block: Block): boolean {
    if (block.facts.some((f) => f.kind === "tick") && this.tickWaitMs() !== 0) return false;
    const takes = block.facts.some((f) => f.kind === "mixinOutput" || f.kind === "mask" || f.kind === "assetInfo" || isPayoutFact(f));
    if (takes && this.#certificateLag() > CERTIFICATE_LAG_MAX) return false;
    // names are valid by their form: whoever proposes others than the API shows is not helped on
    const infos = block.facts.filter((f) => f.kind === "assetInfo");
    if (infos.length > ASSETS_PER_BLOCK || infos.some((info) => this.#assets?.shows(info) === false)) return false;
    const outputs = block.facts.filter((f): f is MixinOutput => f.kind === "mixinOutput");
    const newest = outputs.at(-1);
    if (newest === undefined) return true;
    const held = new Set(outputs.map((o) => o.outputId));
    const seenBefore = this.#clock.now() - OMISSION_MS;
    return this.#feed
      .undecided(OUTPUTS_PER_BLOCK)
      .every(({output, seenAtMs}) => output.sequence > newest.sequence || seenAtMs > seenBefore || held.has(output.outputId));
  }

  /** Asks the own sources for what is unknown; resolves when all have answered or failed. */
  async ask(ask: Review["ask"]): Promise<void> {
    await Promise.all([
      ask.outputs.length > 0 ? this.#feed.fetch(ask.outputs) : undefined,
      ...ask.payouts.map((payout) => this.#payouts.check(payout)),
      ...this.#observers.filter((o) => ask.platforms.includes(o.platform)).map((o) => o.poll()),
    ]);
  }

  /** Called whenever a source has something new. */
  onNew(listener: () => void): void {
    for (const observer of this.#observers) observer.onNew(listener);
    this.#feed.onNew(listener);
    this.#payouts.onNew(listener);
    this.#assets?.onNew(listener);
    this.#evidence.onNew(listener);
    this.#masks.onNew(listener);
  }

  #takesPayments(): boolean {
    return this.#chain.isCertified(this.#chain.height + 1);
  }
  #judgeHead(head: ChainHead, block: Block, cursor: {number: number; logs: number}): Judgement {
    const observer = this.#observers.find((o) => o.platform === head.platform);
    if (observer === undefined) return "invalid";
    const logs = block.facts.filter((f): f is ChainLog => f.kind === "chainLog" && f.platform === head.platform);
    return observer.judge(cursor, head, logs);
  }
}
