import type {Hex} from "../../../src/base/bytes.ts";
import type {ShareStore} from "../../../src/node/hosts/dkg-host.ts";
import type {BlockStore, Wal} from "../../../src/ports/store.ts";
import {encodeAppend, scanWal} from "../../../src/store/wal-format.ts";
import {type DecidedBlock, encodeDecidedBlock} from "../../../src/types/messages.ts";
import type {Certificate, Proof} from "../../../src/types/votes.ts";
import type {Prng} from "../prng.ts";
import type {Life} from "./life.ts";

const SECTOR_BYTES = 512;

/** What a validator has on disk: what is synced, and what a write under way may leave. */
export class Disk {
  wal: Buffer = Buffer.alloc(0);
  readonly blocks: DecidedBlock[] = [];
  readonly seeds = new Map<string, Uint8Array>();
  readonly shares = new Map<string, ReadonlyMap<number, Uint8Array>>();
  /** Bytes of the append that is not synced yet. */
  unsynced: Buffer | null = null;
  /** Does the write to the block store that is not synced yet. */
  unstored: (() => void) | null = null;

  copy(): Disk {
    const disk = new Disk();
    disk.wal = this.wal;
    disk.blocks.push(...this.blocks);
    for (const [sid, seed] of this.seeds) disk.seeds.set(sid, seed);
    for (const [sid, shares] of this.shares) disk.shares.set(sid, shares);
    return disk;
  }

  /** What is under way is lost, or done, or half done. */
  crash(random: Prng): void {
    if (this.unsynced !== null) this.wal = torn(this.wal, this.unsynced, random);
    if (random.chance(0.5)) this.unstored?.();
    this.unsynced = null;
    this.unstored = null;
  }
}

/** An append that was cut: nothing of it, a first part, all, or all but for sectors that were not written. */
function torn(synced: Buffer, unsynced: Buffer, random: Prng): Buffer {
  const whole = Buffer.concat([synced, unsynced]);
  switch (random.int(0, 3)) {
    case 0:
      return synced;
    case 1:
      return whole.subarray(0, synced.length + random.int(0, unsynced.length));
    case 2:
      return whole;
    default: {
      for (let at = synced.length; at < whole.length; at = (Math.floor(at / SECTOR_BYTES) + 1) * SECTOR_BYTES) {
        const end = (Math.floor(at / SECTOR_BYTES) + 1) * SECTOR_BYTES;
        if (random.chance(0.5)) whole.fill(0, at, Math.min(end, whole.length));
      }
      return whole;
    }
  }
}

/** One write takes `writeMs()` until it is synced. */
export interface DiskPorts {
  readonly disk: Disk;
  readonly life: Life;
  readonly writeMs: () => number;
}

/** The real format on a simulated disk. */
export class SimWal implements Wal {
  readonly name = "simulated wal";
  readonly recovered: readonly Uint8Array[];
  readonly #p: DiskPorts;
  #last: Promise<void> = Promise.resolve();

  /** Throws where the log is damaged in a way that no crash explains. */
  constructor(ports: DiskPorts) {
    this.#p = ports;
    const scan = scanWal(ports.disk.wal);
    if (scan.tail === "corrupt") throw new Error(`a crash left a log that is refused, at ${scan.end} of ${ports.disk.wal.length}`);
    ports.disk.wal = ports.disk.wal.subarray(0, scan.end);
    this.recovered = scan.records;
  }
  async start(): Promise<void> {}
  async stop(): Promise<void> {}

  append(records: readonly Uint8Array[]): Promise<void> {
    this.#last = this.#last.then(() => this.#append(encodeAppend(records)));
    return this.#last;
  }

  async #append(bytes: Buffer): Promise<void> {
    const {disk, life, writeMs} = this.#p;
    await life.step("append");
    disk.unsynced = bytes;
    await life.wait(writeMs());
    disk.wal = Buffer.concat([disk.wal, bytes]);
    disk.unsynced = null;
    await life.step("appended");
  }

  async reset(records: readonly Uint8Array[]): Promise<void> {
    await this.#last;
    await this.#p.life.step("reset");
    this.#p.disk.wal = encodeAppend(records);
  }
  size(): number {
    return this.#p.disk.wal.length;
  }
}

export class SimStore implements BlockStore {
  readonly name = "simulated store";
  readonly #p: DiskPorts;
  #last: Promise<void> = Promise.resolve();

