import {AbiCoder, keccak256} from "ethers";
import {describe, expect, test} from "vitest";
import {APP, APP_ADDRESS, messageMemo, outputFact, registerMemo, registrationFact, TestLedger, uuidOf} from "../../test/support/ledger.ts";
import {type Hex, toHex} from "../base/bytes.ts";
import {Writer} from "../base/codec.ts";
import {eventLeaf, merkleRoot} from "../crypto/merkle.ts";
import {decodeEvent} from "../types/event.ts";
import {uuidBytes, ZERO_HASH} from "../types/ids.ts";
import {Draft} from "./draft.ts";
import {messageOf} from "./messages.ts";
import {OutboxPacker} from "./outboxes.ts";

const other = uuidOf("other process");
const base = new TestLedger().runDkg().introduce().introduce({process: other});
base.decide(registrationFact(1));
const abi = AbiCoder.defaultAbiCoder();
const sampleEvent = base.fork().decide(outputFact(2, {extra: messageMemo(), amount: 0xffn})).outboxes[0]?.events[0] as Uint8Array;

/** A process with this gas limit, and a ledger that knows it. */
function withGasLimit(gasLimit: number): TestLedger {
  const ledger = base.fork();
  const extra = new Writer().u8(1).u8(0).u32(gasLimit).bytes();
  ledger.decide(outputFact(2, {senders: [other], extra: registerMemo({process: other, extra})}));
  return ledger;
}

const messages = (count: number, process: string, first = 10) =>
  Array.from({length: count}, (_, i) => outputFact(first + i, {extra: messageMemo(process)}));

describe("what an outbox holds", () => {
  test("a registration, as the contract reads it", () => {
    const ledger = base.fork();
    const extra = new Writer().u8(1).u8(1).u32(500_000).bytes();
    const {outboxes} = ledger.decide(outputFact(2, {senders: [other], extra: registerMemo({process: other, extra})}));
    const args = abi.encode(["bytes16", "address", "uint8", "uint32", "uint64"], [uuidBytes(other), APP_ADDRESS, 1, 500_000, 0]);
    const event = abi.encode(["uint8", "bytes"], [1, args]);
    expect(outboxes[0]?.system.map(toHex)).toEqual([event]);
    expect(outboxes[0]?.outbox).toEqual({
      platform: base.state.network.platforms[0],
      seq: 1n,
      systemHash: keccak256(abi.encode(["bytes[]"], [[event]])),
      root: ZERO_HASH,
      count: 0,
    });
  });

  test("events under their root; all system events of a height before its first message", () => {
    const ledger = base.fork();
    const facts = [outputFact(5, {extra: messageMemo()}), registrationFact(6, other), outputFact(7, {extra: messageMemo(other)})];
    const {outboxes} = ledger.decide(...facts);
    expect(outboxes).toMatchObject([{system: [expect.anything()], outbox: {seq: 1n, count: 2}}]);
    const events = outboxes[0]?.events ?? [];
    expect(events.map((event) => decodeEvent(event).process)).toEqual([APP, other]);
    expect(outboxes[0]?.outbox.root).toBe(toHex(merkleRoot(events.map(eventLeaf))));
  });

  test("one outbox for each platform that has something, in the order of genesis", () => {
    const ledger = base.fork();
    const registration = outputFact(2, {senders: [other], extra: registerMemo({process: other, platform: "evm:31338"})});
    ledger.decide(registration);
    const {outboxes} = ledger.decide(outputFact(3, {extra: messageMemo(other)}), outputFact(4, {extra: messageMemo()}));
    expect(outboxes.map(({outbox}) => [outbox.platform, outbox.seq])).toEqual([
      [base.state.network.platforms[0], 1n],
      [base.state.network.platforms[1], 1n],
    ]);
  });

  test("nothing to tell, no outbox", () => {
    expect(base.fork().decide(outputFact(2)).outboxes).toEqual([]);
  });
});

describe("an outbox is closed", () => {
  const cases = [
    {name: "by gas at the default limit", gasLimit: 300_000, events: 34},
    {name: "by gas at the highest limit", gasLimit: 2_000_000, events: 5},
    {name: "by count", gasLimit: 0, events: 128},
  ];
  test.for(cases)("$name after $events events", ({gasLimit, events}) => {
    const ledger = withGasLimit(gasLimit);
    const {outboxes} = ledger.decide(...messages(2 * events + 1, other));
    expect(outboxes.map(({outbox}) => outbox.count)).toEqual([events, events, 1]);
    expect(outboxes.map(({outbox}) => outbox.seq)).toEqual([2n, 3n, 4n]);
    for (const nonce of [0, events - 1, events, 2 * events]) {
      const view = messageOf(ledger.state, other, BigInt(nonce));
      const box = outboxes.find(({outbox}) => outbox.seq === view?.seq);
      expect(toHex(box?.events[view?.place ?? -1] ?? new Uint8Array(0))).toBe(toHex(view?.event as Uint8Array));
    }
  });

  test("by the gas of 48 system events", () => {
    const ledger = base.fork();
    const registrations = Array.from({length: 49}, (_, i) => registrationFact(10 + i, uuidOf(`process ${i}`)));
    const {outboxes} = ledger.decide(...registrations, outputFact(99, {extra: messageMemo()}));
    expect(outboxes.map(({system, events}) => [system.length, events.length])).toEqual([
      [48, 0],
      [1, 1],
    ]);
  });

  test("by 100,000 bytes", () => {
    const [platform] = base.state.network.platforms as [Hex];
    const packer = new OutboxPacker();
    const extra = new Uint8Array(4_096);
    for (let i = 0n; i < 25n; i++)
      packer.message(platform, {...decodeEvent(sampleEvent), nonce: i, extra}, {outputId: uuidOf(`${i}`), isBounce: false}, 0);
    const boxes = packer.pack(new Draft(base.state.tree), 99, [platform]);
    const sizes = boxes.map(({events}) => events.reduce((sum, event) => sum + event.length, 0));
    expect(boxes.map(({events}) => events.length)).toEqual([23, 2]);
    expect(sizes[0]).toBeLessThanOrEqual(100_000);
    expect((sizes[0] ?? 0) + (boxes[1]?.events[0]?.length ?? 0)).toBeGreaterThan(100_000);
  });

  test("and goes on with the next seq at the next height", () => {
    const ledger = base.fork();
    ledger.decide(...messages(35, APP));
    for (const seq of [3n, 4n]) {
      const {outboxes} = ledger.decide(outputFact(seq + 100n, {extra: messageMemo()}));
      expect(outboxes.map(({outbox}) => outbox.seq)).toEqual([seq]);
    }
  });
});
