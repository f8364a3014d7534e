import fc from "fast-check";
import {expect, test} from "vitest";
import {evidenceBy} from "../../../test/support/evidence.ts";
import {secretOf, testNetwork} from "../../../test/support/ledger.ts";
import {DecodeError} from "../../base/errors.ts";
import {decodeWalRecord, encodeWalRecord, type WalRecord} from "./wal-records.ts";

const vote: WalRecord = {
  kind: "own",
  height: 7,
  message: {
    kind: "vote",
    vote: {
      epoch: 0,
      height: 7,
      round: 1,
      type: "precommit",
      blockHash: `0x${"ab".repeat(32)}`,
      from: 3,
      signature: new Uint8Array(65).fill(9),
    },
    partials: [{seat: 4, signature: new Uint8Array(96).fill(5)}],
  },
};
const evidence = evidenceBy({genesis: testNetwork().genesis, secret: secretOf("liar"), from: 2}, {height: 6});
const records: WalRecord[] = [
  vote,
  {kind: "evidence", height: 6, evidence},
  {kind: "input", height: 7, input: {kind: "timeout", step: "propose", height: 7, round: 0}},
  {kind: "input", height: 7, input: {kind: "value", round: 0, value: `0x${"cd".repeat(32)}`}},
];

test.for(records)("a $kind record survives its encoding", (record) => {
  expect(decodeWalRecord(encodeWalRecord(record))).toEqual(record);
});

test("edited records decode to what encodes to the same bytes, or are refused", () => {
  const size = encodeWalRecord(vote).length;
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(size - 1), fc.nat(255)), {minLength: 1, maxLength: 3}), (edits) => {
      const bytes = encodeWalRecord(vote);
      for (const [at, byte] of edits) bytes[at] = byte;
      try {
        expect(encodeWalRecord(decodeWalRecord(bytes))).toEqual(bytes);
      } catch (error) {
        expect(error).toBeInstanceOf(DecodeError);
      }
    }),
    {numRuns: 2_000},
  );
});
