import fc from "fast-check";
import {expect, test} from "vitest";
import {audit} from "../../test/support/audit.ts";
import {chainFacts, groupLog, id16, outboundLog} from "../../test/support/group-logs.ts";
import {APP, BTC, messageMemo, outputFact, registerMemo, registrationFact, TestLedger, USER, uuidOf} from "../../test/support/ledger.ts";
import {toHex} from "../base/bytes.ts";
import {MvmError} from "../base/errors.ts";
import {type Block, decodeBlock, encodeBlock} from "../types/block.ts";
import type {Fact, MixinOutput} from "../types/facts.ts";
import {uuidBytes} from "../types/ids.ts";
import {buildBlock, checkBlock, type LedgerState} from "./ledger.ts";
import {wantedPairs} from "./masks.ts";
import {changeOf} from "./payouts.ts";
import {needsTicks, openPayouts, payoutOfTrace} from "./queries.ts";

const started = new TestLedger().runDkg();
started.decide(registrationFact(1));

const ASSETS = [BTC, uuidOf("ETH")];
const PROCESSES = [APP, uuidOf("process 2"), uuidOf("process 3")];
const pick = <T>(items: readonly T[], n: number): T => items[n % items.length] as T;

/** One thing that happens; `n` says to whom. Read against the state at hand, so that most of it makes sense. */
type Step = {
  kind: "payment" | "register" | "junk" | "nobody" | "send" | "receipt" | "refuse" | "change" | "state" | "mask" | "ticks";
  n: number;
  amount: bigint;
};

const step: fc.Arbitrary<Step> = fc.record({
  kind: fc.constantFrom(
    "payment",
    "payment",
    "register",
    "junk",
    "nobody",
    "send",
    "send",
    "receipt",
    "receipt",
    "refuse",
    "change",
    "change",
    "state",
    "mask",
    "ticks",
  ),
  n: fc.nat(1_000),
  amount: fc.oneof(fc.bigInt(0n, 20n), fc.bigInt(0n, 2n ** 70n)),
});

/** What a world with an honest Mixin ledger and an honest contract shows next. */
class World {
  readonly ledger = started.fork();
  #sequence = 10;
  readonly #sent = new Map<string, bigint>();
  /** Confirmed on Mixin, their change not yet seen. */
  readonly #returning: {readonly traceId: string; readonly requestId: string; readonly voiding: boolean; readonly part: number}[] = [];
  readonly #confirmed = new Set<string>();
  /** Refused in the block at hand: a build that is not decided yet is not signed. */
  readonly #refused = new Set<string>();

