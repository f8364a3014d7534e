import {EncodeError} from "../base/errors.ts";
import {parseUuid, type Uuid} from "../types/ids.ts";
import {type MixinReceiver, mixAddress} from "../types/mix-address.ts";

const UNITS = 100_000_000n;

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
