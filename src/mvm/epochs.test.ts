import {beforeAll, describe, expect, test} from "vitest";
import {
  boundaryHead,
  depositLog,
  foundersOf,
  type Person,
  personOf,
  Resharer,
  seatProof,
  stakingFacts,
  stakingLog,
} from "../../test/support/epochs.ts";
import type {RawLog} from "../../test/support/group-logs.ts";
import {TestLedger, testNetwork, uuidOf} from "../../test/support/ledger.ts";
import {type Hex, toHex} from "../base/bytes.ts";
import {blsSign, blsVerify} from "../crypto/bls.ts";
import {recoverSignature} from "../crypto/threshold.ts";
import {validatorsHashOf} from "../types/digests.ts";
import {uuidBytes} from "../types/ids.ts";
import {encodeSystemEvent} from "../types/system-events.ts";
import {epochAt, epochDueAt, epochInForce, epochOf, epochsOf, epochToCome} from "./epoch-queries.ts";
import {applyFacts, heightOf} from "./ledger.ts";
import {groupKey, needsTicks, paymentOf} from "./queries.ts";

const EPOCH = 60;
const START = 1_700_000_000;
const joiner = personOf("joiner");
let founded: {ledger: TestLedger; founders: Person[]; resharer: (ledger: TestLedger) => Resharer};

function found(): typeof founded {
  const network = testNetwork();
  const {genesis} = network;
  const ledger = new TestLedger({...network, genesis: {...genesis, parameters: {...genesis.parameters, epochSeconds: EPOCH}}});
  const founders = foundersOf(ledger);
  const resharer = new Resharer(ledger, [...founders, joiner]);
  resharer.run();
  return {ledger, founders, resharer: () => resharer};
}

beforeAll(() => {
  founded = found();
});

/** A ledger of its own, with the founders' deposits taken. */
function start() {
  const {ledger, founders, resharer} = found();
  ledger.decide(
    ...stakingFacts(
      ledger,
      founders.map((person) => depositLog(ledger, person)),
    ),
  );
  return {ledger, founders, resharer: resharer(ledger)};
}

function join(ledger: TestLedger, sequence = 1): void {
  ledger.decide(...stakingFacts(ledger, [depositLog(ledger, joiner)]));
  ledger.decide(seatProof(sequence, joiner.users[0] as string, joiner.operator));
}

describe("a boundary", () => {
  test("is a head of the home chain that is late enough, and needs no log", () => {
    const {ledger} = start();
    expect(epochDueAt(ledger.state)).toBe(START + EPOCH);
    const early = boundaryHead(ledger, START + EPOCH - 1);
    expect(() => ledger.decide(early)).toThrow(expect.objectContaining({code: "EMPTY_HEAD"}));
    ledger.decide(boundaryHead(ledger, START + EPOCH));
    expect(epochToCome(ledger.state)).toMatchObject({epoch: 1, startedAt: START + EPOCH, from: null, shares: null});
    expect([epochDueAt(ledger.state), needsTicks(ledger.state), ledger.state.session.phase]).toEqual([null, true, "deal"]);
    expect(() => ledger.decide(boundaryHead(ledger, START + 10 * EPOCH))).toThrow(expect.objectContaining({code: "EMPTY_HEAD"}));
  });

  test("never comes where epochs have no length", () => {
    const ledger = new TestLedger().runDkg();
    expect(epochDueAt(ledger.state)).toBeNull();
    expect(() => ledger.decide(boundaryHead(ledger, 2 * START))).toThrow(expect.objectContaining({code: "EMPTY_HEAD"}));
  });

  test("before the key is there makes nothing due", () => {
    const network = testNetwork();
    const ledger = new TestLedger({
      ...network,
      genesis: {...network.genesis, parameters: {...network.genesis.parameters, epochSeconds: 1}},
    });
    expect(epochDueAt(ledger.state)).toBeNull();
  });
});

