import {type AssetInfo, isDescription} from "../types/asset-facts.ts";
import type {Uuid} from "../types/ids.ts";
import {ASSET_LIST} from "./custody.ts";
import {recordsOf} from "./draft.ts";
import {LedgerError} from "./errors.ts";
import type {Place} from "./intake.ts";
import type {LedgerState} from "./ledger.ts";
import {listIds} from "./lists.ts";
import {ASSET_INFOS} from "./money-tables.ts";
import {ASSETS} from "./tables.ts";

/**
 * What an asset is called is told to every contract, once: contracts that wrap it keep the name they have shown.
 * @throws LedgerError UNKNOWN_ASSET where none of it was ever received, DUPLICATE_ASSET_INFO, BAD_ASSET_INFO
 */
export function takeAssetInfo({draft, packer, network}: Place, {asset, symbol, name}: AssetInfo): void {
  if (draft.get(ASSETS, asset) === undefined) throw new LedgerError("UNKNOWN_ASSET", {got: asset});
  if (draft.get(ASSET_INFOS, asset) !== undefined) throw new LedgerError("DUPLICATE_ASSET_INFO", {got: asset});
  if (!isDescription({symbol, name})) throw new LedgerError("BAD_ASSET_INFO", {got: asset});
  draft.put(ASSET_INFOS, asset, {symbol, name});
  for (const platform of network.platforms) packer.system(platform, {kind: "assetInfo", asset, symbol, name});
}

/** Assets that were received and whose names are not decided, at most `max`. */
export function unnamedAssets(state: LedgerState, max: number): Uuid[] {
  const records = recordsOf(state.tree);
  const found: Uuid[] = [];
  for (const asset of listIds(records, ASSET_LIST)) {
    if (found.length === max) break;
    if (records.get(ASSET_INFOS, asset) === undefined) found.push(asset);
  }
  return found;
}

/** What an asset is called, as decided; null: not yet. */
export function assetInfoOf(state: LedgerState, asset: Uuid): {readonly symbol: string; readonly name: string} | null {
  return recordsOf(state.tree).get(ASSET_INFOS, asset) ?? null;
}
