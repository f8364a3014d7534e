import {describeError} from "../base/errors.ts";
import type {AssetSource} from "../ports/mixin.ts";
import type {Clock, Logger} from "../ports/system.ts";
import {type AssetInfo, describeAsset} from "../types/asset-facts.ts";
import type {Uuid} from "../types/ids.ts";
import {createMixinClient, type MixinUserKeys} from "./client.ts";
import {MixinError} from "./errors.ts";
import {list, record, text, uuid} from "./fields.ts";
import {createRepeater} from "./repeater.ts";

const PAUSE_MAX_MS = 60_000;
const IDS_MAX = 100;

/**
 * What the Mixin API calls the assets whose names are not decided. One is proposed a while after it was first seen, so that all
 * validators have seen it.
 */
export function createAssetSource(options: {
  /** Of the Mixin API. */
  readonly url: string;
  readonly user: MixinUserKeys;
  /** Assets whose names are not decided. */
  readonly unnamed: () => readonly Uuid[];
  readonly clock: Clock;
  readonly logger: Logger;
  /** Between two looks, ms. */
  readonly everyMs?: number;
  /** From the first sight of a name to its proposal, ms. */
  readonly settleMs?: number;
}): AssetSource {
  const {clock, everyMs = 1_000, settleMs = 2_500} = options;
  const client = createMixinClient({url: options.url, user: options.user});
  const listeners: (() => void)[] = [];
  let seen = new Map<Uuid, {readonly info: AssetInfo; readonly sinceMs: number}>();
  let cancel: (() => void) | null = null;

  async function look(): Promise<boolean> {
    const ids = options.unnamed().slice(0, IDS_MAX);
    if (ids.length === 0) {
      seen = new Map();
      return true;
    }
    try {
      const found = new Map(seen);
      for (const entry of list(await client.post("/safe/assets/fetch", ids), "assets", 2 * IDS_MAX)) {
        const item = record(entry, "asset");
        const asset = uuid(item["asset_id"], "asset.asset_id");
        const info = describeAsset(asset, {symbol: text(item["symbol"], "asset.symbol"), name: text(item["name"], "asset.name")});
        const before = found.get(asset);
        const isSame = before?.info.symbol === info.symbol && before.info.name === info.name;
        found.set(asset, isSame ? before : {info, sinceMs: clock.now()});
      }
      const wanted = new Set(ids);
      seen = new Map([...found].filter(([asset]) => wanted.has(asset)));
      // not put off by the next look, which comes sooner
      cancel ??= clock.after(settleMs, notify);
      return true;
    } catch (error) {
      if (!(error instanceof MixinError && error.code === "STOPPED")) options.logger.warn("assets not read", describeError(error));
      return false;
    }
  }

  function notify(): void {
    cancel = null;
    if (seen.size > 0) for (const listener of listeners) listener();
  }

  const repeater = createRepeater({clock, pauseMs: everyMs, pauseMaxMs: PAUSE_MAX_MS, run: look});
  return {
    name: "mixin assets",
    proposals: () => [...seen.values()].filter(({sinceMs}) => clock.now() - sinceMs >= settleMs).map(({info}) => info),
    shows({asset, symbol, name}) {
      const info = seen.get(asset)?.info;
      return info?.symbol === symbol && info.name === name;
    },
    onNew: (listener) => void listeners.push(listener),
    async start(signal) {
      signal.addEventListener("abort", () => client.close(), {once: true});
      repeater.start();
    },
    async stop() {
      cancel?.();
      client.close();
      await repeater.stop();
    },
  };
}
