import fc from "fast-check";
import {describe, expect, test} from "vitest";
import {type Author, blockNamed, evidenceBy, proposalBy, voteBy} from "../../test/support/evidence.ts";
import {secretOf, TestLedger} from "../../test/support/ledger.ts";
import {toHex} from "../base/bytes.ts";
import {type Evidence, evidenceFrom, type ProposalEvidence, type VoteEvidence} from "../types/evidence.ts";
import {decodeFact, encodeFact} from "../types/facts.ts";
import {chooseFacts} from "./choose.ts";
import {Draft, recordsOf} from "./draft.ts";
import {EVIDENCE_HEIGHTS, EVIDENCE_PER_BLOCK_MAX, EVIDENCE_PER_VALIDATOR_MAX, evidenceRefusal} from "./evidence.ts";
import type {LedgerState} from "./ledger.ts";
import {evidenceOf, faults, isEquivocator} from "./queries.ts";
import type {MetaRecord} from "./records.ts";
import {META} from "./tables.ts";
import {treeRoot} from "./tree.ts";

const fresh = new TestLedger();
const authorOf = (from: number): Author => ({
  genesis: fresh.network.genesis,
  secret: fresh.network.keys[from]?.consensus as Uint8Array,
  from,
});
const liar = authorOf(1);
const refusal = (code: string, data: object = {}) =>
  expect.objectContaining({name: "LedgerError", code, data: expect.objectContaining(data)});

/** The same ledger as if `height` were decided. */
function at(height: number, ledger: TestLedger = fresh): TestLedger {
  const moved = ledger.fork();
  const draft = new Draft(moved.state.tree);
  draft.put(META, null, {...(draft.get(META, null) as MetaRecord), height});
  moved.state = {...moved.state, tree: draft.commit()};
  moved.parent = {...moved.parent, height};
  return moved;
}

const shown = (state: LedgerState) => evidenceOf(state).map(({evidence}) => evidence);

describe("evidence in a block", () => {
  test("is recorded before there is a group key, and after, in the order of decision", () => {
    const ledger = fresh.fork();
    const early = evidenceBy(liar);
    ledger.decide(early);
    expect(evidenceOf(ledger.state)).toEqual([{number: 0, decidedAt: 1, evidence: early}]);
    ledger.runDkg();
    const more = [evidenceBy(liar, {type: "precommit"}), evidenceBy(authorOf(3), {type: "proposal", height: 2})];
    for (const one of more) ledger.decide(one);
    expect(shown(ledger.state)).toEqual([early, ...more]);
    expect(faults(ledger.state)).toEqual({
      count: 3,
      equivocators: [
        {epoch: 0, from: 1, count: 2},
        {epoch: 0, from: 3, count: 1},
      ],
    });
    expect([0, 1, 2, 3].map((from) => isEquivocator(ledger.state, {epoch: 0, from}))).toEqual([false, true, false, true]);
    expect(isEquivocator(ledger.state, {epoch: 1, from: 1})).toBe(false);
    expect(evidenceOf(ledger.state, 1, 1).map(({number}) => number)).toEqual([1]);
    expect(evidenceOf(ledger.state, 2).map(({number}) => number)).toEqual([2]);
    expect(evidenceOf(ledger.state, 3)).toEqual([]);
    expect(evidenceOf(ledger.state, 900)).toEqual([]);
  });

  test("is something to decide, of the height in progress too", () => {
    const applied = fresh.fork().decide(evidenceBy(liar, {height: 1}));
    expect(applied.outboxes).toEqual([]);
    expect(shown(applied.state)).toHaveLength(1);
  });

  test("gives one state in whatever order it is given", () => {
    const several = [0, 1, 2].map((round) => evidenceBy(liar, {round}));
    const [one, two] = [fresh.fork(), fresh.fork()];
    one.decide(...several);
    two.decide(...[...several].reverse());
    expect(toHex(treeRoot(one.state.tree))).toBe(toHex(treeRoot(two.state.tree)));
  });

  test("of nil and a block, and of three blocks, which are one place", () => {
    const ledger = fresh.fork();
    const nil = evidenceFrom(voteBy(liar, {blockHash: null}), voteBy(liar)) as Evidence;
    ledger.decide(nil);
    expect(shown(ledger.state)).toEqual([nil]);
    const third = evidenceFrom(voteBy(liar), voteBy(liar, {blockHash: blockNamed(7)})) as Evidence;
    expect(() => ledger.decide(third)).toThrow(refusal("DUPLICATE_EVIDENCE", {got: 1}));
  });
});

