import {afterAll, beforeAll, expect, test} from "vitest";
import {createAssetSource} from "../../src/mixin/asset-source.ts";
import {createAsset, plantFault} from "../../testnet/mixin/client.ts";
import {clock, DevnetGroup, Lines, until} from "./devnet.ts";

let group: DevnetGroup;
beforeAll(async () => {
  group = await DevnetGroup.start();
});
afterAll(() => group.stop());

test("names of undecided assets are shown, proposed when they have settled, and forgotten once they are decided", async () => {
  const log = new Lines();
  const other = await createAsset(group.url, {symbol: "OTH", name: "Other"});
  await plantFault(group.url, {path: "/safe/assets/fetch", count: 1, code: 500});
  let unnamed: readonly string[] = [group.asset, other];
  const options = {url: group.url, user: group.user(0), clock, logger: log, everyMs: 10};
  const source = createAssetSource({...options, unnamed: () => unnamed, settleMs: 40});
  let news = 0;
  source.onNew(() => news++);
  await source.start(new AbortController().signal);
  const named = {kind: "assetInfo", asset: group.asset, symbol: "XIN", name: "Mixin"} as const;
  await until(() => source.shows(named));
  expect(source.shows({...named, name: "Mixing"})).toBe(false);
  await until(() => source.proposals().length === 2);
  expect(source.proposals()).toContainEqual({kind: "assetInfo", asset: other, symbol: "OTH", name: "Other"});
  unnamed = [other];
  await until(() => source.proposals().length === 1);
  expect(source.shows(named)).toBe(false);
  await until(() => news > 0);
  expect(log.errors()).toEqual([]);
  await source.stop();
});