describe("the next set", () => {
  const operatorsOf = (ledger: TestLedger) => epochToCome(ledger.state)?.validators.map((v) => v.operator);

  test("takes in who has staked and whose user has paid", () => {
    const {ledger, founders} = start();
    join(ledger);
    expect(paymentOf(ledger.state, uuidOf("output 1"))?.fate).toMatchObject({kind: "refund", reason: "SEAT_PROVEN"});
    ledger.decide(boundaryHead(ledger, START + EPOCH));
    expect(operatorsOf(ledger)).toEqual([...founders.map((f) => f.operator), joiner.operator].sort());
    expect(epochInForce(ledger.state).validators).toHaveLength(4);
  });

  test("leaves out whose user has not paid, or in another's name", () => {
    const {ledger, founders} = start();
    ledger.decide(...stakingFacts(ledger, [depositLog(ledger, joiner)]));
    ledger.decide(seatProof(1, joiner.users[0] as string, (founders[0] as Person).operator));
    ledger.decide(boundaryHead(ledger, START + EPOCH));
    expect(operatorsOf(ledger)).toEqual(founders.map((f) => f.operator));
  });

  test("counts seats that were added, as far as their users have paid", () => {
    const {ledger, founders} = start();
    const more = [uuidOf("second"), uuidOf("third")];
    const {operator} = founders[2] as Person;
    ledger.decide(
      ...stakingFacts(ledger, [
        stakingLog(
          "SeatsAdded",
          operator,
          2,
          more.map((id) => toHex(uuidBytes(id))),
        ),
      ]),
    );
    ledger.decide(seatProof(1, more[1] as string, operator));
    join(ledger, 2);
    // nobody may hold a third: of six seats two are too many, of seven they are not
    const other = personOf("another");
    ledger.decide(...stakingFacts(ledger, [depositLog(ledger, other)]), seatProof(3, other.users[0] as string, other.operator));
    ledger.decide(boundaryHead(ledger, START + EPOCH));
    const next = epochToCome(ledger.state)?.validators.find((v) => v.operator === operator);
    expect(next).toMatchObject({seats: 2, mixinUsers: [(founders[2] as Person).users[0], more[1]]});
  });

  const ZERO = `0x${"00".repeat(20)}`;
  const leaving: {name: string; logs: (operator: Hex) => RawLog[]; stays: boolean}[] = [
    {name: "leaves", logs: (operator) => [stakingLog("Exited", operator, 0, 1)], stays: false},
    {name: "is jailed", logs: (operator) => [stakingLog("Jailed", operator, 1)], stays: false},
    {
      name: "is jailed and comes back",
      logs: (operator) => [stakingLog("Jailed", operator, 1), stakingLog("Unjailed", operator)],
      stays: true,
    },
    {name: "has lied", logs: (operator) => [stakingLog("Slashed", operator, ZERO, 5, 1), stakingLog("Unjailed", operator)], stays: false},
    {
      name: "takes its only seat back",
      logs: (operator) => [stakingLog("SeatsRemoved", operator, 0, [toHex(uuidBytes(joiner.users[0] as string))])],
      stays: false,
    },
  ];
  test.for(leaving)("of somebody who $name", ({logs, stays}) => {
    const {ledger} = start();
    join(ledger);
    ledger.decide(...stakingFacts(ledger, logs(joiner.operator)));
    ledger.decide(boundaryHead(ledger, START + EPOCH));
    expect(operatorsOf(ledger)?.includes(joiner.operator)).toBe(stays);
  });

  test("is the old one where nobody has staked", () => {
    const {ledger} = found();
    ledger.decide(boundaryHead(ledger, START + EPOCH));
    expect(epochToCome(ledger.state)?.validators).toEqual(ledger.network.genesis.validators);
  });

  test("is what Staking showed at the boundary, whatever comes later", () => {
    const {ledger, founders} = start();
    ledger.decide(boundaryHead(ledger, START + EPOCH));
    join(ledger);
    expect(operatorsOf(ledger)).toEqual(founders.map((f) => f.operator));
  });
});

