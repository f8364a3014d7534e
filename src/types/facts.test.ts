import fc from "fast-check";
import {describe, expect, test} from "vitest";
import {testCodec} from "../../test/support/codec.ts";
import {anyFact, facts} from "../../test/support/facts.ts";
import {toHex} from "../base/bytes.ts";
import {keccakHex} from "../base/hash.ts";
import {
  areCanonical,
  DKG_BODY_MAX,
  decodeFact,
  encodeFact,
  FACT_CODE,
  type Fact,
  LOG_DATA_MAX,
  OUTPUT_EXTRA_MAX,
  sortFacts,
} from "./facts.ts";

const {tick: _, ...longer} = facts;
for (const [kind, arbitrary] of Object.entries(longer)) testCodec(kind, arbitrary, {encode: encodeFact, decode: decodeFact});

test("a tick is one byte", () => {
  expect(toHex(encodeFact({kind: "tick"}))).toBe("0x00");
  expect(decodeFact(Uint8Array.of(0))).toEqual({kind: "tick"});
});

test("a name that is no UTF-8 is refused, also where its replacement is as long", () => {
  const fact = {kind: "assetInfo", asset: "00000000-0000-4000-8000-000000000000", symbol: "BTC", name: "\u540d"} as const;
  const bytes = encodeFact(fact);
  expect(decodeFact(bytes)).toEqual(fact);
  bytes.set([0xf0, 0x90, 0x8d], bytes.length - 3); // the first three bytes of four
  expect(() => decodeFact(bytes)).toThrow(expect.objectContaining({code: "BAD_TEXT"}));
});

test("the first byte is the kind; others are unknown", () => {
  fc.assert(
    fc.property(anyFact, (fact) => {
      expect(encodeFact(fact)[0]).toBe(FACT_CODE[fact.kind]);
    }),
  );
  for (const code of [1, 5, 11, 255]) expect(() => decodeFact(Uint8Array.of(code))).toThrow(expect.objectContaining({code: "UNKNOWN_TAG"}));
});

describe("what decodeFact would refuse is not encoded", () => {
  const sample = <K extends Fact["kind"]>(kind: K) => fc.sample(facts[kind], {numRuns: 1, seed: 7})[0] as Fact & {kind: K};
  const cases: {name: string; fact: Fact}[] = [
    {name: "five topics", fact: {...sample("chainLog"), topics: Array(5).fill(`0x${"00".repeat(32)}`)}},
    {name: "long log data", fact: {...sample("chainLog"), data: new Uint8Array(LOG_DATA_MAX + 1)}},
    {name: "a long DKG message", fact: {...sample("dkgMessage"), body: new Uint8Array(DKG_BODY_MAX + 1)}},
    {name: "a long extra", fact: {...sample("mixinOutput"), extra: new Uint8Array(OUTPUT_EXTRA_MAX + 1)}},
    {name: "65 senders", fact: {...sample("mixinOutput"), senders: Array(65).fill("bd670872-76ce-3263-b933-3aa337e212a4")}},
    {name: "17 references", fact: {...sample("mixinOutput"), references: Array(17).fill(`0x${"00".repeat(32)}`)}},
  ];
  test.for(cases)("$name", ({fact}) => {
    expect(() => encodeFact(fact)).toThrow(expect.objectContaining({name: "EncodeError", code: "OUT_OF_RANGE"}));
  });
});

describe("the canonical order", () => {
  const many = fc.array(anyFact, {maxLength: 20});

  test("is one for any order of the same facts", () =>
    fc.assert(
      fc.property(many, (list) => {
        const distinct = [...new Map(list.map((fact) => [keyOf(fact), fact])).values()];
        const sorted = sortFacts(distinct);
        expect(sortFacts([...distinct].reverse())).toEqual(sorted);
        expect(areCanonical(sorted)).toBe(true);
        if (sorted.length > 1) expect(areCanonical([...sorted].reverse())).toBe(false);
        if (sorted.length > 0) expect(areCanonical([...sorted, sorted.at(-1) as Fact])).toBe(false);
      }),
    ));

  /** By what a fact is ordered, as the protocol says it. */
  function keyOf(fact: Fact): string {
    if (fact.kind === "tick") return "tick";
    if (fact.kind === "chainHead") return `head ${fact.platform}`;
    if (fact.kind === "chainLog") return `log ${fact.platform} ${fact.block} ${fact.index}`;
    if (fact.kind === "mixinOutput") return `output ${fact.sequence} ${fact.outputId}`;
    return keccakHex(encodeFact(fact));
  }

  test("goes by kind, then as the protocol says", () =>
    fc.assert(
      fc.property(many, (list) => {
        const sorted = sortFacts(list);
        sorted.forEach((b, i) => {
          const a = sorted[i - 1];
          if (a === undefined) return;
          expect(FACT_CODE[a.kind]).toBeLessThanOrEqual(FACT_CODE[b.kind]);
          if (a.kind === "chainHead" && b.kind === "chainHead") expect(a.platform <= b.platform).toBe(true);
          if (a.kind === "chainLog" && b.kind === "chainLog" && a.platform === b.platform) expect(a.block <= b.block).toBe(true);
          if (a.kind === "mixinOutput" && b.kind === "mixinOutput") expect(a.sequence <= b.sequence).toBe(true);
          if (a.kind === b.kind && (a.kind === "payoutReceipt" || a.kind === "evidence"))
            expect(keccakHex(encodeFact(a)) <= keccakHex(encodeFact(b))).toBe(true);
        });
      }),
    ));
});
