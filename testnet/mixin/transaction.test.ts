import {
  buildSafeTransaction,
  buildSafeTransactionRecipient,
  decodeSafeTransaction,
  encodeSafeTransaction,
  type GhostKey,
} from "@mixin.dev/mixin-node-sdk";
import fc from "fast-check";
import {describe, expect, test} from "vitest";
import {Failure} from "./failure.ts";
import {blake3Bytes} from "./keys.ts";
import {decodeTransaction, type SafeTransaction, withSignatures} from "./transaction.ts";

const hexOf = (size: number) => fc.uint8Array({minLength: size, maxLength: size}).map((bytes) => Buffer.from(bytes).toString("hex"));
const USERS = Array.from({length: 5}, (_, i) => `00000000-0000-4000-8000-00000000000${i}`);

/** What the SDK can say: amounts that a JS number holds. */
const transactions = fc.record({
  asset: hexOf(32),
  inputs: fc.array(fc.record({hash: hexOf(32), index: fc.nat(0xffff)}), {minLength: 1, maxLength: 5}),
  outputs: fc.array(
    fc.record({
      units: fc.bigInt(1n, 2n ** 70n),
      keys: fc.array(hexOf(32), {minLength: 1, maxLength: 4}),
      mask: hexOf(32),
      threshold: fc.nat(3),
    }),
    {minLength: 1, maxLength: 4},
  ),
  references: fc.array(hexOf(32), {maxLength: 3}),
  extra: fc.uint8Array({maxLength: 256}),
  /** Members who have signed. */
  signers: fc.uniqueArray(fc.nat(63), {maxLength: 4}),
  signature: hexOf(64),
});
type Made = typeof transactions extends fc.Arbitrary<infer T> ? T : never;

const decimal = (units: bigint) => `${units / 100_000_000n}.${(units % 100_000_000n).toString().padStart(8, "0")}`;

/** The same transaction through the SDK's builder and encoder, signed. */
function encode(made: Made): string {
  const utxos = made.inputs.map(({hash, index}) => ({asset: made.asset, transaction_hash: hash, output_index: index}));
  const rs = made.outputs.map((o) =>
    buildSafeTransactionRecipient(USERS.slice(0, o.keys.length), 1 + (o.threshold % o.keys.length), decimal(o.units)),
  );
  const ghosts: GhostKey[] = made.outputs.map(({mask, keys}) => ({mask, keys}));
  const tx = buildSafeTransaction(utxos as never, rs, ghosts, Buffer.from(made.extra), made.references);
  const sigs =
    made.signers.length === 0 ? [] : made.inputs.map(() => Object.fromEntries(made.signers.map((place) => [place, made.signature])));
  return encodeSafeTransaction(tx, sigs);
}

const attempt = (raw: string): SafeTransaction | unknown => {
  try {
    return decodeTransaction(raw);
  } catch (error) {
    return error;
  }
};

