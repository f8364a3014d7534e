import {beforeEach, expect, test} from "vitest";
import {BTC, outputFact, registrationFact, TestLedger, uuidOf} from "../../test/support/ledger.ts";
import {toHex, utf8} from "../base/bytes.ts";
import {Writer} from "../base/codec.ts";
import {type AssetInfo, describeAsset, isDescription} from "../types/asset-facts.ts";
import {decodeFact, encodeFact, FACT_CODE} from "../types/facts.ts";
import {encodeSystemEvent} from "../types/system-events.ts";
import {assetInfoOf, unnamedAssets} from "./asset-info.ts";

const base = new TestLedger().runDkg();
base.decide(registrationFact(1), outputFact(2, {asset: uuidOf("ETH")}));
let ledger: TestLedger;
beforeEach(() => {
  ledger = base.fork();
});
const info = (of: Partial<AssetInfo> = {}): AssetInfo => ({kind: "assetInfo", asset: BTC, symbol: "BTC", name: "Bitcoin", ...of});

test("what an asset is called is told to every contract, once", () => {
  expect(unnamedAssets(ledger.state, 10)).toEqual([BTC, uuidOf("ETH")]);
  expect(unnamedAssets(ledger.state, 1)).toEqual([BTC]);
  const {outboxes} = ledger.decide(info());
  expect(outboxes.map(({outbox}) => outbox.platform)).toEqual(ledger.state.network.platforms);
  const event = toHex(encodeSystemEvent({kind: "assetInfo", asset: BTC, symbol: "BTC", name: "Bitcoin"}));
  for (const {system} of outboxes) expect(system.map(toHex)).toEqual([event]);
  expect(assetInfoOf(ledger.state, BTC)).toEqual({symbol: "BTC", name: "Bitcoin"});
  expect(unnamedAssets(ledger.state, 10)).toEqual([uuidOf("ETH")]);
  expect(() => ledger.decide(info({name: "Other"}))).toThrow(expect.objectContaining({code: "DUPLICATE_ASSET_INFO"}));
});

test("an asset that the group never had has no name", () => {
  expect(() => ledger.decide(info({asset: uuidOf("?")}))).toThrow(expect.objectContaining({code: "UNKNOWN_ASSET"}));
  expect(assetInfoOf(ledger.state, uuidOf("?"))).toBeNull();
});

test.for([
  ["nothing", {symbol: ""}],
  ["33 bytes", {symbol: "x".repeat(33)}],
  ["65 bytes of a name", {name: "é".repeat(33)}],
  ["a line feed", {name: "a\nb"}],
  ["a turn of direction", {symbol: "\u202eCTB"}],
] as const)("%s is no name: neither decoded nor decided", ([, of]) => {
  expect(isDescription(info(of))).toBe(false);
  const {asset, symbol, name} = info(of);
  const bytes = new Writer().u8(FACT_CODE.assetInfo).uuid(asset).sized(utf8(symbol)).sized(utf8(name)).bytes();
  expect(() => decodeFact(bytes)).toThrow(expect.objectContaining({name: "DecodeError"}));
  expect(() => ledger.decide(info(of))).toThrow(expect.objectContaining({code: "BAD_ASSET_INFO"}));
});

test("bytes that are no UTF-8 are refused", () => {
  const bytes = new Writer().u8(FACT_CODE.assetInfo).uuid(BTC).sized(Uint8Array.of(0xff)).sized(utf8("a")).bytes();
  expect(() => decodeFact(bytes)).toThrow(expect.objectContaining({code: "BAD_TEXT"}));
});

test("names of the API are cut to what a fact takes, between characters", () => {
  const cut = describeAsset(BTC, {symbol: `\u0007B\ufeffTC${"€".repeat(20)}`, name: "\n"});
  expect(cut).toEqual({kind: "assetInfo", asset: BTC, symbol: `BTC${"€".repeat(9)}`, name: BTC.slice(0, 8)});
  expect(decodeFact(encodeFact(cut))).toEqual(cut);
});
