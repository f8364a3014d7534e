import {describe, expect, test} from "vitest";
import {testNetwork} from "../../test/support/ledger.ts";
import {platformOf} from "./digests.ts";
import {decodeGenesis, encodeGenesis, type Genesis, genesisHash, genesisQuorum, platformIds} from "./genesis.ts";
import {multisigOf, quorumOf, seatsOf, totalSeats} from "./validators.ts";

const {genesis} = testNetwork([2, 1, 1, 1]);
type Json = Record<string, unknown>;
const edited = (edit: (raw: Json) => void): string => {
  const raw = JSON.parse(encodeGenesis(genesis)) as Json;
  edit(raw);
  return JSON.stringify(raw);
};

test("genesis.json survives, and has one text whatever the order of its fields and the case of its hex", () => {
  expect(decodeGenesis(encodeGenesis(genesis))).toEqual(genesis);
  const reversed = edited((raw) => {
    for (const [key, value] of Object.entries(raw).reverse()) {
      delete raw[key];
      raw[key] = value;
    }
    raw["staking"] = `0x${(raw["staking"] as string).slice(2).toUpperCase()}`;
    raw["comment"] = "not part of it";
  });
  expect(encodeGenesis(decodeGenesis(reversed))).toBe(encodeGenesis(genesis));
  expect(genesisHash(decodeGenesis(reversed))).toBe(genesisHash(genesis));
});

test("its hash names every field", () => {
  const other: Genesis = {...genesis, parameters: {...genesis.parameters, paceMs: genesis.parameters.paceMs + 1}};
  expect(genesisHash(other)).not.toBe(genesisHash(genesis));
});

describe("refused", () => {
  const validator = (raw: Json, i: number) => (raw["validators"] as Json[])[i] as Json;
  const cases: {name: string; edit: (raw: Json) => void; code: string}[] = [
    {name: "another network id", edit: (raw) => (raw["networkId"] = `0x${"00".repeat(32)}`), code: "WRONG_NETWORK_ID"},
    {name: "another staking contract", edit: (raw) => (raw["staking"] = `0x${"11".repeat(20)}`), code: "WRONG_NETWORK_ID"},
    {name: "no platform", edit: (raw) => (raw["platforms"] = []), code: "NO_PLATFORM"},
    {name: "validators out of order", edit: (raw) => (raw["validators"] as Json[]).reverse(), code: "WRONG_ORDER"},
    {name: "a validator twice", edit: (raw) => (raw["validators"] as Json[]).splice(1, 0, validator(raw, 0)), code: "WRONG_ORDER"},
    {name: "a seat without a Mixin user", edit: (raw) => (validator(raw, 0)["mixinUsers"] = []), code: "WRONG_SEATS"},
    {name: "no seat", edit: (raw) => Object.assign(validator(raw, 0), {seats: 0, mixinUsers: []}), code: "WRONG_SEATS"},
    {name: "no validators", edit: (raw) => (raw["validators"] = []), code: "WRONG_SEATS"},
    {name: "a missing field", edit: (raw) => delete raw["salt"], code: "BAD_TEXT"},
    {name: "a number as text", edit: (raw) => (raw["homeChainId"] = "1"), code: "BAD_TEXT"},
    {name: "a fraction", edit: (raw) => (raw["epoch0Block"] = 0.5), code: "BAD_TEXT"},
    {name: "a short key", edit: (raw) => (validator(raw, 0)["encKey"] = "0x00"), code: "BAD_TEXT"},
    {name: "an array as an object", edit: (raw) => (raw["parameters"] = []), code: "BAD_TEXT"},
    {name: "an object as an array", edit: (raw) => (raw["platforms"] = {}), code: "BAD_TEXT"},
  ];
  test.for(cases)("$name: $code", ({edit, code}) => {
    expect(() => decodeGenesis(edited(edit))).toThrow(expect.objectContaining({code}));
  });
  test.for(["", "null", "[]", "{", "7"])("the text %j", (text) => {
    expect(() => decodeGenesis(text)).toThrow(expect.objectContaining({name: "DecodeError", code: "BAD_TEXT"}));
  });
});

test("what follows from the set: seats, quorum, multisig, platforms", () => {
  expect([1, 2, 3, 4, 5, 7, 64].map(quorumOf)).toEqual([1, 2, 3, 3, 4, 5, 43]);
  expect([totalSeats(genesis.validators), genesisQuorum(genesis)]).toEqual([5, {seats: 5, quorum: 4}]);
  const counts = genesis.validators.map((v) => v.seats);
  expect(genesis.validators.flatMap((_, i) => seatsOf(genesis.validators, i))).toEqual([1, 2, 3, 4, 5]);
  expect(genesis.validators.map((_, i) => seatsOf(genesis.validators, i).length)).toEqual(counts);
  expect(seatsOf(genesis.validators, 9)).toEqual([]);
  const {members, threshold} = multisigOf(genesis.validators);
  expect([members, threshold]).toEqual([genesis.validators.flatMap((v) => v.mixinUsers).sort(), 4]);
  expect(platformIds(genesis)).toEqual(genesis.platforms.map((p) => platformOf(p.chainId, p.group)));
});
