import {describe, expect, test} from "vitest";
import {chainFacts, headAt, logAt, outboundLog} from "../../test/support/group-logs.ts";
import {APP, BTC, messageMemo, outputFact, registrationFact, TestLedger, testNetwork, USER, uuidOf} from "../../test/support/ledger.ts";
import type {Hex} from "../base/bytes.ts";
import {toHex} from "../base/bytes.ts";
import {merkleRoot, payloadLeaf} from "../crypto/merkle.ts";
import {BLOCK_BYTES_MAX, type Block, decodeBlock, encodeBlock, FACTS_MAX, type Header} from "../types/block.ts";
import {encodeFact, type Fact} from "../types/facts.ts";
import {uuidBytes} from "../types/ids.ts";
import {chooseFacts} from "./choose.ts";
import {applyFacts, buildBlock, checkBlock, genesisParent, genesisState, heightOf, type Parent} from "./ledger.ts";
import {chainCursor, groupKey, openPayouts, paymentOf} from "./queries.ts";
import {treeRoot} from "./tree.ts";

const fresh = new TestLedger();
const started = new TestLedger().runDkg().introduce();
started.decide(registrationFact(1));
const home = started.state.network.platforms[0] as Hex;
const proposer: Hex = `0x${"11".repeat(20)}`;

const build = (facts: readonly Fact[], ledger = started) => buildBlock(ledger.state, ledger.parent, {epoch: 0, proposer, facts});
const check = (block: Block, parent: Parent = started.parent) => checkBlock(started.state, parent, block);
const refusal = (code: string) => expect.objectContaining({name: "LedgerError", code});

describe("a block", () => {
  const facts = [outputFact(9, {extra: messageMemo()}), outputFact(5), registrationFact(7, uuidOf("q"))];
  const {block, applied} = build(facts);

  test("that was built is valid, and says what it makes of the state", () => {
    expect(block.facts.map((fact) => (fact as {sequence: bigint}).sequence)).toEqual([5n, 7n, 9n]);
    expect(check(decodeBlock(encodeBlock(block)))).toEqual(applied);
    expect(block.header).toEqual({
      networkId: started.network.genesis.networkId,
      parentHash: started.parent.hash,
      epoch: 0,
      proposer,
      time: started.parent.time + 1,
      payloadRoot: toHex(merkleRoot(block.facts.map((fact) => payloadLeaf(encodeFact(fact))))),
      stateRoot: toHex(treeRoot(applied.state.tree)),
    });
    expect(heightOf(applied.state)).toBe(block.height);
  });

  const zero: Hex = `0x${"00".repeat(32)}`;
  const header = (of: Partial<Header>): Block => ({...block, header: {...block.header, ...of}});
  const outbox = (of: object): Block => ({...block, outboxes: block.outboxes.map((o) => ({...o, ...of}))});
  const wrong: {name: string; block: Block; code: string}[] = [
    {name: "another height", block: {...block, height: block.height + 1}, code: "WRONG_HEIGHT"},
    {name: "another parent", block: header({parentHash: zero}), code: "WRONG_PARENT"},
    {name: "another network", block: header({networkId: zero}), code: "WRONG_NETWORK"},
    {name: "another epoch", block: header({epoch: 1}), code: "WRONG_EPOCH"},
    {name: "a later time", block: header({time: block.header.time + 1}), code: "WRONG_TIME"},
    {name: "an earlier time", block: header({time: block.header.time - 1}), code: "WRONG_TIME"},
    {name: "another payload root", block: header({payloadRoot: zero}), code: "WRONG_PAYLOAD_ROOT"},
    {name: "another state root", block: header({stateRoot: zero}), code: "WRONG_STATE_ROOT"},
    {name: "no outboxes", block: {...block, outboxes: []}, code: "WRONG_OUTBOXES"},
    {name: "an outbox too many", block: {...block, outboxes: [...block.outboxes, ...block.outboxes]}, code: "WRONG_OUTBOXES"},
    {name: "another platform", block: outbox({platform: zero}), code: "WRONG_OUTBOXES"},
    {name: "another seq", block: outbox({seq: 7n}), code: "WRONG_OUTBOXES"},
    {name: "another system hash", block: outbox({systemHash: zero}), code: "WRONG_OUTBOXES"},
    {name: "another root", block: outbox({root: zero}), code: "WRONG_OUTBOXES"},
    {name: "another count", block: outbox({count: 2}), code: "WRONG_OUTBOXES"},
    {name: "facts in another order", block: {...block, facts: [...block.facts].reverse()}, code: "NOT_CANONICAL"},
    {name: "a fact twice", block: {...block, facts: block.facts.flatMap((fact) => [fact, fact])}, code: "NOT_CANONICAL"},
    {name: "no facts", block: {...block, facts: []}, code: "NOTHING_TO_DECIDE"},
    {name: "a fact fewer", block: {...block, facts: block.facts.slice(0, 2)}, code: "WRONG_PAYLOAD_ROOT"},
  ];
  test.for(wrong)("with $name is invalid: $code", ({block: tampered, code}) => {
    expect(() => check(tampered)).toThrow(refusal(code));
  });

  test("of another parent height is invalid", () => {
    expect(() => check(block, {...started.parent, height: 3})).toThrow(refusal("WRONG_HEIGHT"));
    const at = {height: 7, epoch: 0, parentTime: 0, facts};
    expect(() => applyFacts(started.state, at)).toThrow(refusal("WRONG_HEIGHT"));
  });

  test("names the fact that may not stand", () => {
    const bad = [...facts, outputFact(6, {amount: 1n << 200n})];
    expect(() => build(bad)).toThrow(expect.objectContaining({data: {height: block.height, fact: 1, got: `${1n << 200n}`}}));
  });
});

