import {type Hex, toHex} from "../../src/base/bytes.ts";
import type {ChainCursor, ChainObserver, Judgement} from "../../src/ports/chain.ts";
import type {OutputFeed, PayoutOrder, PayoutSigner} from "../../src/ports/mixin.ts";
import type {Network, NetworkHandler, Peer} from "../../src/ports/network.ts";
import type {BlockStore, Heights, SnapshotStore, Wal} from "../../src/ports/store.ts";
import type {Logger} from "../../src/ports/system.ts";
import type {ChainHead, ChainLog, MixinOutput} from "../../src/types/facts.ts";
import {encodeFact} from "../../src/types/facts.ts";
import {type DecidedBlock, decodeMessage, encodeDecidedBlock, encodeMessage, type Message} from "../../src/types/messages.ts";
import type {PayoutFact} from "../../src/types/payout-facts.ts";
import type {Certificate, Proof} from "../../src/types/votes.ts";

/** Ports of the node without disk, sockets or other processes: for tests of what stands between them. */

export const silentLog: Logger = {debug() {}, info() {}, warn() {}, error() {}, child: () => silentLog};

/** Collects what is logged at `warn` and above, so that a test can say that there was nothing. */
export function recordingLog(): {log: Logger; problems: {text: string; fields: object}[]} {
  const problems: {text: string; fields: object}[] = [];
  const keep = (text: string, fields?: object) => void problems.push({text, fields: fields ?? {}});
  const log: Logger = {debug() {}, info() {}, warn: keep, error: keep, child: () => log};
  return {log, problems};
}

/** Joins validators of one process; every message is encoded and decoded on its way, in a turn of its own. */
export class MemoryHub {
  readonly #handlers = new Map<number, NetworkHandler>();
  readonly #cut = new Set<number>();
  readonly verdicts = new Map<string, number>();
  readonly punished: {by: number; validator: number; reason: string}[] = [];

  /** Nothing reaches or leaves this validator until it is joined again. */
  cut(validator: number): void {
    this.#cut.add(validator);
  }
  join(validator: number): void {
    this.#cut.delete(validator);
  }

