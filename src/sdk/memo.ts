import {utf8} from "../base/bytes.ts";
import {Writer} from "../base/codec.ts";
import {DecodeError, MvmError} from "../base/errors.ts";
import {parseAddress, parseUuid, type Uuid} from "../types/ids.ts";
import {decodeMemo, encodeMemo, encodeRawMemo, OPERATION_OVERHEAD, type Operation, PURPOSE} from "../types/operation.ts";

/** Bytes that the memo of one Mixin payment holds. */
export const MEMO_BYTES_MAX = 256;
/** Bytes of extra that fit into a memo as text (base64url), without platform and address. */
export const TEXT_EXTRA_MAX = 168;
/** Bytes of extra that fit into a raw memo, which wallets' payment links cannot carry. */
export const RAW_EXTRA_MAX = 231;
const GAS_LIMIT_MAX = 2_000_000;

/** A memo cannot be made as asked; `data.message` says why in words, and by how much. */
export class MemoError extends MvmError<"TOO_LONG" | "BAD_PROCESS" | "BAD_ADDRESS" | "BAD_TERMS", {message: string; over?: number}> {}

/**
 * The memo that brings a message to an app: text that any Mixin wallet can send.
 * @param process  of the app
 * @param extra    for the app, at most 168 bytes; a string counts as UTF-8
 * @throws MemoError TOO_LONG with the bytes that are too many in `data.over`, BAD_PROCESS
 */
export function messageMemo(process: Uuid, extra: Uint8Array | string = new Uint8Array(0)): string {
  return encodeMemo(messageOf(process, extra, TEXT_EXTRA_MAX));
}

/**
 * The same as bytes, for payers that set the memo's bytes themselves: room for 63 more.
 * @param extra  at most 231 bytes
 * @throws MemoError TOO_LONG, BAD_PROCESS
 */
export function rawMessageMemo(process: Uuid, extra: Uint8Array | string = new Uint8Array(0)): Uint8Array {
  return encodeRawMemo(messageOf(process, extra, RAW_EXTRA_MAX));
}

/** How a process wants its messages: what happens behind one that fails, and the gas that each gets. */
export interface ProcessTerms {
  /** strict: later messages wait until the failed one is retried; park: they go on without it. Default: strict. */
  readonly policy?: "strict" | "park";
  /** For the app alone, at most 2,000,000. Default: 300,000. */
  readonly gasLimit?: number;
}

/**
 * The memo that registers an app. It must be paid by the Mixin user whose id is `process`.
 * @param address  of the app's contract, on the network's first chain
 * @throws MemoError BAD_PROCESS, BAD_ADDRESS, BAD_TERMS
 */
export function registrationMemo(process: Uuid, address: string, terms: ProcessTerms = {}): string {
  const {policy = "strict", gasLimit = 300_000} = terms;
  if (!Number.isInteger(gasLimit) || gasLimit < 1 || gasLimit > GAS_LIMIT_MAX)
    throw new MemoError("BAD_TERMS", {message: `gasLimit is ${gasLimit}: want a whole number from 1 to ${GAS_LIMIT_MAX}`});
  const isDefault = policy === "strict" && gasLimit === 300_000;
  const extra = isDefault
    ? new Uint8Array(0)
    : new Writer()
        .u8(1)
        .u8(policy === "park" ? 1 : 0)
        .u32(gasLimit)
        .bytes();
  const id = checkProcess(process);
  return encodeMemo({purpose: PURPOSE.register, process: id, platform: "quorum", address: checkAddress(address), extra});
}

/** What a memo says, or what is wrong with it. */
export type MemoReading =
  | {readonly ok: true; readonly operation: Operation; readonly warning: string | null}
  | {readonly ok: false; readonly problem: string};

/**
 * Reads a memo as the network does, and explains. Never throws.
 * @param memo  text as a wallet shows it, or the bytes of an output's `extra`
 */
export function readMemo(memo: string | Uint8Array): MemoReading {
  const bytes = typeof memo === "string" ? utf8(memo) : memo;
  if (bytes.length === 0) return {ok: false, problem: "the memo is empty: a payment without an Operation is refunded (BAD_MEMO)"};
  if (bytes.length > MEMO_BYTES_MAX)
    return {ok: false, problem: `the memo is too long by ${bytes.length - MEMO_BYTES_MAX} bytes: a Mixin memo holds ${MEMO_BYTES_MAX}`};
  try {
    const operation = decodeMemo(bytes);
    return {ok: true, operation, warning: warningOf(operation)};
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    return {ok: false, problem: problemOf(error)};
  }
}

function messageOf(process: Uuid, extra: Uint8Array | string, max: number): Operation {
  const bytes = typeof extra === "string" ? utf8(extra) : extra;
  const over = bytes.length - max;
  if (over > 0)
    throw new MemoError("TOO_LONG", {message: `extra is ${bytes.length} bytes, too long by ${over}: this memo has room for ${max}`, over});
  return {purpose: PURPOSE.message, process: checkProcess(process), platform: "", address: "", extra: bytes};
}

function checkProcess(process: string): Uuid {
  try {
    return parseUuid(process);
  } catch {
    throw new MemoError("BAD_PROCESS", {
      message: `"${process.slice(0, 80)}" is no process id: want a UUID, the id of the Mixin user who registered the app`,
    });
  }
}

function checkAddress(address: string): string {
  try {
    return parseAddress(address);
  } catch {
    throw new MemoError("BAD_ADDRESS", {message: `"${address.slice(0, 80)}" is no contract address: want 0x and 40 hex digits`});
  }
}

const PURPOSES: ReadonlySet<number> = new Set(Object.values(PURPOSE));

/** What is formally right and still goes wrong. */
function warningOf({purpose, address, extra}: Operation): string | null {
  if (!PURPOSES.has(purpose)) return `purpose ${purpose} is unknown to this network: the payment is refunded (UNKNOWN_PURPOSE)`;
  if (purpose === PURPOSE.message && address !== "")
    return "a message goes to the app of its process; the address in the memo means nothing";
  if (purpose === PURPOSE.register && extra.length !== 0 && extra.length !== 6)
    return "the extra of a registration is empty or 6 bytes: the payment is refunded (BAD_REGISTRATION)";
  return null;
}

const BASE64URL = "the memo is no base64url text: only A-Z, a-z, 0-9, - and _ may stand in it, no padding (=), no + and no /";

function problemOf({code, data}: DecodeError): string {
  const {field, want, got} = data;
  const names: Readonly<Record<string, string>> = {
    SHORT: `it ends inside ${field}: an Operation has at least ${OPERATION_OVERHEAD} bytes, and every length in it must be there`,
    TRAILING: `${got} bytes too many stand after the Operation`,
    TOO_LONG: `${field} is too long: ${got} bytes, at most ${want}`,
    BAD_TEXT: field === "memo" ? BASE64URL : `${field} is not what it should be: want ${want}`,
  };
  return names[code] ?? `${field} is no encoding that the network accepts (${code})`;
}