describe("time", () => {
  const at = (ns: bigint) => build([outputFact(5, {createdAt: ns})]).block.header.time;
  test("is the newest output's in ms, and never stands still", () => {
    const {time} = started.parent;
    expect(at(BigInt(time + 500) * 1_000_000n + 999_999n)).toBe(time + 500);
    expect(at(BigInt(time) * 1_000_000n)).toBe(time + 1);
    expect(at(0n)).toBe(time + 1);
  });
  test("passes by 1 ms in a block without outputs", () => {
    expect(fresh.fork().decide({kind: "tick"}).time).toBe(genesisParent(fresh.network.genesis).time + 1);
  });
});

describe("bounds", () => {
  const outputs = (count: number, of = {}) => Array.from({length: count}, (_, i) => outputFact(100 + i, of));
  test("1,000 facts, not one more", () => {
    expect(() => build(outputs(FACTS_MAX))).not.toThrow();
    expect(() => build(outputs(FACTS_MAX + 1))).toThrow(refusal("TOO_MANY_FACTS"));
  });

  test("the size of the encoded block, counted exactly", () => {
    const log = (i: number, size: number) => logAt(home, 11, i, {topics: [], data: new Uint8Array(size)});
    const blockOf = (last: number) => [headAt(home, 11, 123), ...Array.from({length: 122}, (_, i) => log(i, 16_300)), log(122, last)];
    const size = encodeBlock(build(blockOf(0)).block).length;
    const room = BLOCK_BYTES_MAX - size;
    expect(room).toBeGreaterThan(0);
    expect(room).toBeLessThan(16_384);
    expect(encodeBlock(build(blockOf(room)).block).length).toBe(BLOCK_BYTES_MAX);
    expect(() => build(blockOf(room + 1))).toThrow(refusal("TOO_LARGE"));
    expect(chooseFacts(started.state, blockOf(room + 1)).facts).toEqual([]);
  });

  test("with outboxes too", () => {
    const {block} = build(outputs(100, {extra: messageMemo()}));
    expect(block.outboxes.length).toBe(3);
    expect(decodeBlock(encodeBlock(block))).toEqual(block);
  });
});

