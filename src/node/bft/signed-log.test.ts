import {describe, expect, test} from "vitest";
import {type Author, blockNamed, proposalBy, voteBy} from "../../../test/support/evidence.ts";
import {secretOf, testNetwork} from "../../../test/support/ledger.ts";
import {evidenceFrom} from "../../types/evidence.ts";
import {LATE_HEIGHTS, SignedLog} from "./signed-log.ts";

const author: Author = {genesis: testNetwork().genesis, secret: secretOf("liar"), from: 2};
const other = blockNamed(0xbb);

describe("what a validator has signed", () => {
  const pairs = [
    {name: "prevotes", a: voteBy(author), b: voteBy(author, {blockHash: other})},
    {name: "precommits, one nil", a: voteBy(author, {type: "precommit"}), b: voteBy(author, {type: "precommit", blockHash: null})},
    {name: "proposals", a: proposalBy(author), b: proposalBy(author, {blockHash: other, polRound: -1})},
  ];
  test.for(pairs)("is remembered, and a contradiction found: $name", ({a, b}) => {
    const log = new SignedLog();
    expect(log.note(a, 0)).toBeNull();
    expect(log.note(a, 0)).toBeNull();
    expect(log.find(b)).toBe(a);
    expect(log.note(b, 0)).toEqual(evidenceFrom(a, b));
  });

  test("elsewhere contradicts nothing", () => {
    const log = new SignedLog();
    log.note(voteBy(author), 0);
    const elsewhere = [
      voteBy(author, {blockHash: other, round: 1}),
      voteBy(author, {blockHash: other, height: 2}),
      voteBy(author, {blockHash: other, type: "precommit"}),
      voteBy({...author, from: 1}, {blockHash: other}),
      proposalBy(author, {blockHash: other}),
    ];
    expect(elsewhere.map((signed) => log.note(signed, 0))).toEqual(elsewhere.map(() => null));
  });

  test("is forgotten a hundred heights later", () => {
    const log = new SignedLog();
    const [first, second] = [voteBy(author, {height: 5}), voteBy(author, {height: 5, blockHash: other})];
    log.note(first, 0);
    for (let height = 1; height < 5 + LATE_HEIGHTS; height++) log.advance(height);
    expect(log.find(second)).toBe(first);
    log.advance(5 + LATE_HEIGHTS);
    expect(log.find(second)).toBeUndefined();
    log.note(first, 0);
    expect(log.find(second), "nor remembered anew").toBeUndefined();
  });

  test("of far rounds makes room for the rounds near the one in progress, whatever a liar sends", () => {
    const log = new SignedLog();
    const kept = [voteBy(author, {round: 7}), voteBy(author, {round: 6, type: "precommit"}), proposalBy(author, {round: 7})];
    for (const signed of kept) log.note(signed, 7);
    for (let round = 100; round < 200; round++) log.note({...kept[0], round} as (typeof kept)[0], 7);
    expect(kept.map((signed) => log.find(signed))).toEqual(kept);
    const flood = Array.from({length: 100}, (_, i) => ({...kept[0], round: 100 + i}) as (typeof kept)[0]);
    expect(flood.filter((signed) => log.find(signed) !== undefined).length).toBeLessThan(24);
    expect(log.note(voteBy(author, {round: 7, blockHash: other}), 7)).not.toBeNull();
  });

  test("in a height of many rounds is kept of the latest", () => {
    const log = new SignedLog();
    const types = ["prevote", "precommit"] as const;
    const at = (round: number, type: (typeof types)[number]) => ({...voteBy(author), round, type});
    for (let round = 0; round < 50; round++) for (const type of types) log.note(at(round, type), round);
    for (const round of [45, 49]) for (const type of types) expect(log.find(at(round, type))).toBeDefined();
    expect(log.find(at(0, "prevote"))).toBeUndefined();
  });
});
