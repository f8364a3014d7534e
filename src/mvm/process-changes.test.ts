import {beforeEach, describe, expect, test} from "vitest";
import {audit} from "../../test/support/audit.ts";
import {
  APP,
  APP_ADDRESS,
  messageMemo,
  outputFact,
  registrationFact,
  secretOf,
  TestLedger,
  testNetwork,
  USER,
  uuidOf,
} from "../../test/support/ledger.ts";
import {toHex} from "../base/bytes.ts";
import {addressOf} from "../crypto/secp256k1.ts";
import {decodeEvent} from "../types/event.ts";
import {type Uuid, uuidBytes} from "../types/ids.ts";
import {encodeRawMemo, PURPOSE} from "../types/operation.ts";
import {encodeSystemEvent} from "../types/system-events.ts";
import type {Applied} from "./ledger.ts";
import {paymentOf, processes} from "./queries.ts";

const DELAY_S = 60n;
const network = testNetwork();
const rules = {registrationFee: "0", messageFee: "0", minPayments: [], moveDelaySeconds: Number(DELAY_S), rewardHeights: 0};
const base = new TestLedger({...network, genesis: {...network.genesis, rules}}).runDkg().introduce();
base.decide(registrationFact(1));
const NEXT_APP = addressOf(secretOf("next app"));
const start = outputFact(1).createdAt;

let ledger: TestLedger;
let sequence = 10;
let seconds = 0n;
beforeEach(() => {
  ledger = base.fork();
  [sequence, seconds] = [10, 0n];
});

/** A payment of `sender`, `seconds` after the start. */
function ask(purpose: number, of: {sender?: Uuid; address?: string; extra?: Uint8Array; process?: Uuid} = {}): Applied {
  const {sender = APP, address = "", extra = new Uint8Array(0), process = APP} = of;
  const memo = encodeRawMemo({purpose, process, platform: "", address, extra});
  const applied = ledger.decide(
    outputFact(++sequence, {senders: [sender], extra: memo, createdAt: start + BigInt(sequence) + seconds * 1_000_000_000n}),
  );
  audit(ledger.state);
  return applied;
}
const reason = () => paymentOf(ledger.state, uuidOf(`output ${sequence}`))?.fate;
const system = (applied: Applied) => applied.outboxes.flatMap((body) => body.system.map(toHex));
const moved = (app = NEXT_APP) => toHex(encodeSystemEvent({kind: "move", process: APP, app}));
const process = () => processes(ledger.state)[0];

describe("a move", () => {
  test("is told to the contract once its delay is over, before the first message of that height", () => {
    expect(system(ask(PURPOSE.move, {address: NEXT_APP}))).toEqual([]);
    expect(reason()).toMatchObject({kind: "refund", reason: "MOVING"});
    seconds = DELAY_S - 1n;
    expect(system(ask(PURPOSE.message, {sender: USER}))).toEqual([]);
    seconds = DELAY_S + 1n;
    const applied = ask(PURPOSE.message, {sender: USER});
    expect(system(applied)).toEqual([moved()]);
    expect(applied.outboxes[0]?.events.length).toBe(1);
    expect(process()).toMatchObject({address: NEXT_APP, app: null});
    expect(system(ask(PURPOSE.message, {sender: USER}))).toEqual([]);
  });

  test("is cancelled by its owner until then, and asked for again it waits anew", () => {
    ask(PURPOSE.move, {address: NEXT_APP});
    ask(PURPOSE.cancelMove);
    expect(reason()).toMatchObject({reason: "MOVE_CANCELLED"});
    ask(PURPOSE.cancelMove);
    expect(reason()).toMatchObject({reason: "BAD_CHANGE"});
    seconds = DELAY_S * 2n;
    ask(PURPOSE.move, {address: APP_ADDRESS});
    expect(system(ask(PURPOSE.move, {address: NEXT_APP}))).toEqual([]);
    seconds = DELAY_S * 3n + 1n;
    expect(system(ask(PURPOSE.message, {sender: USER}))).toEqual([moved()]);
  });

  test.for([
    ["somebody else", {sender: USER, address: NEXT_APP}, "NOT_OWNER"],
    ["no address", {address: "0x12"}, "BAD_ADDRESS"],
    ["a process that is not there", {process: uuidOf("nobody"), address: NEXT_APP}, "UNKNOWN_PROCESS"],
  ] as const)("of %s goes back", ([, of, code]) => {
    ask(PURPOSE.move, of);
    expect(reason()).toMatchObject({kind: "refund", reason: code});
  });
});

describe("a transfer", () => {
  test("makes somebody else the owner, ends the move that was asked for, and is not undone by the old one", () => {
    ask(PURPOSE.move, {address: NEXT_APP});
    ask(PURPOSE.transfer, {extra: uuidBytes(USER)});
    expect(reason()).toMatchObject({reason: "TRANSFERRED"});
    expect(process()?.owner).toBe(USER);
    seconds = DELAY_S + 1n;
    expect(system(ask(PURPOSE.close))).toEqual([]);
    expect(reason()).toMatchObject({reason: "NOT_OWNER"});
    ask(PURPOSE.transfer, {sender: USER, extra: uuidBytes(APP)});
    expect(process()?.owner).toBe(APP);
  });
  test.for([
    ["no id", new Uint8Array(0)],
    ["a long one", new Uint8Array(17).fill(1)],
    ["nobody", new Uint8Array(16)],
  ] as const)("to %s goes back", ([, extra]) => {
    ask(PURPOSE.transfer, {extra});
    expect(reason()).toMatchObject({reason: "BAD_CHANGE"});
  });
});

describe("the end of a process", () => {
  test("is told to the contract; what is paid afterwards goes back; its owner can open it again, with nonces that go on", () => {
    ask(PURPOSE.message, {sender: USER});
    expect(system(ask(PURPOSE.close))).toEqual([toHex(encodeSystemEvent({kind: "close", process: APP}))]);
    expect(reason()).toMatchObject({reason: "CLOSED"});
    for (const purpose of [PURPOSE.message, PURPOSE.credit, PURPOSE.move, PURPOSE.close]) {
      ask(purpose, {address: NEXT_APP});
      expect(reason()).toMatchObject({reason: "UNKNOWN_PROCESS"});
    }
    const again = ask(PURPOSE.register, {address: NEXT_APP});
    const args = {process: APP, app: NEXT_APP, policy: 0, gasLimit: 300_000, firstNonce: 1n};
    expect(system(again)).toEqual([toHex(encodeSystemEvent({kind: "register", ...args}))]);
    const {outboxes} = ask(PURPOSE.message, {sender: USER});
    expect(decodeEvent(outboxes[0]?.events[0] as Uint8Array).nonce).toBe(1n);
    expect(processes(ledger.state).length).toBe(1);
  });
  test("ends a move", () => {
    ask(PURPOSE.move, {address: NEXT_APP});
    ask(PURPOSE.close);
    seconds = DELAY_S * 2n;
    expect(system(ask(PURPOSE.message, {sender: USER}))).toEqual([]);
  });
  test("leaves the messages of others alone", () => {
    const other = uuidOf("other");
    ledger.introduce({process: other}).decide(registrationFact(200, other));
    ask(PURPOSE.close);
    const {outboxes} = ledger.decide(outputFact(201, {extra: messageMemo(other)}));
    expect(outboxes[0]?.events.length).toBe(1);
  });
});