describe("before the block after the one that completes the DKG", () => {
  const {platforms} = fresh.state.network;
  const early: {name: string; facts: Fact[]}[] = [
    {name: "outputs", facts: [outputFact(1)]},
    {name: "receipts", facts: [{kind: "payoutReceipt", traceId: uuidOf("t"), txHash: `0x${"00".repeat(32)}`}]},
    {name: "heads", facts: [headAt(platforms[0] as Hex, 11, 1)]},
    {name: "logs", facts: [logAt(platforms[0] as Hex, 11, 0, {topics: [], data: new Uint8Array(0)})]},
  ];
  test.for(early)("$name are invalid", ({facts}) => {
    expect(() => fresh.fork().decide(...facts)).toThrow(refusal("TOO_EARLY"));
  });
});

test("genesis: two networks, two states; the cursors start at the block that froze the set", () => {
  const {genesis} = testNetwork();
  const state = genesisState(genesis);
  expect(genesisState(testNetwork().genesis)).toEqual(state);
  expect(toHex(treeRoot(genesisState(testNetwork([2, 1, 1, 1]).genesis).tree))).not.toBe(toHex(treeRoot(state.tree)));
  expect(state.network.platforms.map((platform) => chainCursor(state, platform))).toEqual([
    {number: genesis.epoch0Block, logs: 0},
    {number: 0, logs: 0},
  ]);
  expect(chainCursor(state, `0x${"00".repeat(32)}`)).toBeNull();
  expect([heightOf(state), groupKey(state), openPayouts(state), paymentOf(state, BTC)]).toEqual([0, null, [], null]);
});

describe("choosing facts", () => {
  const reasons = (candidates: Fact[], ledger = started) =>
    chooseFacts(ledger.state, candidates).refused.map(({fact, error}) => [fact.kind, error.code]);

  test("leaves out what cannot stand, with the reason", () => {
    const decided = outputFact(1);
    const receipt: Fact = {kind: "payoutReceipt", traceId: uuidOf("?"), txHash: `0x${"00".repeat(32)}`};
    const candidates: Fact[] = [outputFact(3), decided, {kind: "tick"}, receipt, outputFact(2), outputFact(2)];
    const {facts} = chooseFacts(started.state, candidates);
    expect(facts).toEqual([outputFact(2), outputFact(3)]);
    expect(reasons(candidates)).toEqual([
      ["tick", "IDLE_TICK"],
      ["payoutReceipt", "UNKNOWN_TRACE"],
      ["mixinOutput", "DUPLICATE_OUTPUT"],
    ]);
    expect(() => build(facts)).not.toThrow();
  });

  test("takes a head with its logs or not at all", () => {
    const send = {process: APP, nonce: 0n, asset: BTC, amount: 1n, kind: 1, receiver: uuidBytes(USER), memo: new Uint8Array(0)};
    const good = chainFacts(started.state, home, [outboundLog(send), outboundLog({...send, nonce: 1n})]);
    expect(chooseFacts(started.state, [...good].reverse()).facts).toEqual(good);
    expect(reasons(good.slice(0, 2))).toEqual([
      ["chainHead", "WRONG_LOG_COUNT"],
      ["chainLog", "WRONG_LOG_COUNT"],
    ]);
    expect(reasons(good.slice(0, 1))).toEqual([["chainHead", "EMPTY_HEAD"]]);
    expect(reasons(good.slice(1))).toEqual([
      ["chainLog", "NO_HEAD"],
      ["chainLog", "NO_HEAD"],
    ]);
  });

  test("refuses what has no encoding", () => {
    expect(reasons([outputFact(2, {extra: new Uint8Array(257)})])).toEqual([["mixinOutput", "OUT_OF_RANGE"]]);
  });

  test("fills a block and leaves the rest", () => {
    const outputs = Array.from({length: FACTS_MAX + 10}, (_, i) => outputFact(100 + i));
    const {facts, refused} = chooseFacts(started.state, outputs);
    expect([facts.length, refused.length]).toEqual([FACTS_MAX, 0]);
    expect(facts).toEqual(outputs.slice(0, FACTS_MAX));
  });
});