  facts(steps: readonly Step[]): Fact[] {
    this.#refused.clear();
    const logs = steps.filter((s) => s.kind === "send" || s.kind === "state").map((s) => this.#log(s));
    const platform = pick(this.ledger.state.network.platforms, 0);
    const chain = logs.length === 0 ? [] : chainFacts(this.ledger.state, platform, logs);
    const masks = steps.some((s) => s.kind === "mask") ? wantedPairs(this.ledger.state, 2).map((pair) => this.ledger.maskFact(pair)) : [];
    return [...chain, ...masks, ...steps.flatMap((s) => this.#fact(s) ?? [])];
  }

  #log({kind, n, amount}: Step) {
    const process = pick(PROCESSES, n);
    if (kind === "state") return groupLog("MessageState", id16(process), n % 7, n % 4, "0x");
    const nonce = this.#sent.get(process) ?? 0n;
    this.#sent.set(process, nonce + 1n);
    const receiver = n % 5 === 0 ? new Uint8Array(3) : uuidBytes(USER);
    return outboundLog({
      process,
      nonce,
      asset: pick(ASSETS, n),
      amount,
      kind: n % 5 === 1 ? 0 : 1,
      receiver,
      memo: new Uint8Array(n % 210),
    });
  }

  #fact({kind, n, amount}: Step): Fact | null {
    const process = pick(PROCESSES, n);
    const asset = pick(ASSETS, n);
    switch (kind) {
      case "payment":
        return this.#output({asset, amount, extra: messageMemo(process), senders: [pick([USER, uuidOf("b")], n)]});
      case "register":
        return this.#output({asset, amount, senders: [process], extra: registerMemo({process, platform: n % 3 === 0 ? "eos" : ""})});
      case "junk":
        return this.#output({asset, amount, extra: Uint8Array.of(n & 0xff, 1, 2)});
      case "nobody":
        return this.#output({asset, amount, senders: [], sendersThreshold: 0});
      case "receipt": {
        const open = this.#open();
        if (open.length === 0) return null;
        const {traceId, builds} = pick(open, n);
        // sometimes an older build than the one that was decided last
        const build = pick(builds, n % 7 === 0 ? n : builds.length - 1);
        this.#confirmed.add(traceId);
        const payout = payoutOfTrace(this.ledger.state, traceId);
        const parts = payout === null || payout.cause.kind === "merge" || build.voiding ? 1 : payout.changeParts;
        for (let part = 0; part < parts; part++) this.#returning.splice(n % (this.#returning.length + 1), 0, {traceId, ...build, part});
        // the receipt may come long after its change
        return n % 4 === 0 ? null : {kind: build.voiding ? "payoutVoided" : "payoutReceipt", traceId, txHash: `0x${"cd".repeat(32)}`};
      }
      case "refuse": {
        const open = this.#open();
        if (open.length === 0) return null;
        const {traceId, buildIndex, builds} = pick(open, n);
        const merge = payoutOfTrace(this.ledger.state, traceId)?.cause.kind === "merge";
        this.#refused.add(traceId);
        const impossible = n % 3 === 0 && !merge && !builds.some((b) => b.voiding);
        return {kind: "payoutRefused", traceId, buildIndex, reason: impossible ? "impossible" : "unusable"};
      }
      case "change":
        return this.#change();
      default:
        return null;
    }
  }

  /** What the Mixin ledger has not confirmed. */
  #open() {
    return openPayouts(this.ledger.state).filter(({traceId}) => !this.#confirmed.has(traceId) && !this.#refused.has(traceId));
  }

  #change(): MixinOutput | null {
    const build = this.#returning.shift();
    const payout = build === undefined ? null : payoutOfTrace(this.ledger.state, build.traceId);
    if (build === undefined || payout === null) return null;
    const sum = payout.inputs.reduce((total, input) => total + input.amount, 0n);
    const all = payout.cause.kind === "merge" || build.voiding;
    const amount = all ? sum : (changeOf(payout)[build.part] as bigint);
    const {members: senders, threshold: sendersThreshold} = this.ledger.state.network.multisig;
    const index = all ? 0 : 1 + build.part;
    return this.#output({senders, sendersThreshold, requestId: build.requestId, index, amount, asset: payout.asset});
  }

  #output(of: Partial<MixinOutput>): MixinOutput {
    // sequences are not always decided in their order
    const sequence = ++this.#sequence;
    return {...outputFact(sequence, of), sequence: BigInt(sequence % 3 === 0 ? sequence + 5 : sequence)};
  }
}

test("whatever happens, every output has one fate and the books agree", () =>
  fc.assert(
    fc.property(fc.array(fc.array(step, {minLength: 1, maxLength: 12}), {maxLength: 12}), (blocks) => {
      const world = new World();
      for (const steps of blocks) {
        for (let i = 0; i < 30 && steps.some((s) => s.kind === "ticks") && needsTicks(world.ledger.state); i++)
          world.ledger.decide({kind: "tick"});
        const facts = world.facts(steps);
        if (facts.length > 0) world.ledger.decide(...facts);
      }
      audit(world.ledger.state);
    }),
    {numRuns: 150},
  ));

test("equal blocks give equal roots, in whatever order the facts were found; states before them stay as they are", () =>
  fc.assert(
    fc.property(fc.array(fc.array(step, {minLength: 1, maxLength: 10}), {maxLength: 6}), fc.infiniteStream(fc.nat()), (blocks, random) => {
      const world = new World();
      for (const steps of blocks) {
        const facts = world.facts(steps);
        if (facts.length === 0) continue;
        const {state, parent} = world.ledger;
        const shuffled = facts.map((fact) => ({fact, at: random.next().value as number})).sort((a, b) => a.at - b.at);
        const options = {epoch: 0, proposer: `0x${"11".repeat(20)}`} as const;
        const one = buildBlock(state, parent, {...options, facts});
        const two = buildBlock(state, parent, {...options, facts: shuffled.map(({fact}) => fact)});
        expect(toHex(encodeBlock(two.block))).toBe(toHex(encodeBlock(one.block)));
        expect(checkBlock(state, parent, decodeBlock(encodeBlock(one.block))).stateRoot).toBe(one.applied.stateRoot);
        world.ledger.decide(...facts);
      }
    }),
    {numRuns: 60},
  ));

