import {ed25519} from "@noble/curves/ed25519.js";
import {blake3} from "@noble/hashes/blake3.js";
import {sha512} from "@noble/hashes/sha2.js";
import {describe, expect, test} from "vitest";
import {concatBytes, fromHex, toHex, utf8} from "../base/bytes.ts";
import type {PayoutOrder} from "../ports/mixin.ts";
import {groupOf} from "./client.ts";
import {PayoutError} from "./errors.ts";
import type {MultisigRequest} from "./replies.ts";
import {buildGroupTransaction, checkMultisig, ghostKeyRequest, recipientsOf} from "./transaction.ts";

const id = (n: number) => `00000000-0000-4000-8000-${`${n}`.padStart(12, "0")}`;
const h = (n: number) => `${n}`.padStart(64, "0");
const XIN = "c94ac88f-4671-3976-b60a-09064f1811e8";
const group = groupOf([id(1), id(2), id(3), id(4)], 3);
const order: PayoutOrder = {
  traceId: id(50),
  builds: [{requestId: id(50), voiding: false}],
  buildIndex: 0,
  change: [1_000n],
  asset: XIN,
  amount: 9_007_199_254_740_993n,
  receivers: [id(8), id(7)],
  receiversThreshold: 1,
  memo: utf8("thanks"),
  inputs: [
    {outputId: id(20), txHash: `0x${h(20)}`, index: 3, amount: 9_007_199_254_740_000n},
    {outputId: id(21), txHash: `0x${h(21)}`, index: 0, amount: 1_993n},
  ],
};
const ghosts = [
  {mask: h(30), keys: [h(31), h(32)]},
  {mask: h(40), keys: [h(41), h(42), h(43), h(44)]},
];
const errorOf = (run: () => unknown) => {
  try {
    run();
    return null;
  } catch (error) {
    return error as PayoutError;
  }
};

describe("recipients", () => {
  test("receivers first, then what is left over to the group", () => {
    expect(recipientsOf(order, group)).toEqual([
      {members: [id(7), id(8)], threshold: 1, amount: 9_007_199_254_740_993n},
      {members: group.members, threshold: 3, amount: 1_000n},
    ]);
    expect(order.receivers).toEqual([id(8), id(7)]);
    expect(recipientsOf({...order, amount: 9_007_199_254_741_993n, change: []}, group).length).toBe(1);
    expect(recipientsOf({...order, change: [600n, 400n]}, group).map((r) => r.amount)).toEqual([order.amount, 600n, 400n]);
    const voiding = [...order.builds, {requestId: id(51), voiding: true}];
    expect(recipientsOf({...order, builds: voiding}, group)).toEqual([
      {members: group.members, threshold: 3, amount: 9_007_199_254_741_993n},
    ]);
  });
  test.for([
    ["amount", {amount: 0n}],
    ["amount", {amount: 9_007_199_254_741_994n}],
    [
      "inputs",
      {inputs: Array.from({length: 257}, (_, i) => ({outputId: id(i), txHash: `0x${h(i)}` as const, index: 0, amount: 2n ** 60n}))},
    ],
    ["change", {change: [999n]}],
    ["change", {change: [1_001n]}],
    ["change", {change: [1_001n, -1n]}],
    ["memo", {memo: new Uint8Array(257)}],
    ["receiversThreshold", {receivers: []}],
    ["receiversThreshold", {receiversThreshold: 0}],
    ["receiversThreshold", {receiversThreshold: 3}],
  ] as const)("an order with a bad %s is refused", ([field, change]) => {
    expect(errorOf(() => recipientsOf({...order, ...change}, group))).toMatchObject({code: "BAD_ORDER", data: {field}});
  });
});

describe("ghost key request", () => {
  test("a function of trace id, output index and group alone", () => {
    const recipients = recipientsOf(order, group);
    const request = ghostKeyRequest(order.traceId, recipients, group) as {
      keys: {receivers: string[]; index: number; hint: string}[];
      senders: string[];
    };
    expect(request.senders).toEqual(group.members);
    expect(request.keys.map((k) => [k.receivers, k.index])).toEqual([
      [[id(7), id(8)], 0],
      [group.members, 1],
    ]);
    expect(new Set(request.keys.map((k) => k.hint)).size).toBe(2);
    expect(ghostKeyRequest(order.traceId, recipients, group)).toEqual(request);
    expect(ghostKeyRequest(id(51), recipients, group)).not.toEqual(request);
  });
});

