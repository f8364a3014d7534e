import {describe, expect, test} from "vitest";
import type {MixinOutput} from "../types/facts.ts";
import {OutputSet, sameOutput} from "./output-set.ts";

const id = (n: number) => `00000000-0000-4000-8000-${`${n}`.padStart(12, "0")}`;
const output = (n: number): MixinOutput => ({
  kind: "mixinOutput",
  outputId: id(n),
  sequence: BigInt(n),
  txHash: `0x${"11".repeat(32)}`,
  index: 0,
  requestId: id(900 + n),
  asset: id(500),
  amount: 5n,
  receiversHash: `0x${"22".repeat(32)}`,
  senders: [id(600), id(601)],
  sendersThreshold: 1,
  extra: Uint8Array.of(1, 2),
  references: [`0x${"33".repeat(32)}`],
  createdAt: 7n,
});
const changes: Partial<MixinOutput>[] = [
  {outputId: id(999)},
  {sequence: 0n},
  {txHash: `0x${"12".repeat(32)}`},
  {index: 1},
  {requestId: id(1)},
  {asset: id(1)},
  {amount: 6n},
  {receiversHash: `0x${"23".repeat(32)}`},
  {senders: [id(600)]},
  {senders: [id(600), id(602)]},
  {sendersThreshold: 2},
  {extra: Uint8Array.of(1, 3)},
  {references: []},
  {createdAt: 8n},
];
const fresh = (options: Partial<ConstructorParameters<typeof OutputSet>[0]> = {}) =>
  new OutputSet({undecidedMax: 100, decidedMax: 100, isDecided: () => false, ...options});
const sequences = (set: OutputSet, count = 100) => set.undecided(count).map((seen) => Number(seen.output.sequence));

test("every field makes a difference", () => {
  const o = output(1);
  expect(sameOutput(o, structuredClone(o))).toBe(true);
  for (const change of changes) expect(sameOutput(o, {...o, ...change}), Object.keys(change)[0]).toBe(false);
});

describe("output set", () => {
  test("shows what is undecided in order, also what came late", () => {
    const set = fresh();
    for (const n of [5, 2, 9, 1, 7]) expect(set.add(output(n), n)).toBe("new");
    expect(sequences(set)).toEqual([1, 2, 5, 7, 9]);
    expect(sequences(set, 2)).toEqual([1, 2]);
    expect(set.decide([output(2), output(9)])).toEqual([]);
    expect(sequences(set)).toEqual([1, 5, 7]);
    set.add(output(3), 0);
    expect(sequences(set)).toEqual([1, 3, 5, 7]);
    expect(set.undecided(1)[0]?.seenAtMs).toBe(1);
  });

  test("judges by what was seen", () => {
    const set = fresh();
    expect(set.judge(output(1))).toBe("unknown");
    set.add(output(1), 0);
    expect(set.judge(structuredClone(output(1)))).toBe("valid");
    for (const change of changes.slice(1)) expect(set.judge({...output(1), ...change})).toBe("invalid");
    set.decide([output(1)]);
    expect(set.judge(output(1))).toBe("valid");
    expect([set.knows(id(1)), set.knows(id(2))]).toEqual([true, false]);
  });

  test("judges what is decided by what is shown of it, before or after", () => {
    const set = fresh({isDecided: (uuid) => uuid === id(8)});
    set.add(output(1), 0);
    set.decide([{...output(1), amount: 6n}, output(2), output(3)]);
    expect([1, 2, 3, 8].map((n) => set.judge(output(n)))).toEqual(["invalid", "unknown", "unknown", "unknown"]);
    for (const n of [2, 8]) set.add(output(n), 0);
    set.add({...output(3), amount: 6n}, 0);
    expect([1, 2, 3, 8].map((n) => set.judge(output(n)))).toEqual(["invalid", "valid", "invalid", "valid"]);
    expect(set.size).toBe(0);
  });

  test("what is decided is not shown again, whether it was seen before, is seen later, or only the ledger knows it", () => {
    const set = fresh({isDecided: (uuid) => uuid === id(8)});
    set.add(output(1), 0);
    expect(set.add(output(1), 5)).toBe("known");
    set.decide([output(1), output(2)]);
    expect([set.add(output(1), 0), set.add(output(2), 0), set.add(output(8), 0)]).toEqual(["known", "known", "known"]);
    expect(set.size).toBe(0);
  });

  test("contradictions are named: shown twice differently, decided otherwise before or after it was seen", () => {
    const set = fresh();
    set.add(output(1), 0);
    expect(set.add({...output(1), amount: 6n}, 0)).toBe("changed");
    expect(set.undecided(1)[0]?.output.amount).toBe(5n);
    expect(set.decide([{...output(1), amount: 6n}])).toEqual([{...output(1), amount: 6n}]);
    set.decide([output(2)]);
    expect(set.add({...output(2), amount: 6n}, 0)).toBe("contradiction");
    expect(set.add({...output(2), amount: 6n}, 0)).toBe("known");
  });

  test("bounded: bodies are refused above the limit, the oldest decided ids are forgotten", () => {
    const set = fresh({undecidedMax: 2, decidedMax: 2});
    expect([1, 2, 3].map((n) => set.add(output(n), 0))).toEqual(["new", "new", "full"]);
    expect(set.isFull).toBe(true);
    set.decide([output(1), output(2), output(3)]);
    expect(set.isFull).toBe(false);
    expect([1, 2, 3].map((n) => set.knows(id(n)))).toEqual([false, true, true]);
  });
});