describe("a change of the set", () => {
  test("keeps the group key, and takes effect at one height", () => {
    const {ledger, resharer} = start();
    join(ledger);
    ledger.decide(boundaryHead(ledger, START + EPOCH));
    const key = groupKey(ledger.state);
    const next = epochToCome(ledger.state)?.validators ?? [];
    resharer.run();
    const s = heightOf(ledger.state) + 1;
    expect(epochsOf(ledger.state)).toMatchObject({current: 1, from: s, changing: false});
    expect(epochInForce(ledger.state)).toMatchObject({epoch: 1, from: s, validators: next});
    expect([epochAt(ledger.state, s - 1).epoch, epochAt(ledger.state, s).epoch, epochAt(ledger.state, 1).epoch]).toEqual([0, 1, 0]);
    expect(groupKey(ledger.state)).toEqual(key);
    expect(epochDueAt(ledger.state)).toBe(START + 2 * EPOCH);

    // a quorum of the new seats signs under the same key, and t - 1 of them with one old one does not
    const shares = epochInForce(ledger.state).shares;
    const message = new Uint8Array(32).fill(7);
    const sign = (held: Map<number, Uint8Array>, seats: readonly number[]) =>
      seats.map((seat) => ({seat, signature: blsSign(held.get(seat) as Uint8Array, message)}));
    const fresh = resharer.sharesOf(shares?.sid as Hex);
    const old = resharer.sharesOf(epochOf(ledger.state, 0)?.shares?.sid as Hex);
    const verifies = (partials: {seat: number; signature: Uint8Array}[]) =>
      blsVerify(key?.key as Uint8Array, message, recoverSignature(partials));
    expect([fresh.size, old.size]).toEqual([5, 4]);
    expect(verifies(sign(fresh, [1, 2, 4, 5]))).toBe(true);
    expect(verifies([...sign(fresh, [1, 2, 3]), ...sign(old, [4])])).toBe(false);
  });

  test("is told to every contract by the last block of the old set", () => {
    const {ledger, resharer} = start();
    join(ledger);
    ledger.decide(boundaryHead(ledger, START + EPOCH));
    for (const fact of resharer.dealings()) ledger.decide(fact);
    while (ledger.state.session.phase !== "ack") ledger.decide({kind: "tick"});
    const acks = resharer.acks();
    const applied = acks.map((fact) => ledger.decide(fact)).at(-1);
    const {epoch, validators} = epochInForce(ledger.state);
    const set = encodeSystemEvent({kind: "validatorSet", epoch, validatorsHash: validatorsHashOf(1, validators)});
    expect(applied?.outboxes.map(({outbox, system}) => [outbox.platform, system])).toEqual(
      ledger.state.network.platforms.map((platform) => [platform, [set]]),
    );
  });

  test("is refused by blocks of the other epoch", () => {
    const {ledger, resharer} = start();
    ledger.decide(boundaryHead(ledger, START + EPOCH));
    const build = (epoch: number) =>
      applyFacts(ledger.state, {
        height: heightOf(ledger.state) + 1,
        epoch,
        parentTime: 0,
        facts: [seatProof(9, uuidOf("x"), joiner.operator)],
      });
    expect(() => build(1)).toThrow(expect.objectContaining({code: "WRONG_EPOCH"}));
    resharer.run();
    expect(() => build(0)).toThrow(expect.objectContaining({code: "WRONG_EPOCH"}));
    expect(build(1).time).toBeGreaterThan(0);
  });

  test("that fails is tried again with the same seats, while the old set goes on", () => {
    const {ledger, founders, resharer} = start();
    join(ledger);
    ledger.decide(boundaryHead(ledger, START + EPOCH));
    const frozen = epochToCome(ledger.state)?.validators;
    const few = new Set(founders.slice(0, 2).map((f) => f.operator));
    for (const fact of resharer.dealings((operator) => few.has(operator))) ledger.decide(fact);
    while (ledger.state.session.attempt === 0) ledger.decide({kind: "tick"});
    expect([ledger.state.session.attempt, epochsOf(ledger.state).current]).toEqual([1, 0]);
    expect(epochToCome(ledger.state)?.validators).toEqual(frozen);
    resharer.run();
    expect(epochsOf(ledger.state).current).toBe(1);
    // in attempt 1 a quorum of ACKs is enough, and nobody waits for the others
    expect(epochInForce(ledger.state).validators).toEqual(frozen);
  });

  test("follows another, each with shares of its own", () => {
    const {ledger, resharer} = start();
    for (let epoch = 1; epoch <= 3; epoch++) {
      ledger.decide(boundaryHead(ledger, START + epoch * EPOCH));
      resharer.run();
      expect(epochsOf(ledger.state)).toMatchObject({current: epoch, changing: false});
    }
    expect(new Set([0, 1, 2, 3].map((epoch) => epochOf(ledger.state, epoch)?.shares?.sid)).size).toBe(4);
  });

  test("takes dealings from the old set and ACKs from the new one only", () => {
    const {ledger, resharer} = start();
    join(ledger);
    ledger.decide(boundaryHead(ledger, START + EPOCH));
    const [dealing] = resharer.dealings();
    const forged = {...(dealing as object), from: 4} as typeof dealing;
    expect(() => ledger.decide(forged as never)).toThrow(expect.objectContaining({code: "UNKNOWN_VALIDATOR"}));
    ledger.decide(dealing as never);
  });
});

test("logs of Staking that say nothing of a stake are counted and change nothing", () => {
  const {ledger} = founded;
  const before = epochsOf(ledger.state);
  ledger.decide(...stakingFacts(ledger, [{topics: [`0x${"77".repeat(32)}`], data: new Uint8Array(3)}]));
  expect(epochsOf(ledger.state)).toEqual(before);
});
