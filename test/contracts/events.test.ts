import {concat, dataLength, dataSlice, getBytes, hexlify, keccak256, toBeHex} from "ethers";
import fc from "fast-check";
import {afterAll, beforeAll, describe, expect, test} from "vitest";
import {type Chain, type Deployed, startChain} from "./support/chain.ts";
import {type EventFields, encodeEvent, rootOf, ZERO32} from "./support/events.ts";
import {ALICE, BTC, uuid} from "./support/group.ts";

let chain: Chain;
let harness: Deployed;
beforeAll(async () => {
  chain = await startChain();
  harness = await chain.deploy("Harness", []);
});
afterAll(() => chain.stop());

const bytes = (size: number) => fc.uint8Array({minLength: size, maxLength: size}).map((b) => hexlify(b));
const u64 = fc.bigInt(0n, 2n ** 64n - 1n);
const event: fc.Arbitrary<EventFields> = fc.record({
  process: bytes(16),
  nonce: u64,
  asset: bytes(16),
  amount: fc.oneof(fc.constant(0n), fc.bigInt(1n, 2n ** 256n - 1n), fc.bigInt(1n, 10n ** 12n)),
  extra: fc.uint8Array({maxLength: 4_096}).map((b) => hexlify(b)),
  timestamp: u64,
  sender: bytes(16),
});
async function parse(encoded: string): Promise<EventFields> {
  const [head, extra] = await harness.read("parse", encoded);
  const {process, nonce, asset, amount, timestamp, sender} = head;
  return {process, nonce, asset, amount, extra, timestamp, sender};
}

describe("parsing an event", () => {
  test("gives back every field", () =>
    fc.assert(
      fc.asyncProperty(event, async (e) => {
        expect(await parse(encodeEvent(e))).toEqual(e);
      }),
      {numRuns: 60},
    ));

  test("bytes are the encoding of one event or of none", () =>
    fc.assert(
      fc.asyncProperty(
        event,
        fc.array(fc.tuple(fc.nat(), fc.nat(255)), {minLength: 1, maxLength: 3}),
        fc.constantFrom(0, 0, 0, -1, 1),
        async (e, edits, grow) => {
          const valid = getBytes(encodeEvent({...e, extra: dataSlice(e.extra, 0, Math.min(dataLength(e.extra), 40))}));
          const edited = new Uint8Array(valid.length + grow);
          edited.set(valid.subarray(0, edited.length));
          for (const [at, byte] of edits) edited[at % edited.length] = byte;
          const text = hexlify(edited);
          const parsed = await parse(text).catch((error: unknown) => error);
          if (parsed instanceof Error) expect((await harness.reverts("parse", [text])).name).toBe("MalformedEvent");
          else expect(encodeEvent(parsed as EventFields)).toBe(text);
        },
      ),
      {numRuns: 150},
    ));

  const good: EventFields = {process: uuid("p"), nonce: 7n, asset: BTC, amount: 300n, extra: "0xaabb", timestamp: 9n, sender: ALICE};
  const encoded = encodeEvent(good);
  const tail = dataLength(encoded) - 30;
  const replace = (at: number, with_: string) => concat([dataSlice(encoded, 0, at), with_, dataSlice(encoded, at + dataLength(with_))]);
  test.for([
    {name: "trailing byte", bad: concat([encoded, "0x00"])},
    {name: "missing byte", bad: dataSlice(encoded, 0, dataLength(encoded) - 1)},
    {name: "nothing", bad: "0x"},
    {name: "amount with a leading zero", bad: replace(42, "0x00ff")},
    {name: "amount longer than 32 bytes", bad: replace(40, "0x0021")},
    {name: "amount length beyond the end", bad: replace(40, "0xffff")},
    {name: "extra length beyond the end", bad: replace(44, "0xffff")},
    {name: "extra length one short", bad: replace(44, "0x0001")},
    {name: "two members", bad: replace(tail + 8, "0x0002")},
    {name: "threshold 0", bad: replace(tail + 26, "0x0000")},
    {name: "threshold 2", bad: replace(tail + 26, "0x0002")},
    {name: "a signature", bad: replace(tail + 28, "0x0040")},
  ])("refuses $name", async ({bad}) => {
    expect((await harness.reverts("parse", [bad])).name).toBe("MalformedEvent");
  });
});

describe("tree", () => {
  test("its root is the reference's for 0 to 40 events, and 128", async () => {
    for (const size of [...Array(41).keys(), 128]) {
      const events = Array.from({length: size}, (_, i) => toBeHex(i + 1, 1 + (i % 70)));
      expect((await harness.read("root", events))[0], `${size} events`).toBe(rootOf(events));
    }
  });

  test("none has root 0, one is its leaf, and a leaf is hashed twice", async () => {
    expect((await harness.read("root", []))[0]).toBe(ZERO32);
    expect((await harness.read("root", ["0x1234"]))[0]).toBe(keccak256(keccak256("0x1234")));
  });
});
