import {sha3_256} from "@noble/hashes/sha3.js";
import {concatBytes, utf8} from "../base/bytes.ts";
import {EncodeError} from "../base/errors.ts";
import {parseUuid, type Uuid, uuidBytes} from "../types/ids.ts";

const BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
const UNITS = 100_000_000n;

/** Who is paid: users of Mixin, of whom `threshold` have to agree to spend. */
export interface MixinReceiver {
  readonly members: readonly Uuid[];
  readonly threshold: number;
}

/**
 * The MIX address of a multisig, the same for any order of its members. [Mixin address format, version 2:
 * "MIX" ‖ base58(2 ‖ threshold ‖ n ‖ n · 16 bytes ‖ first 4 bytes of sha3-256("MIX" ‖ what precedes))]
 * @throws EncodeError OUT_OF_RANGE unless 1 ≤ threshold ≤ members ≤ 64
 */
export function mixAddress({members, threshold}: MixinReceiver): string {
  if (members.length > 64 || threshold < 1 || threshold > members.length)
    throw new EncodeError("OUT_OF_RANGE", {field: "threshold", want: `1 to ${Math.min(64, members.length)}`, got: threshold});
  const sorted = members.map((m) => parseUuid(m)).sort();
  const payload = concatBytes(Uint8Array.of(2, threshold, sorted.length), ...sorted.map(uuidBytes));
  return `MIX${base58(concatBytes(payload, sha3_256(concatBytes(utf8("MIX"), payload)).subarray(0, 4)))}`;
}

/**
 * The link (and QR text) that opens this payment in a Mixin wallet.
 * @param amount  1e-8 units, above 0
 * @param memo    of `encodeMemo`
 * @param trace   the payment's request id: what `MvmClient.payment` finds it by
 */
export function paymentUri(payment: MixinReceiver & {asset: Uuid; amount: bigint; memo: string; trace: Uuid}): string {
  const {asset, amount, memo, trace} = payment;
  if (amount <= 0n) throw new EncodeError("OUT_OF_RANGE", {field: "amount", want: "above 0", got: `${amount}`});
  const query = new URLSearchParams({asset: parseUuid(asset), amount: decimal(amount), memo, trace: parseUuid(trace)});
  return `https://mixin.one/pay/${mixAddress(payment)}?${query}`;
}

/** 1e-8 units as decimal text without trailing zeros, as Mixin writes amounts. */
export function decimal(units: bigint): string {
  const fraction = (units % UNITS).toString().padStart(8, "0").replace(/0+$/, "");
  return fraction === "" ? `${units / UNITS}` : `${units / UNITS}.${fraction}`;
}

/** 1e-8 units of decimal text. Throws EncodeError where it is not an amount of at most 8 decimals. */
export function units(text: string): bigint {
  const parts = /^(\d{1,30})(?:\.(\d{1,8}))?$/.exec(text);
  if (parts === null)
    throw new EncodeError("OUT_OF_RANGE", {field: "amount", want: "decimal text, at most 8 decimals", got: text.slice(0, 60)});
  return BigInt(parts[1] ?? "0") * UNITS + BigInt((parts[2] ?? "").padEnd(8, "0"));
}

function base58(bytes: Uint8Array): string {
  let value = bytes.reduce((sum, byte) => sum * 256n + BigInt(byte), 0n);
  let text = "";
  for (; value > 0n; value /= 58n) text = BASE58.charAt(Number(value % 58n)) + text;
  const zeros = bytes.findIndex((byte) => byte !== 0);
  return "1".repeat(zeros < 0 ? bytes.length : zeros) + text;
}
