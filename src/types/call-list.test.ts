import {readFileSync} from "node:fs";
import fc from "fast-check";
import {describe, expect, test} from "vitest";
import {fromHex, type Hex, toHex} from "../base/bytes.ts";
import {DecodeError} from "../base/errors.ts";
import {accountAddress, assetAddress} from "./account-address.ts";
import {type CallList, decodeCallList, encodeCallList} from "./call-list.ts";
import {uuidFromHex} from "./ids.ts";

interface Vectors {
  lists: {
    name: string;
    encoded: Hex;
    list: {atomic: boolean; keep: boolean; assets: string[]; calls: {target: Hex; allowance: string; input: Hex}[]};
  }[];
  refused: {name: string; encoded: Hex}[];
  addresses: {accounts: Hex; id: string; account: Hex; asset: Hex}[];
}
const {lists, refused, addresses} = JSON.parse(readFileSync("test/vectors/call-list.json", "utf8")) as Vectors;

const readable = ({calls, ...rest}: CallList) => ({
  ...rest,
  calls: calls.map(({target, allowance, input}) => ({target, allowance: `${allowance}`, input: toHex(input)})),
});

describe("a call list", () => {
  test.for(lists)("the vector $name", ({encoded, list}) => {
    const decoded = decodeCallList(fromHex(encoded));
    expect(readable(decoded)).toEqual(list);
    if (!encoded.startsWith("0x00")) expect(toHex(encodeCallList(decoded))).toBe(encoded);
  });
  test.for(refused)("$name is none", ({encoded}) => {
    expect(() => decodeCallList(fromHex(encoded))).toThrow(DecodeError);
  });
  test.for(addresses)("addresses under $accounts are known in advance", ({accounts, id, account, asset}) => {
    expect([accountAddress(accounts, id), assetAddress(accounts, id)]).toEqual([account, asset]);
  });

  const bytes = (size: number) => fc.uint8Array({minLength: size, maxLength: size}).map(toHex);
  const list: fc.Arbitrary<CallList> = fc.record({
    atomic: fc.boolean(),
    keep: fc.boolean(),
    assets: fc.array(bytes(16).map(uuidFromHex), {maxLength: 8}),
    calls: fc.array(
      fc.record({
        target: bytes(20),
        allowance: fc.oneof(fc.constant("everything" as const), fc.bigInt({min: 0n, max: (1n << 128n) - 1n})),
        input: fc.uint8Array({maxLength: 60}),
      }),
      {maxLength: 16},
    ),
  });

  test("survives its encoding", () =>
    fc.assert(
      fc.property(list, (l) => {
        expect(decodeCallList(encodeCallList(l))).toEqual(l);
      }),
    ));
  test("has one encoding", () =>
    fc.assert(
      fc.property(list, fc.array(fc.tuple(fc.nat(80), fc.nat(255)), {minLength: 1, maxLength: 3}), (l, edits) => {
        const encoded = encodeCallList(l);
        for (const [at, byte] of edits) if (at < encoded.length) encoded[at] = byte;
        let decoded: CallList;
        try {
          decoded = decodeCallList(encoded);
        } catch (error) {
          expect(error).toBeInstanceOf(DecodeError);
          return;
        }
        if (encoded[0] !== 0) expect(encodeCallList(decoded)).toEqual(encoded);
      }),
      {numRuns: 1_000},
    ));
  test("too much of anything is refused", () => {
    const call = {target: toHex(new Uint8Array(20)), allowance: 0n, input: new Uint8Array(0)};
    const none = {atomic: false, keep: false, assets: [], calls: []};
    expect(() => encodeCallList({...none, calls: Array(17).fill(call)})).toThrow(DecodeError);
    expect(() => encodeCallList({...none, assets: Array(9).fill(uuidFromHex(`0x${"11".repeat(16)}`))})).toThrow(DecodeError);
    expect(() => encodeCallList({...none, calls: [{...call, allowance: 1n << 128n}]})).toThrow(DecodeError);
  });
});
