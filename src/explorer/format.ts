import {decimal} from "../sdk/payment.ts";

/** Assets that everybody on Mixin knows; others are shown by the beginning of their id. */
const SYMBOLS: Readonly<Record<string, string>> = {
  "c94ac88f-4671-3976-b60a-09064f1811e8": "XIN",
  "c6d0c728-2624-429b-8e0d-d9d19b6592fa": "BTC",
  "43d61dcd-e413-450d-80b8-101d5e903357": "ETH",
  "4d8c508b-91c5-375b-92b0-ee702ed2dac5": "USDT",
};

export function symbolOf(asset: string): string {
  return SYMBOLS[asset] ?? asset.slice(0, 8);
}

/** 1e-8 units, given as decimal text, with the asset's symbol. */
export function amountOf(units: string, asset: string): string {
  return `${decimal(BigInt(units))} ${symbolOf(asset)}`;
}

/** A duration for people: 87 ms, 1.42 s, 3 min, 5 h, 2 d. */
export function duration(ms: number): string {
  const size = Math.abs(ms);
  if (size < 1_000) return `${Math.round(ms)} ms`;
  if (size < 10_000) return `${(ms / 1_000).toFixed(2)} s`;
  if (size < 120_000) return `${Math.round(ms / 1_000)} s`;
  if (size < 7_200_000) return `${Math.round(ms / 60_000)} min`;
  return size < 172_800_000 ? `${Math.round(ms / 3_600_000)} h` : `${Math.round(ms / 86_400_000)} d`;
}

export function ago(atMs: number, nowMs: number): string {
  const ms = nowMs - atMs;
  return ms < 2_000 ? "just now" : `${duration(Math.max(0, ms)).replace(/\.\d+/, "")} ago`;
}

/** The beginning and the end of an id or hash. */
export function short(text: string, head = 8, tail = 4): string {
  return text.length <= head + tail + 1 ? text : `${text.slice(0, head)}…${tail === 0 ? "" : text.slice(-tail)}`;
}

export function median(values: readonly number[]): number | null {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  if (sorted.length === 0) return null;
  return sorted.length % 2 === 1 ? (sorted[middle] as number) : ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2;
}