  port(me: number, handler: NetworkHandler): Network {
    const peer = (validator: number): Peer => ({peerId: `peer-${validator}`, validator});
    const deliver = (to: number, message: Message) => {
      const bytes = encodeMessage(message);
      setImmediate(() => {
        const target = this.#handlers.get(to);
        if (target === undefined || this.#cut.has(me) || this.#cut.has(to)) return;
        const verdict = target.receive(decodeMessage(bytes), peer(me));
        const key = `${message.kind}/${verdict}`;
        this.verdicts.set(key, (this.verdicts.get(key) ?? 0) + 1);
      });
    };
    const all = (message: Message) => {
      for (const to of this.#handlers.keys()) if (to !== me) deliver(to, message);
    };
    return {
      name: "memory network",
      start: async () => {
        for (const [other, there] of this.#handlers) {
          handler.connected(peer(other));
          there.connected(peer(me));
        }
        this.#handlers.set(me, handler);
      },
      stop: async () => {
        this.#handlers.delete(me);
      },
      broadcast: all,
      resend: all,
      sendTo: deliver,
      requestBlocks: async (validator, from, count) => {
        const target = this.#handlers.get(validator);
        if (target === undefined || this.#cut.has(me) || this.#cut.has(validator)) throw new Error("unreachable");
        return [...(await target.serveBlocks(from, count))];
      },
      requestSnapshot: async (validator, ask) => {
        const target = this.#handlers.get(validator);
        if (target === undefined || this.#cut.has(me) || this.#cut.has(validator)) throw new Error("unreachable");
        return target.serveSnapshot(ask);
      },
      punish: (validator, reason) => void this.punished.push({by: me, validator, reason}),
      extend() {},
      peers: () => [...this.#handlers.keys()].filter((v) => v !== me).map(peer),
      addresses: () => [],
    };
  }
}

/** Blocks and snapshots survive a restart of the node that is given the same object again. */
export class MemoryStore implements BlockStore {
  readonly name = "memory store";
  readonly #blocks = new Map<number, DecidedBlock>();
  #height = 0;
  #gap: Heights | null = null;
  async start(): Promise<void> {}
  async stop(): Promise<void> {}
  height(): number {
    return this.#height;
  }
  gap(): Heights | null {
    return this.#gap;
  }
  append(height: number, decided: DecidedBlock): Promise<void> {
    return this.appendAll(height, [decided]);
  }
  async appendAll(first: number, blocks: readonly DecidedBlock[]): Promise<void> {
    if (first !== this.#height + 1) throw new Error(`out of order: ${first}`);
    for (const decided of blocks) this.#blocks.set(++this.#height, decided);
  }
  async setCertificate(certificate: Certificate): Promise<void> {
    const {height} = certificate;
    const stored = this.#blocks.get(height);
    if (stored !== undefined) this.#blocks.set(height, {...stored, proof: {kind: "certificate", certificate}});
  }
  async read(height: number): Promise<DecidedBlock | null> {
    return this.#blocks.get(height) ?? null;
  }
  async readProof(height: number): Promise<Proof | null> {
    return this.#blocks.get(height)?.proof ?? null;
  }
  async readRange(from: number, count: number, bytesMax: number): Promise<Uint8Array[]> {
    const frames: Uint8Array[] = [];
    let bytes = 0;
    for (let at = from; at < from + count; at++) {
      const decided = this.#blocks.get(at);
      if (decided === undefined) break;
      const frame = encodeDecidedBlock(decided);
      bytes += frame.length;
      if (frames.length > 0 && bytes > bytesMax) break;
      frames.push(frame);
    }
    return frames;
  }
  async uncertified(above: number): Promise<number[]> {
    return [...this.#blocks.entries()].filter(([at, {proof}]) => at > above && proof.kind === "votes").map(([at]) => at);
  }
  async prune({from, to}: Heights): Promise<void> {
    this.#giveUp(Math.min(from, this.#gap?.from ?? from), Math.max(to, this.#gap?.to ?? to));
  }
  async jump(height: number, decided: DecidedBlock, gapFrom: number): Promise<void> {
    this.#giveUp(Math.min(gapFrom, this.#gap?.from ?? gapFrom), height - 1);
    this.#height = height;
    this.#blocks.set(height, decided);
  }
  #giveUp(from: number, to: number): void {
    this.#gap = {from, to};
    for (let at = from; at <= to; at++) this.#blocks.delete(at);
  }
}

export class MemorySnapshots implements SnapshotStore {
  readonly name = "memory snapshots";
  readonly #heads = new Map<number, Uint8Array>();
  readonly #parts = new Map<string, Uint8Array>();
  async start(): Promise<void> {}
  async stop(): Promise<void> {}
  heights(): readonly number[] {
    return [...this.#heads.keys()].sort((a, b) => a - b);
  }
  async putPart(height: number, index: number, part: Uint8Array): Promise<void> {
    this.#parts.set(`${height}/${index}`, part);
  }
  async finish(height: number, head: Uint8Array): Promise<void> {
    this.#heads.set(height, head);
  }
  async readHead(height: number): Promise<Uint8Array | null> {
    return this.#heads.get(height) ?? null;
  }
  async readPart(height: number, index: number): Promise<Uint8Array | null> {
    return this.#parts.get(`${height}/${index}`) ?? null;
  }
  async remove(height: number): Promise<void> {
    this.#heads.delete(height);
    for (const key of [...this.#parts.keys()]) if (key.startsWith(`${height}/`)) this.#parts.delete(key);
  }
}

export class MemoryWal implements Wal {
  readonly name = "memory log";
  records: Uint8Array[];
  readonly recovered: readonly Uint8Array[];
  constructor(recovered: readonly Uint8Array[] = []) {
    this.recovered = [...recovered];
    this.records = [...recovered];
  }
  async start(): Promise<void> {}
  async stop(): Promise<void> {}
  async append(records: readonly Uint8Array[]): Promise<void> {
    this.records.push(...records);
  }
  async reset(records: readonly Uint8Array[]): Promise<void> {
    this.records = [...records];
  }
  size(): number {
    return this.records.reduce((sum, r) => sum + r.length, 0);
  }
}

/** A feed that shows what a test puts into it. */
export class MemoryFeed implements OutputFeed {
  readonly name = "memory feed";
  readonly #seen = new Map<string, {output: MixinOutput; seenAtMs: number}>();
  readonly #decided = new Set<string>();
  readonly #listeners: (() => void)[] = [];
  async start(): Promise<void> {}
  async stop(): Promise<void> {}
  show(output: MixinOutput): void {
    this.#seen.set(output.outputId, {output, seenAtMs: Date.now()});
    for (const listener of this.#listeners) listener();
  }
  undecided(count: number): {output: MixinOutput; seenAtMs: number}[] {
    return [...this.#seen.values()].filter(({output}) => !this.#decided.has(output.outputId)).slice(0, count);
  }
  judge(output: MixinOutput): Judgement {
    const own = this.#seen.get(output.outputId);
    if (own === undefined) return "unknown";
    return JSON.stringify(own.output, big) === JSON.stringify(output, big) ? "valid" : "invalid";
  }
  knows(id: string): boolean {
    return this.#seen.has(id);
  }
  async fetch(): Promise<void> {}
  async poll(): Promise<void> {}
  decided(outputs: readonly MixinOutput[]): void {
    for (const {outputId} of outputs) this.#decided.add(outputId);
  }
  onNew(listener: () => void): void {
    this.#listeners.push(listener);
  }
}

const big = (_: string, value: unknown) => (typeof value === "bigint" ? `${value}` : value);

export class MemoryPayouts implements PayoutSigner {
  readonly name = "memory payouts";
  orders: readonly PayoutOrder[] = [];
  readonly #receipts: PayoutFact[] = [];
  readonly #listeners: (() => void)[] = [];
  async start(): Promise<void> {}
  async stop(): Promise<void> {}
  confirm(receipt: PayoutFact): void {
    this.#receipts.push(receipt);
    for (const listener of this.#listeners) listener();
  }
  setOrders(orders: readonly PayoutOrder[]): void {
    this.orders = orders;
  }
  receipts(): readonly PayoutFact[] {
    return this.#receipts;
  }
  judge(fact: PayoutFact): Judgement {
    const own = this.#receipts.find((r) => r.traceId === fact.traceId);
    if (own === undefined) return "unknown";
    return toHex(encodeFact(own)) === toHex(encodeFact(fact)) ? "valid" : "invalid";
  }
  async check(): Promise<void> {}
  onNew(listener: () => void): void {
    this.#listeners.push(listener);
  }
}

/** A chain without logs. */
export class MemoryObserver implements ChainObserver {
  readonly name = "memory chain";
  readonly platform: Hex;
  constructor(platform: Hex) {
    this.platform = platform;
  }
  async start(): Promise<void> {}
  async stop(): Promise<void> {}
  next(): {head: ChainHead; logs: readonly ChainLog[]} | null {
    return null;
  }
  boundary(): ChainHead | null {
    return null;
  }
  judge(): Judgement {
    return "unknown";
  }
  async poll(): Promise<void> {}
  forget(_: ChainCursor): void {}
  onNew(): void {}
  head(): number {
    return 0;
  }
}