test("a block that was tampered with is refused with a typed error, or is the block", () => {
  const state = started.state;
  const {parent} = started;
  const block = sampleBlock(state);
  const encoded = encodeBlock(block);
  let decodable = 0;
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(encoded.length - 1), fc.integer({min: 1, max: 255})), {minLength: 1, maxLength: 2}), (edits) => {
      const bytes = encoded.slice();
      for (const [at, mask] of edits) bytes[at] = (bytes[at] as number) ^ mask;
      try {
        const tampered = decodeBlock(bytes);
        decodable++;
        checkBlock(state, parent, tampered);
        // only the proposer is not judged: another one, another block
        expect(tampered.header.proposer === block.header.proposer).toBe(toHex(bytes) === toHex(encoded));
      } catch (error) {
        if (!(error instanceof MvmError)) throw error;
        expect(["DecodeError", "LedgerError"]).toContain(error.name);
      }
    }),
    {numRuns: 3_000},
  );
  expect(decodable).toBeGreaterThan(1_000);
});

function sampleBlock(state: LedgerState): Block {
  const {traceId} = pick(openPayouts(state), 0);
  const platform = pick(state.network.platforms, 0);
  const log = outboundLog({process: APP, nonce: 0n, asset: BTC, amount: 1n, kind: 1, receiver: uuidBytes(USER), memo: new Uint8Array(2)});
  const facts: Fact[] = [
    ...chainFacts(state, platform, [log, groupLog("Delivered", 0, `0x${"22".repeat(20)}`)]),
    {kind: "payoutReceipt", traceId, txHash: `0x${"cd".repeat(32)}`},
    outputFact(20, {extra: messageMemo()}),
    outputFact(21, {extra: registerMemo({process: uuidOf("q")}), senders: [uuidOf("q")]}),
    outputFact(22),
  ];
  return buildBlock(state, started.parent, {epoch: 0, proposer: `0x${"11".repeat(20)}`, facts}).block;
}

test("facts of random values are refused with a typed error or decided", () => {
  const uuid = fc.oneof(fc.uuid(), fc.constantFrom(APP, USER, BTC));
  const hash = fc.uint8Array({minLength: 32, maxLength: 32}).map(toHex);
  const output: fc.Arbitrary<Fact> = fc.record({
    kind: fc.constant("mixinOutput" as const),
    outputId: uuid,
    sequence: fc.bigInt(0n, 2n ** 64n - 1n),
    txHash: hash,
    index: fc.nat(65_535),
    requestId: uuid,
    asset: uuid,
    amount: fc.oneof({weight: 9, arbitrary: fc.bigInt(0n, 2n ** 100n)}, {weight: 1, arbitrary: fc.bigInt(0n, 2n ** 256n - 1n)}),
    receiversHash: hash,
    senders: fc.array(uuid, {maxLength: 4}),
    sendersThreshold: fc.nat(65_535),
    extra: fc.oneof(fc.uint8Array({maxLength: 256}), fc.constant(messageMemo()), fc.constant(registerMemo())),
    references: fc.array(hash, {maxLength: 2}),
    createdAt: fc.bigInt(0n, 2n ** 64n - 1n),
  });
  const other: fc.Arbitrary<Fact> = fc.oneof(
    fc.constant<Fact>({kind: "tick"}),
    fc.record({kind: fc.constant("payoutReceipt" as const), traceId: uuid, txHash: hash}),
    fc.record({
      kind: fc.constant("dkgMessage" as const),
      from: fc.nat(65_535),
      body: fc.uint8Array({maxLength: 200}),
      signature: fc.uint8Array({minLength: 65, maxLength: 65}),
    }),
  );
  let decided = 0;
  fc.assert(
    fc.property(
      fc.array(fc.oneof({weight: 20, arbitrary: output}, {weight: 1, arbitrary: other}), {minLength: 1, maxLength: 3}),
      (facts) => {
        const ledger = started.fork();
        try {
          ledger.decide(...facts);
          decided++;
        } catch (error) {
          if (!(error instanceof MvmError)) throw error;
          expect(error.name).toBe("LedgerError");
          return;
        }
        audit(ledger.state);
      },
    ),
    {numRuns: 500},
  );
  expect(decided).toBeGreaterThan(100);
});
