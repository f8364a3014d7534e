import {equalBytes, utf8} from "../base/bytes.ts";
import type {Reader, Writer} from "../base/codec.ts";
import {DecodeError} from "../base/errors.ts";
import type {Uuid} from "./ids.ts";

/** What the Mixin API calls an asset. */
export interface AssetInfo {
  readonly kind: "assetInfo";
  readonly asset: Uuid;
  /** 1 to 32 bytes of UTF-8 without control characters. */
  readonly symbol: string;
  /** 1 to 64 bytes. */
  readonly name: string;
}

const SYMBOL_MAX = 32;
const NAME_MAX = 64;
/** Cc, what turns the direction of a line, and the byte order mark. */
const CONTROL = /[\p{Cc}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/u;

export function writeAssetInfo(w: Writer, {asset, symbol, name}: AssetInfo): Writer {
  return w.uuid(asset).sized(utf8(symbol)).sized(utf8(name));
}

/** Throws DecodeError. */
export function readAssetInfo(r: Reader): AssetInfo {
  return {
    kind: "assetInfo",
    asset: r.uuid("assetInfo.asset"),
    symbol: readText(r, SYMBOL_MAX, "symbol"),
    name: readText(r, NAME_MAX, "name"),
  };
}

function readText(r: Reader, max: number, what: string): string {
  const field = `assetInfo.${what}`;
  const bytes = r.sized(max, field);
  const text = new TextDecoder().decode(bytes);
  // one text, one encoding: what is no UTF-8 comes out as other bytes
  if (!fits(text, max) || !equalBytes(utf8(text), bytes)) throw new DecodeError("BAD_TEXT", {field, want: "UTF-8 text"});
  return text;
}

function fits(text: string, max: number): boolean {
  return text !== "" && utf8(text).length <= max && !CONTROL.test(text);
}

/** Whether an asset's names may stand in a fact. */
export function isDescription({symbol, name}: {readonly symbol: string; readonly name: string}): boolean {
  return fits(symbol, SYMBOL_MAX) && fits(name, NAME_MAX);
}

/** The longest beginning of each name that may stand in a fact; the id in place of one of which nothing is left. */
export function describeAsset(asset: Uuid, names: {readonly symbol: string; readonly name: string}): AssetInfo {
  return {kind: "assetInfo", asset, symbol: cut(names.symbol, SYMBOL_MAX, asset), name: cut(names.name, NAME_MAX, asset)};
}

function cut(text: string, max: number, instead: Uuid): string {
  let kept = "";
  for (const character of new TextDecoder().decode(utf8(text)).replace(new RegExp(CONTROL, "gu"), "")) {
    if (utf8(kept + character).length > max) break;
    kept += character;
  }
  return kept === "" ? instead.slice(0, 8) : kept;
}