describe("raw transactions", () => {
  test("what the SDK encodes is read as it was meant, signed or not", () => {
    fc.assert(
      fc.property(transactions, (made) => {
        const raw = encode(made);
        const tx = decodeTransaction(raw);
        expect(tx).toMatchObject({asset: made.asset, inputs: made.inputs, references: made.references});
        expect(tx.outputs.map(({amount, keys, mask}) => ({amount, keys, mask}))).toEqual(
          made.outputs.map(({units, keys, mask}) => ({amount: units, keys, mask})),
        );
        expect(Buffer.from(tx.extra)).toEqual(Buffer.from(made.extra));
        const unsigned = encode({...made, signers: []});
        expect(tx.payload).toBe(unsigned);
        expect(tx.hash).toBe(Buffer.from(blake3Bytes(Buffer.from(unsigned, "hex"))).toString("hex"));
        const maps = tx.signatures.map((map) => new Map([...map].map(([place, s]) => [place, Buffer.from(s).toString("hex")])));
        for (const map of maps) expect(new Set(map.keys())).toEqual(new Set(made.signers));
        expect(withSignatures(tx.payload, maps)).toBe(raw);
      }),
    );
  });

  test("bytes are one transaction or none", () => {
    fc.assert(
      fc.property(transactions, fc.array(fc.tuple(fc.nat(), fc.nat(255)), {minLength: 1, maxLength: 3}), (made, edits) => {
        const bytes = Buffer.from(encode(made), "hex");
        for (const [at, byte] of edits) bytes[at % bytes.length] = byte;
        const raw = bytes.toString("hex");
        const tx = attempt(raw);
        if (tx instanceof Error) {
          expect(tx).toBeInstanceOf(Failure);
          expect(tx).toMatchObject({code: 2_000_001});
          return;
        }
        const {payload, signatures} = tx as SafeTransaction;
        const maps = signatures.map((map) => new Map([...map].map(([place, s]) => [place, Buffer.from(s).toString("hex")])));
        expect(withSignatures(payload, maps)).toBe(raw);
      }),
      {numRuns: 2_000},
    );
  });

  test("a part of one, or one with more behind it, is refused", () => {
    fc.assert(
      fc.property(transactions, fc.nat(), (made, at) => {
        const raw = encode(made);
        const cut = raw.slice(0, 2 * (at % (raw.length / 2)));
        for (const bad of [cut, `${raw}00`, raw.slice(1)]) expect(attempt(bad)).toMatchObject({code: 2_000_001});
      }),
    );
  });

  test("the SDK's own decoder loses its way after a signature: why there is another one", () => {
    const [made] = fc.sample(transactions, {numRuns: 1, seed: 1}) as [Made];
    const raw = encode({...made, inputs: made.inputs.slice(0, 1), signers: [0, 1, 2], signature: "11".repeat(64)});
    const places = (decodeSafeTransaction(raw).signatureMap ?? []).map((map) => Object.keys(map));
    expect(places[0]).toEqual(["0", "4369"]); // 4369: two bytes of the first signature
    expect([...(decodeTransaction(raw).signatures[0]?.keys() ?? [])]).toEqual([0, 1, 2]);
  });

  const [plain] = fc.sample(transactions, {numRuns: 1, seed: 7}) as [Made];
  const one = {
    ...plain,
    inputs: [{hash: "aa".repeat(32), index: 0}],
    outputs: [{units: 256n, keys: ["bb".repeat(32)], mask: "cc".repeat(32), threshold: 0}],
    references: [],
    extra: new Uint8Array(0),
    signers: [0],
  };
  const swap = (from: string, to: string) => {
    const raw = encode(one);
    if (!raw.includes(from)) throw new Error(`no ${from}`);
    return raw.replace(from, to);
  };
  test.for([
    {name: "another version", raw: () => swap("77770005", "77770004")},
    {name: "a deposit", raw: () => swap(`${"aa".repeat(32)}000000000000`, `${"aa".repeat(32)}000000007777`)},
    {name: "a mint", raw: () => swap(`${"aa".repeat(32)}0000000000000000`, `${"aa".repeat(32)}0000000000007777`)},
    {name: "a withdrawal", raw: () => swap("00010000000201", "000100a1000201")},
    {name: "an amount with a leading zero", raw: () => swap("00020100", "0003000100")},
    {name: "amount 0", raw: () => swap("00020100", "0000")},
    {name: "amount 0 as the SDK writes it", raw: () => swap("00020100", "000100")},
    {name: "threshold 0", raw: () => swap("fffe01", "fffe00")},
    {name: "a threshold above the keys", raw: () => swap("fffe01", "fffe02")},
    {name: "another script", raw: () => swap("fffe01", "fffd01")},
    {name: "an extra above 256 bytes", raw: () => encode(one).replace(/0000000000010001.{132}$/, `000000000101${"00".repeat(257)}0000`)},
    {name: "17 references", raw: () => encode({...one, references: Array.from({length: 17}, () => "dd".repeat(32))})},
    {
      name: "signatures twice at one place",
      raw: () =>
        withSignatures(encode({...one, signers: []}), [new Map([[1, "ee".repeat(64)]])])
          .replace(/0001(?=0001(?:ee){64}$)/, "0002")
          .concat(`0001${"ee".repeat(64)}`),
    },
    {name: "no inputs", raw: () => encode(one).replace(/0001(?:aa){32}.{16}/, "0000")},
    {name: "no bytes", raw: () => ""},
    {name: "no hex", raw: () => "zz"},
    {name: "two megabytes", raw: () => "00".repeat(1 << 21)},
  ])("$name is refused", ({raw}) => {
    expect(attempt(raw())).toMatchObject({code: 2_000_001});
  });
});
