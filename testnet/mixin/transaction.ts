import {invalid} from "./failure.ts";
import {blake3Hex} from "./keys.ts";

/** A Safe transaction of version 5, as far as the devnet takes one: no deposits, mints, withdrawals. */
export interface SafeTransaction {
  readonly asset: string;
  readonly inputs: readonly {readonly hash: string; readonly index: number}[];
  readonly outputs: readonly SafeOutput[];
  readonly references: readonly string[];
  readonly extra: Uint8Array;
  /** For each input: signer's place in the senders → signature, 64 bytes. */
  readonly signatures: readonly ReadonlyMap<number, Uint8Array>[];
  /** The bytes without signatures, hex: what is hashed. */
  readonly payload: string;
  readonly hash: string;
}

export interface SafeOutput {
  readonly amount: bigint;
  readonly keys: readonly string[];
  readonly mask: string;
  readonly threshold: number;
}

const COUNT_MAX = 256;

/** Decodes a raw transaction, signed or not. Throws Failure 2000001 with what is wrong. */
export function decodeTransaction(raw: string): SafeTransaction {
  if (!/^(?:[0-9a-f]{2}){1,65536}$/i.test(raw)) throw invalid(2_000_001, "raw is no hex");
  const r = new Cursor(Buffer.from(raw, "hex"));
  if (r.hex(4) !== "77770005") throw invalid(2_000_001, "raw is no transaction of version 5");
  const asset = r.hex(32);
  const inputs = r.list(() => {
    const input = {hash: r.hex(32), index: r.u16()};
    if (r.hex(6) !== "000000000000") throw invalid(2_000_001, "genesis, deposit and mint inputs are not taken here");
    return input;
  });
  const outputs = r.list(() => readOutput(r));
  const references = r.list(() => r.hex(32));
  const extra = r.bytes(r.u32());
  if (extra.length > 256) throw invalid(2_000_001, `extra has ${extra.length} bytes, at most 256`);
  const payload = `${raw.slice(0, 2 * r.at).toLowerCase()}0000`;
  const signatures = r.list(() => new Map(r.list(() => [r.u16(), r.bytes(64)] as const)));
  if (r.left !== 0) throw invalid(2_000_001, "trailing bytes");
  if (inputs.length === 0 || outputs.length === 0) throw invalid(2_000_001, "no inputs or no outputs");
  return {asset, inputs, outputs, references, extra, signatures, payload, hash: blake3Hex(Buffer.from(payload, "hex"))};
}

function readOutput(r: Cursor): SafeOutput {
  if (r.hex(2) !== "0000") throw invalid(2_000_001, "only script outputs are taken here");
  const amount = r.integer();
  const keys = r.list(() => r.hex(32));
  const mask = r.hex(32);
  const script = r.hex(r.u16());
  if (!/^fffe[0-9a-f]{2}$/.test(script)) throw invalid(2_000_001, "bad script");
  if (r.hex(2) !== "0000") throw invalid(2_000_001, "withdrawals are not taken here");
  const threshold = Number.parseInt(script.slice(4), 16);
  if (threshold < 1 || threshold > 64 || threshold > keys.length) throw invalid(2_000_001, `threshold ${threshold} of ${keys.length}`);
  if (amount <= 0n) throw invalid(2_000_001, "amount 0");
  return {amount, keys, mask, threshold};
}

class Cursor {
  readonly #bytes: Buffer;
  at = 0;
  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }
  get left(): number {
    return this.#bytes.length - this.at;
  }
  bytes(size: number): Uint8Array {
    if (size > this.left) throw invalid(2_000_001, `raw ends at byte ${this.#bytes.length}, ${size} wanted at ${this.at}`);
    this.at += size;
    return new Uint8Array(this.#bytes.subarray(this.at - size, this.at));
  }
  hex(size: number): string {
    return Buffer.from(this.bytes(size)).toString("hex");
  }
  u16(): number {
    return Buffer.from(this.bytes(2)).readUInt16BE();
  }
  u32(): number {
    return Buffer.from(this.bytes(4)).readUInt32BE();
  }
  integer(): bigint {
    const bytes = this.bytes(this.u16());
    if (bytes.length > 32 || bytes[0] === 0) throw invalid(2_000_001, "amount is not minimal");
    return bytes.length === 0 ? 0n : BigInt(`0x${Buffer.from(bytes).toString("hex")}`);
  }
  list<T>(item: () => T): T[] {
    const count = this.u16();
    if (count > COUNT_MAX) throw invalid(2_000_001, `${count} items, at most ${COUNT_MAX}`);
    return Array.from({length: count}, item);
  }
}