describe("evidence is refused", () => {
  const good = evidenceBy(liar, {height: 1}) as VoteEvidence;
  const proposals = evidenceBy(liar, {type: "proposal"}) as ProposalEvidence;
  const flipped = (bytes: Uint8Array, place: number) => Uint8Array.from(bytes, (byte, i) => (i === place ? byte ^ 1 : byte));
  const stranger = {...liar, secret: secretOf("stranger")};
  const cases: {name: string; evidence: Evidence; code: string; data?: object}[] = [
    {name: "of nobody", evidence: evidenceBy({...liar, from: 4}), code: "UNKNOWN_VALIDATOR", data: {got: 4}},
    {name: "of another epoch", evidence: evidenceBy(liar, {epoch: 1}), code: "WRONG_EPOCH", data: {want: 0, got: 1}},
    {name: "of a height that is not yet", evidence: evidenceBy(liar, {height: 2}), code: "EVIDENCE_AHEAD", data: {want: 1, got: 2}},
    {name: "under another's name", evidence: {...good, from: 2}, code: "BAD_SIGNATURE", data: {got: 2}},
    {name: "that a stranger signed", evidence: evidenceBy(stranger), code: "BAD_SIGNATURE"},
    {name: "of another round than was signed", evidence: {...good, round: 1}, code: "BAD_SIGNATURE"},
    {name: "of another height than was signed", evidence: {...good, height: 0}, code: "BAD_SIGNATURE"},
    {name: "of another type than was signed", evidence: {...good, type: "precommit"}, code: "BAD_SIGNATURE"},
    {name: "for another block first", evidence: {...good, first: {...good.first, blockHash: null}}, code: "BAD_SIGNATURE"},
    {name: "for another block second", evidence: {...good, second: {...good.second, blockHash: blockNamed(0xbc)}}, code: "BAD_SIGNATURE"},
    {
      name: "with one signature twice",
      evidence: {...good, second: {...good.second, signature: good.first.signature}},
      code: "BAD_SIGNATURE",
    },
    {
      name: "with a first signature of another's",
      evidence: {...good, first: {...good.first, signature: evidenceBy(authorOf(0)).first.signature}},
      code: "BAD_SIGNATURE",
    },
    {
      name: "with v of 0",
      evidence: {...good, second: {...good.second, signature: flipped(good.second.signature, 64)}},
      code: "BAD_SIGNATURE",
    },
    {
      name: "with another polRound than was signed",
      evidence: {...proposals, second: {...proposals.second, polRound: 0}},
      code: "BAD_SIGNATURE",
    },
    {name: "of proposals as votes", evidence: {...good, first: {...proposals.first}, second: {...proposals.second}}, code: "BAD_SIGNATURE"},
  ];
  test.for(cases)("$name: $code", ({evidence, code, data = {}}) => {
    expect(() => fresh.fork().decide(evidence)).toThrow(refusal(code, {height: 1, fact: 0, ...data}));
    expect(chooseFacts(fresh.state, [evidence])).toMatchObject({facts: [], refused: [{error: {code}}]});
  });

  test("with a high s, as anybody could make it of a low one", () => {
    const order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
    const {signature} = good.second;
    const s = order - BigInt(toHex(signature.subarray(32, 64)));
    const high = Uint8Array.from(signature);
    high.set(Uint8Array.from(Buffer.from(s.toString(16).padStart(64, "0"), "hex")), 32);
    high[64] = 55 - (signature[64] as number);
    expect(() => fresh.fork().decide({...good, second: {...good.second, signature: high}})).toThrow(refusal("BAD_SIGNATURE"));
  });

  test("twice in one block, in two, and at another time with other signatures", () => {
    const ledger = fresh.fork();
    const again = evidenceFrom(voteBy(liar, {blockHash: blockNamed(1)}), voteBy(liar, {blockHash: blockNamed(2)})) as Evidence;
    expect(() => ledger.fork().decide(good, again)).toThrow(refusal("DUPLICATE_EVIDENCE", {fact: 1}));
    ledger.decide(good);
    expect(() => ledger.decide(good)).toThrow(refusal("DUPLICATE_EVIDENCE"));
    expect(() => ledger.decide(again)).toThrow(refusal("DUPLICATE_EVIDENCE"));
    expect(() => at(5_000, ledger).decide(good)).toThrow(refusal("DUPLICATE_EVIDENCE"));
  });

  test(`older than ${EVIDENCE_HEIGHTS} heights`, () => {
    expect(() => at(EVIDENCE_HEIGHTS).decide(good)).not.toThrow();
    expect(() => at(EVIDENCE_HEIGHTS + 1).decide(good)).toThrow(refusal("EVIDENCE_EXPIRED", {want: 2, got: 1}));
  });

  test("beyond what a block takes, and beyond what is recorded against one validator", () => {
    let round = 0;
    const more = (count: number, author = liar) => Array.from({length: count}, () => evidenceBy(author, {round: round++}));
    const full = more(EVIDENCE_PER_BLOCK_MAX + 1);
    expect(() => fresh.fork().decide(...full)).toThrow(refusal("EVIDENCE_FULL", {fact: EVIDENCE_PER_BLOCK_MAX}));
    const chosen = chooseFacts(fresh.state, full);
    expect([chosen.facts.length, chosen.refused.length]).toEqual([EVIDENCE_PER_BLOCK_MAX, 1]);
    const ledger = fresh.fork();
    for (let count = 0; count < EVIDENCE_PER_VALIDATOR_MAX; count += EVIDENCE_PER_BLOCK_MAX) ledger.decide(...more(EVIDENCE_PER_BLOCK_MAX));
    expect(() => ledger.decide(...more(1))).toThrow(refusal("EVIDENCE_FULL", {want: EVIDENCE_PER_VALIDATOR_MAX, got: 1}));
    expect(() => ledger.decide(...more(1, authorOf(2)))).not.toThrow();
    expect(faults(ledger.state).count).toBe(EVIDENCE_PER_VALIDATOR_MAX + 1);
  });

  test("and then nothing has changed", () => {
    const bad = cases.map(({evidence}) => evidence);
    const {facts, refused} = chooseFacts(fresh.state, [...bad, good]);
    expect(facts).toEqual([good]);
    expect(refused).toHaveLength(bad.length);
  });
});