describe("transaction", () => {
  const recipients = recipientsOf(order, group);
  const transaction = buildGroupTransaction(order, recipients, ghosts);
  const asset = "a99c2e0e2b1da4d648755ef19bd95139acbbe6564cfb06dec7cd34931ca72cdc";
  const input = (n: number, index: string) => `${h(n)}${index}000000000000`;
  const payload =
    `77770005${asset}0002${input(20, "0003")}${input(21, "0000")}0002` +
    `0000000720000000000001${"0002"}${h(31)}${h(32)}${h(30)}0003fffe010000` +
    `0000000203e8${"0004"}${h(41)}${h(42)}${h(43)}${h(44)}${h(40)}0003fffe030000` +
    `0000${"00000006"}${toHex(utf8("thanks")).slice(2)}`;

  test("byte for byte version 5 of the kernel, amounts above 2^53 exact", () => {
    expect(transaction.raw).toBe(`${payload}0000`);
    expect(transaction.txHash).toBe(toHex(blake3(fromHex(`0x${payload}0000`))));
  });

  test("a signature of view and spend key on every input, under the member's place", () => {
    const {Fn, BASE} = ed25519.Point;
    const spendKey = h(99);
    const y = Fn.create(littleEndian(clamp(sha512(fromHex(`0x${spendKey}`)).slice(0, 32))));
    const views = [5n, 6n];
    const raw = transaction.sign(
      views.map((x) => toHex(Fn.toBytes(x)).slice(2)),
      spendKey,
      2,
    );
    expect(raw.slice(0, payload.length)).toBe(payload);
    const tail = raw.slice(payload.length);
    expect(tail.length).toBe(2 * (2 + 2 * (2 + 2 + 64)));
    views.forEach((x, i) => {
      const map = tail.slice(4 + i * 136, 4 + (i + 1) * 136);
      expect(map.slice(0, 8)).toBe("00010002");
      const key = BASE.multiply(Fn.add(x, y)).toBytes();
      expect(ed25519.verify(fromHex(`0x${map.slice(8)}`), fromHex(transaction.txHash), key)).toBe(true);
    });
  });

  const held: MultisigRequest = {
    requestId: order.traceId,
    txHash: transaction.txHash,
    asset: XIN,
    amount: order.amount,
    raw: transaction.raw,
    receivers: [{members: [id(7), id(8)], threshold: 1}],
    sendersHash: group.hash,
    sendersThreshold: 3,
    signers: [],
    views: [],
    revoked: false,
  };
  test("the API's request passes only where it is the own transaction", () => {
    const check = (change: Partial<MultisigRequest>) =>
      errorOf(() =>
        checkMultisig({...held, ...change}, {build: {requestId: id(50), voiding: false}, recipients, transaction}, order, group),
      );
    expect(check({})).toBeNull();
    expect(check({receivers: recipients})).toBeNull();
    expect(check({raw: `${payload}0001`})).toBeNull();
    const others: [string, Partial<MultisigRequest>][] = [
      ["request_id", {requestId: id(51)}],
      ["transaction_hash", {txHash: `0x${h(1)}`}],
      ["raw_transaction", {raw: transaction.raw.replace(h(31), h(33))}],
      ["raw_transaction", {raw: ""}],
      ["asset_id", {asset: id(60)}],
      ["amount", {amount: order.amount - 1n}],
      ["senders", {sendersHash: `0x${h(1)}`}],
      ["senders", {sendersThreshold: 2}],
      ["receivers", {receivers: []}],
      ["receivers", {receivers: [{members: [id(7), id(9)], threshold: 1}]}],
      ["receivers", {receivers: [{members: [id(7), id(8)], threshold: 2}]}],
      ["receivers", {receivers: recipients.toReversed()}],
    ];
    for (const [field, change] of others) expect(check(change), field).toMatchObject({code: "OTHER_TRANSACTION", data: {field}});
    expect(check({revoked: true})).toBeInstanceOf(PayoutError);
    expect(check({revoked: true})).toMatchObject({code: "REVOKED"});
  });
});

function clamp(bytes: Uint8Array): Uint8Array {
  return concatBytes(Uint8Array.of((bytes[0] as number) & 248), bytes.subarray(1, 31), Uint8Array.of(((bytes[31] as number) & 63) | 64));
}
function littleEndian(bytes: Uint8Array): bigint {
  return BigInt(toHex(bytes.toReversed()));
}
