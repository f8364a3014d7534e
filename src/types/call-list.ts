import {bigToBytes, bytesToBig, type Hex} from "../base/bytes.ts";
import {Reader, Writer} from "../base/codec.ts";
import {DecodeError} from "../base/errors.ts";
import type {Uuid} from "./ids.ts";

/** One call of a user's account. */
export interface AccountCall {
  readonly target: Hex;
  /** What the target may take of the paid asset while it runs, 1e-8 units; "everything": all that the account has of it then. */
  readonly allowance: bigint | "everything";
  readonly input: Uint8Array;
}

/** What a payment to MixinAccounts asks for: the extra of its Operation. */
export interface CallList {
  /** A failed call undoes all of them, and the payment goes back; else it is undone alone. */
  readonly atomic: boolean;
  /** What is left of the paid asset stays in the account; else it is paid back. */
  readonly keep: boolean;
  /** Other assets whose whole balance is paid out at the end, at most 8. */
  readonly assets: readonly Uuid[];
  /** In order, at most 16. */
  readonly calls: readonly AccountCall[];
}

const VERSION = 1;
const ATOMIC = 1;
const KEEP = 2;
const CALLS_MAX = 16;
const ASSETS_MAX = 8;
const ALLOWANCE_BYTES_MAX = 16;
const EVERYTHING = 255;
const INPUT_MAX = 4_096;

/**
 * `u8 1 ‖ u8 flags ‖ u8 n ‖ n · asset 16 ‖ u8 count ‖ calls`, each call `target 20 ‖ u8 m ‖ m bytes of the allowance without leading
 * zeros, or m = 255 for everything ‖ u16 length ‖ input`; flags: 1 atomic, 2 keep. Twin of contracts/libraries/CallList.sol.
 * @throws EncodeError where a field does not fit, DecodeError where the value is not one that decodeCallList accepts
 */
export function encodeCallList({atomic, keep, assets, calls}: CallList): Uint8Array {
  const w = new Writer()
    .u8(VERSION)
    .u8((atomic ? ATOMIC : 0) | (keep ? KEEP : 0))
    .u8(assets.length);
  for (const asset of assets) w.uuid(asset, "calls.assets");
  w.u8(calls.length);
  for (const {target, allowance, input} of calls) {
    w.hex(target, 20);
    writeAllowance(w, allowance);
    w.sized(input, "calls.input");
  }
  const encoded = w.bytes();
  decodeCallList(encoded);
  return encoded;
}

/**
 * Accepts what the contract accepts, but for the form of the original: `u16 count ‖ calls` of `target 20 ‖ u16 length ‖ input`, which
 * is read as calls that may each spend everything. Throws DecodeError.
 */
export function decodeCallList(bytes: Uint8Array): CallList {
  const r = new Reader(bytes);
  const version = r.u8("calls.version");
  if (version === 0) return decodeOriginal(r);
  if (version !== VERSION) throw new DecodeError("UNKNOWN_TAG", {field: "calls.version", offset: 0, want: VERSION, got: version});
  const flags = r.u8("calls.flags");
  if (flags > (ATOMIC | KEEP)) throw new DecodeError("UNKNOWN_TAG", {field: "calls.flags", offset: 1, want: ATOMIC | KEEP, got: flags});
  const assets = times(bounded(r, ASSETS_MAX, "calls.assets"), () => r.uuid("calls.assets"));
  const calls = times(bounded(r, CALLS_MAX, "calls.count"), () => readCall(r, () => readAllowance(r)));
  r.end("calls");
  return {atomic: (flags & ATOMIC) !== 0, keep: (flags & KEEP) !== 0, assets, calls};
}

function decodeOriginal(r: Reader): CallList {
  const count = bounded(r, CALLS_MAX, "calls.count");
  if (count === 0) throw new DecodeError("SHORT", {field: "calls.count", offset: 1, want: 1, got: 0});
  const calls = times(count, () => readCall(r, () => "everything"));
  r.end("calls");
  return {atomic: false, keep: false, assets: [], calls};
}

function readCall(r: Reader, allowanceOf: () => AccountCall["allowance"]): AccountCall {
  return {target: r.hex(20, "calls.target"), allowance: allowanceOf(), input: r.sized(INPUT_MAX, "calls.input")};
}

function writeAllowance(w: Writer, allowance: AccountCall["allowance"]): void {
  if (allowance === "everything") {
    w.u8(EVERYTHING);
    return;
  }
  const size = Math.ceil(allowance.toString(16).length / 2);
  const bytes = allowance === 0n ? new Uint8Array(0) : bigToBytes(allowance, size);
  w.u8(bytes.length).fixed(bytes, bytes.length);
}

function readAllowance(r: Reader): AccountCall["allowance"] {
  const {offset} = r;
  const size = r.u8("calls.allowance");
  if (size === EVERYTHING) return "everything";
  if (size > ALLOWANCE_BYTES_MAX)
    throw new DecodeError("TOO_LONG", {field: "calls.allowance", offset, want: ALLOWANCE_BYTES_MAX, got: size});
  const bytes = r.fixed(size, "calls.allowance");
  if (bytes[0] === 0) throw new DecodeError("NOT_CANONICAL", {field: "calls.allowance", offset});
  return bytesToBig(bytes);
}

function bounded(r: Reader, max: number, field: string): number {
  const {offset} = r;
  const count = r.u8(field);
  if (count > max) throw new DecodeError("TOO_LARGE", {field, offset, want: max, got: count});
  return count;
}

function times<T>(count: number, one: () => T): T[] {
  return Array.from({length: count}, one);
}
