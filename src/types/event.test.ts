import {readFileSync} from "node:fs";
import fc from "fast-check";
import {describe, expect, test} from "vitest";
import {amount, testCodec, u64} from "../../test/support/codec.ts";
import {fromHex, toHex} from "../base/bytes.ts";
import {decodeEvent, EVENT_EXTRA_MAX, encodeEvent, type MvmEvent} from "./event.ts";

interface Vector {
  readonly name: string;
  readonly event: Record<"process" | "nonce" | "asset" | "amount" | "extra" | "timestamp" | "signature", string> & {
    readonly members: string[];
    readonly threshold: number;
  };
  readonly bytes: string;
}
const vectors = JSON.parse(readFileSync(new URL("../../test/vectors/event.json", import.meta.url), "utf8")) as Vector[];

function read({event: e}: Vector): MvmEvent {
  const numbers = {nonce: BigInt(e.nonce), amount: BigInt(e.amount), timestamp: BigInt(e.timestamp)};
  const {process, asset, members, threshold} = e;
  return {process, asset, members, threshold, ...numbers, extra: fromHex(e.extra), signature: fromHex(e.signature)};
}

describe("vectors", () => {
  test.for(vectors)("$name", (vector) => {
    expect(toHex(encodeEvent(read(vector)))).toBe(vector.bytes);
    expect(decodeEvent(fromHex(vector.bytes))).toEqual(read(vector));
  });
  test("are there", () => expect(vectors.length).toBe(4));
});

const event: fc.Arbitrary<MvmEvent> = fc
  .record({
    process: fc.uuid(),
    nonce: u64,
    asset: fc.uuid(),
    amount,
    extra: fc.uint8Array({maxLength: 100}),
    timestamp: u64,
    members: fc.array(fc.uuid(), {maxLength: 4}),
    threshold: fc.nat(4),
    signature: fc.uint8Array({maxLength: 66}),
  })
  .map((e) => ({...e, threshold: Math.min(e.threshold, e.members.length)}));

testCodec("event", event, {encode: encodeEvent, decode: decodeEvent});

describe("an event that no decoder takes is not encoded", () => {
  const base = read(vectors[1] as Vector);
  const member = base.process;
  const cases: {name: string; of: Partial<MvmEvent>}[] = [
    {name: "a threshold above the members", of: {threshold: 2}},
    {name: "65 members", of: {members: Array(65).fill(member)}},
    {name: "an extra that is too long", of: {extra: new Uint8Array(EVENT_EXTRA_MAX + 1)}},
    {name: "a signature of 257 bytes", of: {signature: new Uint8Array(257)}},
    {name: "an amount of 257 bits", of: {amount: 2n ** 256n}},
    {name: "a nonce of 65 bits", of: {nonce: 2n ** 64n}},
    {name: "no asset", of: {asset: ""}},
  ];
  test.for(cases)("$name", ({of}) => {
    expect(() => encodeEvent({...base, ...of})).toThrow(expect.objectContaining({name: expect.stringMatching(/^(En|De)codeError$/)}));
  });
  test("the bounds themselves are fine", () => {
    const widest = {...base, members: Array(64).fill(member), threshold: 64, extra: new Uint8Array(EVENT_EXTRA_MAX)};
    expect(decodeEvent(encodeEvent(widest))).toEqual(widest);
  });
});