  constructor(ports: DiskPorts) {
    this.#p = ports;
  }
  async start(): Promise<void> {}
  async stop(): Promise<void> {}
  height(): number {
    return this.#p.disk.blocks.length;
  }

  append(height: number, decided: DecidedBlock): Promise<void> {
    const {blocks} = this.#p.disk;
    return this.#write("store", () => {
      if (height !== blocks.length + 1) throw new Error(`block ${height} appended to ${blocks.length}`);
      blocks.push(decided);
    });
  }

  appendAll(first: number, decided: readonly DecidedBlock[]): Promise<void> {
    const {blocks} = this.#p.disk;
    return this.#write("store", () => {
      if (first !== blocks.length + 1) throw new Error(`block ${first} appended to ${blocks.length}`);
      blocks.push(...decided);
    });
  }
  gap(): null {
    return null;
  }
  async readProof(height: number): Promise<Proof | null> {
    return this.#p.disk.blocks[height - 1]?.proof ?? null;
  }
  async uncertified(above: number): Promise<number[]> {
    return this.#p.disk.blocks.flatMap(({proof}, i) => (i >= above && proof.kind === "votes" ? [i + 1] : []));
  }
  /** Simulated validators keep all blocks, and no snapshots. */
  async prune(): Promise<void> {
    throw new Error("nothing is pruned");
  }
  async jump(): Promise<void> {
    throw new Error("nothing is passed over");
  }

  setCertificate(certificate: Certificate): Promise<void> {
    const {blocks} = this.#p.disk;
    return this.#write("certificate", () => {
      const stored = blocks[certificate.height - 1];
      if (stored === undefined) throw new Error(`certificate of ${certificate.height} above ${blocks.length}`);
      blocks[certificate.height - 1] = {...stored, proof: {kind: "certificate", certificate}};
    });
  }

  #write(what: string, run: () => void): Promise<void> {
    const written = this.#last.then(() => this.#writeNow(what, run));
    this.#last = written.catch(() => {});
    return written;
  }

  async #writeNow(what: string, run: () => void): Promise<void> {
    const {disk, life, writeMs} = this.#p;
    await life.step(what);
    disk.unstored = run;
    await life.wait(writeMs());
    disk.unstored = null;
    run();
    await life.step(`${what} done`);
  }

  async read(height: number): Promise<DecidedBlock | null> {
    return this.#p.disk.blocks[height - 1] ?? null;
  }
  async readRange(from: number, count: number, bytesMax: number): Promise<Uint8Array[]> {
    const frames: Uint8Array[] = [];
    let bytes = 0;
    for (const decided of this.#p.disk.blocks.slice(from - 1, from - 1 + count)) {
      const frame = encodeDecidedBlock(decided);
      bytes += frame.length;
      if (frames.length > 0 && bytes > bytesMax) break;
      frames.push(frame);
    }
    return frames;
  }
}

export class SimShares implements ShareStore {
  readonly #p: DiskPorts;
  readonly #fresh: () => Uint8Array;

  constructor(ports: DiskPorts, fresh: () => Uint8Array) {
    this.#p = ports;
    this.#fresh = fresh;
  }
  async dealerSeed(sid: Hex): Promise<Uint8Array> {
    const {disk, life, writeMs} = this.#p;
    const known = disk.seeds.get(sid);
    if (known !== undefined) return known;
    await life.step("seed");
    await life.wait(writeMs());
    const seed = this.#fresh();
    disk.seeds.set(sid, seed);
    await life.step("seed done");
    return seed;
  }
  forgetDealerSeed(sid: Hex): void {
    if (this.#p.life.may("forget")) this.#p.disk.seeds.delete(sid);
  }
  async readShares(sid: Hex): Promise<Map<number, Uint8Array> | null> {
    const shares = this.#p.disk.shares.get(sid);
    return shares === undefined ? null : new Map(shares);
  }
  async writeShares(sid: Hex, shares: ReadonlyMap<number, Uint8Array>): Promise<void> {
    const {disk, life, writeMs} = this.#p;
    await life.step("shares");
    await life.wait(writeMs());
    disk.shares.set(sid, new Map(shares));
    await life.step("shares done");
  }
  eraseAllBut(sids: readonly Hex[]): void {
    const {disk, life} = this.#p;
    if (!life.may("erase")) return;
    for (const sid of disk.shares.keys()) if (!(sids as readonly string[]).includes(sid)) disk.shares.delete(sid);
  }
}
