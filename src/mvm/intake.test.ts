import {getAddress} from "ethers";
import {beforeAll, describe, expect, test} from "vitest";
import {
  APP,
  APP_ADDRESS,
  BTC,
  messageMemo,
  outputFact,
  registerMemo,
  registrationFact,
  TestLedger,
  USER,
  uuidOf,
} from "../../test/support/ledger.ts";
import {concatBytes, toHex, utf8} from "../base/bytes.ts";
import {decodeEvent} from "../types/event.ts";
import type {MixinOutput} from "../types/facts.ts";
import {ZERO_UUID} from "../types/ids.ts";
import {encodeMemo, encodeOperation, encodeRawMemo, PURPOSE} from "../types/operation.ts";
import {messageOf} from "./messages.ts";
import {
  balanceOf,
  balances,
  heldOutputs,
  isDecidedOutput,
  maskHolders,
  mixinWatermark,
  openPayouts,
  paymentOf,
  processes,
} from "./queries.ts";
import type {Fate} from "./records.ts";

let started: TestLedger;
beforeAll(() => {
  started = new TestLedger().runDkg().introduce();
  started.decide(registrationFact(1));
});

const OTHER = uuidOf("other process");
const operation = {purpose: PURPOSE.message, process: APP, platform: "", address: "", extra: new Uint8Array(0)};
const u = (...bytes: number[]) => Uint8Array.of(...bytes);

function fateOf(output: MixinOutput, ledger = started.fork()): Fate | undefined {
  ledger.decide(output);
  return paymentOf(ledger.state, output.outputId)?.fate;
}

describe("refunds", () => {
  const raw = encodeRawMemo(operation);
  const registering = (of: Parameters<typeof registerMemo>[0], sender = OTHER): Partial<MixinOutput> => ({
    senders: [sender],
    extra: registerMemo({process: OTHER, ...of}),
  });
  const registeringWith = (second: string) => ({...registering({}), senders: [OTHER, second]});
  const cases: {name: string; of: Partial<MixinOutput>; reason: string}[] = [
    {name: "no memo", of: {}, reason: "BAD_MEMO"},
    {name: "a memo that is not base64url", of: {extra: utf8("hello, world!")}, reason: "BAD_MEMO"},
    {name: "padded base64", of: {extra: utf8(`${encodeMemo(operation)}==`)}, reason: "BAD_MEMO"},
    {name: "bytes above ASCII", of: {extra: u(0xff, 0xfe)}, reason: "BAD_MEMO"},
    {name: "a short operation", of: {extra: raw.slice(0, -1)}, reason: "BAD_MEMO"},
    {name: "trailing bytes", of: {extra: concatBytes(raw, u(0))}, reason: "BAD_MEMO"},
    {name: "an operation without its form byte", of: {extra: encodeOperation(operation).slice(1)}, reason: "BAD_MEMO"},
    {name: "purpose 0", of: {extra: encodeRawMemo({...operation, purpose: 0})}, reason: "UNKNOWN_PURPOSE"},
    {name: "credit in another asset", of: {extra: encodeRawMemo({...operation, purpose: 12})}, reason: "NOT_FEE_ASSET"},
    {name: "purpose 65535", of: {extra: encodeRawMemo({...operation, purpose: 65_535})}, reason: "UNKNOWN_PURPOSE"},
    {name: "a process that nobody registered", of: {extra: messageMemo(OTHER)}, reason: "UNKNOWN_PROCESS"},
    {name: "a registration by somebody else", of: registering({}, USER), reason: "NOT_OWNER"},
    {name: "a registration by two", of: registeringWith("ffffffff-ffff-ffff-ffff-ffffffffffff"), reason: "NOT_OWNER"},
    {name: "a registration by two, the owner last", of: registeringWith("00000000-0000-0000-0000-000000000001"), reason: "NOT_OWNER"},
    {name: "a chain without a group", of: registering({platform: "evm:1"}), reason: "UNKNOWN_PLATFORM"},
    {name: "a platform of the original", of: registering({platform: "eos"}), reason: "UNKNOWN_PLATFORM"},
    {name: "a second registration", of: {senders: [APP], extra: registerMemo({})}, reason: "ALREADY_REGISTERED"},
    {name: "no address", of: registering({address: ""}), reason: "BAD_ADDRESS"},
    {name: "the zero address", of: registering({address: `0x${"0".repeat(40)}`}), reason: "BAD_ADDRESS"},
    {name: "an address without 0x", of: registering({address: APP_ADDRESS.slice(2)}), reason: "BAD_ADDRESS"},
    {name: "an address of 19 bytes", of: registering({address: APP_ADDRESS.slice(0, -2)}), reason: "BAD_ADDRESS"},
    {name: "a wrong checksum", of: registering({address: swapCase(getAddress(APP_ADDRESS))}), reason: "BAD_ADDRESS"},
    {name: "an upper-case address", of: registering({address: `0x${APP_ADDRESS.slice(2).toUpperCase()}`}), reason: "BAD_ADDRESS"},
    {name: "the original's extra", of: registering({extra: utf8("META")}), reason: "BAD_REGISTRATION"},
    {name: "another version", of: registering({extra: u(2, 0, 0, 0, 0, 1)}), reason: "BAD_REGISTRATION"},
    {name: "an unknown policy", of: registering({extra: u(1, 2, 0, 0, 0, 1)}), reason: "BAD_REGISTRATION"},
    {name: "a gas limit of 2,000,001", of: registering({extra: u(1, 0, 0, 0x1e, 0x84, 0x81)}), reason: "BAD_REGISTRATION"},
    {name: "a long registration", of: registering({extra: u(1, 0, 0, 0, 0, 1, 0)}), reason: "BAD_REGISTRATION"},
  ];
  test.for(cases)("$name: $reason", ({of, reason}) => {
    const ledger = started.fork();
    const output = outputFact(2, of);
    ledger.decide(output);
    const view = paymentOf(ledger.state, output.outputId);
    expect(view).toMatchObject({fate: {kind: "refund", reason}, stage: "refunding", message: null});
    expect(view?.payout).toMatchObject({state: "open", amount: output.amount, receivers: [...output.senders].sort(), threshold: 1});
    expect(new TextDecoder().decode(view?.payout?.memo)).toBe(`refund ${reason} ${output.outputId}`);
    ledger.decide({kind: "payoutReceipt", traceId: view?.payout?.traceId as string, txHash: output.txHash});
    expect(paymentOf(ledger.state, output.requestId)?.stage).toBe("refunded");
    expect(balances(ledger.state)).toMatchObject([{asset: BTC, received: 105n, refunded: 100n, owed: 5n, custody: 5n}]);
  });
});