test("what may not stand in the next block is known without its signatures", () => {
  const ledger = fresh.fork();
  ledger.decide(evidenceBy(liar));
  const why = (evidence: Evidence, height = 2) => evidenceRefusal(recordsOf(ledger.state.tree), height, evidence)?.code ?? null;
  expect(why(evidenceBy(liar))).toBe("DUPLICATE_EVIDENCE");
  expect(why(evidenceBy({...liar, secret: secretOf("stranger")}, {round: 3}))).toBeNull();
  expect(why(evidenceBy(liar, {height: 3}))).toBe("EVIDENCE_AHEAD");
  expect(why(evidenceBy(liar, {height: 3}), 3)).toBeNull();
});

test("a byte changed anywhere makes it refused", () => {
  const proven = [evidenceBy(liar), evidenceBy(authorOf(2), {type: "proposal", round: 4}), proposalEvidence()];
  fc.assert(
    fc.property(fc.constantFrom(...proven), fc.nat(), fc.integer({min: 1, max: 255}), (evidence, place, bits) => {
      const bytes = encodeFact(evidence);
      const edited = Uint8Array.from(bytes, (byte, i) => (i === 1 + (place % (bytes.length - 1)) ? byte ^ bits : byte));
      let refused = "";
      try {
        fresh.fork().decide(decodeFact(edited));
      } catch (error) {
        refused = (error as Error).name;
      }
      expect(["DecodeError", "LedgerError"]).toContain(refused);
    }),
    {numRuns: 300},
  );
  function proposalEvidence(): Evidence {
    const [a, b] = [proposalBy(liar, {round: 3, polRound: 1}), proposalBy(liar, {round: 3, polRound: 2, blockHash: blockNamed(3)})];
    return evidenceFrom(a, b) as Evidence;
  }
});
