import {describe, expect, test} from "vitest";
import {toHex} from "../base/bytes.ts";
import {parseEvidenceFile} from "./evidence-file.ts";

const [LOW, HIGH] = [`0x${"11".repeat(32)}`, `0x${"22".repeat(32)}`];
const signature = (byte: number) => toHex(new Uint8Array(65).fill(byte));
const vote = {
  number: 3,
  operator: "0x1",
  validator: 2,
  epoch: 1,
  height: 9,
  round: 4,
  type: "prevote",
  first: {blockHash: null, signature: signature(1), digest: LOW},
  second: {blockHash: HIGH, signature: signature(2)},
};
const proposal = {
  ...vote,
  from: 5,
  type: "proposal",
  first: {blockHash: HIGH, polRound: -1, signature: signature(1)},
  second: {blockHash: LOW, polRound: 3, signature: signature(2)},
};

describe("a file of evidence", () => {
  test("holds one piece, a list, or the whole answer of the API", () => {
    const [one] = parseEvidenceFile(JSON.stringify(vote));
    expect(one).toMatchObject({kind: "evidence", type: "prevote", from: 2, epoch: 1, height: 9, round: 4, first: {blockHash: null}});
    expect(parseEvidenceFile(JSON.stringify([vote, proposal]))).toHaveLength(2);
    const [, second] = parseEvidenceFile(JSON.stringify({count: 2, evidence: [vote, proposal]}));
    expect(second).toMatchObject({
      type: "proposal",
      from: 5,
      first: {blockHash: LOW, polRound: 3},
      second: {blockHash: HIGH, polRound: -1},
    });
  });

  test.for([
    ["no JSON", "{"],
    ["nothing", "[]"],
    ["a number", "7"],
    ["another type", JSON.stringify({...vote, type: "commit"})],
    ["a negative height", JSON.stringify({...vote, height: -1})],
    ["a short signature", JSON.stringify({...vote, first: {blockHash: null, signature: "0x12"}})],
    ["no second side", JSON.stringify({...vote, second: undefined})],
    ["one value twice", JSON.stringify({...vote, second: vote.first})],
    ["a proposal of nothing", JSON.stringify({...proposal, first: {...proposal.first, blockHash: null}})],
    ["a proposal without its round", JSON.stringify({...proposal, first: {...proposal.first, polRound: undefined}})],
    ["a hash of other length", JSON.stringify({...vote, second: {...vote.second, blockHash: "0x1234"}})],
  ])("with %s is refused", ([, text]) => {
    expect(() => parseEvidenceFile(text ?? "")).toThrow(expect.objectContaining({name: "DecodeError"}));
  });
});
