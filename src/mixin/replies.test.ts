import {describe, expect, test} from "vitest";
import {decodeFact, encodeFact} from "../types/facts.ts";
import {ZERO_UUID} from "../types/ids.ts";
import {groupOf} from "./client.ts";
import {MixinError} from "./errors.ts";
import {parseGhostKeys, parseMultisig, parseOutput, parseTransaction, parseUsers} from "./replies.ts";

const id = (n: number) => `00000000-0000-4000-8000-${`${n}`.padStart(12, "0")}`;
const h = (n: number) => `${n}`.padStart(64, "0");
const group = groupOf([id(3), id(1), id(2), id(4)], 3);
const output = {
  type: "kernel_output",
  output_id: id(10),
  transaction_hash: h(7),
  output_index: 1,
  asset_id: id(11),
  amount: "1.50000000",
  receivers: group.members,
  receivers_hash: group.hash.slice(2),
  receivers_threshold: 3,
  senders: [id(22), id(21)],
  senders_threshold: 2,
  extra: "00ff",
  state: "unspent",
  sequence: 1_002,
  request_id: id(12).toUpperCase(),
  created_at: "2024-01-02T03:04:05.123456789Z",
};

/** What a value is refused with, or the value. */
function outcome(run: () => unknown): unknown {
  try {
    return run();
  } catch (error) {
    return error instanceof MixinError ? `${error.code} ${error.data.field}` : error;
  }
}

describe("outputs", () => {
  test("all fields, in our units", () => {
    const parsed = parseOutput(output, group);
    expect(parsed).toEqual({
      kind: "mixinOutput",
      outputId: id(10),
      sequence: 1_002n,
      txHash: `0x${h(7)}`,
      index: 1,
      requestId: id(12),
      asset: id(11),
      amount: 150_000_000n,
      receiversHash: group.hash,
      senders: [id(21), id(22)],
      sendersThreshold: 2,
      extra: Uint8Array.of(0, 255),
      references: [],
      createdAt: 1_704_164_645_123_456_789n,
    });
    expect(decodeFact(encodeFact(parsed))).toEqual(parsed);
  });

  test("a deposit has no request and no senders; an extra that no memo can have comes out empty", () => {
    const {request_id, senders, senders_threshold, extra, ...deposit} = output;
    expect(parseOutput({...deposit, extra: "ab".repeat(257)}, group)).toMatchObject({
      requestId: ZERO_UUID,
      senders: [],
      sendersThreshold: 0,
      extra: new Uint8Array(0),
    });
    expect(parseOutput({...output, extra: "ab".repeat(256)}, group).extra.length).toBe(256);
  });

  test.for([
    ["output_id", [undefined, null, 5, "", `${id(1)}0`]],
    ["transaction_hash", [undefined, "00", `0x${h(1)}`, `${h(1)}00`, "zz".repeat(32)]],
    ["output_index", [undefined, -1, 1.5, "1", 65_536]],
    ["asset_id", [undefined, "xin"]],
    ["amount", [undefined, 1.5, "1.123456789", "-1", "0", "0.00000000"]],
    ["receivers_hash", [undefined, h(9)]],
    ["receivers_threshold", [undefined, 2]],
    ["senders", ["", {}, [5], ["x"], Array.from({length: 65}, () => id(1))]],
    ["senders_threshold", [-1, 65, "1"]],
    ["extra", [5, "0", "xx", [], "ab".repeat(4_194_305)]],
    ["sequence", [undefined, "1", -1, 2 ** 53, Number.NaN]],
    ["request_id", [5, "x"]],
    ["references", ["", [h(1), "x"], Array.from({length: 17}, () => h(1))]],
    ["created_at", [undefined, "yesterday", 5]],
  ] as const)("a bad %s is refused by name", ([field, values]) => {
    for (const value of values) expect(outcome(() => parseOutput({...output, [field]: value}, group))).toBe(`MALFORMED output.${field}`);
  });

  test("what is no object is refused", () => {
    for (const value of [null, undefined, [], "x", 5, true]) expect(outcome(() => parseOutput(value, group))).toBe("MALFORMED output");
  });
});

