import {expect, test} from "vitest";
import type {Hex} from "../../base/bytes.ts";
import type {ProposalMessage, VoteMessage} from "../../types/messages.ts";
import {GuardError, SigningGuard} from "./guard.ts";

const A: Hex = `0x${"aa".repeat(32)}`;
const B: Hex = `0x${"bb".repeat(32)}`;
const vote = (height: number, round: number, type: "prevote" | "precommit", blockHash: Hex | null): VoteMessage => ({
  kind: "vote",
  vote: {epoch: 0, height, round, type, blockHash, from: 0, signature: new Uint8Array(65)},
  partials: [],
});
const proposal = (height: number, round: number, blockHash: Hex): ProposalMessage => ({
  kind: "proposal",
  proposal: {epoch: 0, height, round, polRound: -1, blockHash, from: 0, signature: new Uint8Array(65)},
  block: new Uint8Array(0),
  polka: [],
});
const guard = (...signed: (VoteMessage | ProposalMessage)[]) => {
  const made = new SigningGuard();
  for (const message of signed) made.remember(message);
  return made;
};

test("nothing is signed in quarantine, and everything after it", () => {
  const made = guard();
  made.quarantine(7);
  made.quarantine(3);
  const ask = (height: number) => () => made.allow({height, round: 0, slot: "prevote", value: A});
  expect([6, 7, 8].map((height) => made.isQuarantined(height))).toEqual([true, true, false]);
  expect(ask(7)).toThrow(expect.objectContaining({name: "GuardError", code: "QUARANTINED"}));
  expect(ask(8)()).toBeNull();
});

const refused = [
  {
    name: "another value in the same place",
    signed: [vote(5, 0, "prevote", A)],
    ask: {height: 5, round: 0, slot: "prevote", value: B},
    code: "DOUBLE_SIGN",
  },
  {
    name: "a block after nil",
    signed: [vote(5, 0, "precommit", null)],
    ask: {height: 5, round: 0, slot: "precommit", value: B},
    code: "DOUBLE_SIGN",
  },
  {name: "a second proposal", signed: [proposal(5, 1, A)], ask: {height: 5, round: 1, slot: "proposal", value: B}, code: "DOUBLE_SIGN"},
  {name: "a lower height", signed: [vote(5, 0, "prevote", A)], ask: {height: 4, round: 7, slot: "prevote", value: A}, code: "BACKWARDS"},
  {name: "a lower round", signed: [vote(5, 3, "prevote", A)], ask: {height: 5, round: 2, slot: "precommit", value: A}, code: "BACKWARDS"},
  {
    name: "a prevote after the precommit",
    signed: [vote(5, 3, "precommit", A)],
    ask: {height: 5, round: 3, slot: "prevote", value: A},
    code: "BACKWARDS",
  },
] as const;

test.for(refused)("refuses $name", ({signed, ask, code}) => {
  expect(() => guard(...signed).allow(ask)).toThrow(expect.objectContaining({name: GuardError.name, code}));
});

test("gives back what was signed for the same value, and forgets it with its height", () => {
  const signed = vote(5, 0, "prevote", A);
  const held = guard(signed);
  expect(held.allow({height: 5, round: 0, slot: "prevote", value: A})).toBe(signed);
  expect(held.allow({height: 5, round: 0, slot: "precommit", value: A})).toBeNull();
  expect(held.allow({height: 6, round: 0, slot: "prevote", value: B})).toBeNull();
  held.remember(vote(6, 0, "prevote", B));
  expect(held.recent(5, 0)).toEqual([]);
});

test("lets a proposer propose after its own nil prevote, when the work came late", () => {
  expect(guard(vote(5, 0, "prevote", null)).allow({height: 5, round: 0, slot: "proposal", value: A})).toBeNull();
});
