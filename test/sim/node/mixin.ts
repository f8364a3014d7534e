import {toHex, utf8} from "../../../src/base/bytes.ts";
import {keccak256, sha256} from "../../../src/base/hash.ts";
import {OutputSet} from "../../../src/mixin/output-set.ts";
import type {OutputFeed, PayoutOrder, PayoutSigner} from "../../../src/ports/mixin.ts";
import type {MixinOutput} from "../../../src/types/facts.ts";
import type {Genesis} from "../../../src/types/genesis.ts";
import {type Uuid, uuidFromHex} from "../../../src/types/ids.ts";
import type {PayoutReceipt} from "../../../src/types/payout-facts.ts";
import {multisigOf, quorumOf, totalSeats} from "../../../src/types/validators.ts";
import type {Life} from "./life.ts";
import type {World} from "./world.ts";

const POLL_MS = 250;
const CONFIRM_MS = 60;

/** When a validator's own API shows what happened at `atMs`, ms. */
export type View = (validator: number, what: string, atMs: number) => number;

interface Transaction {
  readonly order: PayoutOrder;
  readonly text: string;
  readonly signed: Set<number>;
  receipt: PayoutReceipt | null;
  confirmedMs: number;
}

/** What the Mixin ledger holds of the group: what came in, and the group's own transactions. */
export interface MixinLedger {
  readonly outputs: {readonly output: MixinOutput; readonly atMs: number}[];
  readonly transactions: Map<Uuid, Transaction>;
  readonly spent: Set<Uuid>;
}

export function emptyMixin(): MixinLedger {
  return {outputs: [], transactions: new Map(), spent: new Set()};
}

/** Copies so that a run does not change what the next starts from. */
export function copyMixin(ledger: MixinLedger): MixinLedger {
  const transactions = new Map([...ledger.transactions].map(([id, tx]) => [id, {...tx, signed: new Set(tx.signed)}]));
  return {outputs: [...ledger.outputs], transactions, spent: new Set(ledger.spent)};
}

/** Each validator sees the same ledger, but in its own time. */
export class SimMixin {
  readonly ledger: MixinLedger;
  readonly #world: World;
  readonly #genesis: Genesis;
  readonly #view: View;
  readonly #apiMs: () => number;
  readonly #violated: (what: string) => void;
  /** For scenarios that are played by hand: what this validator's API does not show until `reveal`. */
  hides: (validator: number, outputId: Uuid) => boolean = () => false;
  readonly #feeds = new Set<{life: Life; shown: (output: MixinOutput, atMs: number) => void}>();
  readonly #signers = new Set<{life: Life; confirmed: (transaction: Transaction) => void}>();

  /** @param of.apiMs  how long the next answer takes */
  constructor(of: {
    world: World;
    genesis: Genesis;
    ledger: MixinLedger;
    view: View;
    apiMs: () => number;
    violated: (what: string) => void;
  }) {
    this.#world = of.world;
    this.#genesis = of.genesis;
    this.ledger = of.ledger;
    this.#view = of.view;
    this.#apiMs = of.apiMs;
    this.#violated = of.violated;
  }