/** One letter of the address in the other case. */
function swapCase(address: string): string {
  const at = [...address].findIndex((c, i) => i > 1 && /[a-f]/i.test(c));
  const c = address.charAt(at);
  return address.slice(0, at) + (c === c.toUpperCase() ? c.toLowerCase() : c.toUpperCase()) + address.slice(at + 1);
}

describe("held", () => {
  const cases: {name: string; of: Partial<MixinOutput>; reason: string; held: bigint}[] = [
    {name: "no senders", of: {senders: [], sendersThreshold: 0}, reason: "NO_SENDER", held: 100n},
    {name: "a good memo without senders", of: {senders: [], extra: messageMemo()}, reason: "NO_SENDER", held: 100n},
    {name: "a threshold of 0", of: {sendersThreshold: 0}, reason: "NO_SENDER", held: 100n},
    {name: "a threshold nobody reaches", of: {sendersThreshold: 2}, reason: "NO_SENDER", held: 100n},
    {name: "one sender twice", of: {senders: [USER, USER], sendersThreshold: 2}, reason: "NO_SENDER", held: 100n},
    {name: "the zero sender", of: {senders: [ZERO_UUID]}, reason: "NO_SENDER", held: 100n},
    {name: "amount 0", of: {amount: 0n, extra: messageMemo()}, reason: "ZERO_AMOUNT", held: 0n},
  ];
  test.for(cases)("$name: $reason", ({of, reason, held}) => {
    const ledger = started.fork();
    const output = outputFact(2, of);
    expect(fateOf(output, ledger)).toEqual({kind: "held", reason});
    expect(heldOutputs(ledger.state)).toMatchObject([{outputId: output.outputId, stage: "held", fate: {reason}}]);
    expect(balances(ledger.state)[0]?.held).toBe(held);
  });

  test("money from the group itself that is no change of its transactions is never paid back: it would come again", () => {
    const ledger = started.fork();
    const {members, threshold} = ledger.state.network.multisig;
    const own = {senders: [...members].reverse(), sendersThreshold: threshold};
    expect(fateOf(outputFact(2, {...own, extra: messageMemo()}), ledger)).toEqual({kind: "held", reason: "UNEXPECTED_CHANGE"});
    const [open] = openPayouts(ledger.state);
    const change = {...own, requestId: open?.traceId as string, index: 1};
    expect(fateOf(outputFact(3, {...change, amount: 1n}), ledger)).toEqual({kind: "held", reason: "UNEXPECTED_CHANGE"});
    expect(balances(ledger.state)[0]).toMatchObject({held: 101n, received: 106n});
  });
});

