import {describe, expect, test} from "vitest";
import {blockNamed} from "../../../test/support/evidence.ts";
import type {SignedVote} from "../../types/votes.ts";
import {VoteLog} from "./vote-log.ts";

const [block, other] = [blockNamed(1), blockNamed(2)];
const vote = (from: number, of: Partial<SignedVote> = {}): SignedVote => ({
  epoch: 0,
  height: 1,
  round: 0,
  type: "prevote",
  blockHash: block,
  from,
  signature: new Uint8Array(65),
  ...of,
});
const logOf = (...votes: readonly SignedVote[]) => {
  const log = new VoteLog();
  log.addAll(votes);
  return log;
};

describe("who votes twice in a round", () => {
  test("counts for both: else what the round machine decides by its second vote has no quorum to show, and nobody takes it", () => {
    const log = logOf(...[0, 1, 3].map((from) => vote(from, {type: "precommit"})), vote(2, {type: "precommit", blockHash: null}));
    log.add(vote(2, {type: "precommit", blockHash: other}));
    log.add(vote(3, {type: "precommit", blockHash: other}));
    expect(log.voters(0, block, "precommit")).toEqual([0, 1, 3]);
    expect(log.votes(0, other, "precommit").map(({from, blockHash}) => [from, blockHash])).toEqual([
      [2, other],
      [3, other],
    ]);
  });

  test("for the same is one voter", () => {
    const log = logOf(vote(0), vote(0, {signature: new Uint8Array(65).fill(1)}));
    expect(log.votes(0, block, "prevote")).toEqual([vote(0)]);
  });
});

test("rounds, types and nil stand apart", () => {
  const log = logOf(vote(0), vote(1, {round: 1}), vote(2, {type: "precommit"}), vote(3, {blockHash: null}));
  expect(log.voters(0, block, "prevote")).toEqual([0]);
  expect(log.voters(1, block, "prevote")).toEqual([1]);
  expect(log.voters(0, block, "precommit")).toEqual([2]);
  expect([...log.of(0)].map(({from}) => from).sort()).toEqual([0, 2, 3]);
  expect([...log.of(0, "prevote")].map(({from}) => from).sort()).toEqual([0, 3]);
});

test("of a flood the newest are kept, and nobody else's go for it", () => {
  const log = logOf(vote(1));
  for (let round = 0; round < 1_000; round++) log.add(vote(0, {round}));
  expect(log.voters(0, block, "prevote")).toEqual([1]);
  expect(log.voters(999 - 255, block, "prevote")).toEqual([0]);
  expect(log.voters(999 - 256, block, "prevote")).toEqual([]);
});