  /** Somebody pays the group. */
  pay(output: Omit<MixinOutput, "sequence">): void {
    const entry = {output: {...output, sequence: BigInt(this.ledger.outputs.length + 1)}, atMs: this.#world.nowMs};
    this.ledger.outputs.push(entry);
    this.#world.note(`paid ${entry.output.sequence} ${output.outputId.slice(0, 8)}`);
    for (const {life, shown} of this.#feeds) if (life.isAlive) shown(entry.output, entry.atMs);
  }

  /** Everything that was hidden is shown from now on. */
  reveal(): void {
    this.hides = () => false;
    for (const {life, shown} of this.#feeds) if (life.isAlive) for (const {output, atMs} of this.ledger.outputs) shown(output, atMs);
  }

  feed(of: {life: Life; validator: number; isDecided: (id: Uuid) => boolean}): OutputFeed {
    const {life, validator} = of;
    const set = new OutputSet({undecidedMax: 10_000, decidedMax: 50_000, isDecided: of.isDecided});
    const listeners: (() => void)[] = [];
    const take = (output: MixinOutput) => {
      if (this.hides(validator, output.outputId)) return;
      if (set.add(output, this.#world.nowMs) === "new") for (const listener of listeners) listener();
    };
    const visibleMs = (output: MixinOutput, atMs: number) => this.#view(validator, output.outputId, atMs);
    const shown = (output: MixinOutput, atMs: number) =>
      life.after(polledMs(validator, Math.max(visibleMs(output, atMs), this.#world.nowMs)) - this.#world.nowMs, () => {
        take(output);
      });
    return {
      name: "simulated outputs",
      start: async () => {
        this.#feeds.add({life, shown});
        for (const {output, atMs} of this.ledger.outputs) if (!of.isDecided(output.outputId)) shown(output, atMs);
      },
      stop: async () => {},
      undecided: (count) => set.undecided(count),
      judge: (output) => set.judge(output),
      knows: (id) => set.knows(id),
      fetch: async (ids) => {
        await life.wait(this.#apiMs());
        const found = this.ledger.outputs.filter(({output}) => ids.includes(output.outputId));
        for (const {output, atMs} of found) if (visibleMs(output, atMs) <= this.#world.nowMs) take(output);
      },
      poll: () => life.wait(this.#apiMs()),
      decided: (outputs) => {
        for (const {outputId} of set.decide(outputs)) this.#violated(`${validator} decided output ${outputId} otherwise than it is`);
      },
      onNew: (listener) => void listeners.push(listener),
    };
  }

  payouts(of: {life: Life; validator: number}): PayoutSigner {
    const {life, validator} = of;
    let orders: readonly PayoutOrder[] = [];
    const seen = new Map<Uuid, PayoutReceipt>();
    const listeners: (() => void)[] = [];
    const confirmed = ({order, receipt, confirmedMs}: Transaction) => {
      if (receipt === null) return;
      life.after(polledMs(validator, this.#view(validator, order.traceId, confirmedMs)) - this.#world.nowMs, () => {
        seen.set(order.traceId, receipt);
        for (const listener of listeners) listener();
      });
    };
    return {
      name: "simulated payouts",
      start: async () => {
        this.#signers.add({life, confirmed});
        for (const transaction of this.ledger.transactions.values()) confirmed(transaction);
      },
      stop: async () => {},
      setOrders: (next) => {
        orders = next;
        for (const order of next) life.after(2 * this.#apiMs(), () => this.#sign(validator, order));
      },
      receipts: () => orders.flatMap(({traceId}) => seen.get(traceId) ?? []),
      judge: (receipt) => {
        const own = seen.get(receipt.traceId);
        if (own === undefined || receipt.kind !== "payoutReceipt") return "unknown";
        return own.txHash === receipt.txHash ? "valid" : "invalid";
      },
      check: async ({traceId}) => {
        await life.wait(this.#apiMs());
        const transaction = this.ledger.transactions.get(traceId);
        if (transaction?.receipt == null || this.#view(validator, traceId, transaction.confirmedMs) > this.#world.nowMs) return;
        seen.set(traceId, transaction.receipt);
      },
      onNew: (listener) => void listeners.push(listener),
    };
  }

  #sign(validator: number, order: PayoutOrder): void {
    const text = textOf(order);
    const known = this.ledger.transactions.get(order.traceId);
    const transaction = known ?? {order, text, signed: new Set<number>(), receipt: null, confirmedMs: 0};
    this.ledger.transactions.set(order.traceId, transaction);
    if (transaction.text !== text) this.#violated(`payout ${order.traceId} is signed in two forms`);
    transaction.signed.add(validator);
    const {validators} = this.#genesis;
    const seats = [...transaction.signed].reduce((sum, i) => sum + (validators[i]?.seats ?? 0), 0);
    if (transaction.receipt !== null || seats < quorumOf(totalSeats(validators))) return;
    for (const {outputId} of order.inputs) {
      if (this.ledger.spent.has(outputId)) this.#violated(`payout ${order.traceId} spends ${outputId} again`);
      this.ledger.spent.add(outputId);
    }
    transaction.receipt = {kind: "payoutReceipt", traceId: order.traceId, txHash: toHex(keccak256(utf8(text)))};
    this.#world.after(CONFIRM_MS, () => this.#confirm(transaction));
  }

  #confirm(transaction: Transaction): void {
    const {order, receipt} = transaction;
    transaction.confirmedMs = this.#world.nowMs;
    this.#world.note(`confirmed ${order.traceId.slice(0, 8)}`);
    for (const {life, confirmed} of this.#signers) if (life.isAlive) confirmed(transaction);
    const {members, threshold} = multisigOf(this.#genesis.validators);
    const toGroup = order.receivers.join() === members.join() && order.receiversThreshold === threshold;
    const back = toGroup ? [order.amount] : order.change;
    back.forEach((amount, part) => {
      this.pay({
        kind: "mixinOutput",
        outputId: idOf(`change ${part} ${order.traceId}`),
        txHash: receipt?.txHash ?? "0x",
        index: toGroup ? 0 : 1 + part,
        requestId: order.traceId,
        asset: order.asset,
        amount,
        receiversHash: toHex(sha256(utf8("group"))),
        senders: members,
        sendersThreshold: threshold,
        extra: new Uint8Array(0),
        references: [],
        createdAt: BigInt(Math.floor(this.#world.nowMs)) * 1_000_000n,
      });
    });
  }
}

/** When a validator that polls sees what is shown from `shownMs` on: each has its own beat. */
export function polledMs(validator: number, shownMs: number): number {
  const phase = (validator * 61) % POLL_MS;
  return Math.ceil((shownMs - phase) / POLL_MS) * POLL_MS + phase;
}

/** A UUID that depends on the text. */
export function idOf(text: string): Uuid {
  return uuidFromHex(toHex(sha256(utf8(text)).subarray(0, 16)));
}

function textOf(order: PayoutOrder): string {
  return JSON.stringify(order, (_, value) => (typeof value === "bigint" ? `${value}` : value));
}
