import {expect, test} from "vitest";
import {chainFacts, groupLog, id16} from "../../test/support/group-logs.ts";
import {APP, messageMemo, outputFact, registerMemo, registrationFact, TestLedger, uuidOf} from "../../test/support/ledger.ts";
import type {Hex} from "../base/bytes.ts";
import {Writer} from "../base/codec.ts";
import {addressOf} from "../crypto/secp256k1.ts";
import type {Block} from "../types/block.ts";
import type {Fact} from "../types/facts.ts";
import {type Applied, buildBlock} from "./ledger.ts";
import {outboxBodies} from "./outbox-bodies.ts";
import {undeliveredOutboxes} from "./queries.ts";

const other = uuidOf("other process");
const third = uuidOf("third process");

/** Decides blocks and keeps them with what the ledger made of them. */
class Recorder {
  readonly ledger = new TestLedger().runDkg().introduce().introduce({process: other}).introduce({process: third});
  readonly decided: {block: Block; applied: Applied}[] = [];

  decide(...facts: Fact[]): void {
    const of = {epoch: 0, proposer: addressOf((this.ledger.network.keys[0] as {consensus: Uint8Array}).consensus), facts};
    const {block} = buildBlock(this.ledger.state, this.ledger.parent, of);
    this.decided.push({block, applied: this.ledger.decide(...facts)});
  }
}

function history(): Recorder {
  const recorder = new Recorder();
  const terms = new Writer().u8(1).u8(1).u32(1_900_000).bytes();
  recorder.decide(registrationFact(1), outputFact(2, {extra: messageMemo()}), outputFact(3));
  recorder.decide(
    outputFact(4, {extra: messageMemo()}),
    outputFact(5, {senders: [other], extra: registerMemo({process: other, extra: terms})}),
    outputFact(6, {senders: [third], extra: registerMemo({process: third, platform: "evm:31338"})}),
    ...Array.from({length: 20}, (_, i) => outputFact(7 + i, {extra: messageMemo(i % 3 === 0 ? third : other, new Uint8Array(30).fill(i))})),
  );
  recorder.decide(outputFact(40, {extra: messageMemo(third)}));
  return recorder;
}

test("outboxes follow from any later state as from the parent's", () => {
  const recorder = history();
  expect(recorder.decided[1]?.applied.outboxes.length).toBeGreaterThan(3);
  for (const [i, {block, applied}] of recorder.decided.entries()) {
    for (const {applied: later} of recorder.decided.slice(i)) expect(outboxBodies(later.state, block)).toEqual(applied.outboxes);
  }
});

test("a block of another chain is found out", () => {
  const recorder = history();
  const {block} = recorder.decided[0] as {block: Block};
  const [outbox] = block.outboxes;
  const forged = {...block, outboxes: [{...outbox, count: 7}]} as Block;
  expect(() => outboxBodies(recorder.ledger.state, forged)).toThrow(expect.objectContaining({code: "INVARIANT"}));
  expect(() => outboxBodies(recorder.ledger.state, {...block, height: block.height + 1})).toThrow(
    expect.objectContaining({code: "INVARIANT"}),
  );
});

test("outboxes are undelivered until a log shows them or a later one delivered", () => {
  const {ledger} = history();
  const [home] = ledger.state.network.platforms as [Hex];
  const heights = () => undeliveredOutboxes(ledger.state, home).map(({seq}) => seq);
  const all = heights();
  expect(all[0]).toBe(0n);
  ledger.decide(...chainFacts(ledger.state, home, [groupLog("Delivered", 1n, addressOf(new Uint8Array(32).fill(1)))]));
  expect(heights()).toEqual(all.slice(2));
  ledger.decide(...chainFacts(ledger.state, home, [groupLog("MessageState", id16(APP), 0, 2, "0x")]));
  expect(heights()).toEqual(all.slice(2));
  ledger.decide(
    ...chainFacts(
      ledger.state,
      home,
      all.slice(2).map((seq) => groupLog("Delivered", seq, addressOf(new Uint8Array(32).fill(1)))),
    ),
  );
  expect(heights()).toEqual([]);
});
