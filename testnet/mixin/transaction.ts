import {badRaw} from "./failure.ts";
import {blake3Bytes} from "./keys.ts";

/** A Safe transaction of version 5, as far as the devnet takes one: no deposits, mints, withdrawals, storage. */
export interface SafeTransaction {
  readonly asset: string;
  readonly inputs: readonly {readonly hash: string; readonly index: number}[];
  readonly outputs: readonly SafeOutput[];
  readonly references: readonly string[];
  readonly extra: Uint8Array;
  /** For each input: signer's place in the senders → signature, 64 bytes. None where it is not signed. */
  readonly signatures: readonly ReadonlyMap<number, Uint8Array>[];
  /** The bytes without signatures, hex: what is hashed. */
  readonly payload: string;
  readonly hash: string;
}

export interface SafeOutput {
  /** 1e-8 units, above 0. */
  readonly amount: bigint;
  readonly keys: readonly string[];
  readonly mask: string;
  readonly threshold: number;
}

const HEAD = "77770005";
/** Of an input: no genesis, no deposit, no mint. */
const PLAIN_INPUT = "000000000000";
const NO_SIGNATURES = "0000";
const RAW_BYTES_MAX = 1 << 20;
const INPUTS_MAX = 256;
const OUTPUTS_MAX = 256;
const KEYS_MAX = 64;
const REFERENCES_MAX = 16;
const EXTRA_MAX = 256;

/** Decodes a raw transaction, signed or not. Throws Failure 2000001 with what is wrong. */
export function decodeTransaction(raw: string): SafeTransaction {
  if (raw.length > 2 * RAW_BYTES_MAX || !/^(?:[0-9a-f]{2})+$/i.test(raw)) throw badRaw("raw is no hex, or too long");
  const r = new Cursor(Buffer.from(raw, "hex"));
  if (r.hex(4) !== HEAD) throw badRaw("raw is no transaction of version 5");
  const asset = r.hex(32);
  const inputs = r.list("inputs", INPUTS_MAX, () => {
    const input = {hash: r.hex(32), index: r.u16()};
    if (r.hex(6) !== PLAIN_INPUT) throw badRaw("genesis, deposit and mint inputs are not taken here");
    return input;
  });
  const outputs = r.list("outputs", OUTPUTS_MAX, () => readOutput(r));
  const references = r.list("references", REFERENCES_MAX, () => r.hex(32));
  const extraSize = r.u32();
  if (extraSize > EXTRA_MAX) throw badRaw(`extra has ${extraSize} bytes, at most ${EXTRA_MAX}`);
  const extra = r.bytes(extraSize);
  const payload = `${raw.slice(0, 2 * r.at).toLowerCase()}${NO_SIGNATURES}`;
  const signatures = r.list("signature maps", INPUTS_MAX, () => readSignatures(r));
  if (r.left !== 0) throw badRaw("trailing bytes");
  if (inputs.length === 0 || outputs.length === 0) throw badRaw("no inputs or no outputs");
  const hash = Buffer.from(blake3Bytes(Buffer.from(payload, "hex"))).toString("hex");
  return {asset, inputs, outputs, references, extra, signatures, payload, hash};
}

/** The payload with its signature maps: for each input, signer's place → signature, 64 bytes as hex. */
export function withSignatures(payload: string, maps: readonly ReadonlyMap<number, string>[]): string {
  const u16 = (value: number) => value.toString(16).padStart(4, "0");
  const one = (map: ReadonlyMap<number, string>) =>
    u16(map.size) +
    [...map]
      .sort(([a], [b]) => a - b)
      .map(([place, signature]) => u16(place) + signature)
      .join("");
  return payload.slice(0, -NO_SIGNATURES.length) + u16(maps.length) + maps.map(one).join("");
}

function readOutput(r: Cursor): SafeOutput {
  if (r.hex(2) !== "0000") throw badRaw("only script outputs are taken here");
  const amount = r.integer();
  if (amount <= 0n) throw badRaw("amount 0");
  const keys = r.list("keys", KEYS_MAX, () => r.hex(32));
  const mask = r.hex(32);
  const script = r.hex(r.u16());
  if (!/^fffe[0-9a-f]{2}$/.test(script)) throw badRaw("bad script");
  if (r.hex(2) !== "0000") throw badRaw("withdrawals are not taken here");
  const threshold = Number.parseInt(script.slice(4), 16);
  if (threshold < 1 || threshold > keys.length) throw badRaw(`threshold ${threshold} of ${keys.length}`);
  return {amount, keys, mask, threshold};
}

/** Places must ascend, so that a map has one encoding. */
function readSignatures(r: Cursor): Map<number, Uint8Array> {
  let last = -1;
  const entries = r.list("signatures", KEYS_MAX, () => {
    const place = r.u16();
    if (place <= last) throw badRaw("signatures are not in ascending order");
    last = place;
    return [place, r.bytes(64)] as const;
  });
  return new Map(entries);
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
    if (size > this.left) throw badRaw(`raw ends at byte ${this.#bytes.length}, ${size} wanted at ${this.at}`);
    this.at += size;
    return new Uint8Array(this.#bytes.subarray(this.at - size, this.at));
  }
  hex(size: number): string {
    return Buffer.from(this.bytes(size)).toString("hex");
  }
  u16(): number {
    return Number.parseInt(this.hex(2), 16);
  }
  u32(): number {
    return Number.parseInt(this.hex(4), 16);
  }
  /** u16 length, then a big-endian magnitude without leading zeros. */
  integer(): bigint {
    const size = this.u16();
    if (size > 32) throw badRaw(`an amount of ${size} bytes`);
    const digits = this.hex(size);
    if (digits.startsWith("00")) throw badRaw("amount is not minimal");
    return digits === "" ? 0n : BigInt(`0x${digits}`);
  }
  list<T>(what: string, max: number, item: () => T): T[] {
    const count = this.u16();
    if (count > max) throw badRaw(`${count} ${what}, at most ${max}`);
    return Array.from({length: count}, item);
  }
}