describe("messages", () => {
  test("get consecutive nonces of their process and an event with one mask", () => {
    const ledger = started.fork();
    const extra = utf8("hello");
    ledger.decide(outputFact(2, {extra: messageMemo(APP, extra)}), outputFact(3, {extra: messageMemo(APP), amount: 7n}));
    const {outboxes} = ledger.decide(outputFact(4, {extra: utf8(encodeMemo({...operation, platform: "any", address: "thing"}))}));
    expect([2, 3, 4].map((i) => paymentOf(ledger.state, outputFact(i).outputId)?.fate)).toEqual(
      [0n, 1n, 2n].map((nonce) => ({kind: "message", process: APP, nonce})),
    );
    const mask = ledger.mask();
    const first = messageOf(ledger.state, APP, 0n);
    expect(decodeEvent(first?.event as Uint8Array)).toEqual({
      process: APP,
      nonce: 0n,
      asset: BTC,
      amount: 100n,
      extra,
      timestamp: outputFact(2).createdAt,
      members: [mask],
      threshold: 1,
      signature: new Uint8Array(0),
    });
    expect(maskHolders(ledger.state, APP, mask)).toEqual({senders: [USER], threshold: 1});
    expect(toHex(outboxes[0]?.events[0] as Uint8Array)).toBe(toHex(messageOf(ledger.state, APP, 2n)?.event as Uint8Array));
    expect(balanceOf(ledger.state, APP, BTC)).toBe(207n);
    expect(messageOf(ledger.state, APP, 3n)).toBeNull();
  });

  test("several senders are one sender, in any order, and another one with another threshold", () => {
    const [a, b] = [uuidOf("a"), uuidOf("b")];
    const ledger = started
      .fork()
      .introduce({senders: [b, a], threshold: 2})
      .introduce({senders: [a, b]});
    const extra = messageMemo();
    ledger.decide(
      outputFact(2, {senders: [a, b], sendersThreshold: 2, extra}),
      outputFact(3, {senders: [b, a], sendersThreshold: 2, extra}),
      outputFact(4, {senders: [a, b], sendersThreshold: 1, extra}),
    );
    const masks = [0n, 1n, 2n].map((nonce) => decodeEvent(messageOf(ledger.state, APP, nonce)?.event as Uint8Array).members[0] as string);
    expect(masks[0]).toBe(masks[1]);
    expect(masks[2]).not.toBe(masks[0]);
    expect(maskHolders(ledger.state, APP, masks[0] as string)).toEqual({senders: [a, b].sort(), threshold: 2});
  });
});

describe("registrations", () => {
  const cases: {name: string; of: Parameters<typeof registerMemo>[0]; expected: object}[] = [
    {name: "defaults", of: {}, expected: {policy: 0, gasLimit: 300_000, address: APP_ADDRESS}},
    {name: "terms", of: {extra: u(1, 1, 0, 0x1e, 0x84, 0x80)}, expected: {policy: 1, gasLimit: 2_000_000}},
    {name: "a checksummed address", of: {address: getAddress(APP_ADDRESS)}, expected: {address: APP_ADDRESS}},
    {name: "the original's platform name", of: {platform: "quorum"}, expected: {}},
    {name: "a chain by its id", of: {platform: "evm:31338"}, expected: {}},
  ];
  test.for(cases)("$name", ({of, expected}) => {
    const ledger = started.fork();
    const output = outputFact(2, {senders: [OTHER], extra: registerMemo({process: OTHER, ...of})});
    const {outboxes} = ledger.decide(output);
    expect(processes(ledger.state)).toMatchObject([{process: APP}, {process: OTHER, nextNonce: 0n, app: null, ...expected}]);
    const second = of?.platform === "evm:31338";
    expect(outboxes).toMatchObject([
      {system: [expect.anything()], events: [], outbox: {platform: ledger.state.network.platforms[second ? 1 : 0], seq: second ? 0n : 1n}},
    ]);
    const view = paymentOf(ledger.state, output.outputId);
    expect(view).toMatchObject({
      stage: "registered",
      fate: {kind: "registered", process: OTHER},
      payout: {amount: 100n, receivers: [OTHER]},
    });
    expect(new TextDecoder().decode(view?.payout?.memo)).toBe(`refund REGISTERED ${output.outputId}`);
  });
});

test("an output is decided once, late ones of lower sequence too", () => {
  const ledger = started.fork();
  ledger.decide(outputFact(9));
  ledger.decide(outputFact(5));
  expect(mixinWatermark(ledger.state)).toBe(9n);
  expect([9, 5, 6].map((i) => isDecidedOutput(ledger.state, outputFact(i).outputId))).toEqual([true, true, false]);
  expect(() => ledger.decide(outputFact(9))).toThrow(expect.objectContaining({code: "DUPLICATE_OUTPUT"}));
  expect(() => ledger.decide({...outputFact(9), sequence: 10n})).toThrow(expect.objectContaining({code: "DUPLICATE_OUTPUT"}));
  expect(paymentOf(ledger.state, outputFact(6).outputId)).toBeNull();
});

test("a request id leads to the first output that was decided under it", () => {
  const ledger = started.fork();
  const requestId = outputFact(9).requestId;
  ledger.decide(outputFact(9));
  ledger.decide(outputFact(8, {requestId}));
  expect(paymentOf(ledger.state, requestId)?.outputId).toBe(outputFact(9).outputId);
  expect(paymentOf(ledger.state, outputFact(8).outputId)?.outputId).toBe(outputFact(8).outputId);
});

test("an amount that no asset has is invalid", () => {
  const at = (amount: bigint) => () => started.fork().decide(outputFact(2, {amount}));
  expect(at(1n << 128n)).toThrow(expect.objectContaining({code: "AMOUNT_TOO_LARGE"}));
  expect(at((1n << 128n) - 1n)).not.toThrow();
});