describe("other answers", () => {
  const multisig = {
    request_id: id(1),
    transaction_hash: h(1),
    asset_id: id(2),
    amount: "0.4",
    raw_transaction: "77770005AB",
    receivers: [{members: [id(6), id(5)], threshold: 1, destination: ""}],
    senders_hash: group.hash.slice(2),
    senders_threshold: 3,
    signers: [id(9), id(8)],
    views: [h(3)],
    revoked_by: "",
  };
  test("multisig requests", () => {
    expect(parseMultisig(multisig)).toEqual({
      requestId: id(1),
      txHash: `0x${h(1)}`,
      asset: id(2),
      amount: 40_000_000n,
      raw: "77770005ab",
      receivers: [{members: [id(5), id(6)], threshold: 1}],
      sendersHash: group.hash,
      sendersThreshold: 3,
      signers: [id(8), id(9)],
      views: [h(3)],
      revoked: false,
    });
    const {signers, views, revoked_by, ...short} = multisig;
    expect(parseMultisig(short)).toMatchObject({signers: [], views: [], revoked: false});
    expect(parseMultisig({...multisig, revoked_by: id(4)}).revoked).toBe(true);
    for (const [field, value] of Object.entries({
      request_id: 1,
      raw_transaction: "",
      receivers: null,
      signers: "x",
      views: ["x"],
      amount: 1,
      revoked_by: 0,
    }))
      expect(outcome(() => parseMultisig({...multisig, [field]: value}))).toMatch(/^MALFORMED multisig/);
  });
  test("transactions, ghost keys, users", () => {
    const spent = {request_id: id(1), transaction_hash: h(1), senders_hash: h(2), senders_threshold: 3, state: "spent"};
    expect(parseTransaction(spent)).toEqual({
      requestId: id(1),
      txHash: `0x${h(1)}`,
      sendersHash: `0x${h(2)}`,
      sendersThreshold: 3,
      spent: true,
    });
    expect(parseTransaction({...spent, state: "signed"}).spent).toBe(false);
    expect(outcome(() => parseTransaction({...spent, state: 1}))).toBe("MALFORMED transaction.state");
    const ghost = {mask: h(1), keys: [h(2), h(3)]};
    expect(parseGhostKeys([ghost], [2])).toEqual([ghost]);
    for (const [value, counts] of [
      [[ghost], [3]],
      [[ghost], [1]],
      [[ghost], [2, 1]],
      [[ghost, ghost], [2]],
      [[{...ghost, mask: "1"}], [2]],
      ["x", [2]],
    ] as const)
      expect(outcome(() => parseGhostKeys(value, counts))).toMatch(/^MALFORMED keys/);
    expect(parseUsers([{user_id: id(1), has_safe: true}, {user_id: id(2)}], 2)).toEqual([
      {userId: id(1), hasSafe: true},
      {userId: id(2), hasSafe: false},
    ]);
  });
});

test("the hash of a group is Mixin's, and the caller's array keeps its order", () => {
  const members = [
    "b9126674-b07d-49b6-bf4f-48d965b2242b",
    "a15e0b6d-76ed-4443-b83f-ade9eca2681a",
    "3e72ca0c-1bab-49ad-aa0a-4d8471d375e7",
    "15141fe4-1cfd-40f8-9819-71e453054639",
  ];
  const before = [...members];
  expect(groupOf(members, 3).hash).toBe("0xb8c310b0fa13acda1b0271f68ca3ed25a9312ec5e1a9e943609e5b9463bcf857");
  expect(groupOf(members.toReversed(), 3).hash).toBe(groupOf(members, 3).hash);
  expect(members).toEqual(before);
});
