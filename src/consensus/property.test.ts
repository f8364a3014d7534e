import fc from "fast-check";
import {expect, test} from "vitest";
import {FOUR, HEIGHT, setOf} from "./scenario.ts";
import {initialState, step} from "./step.ts";
import type {Effect, Input, State} from "./types.ts";

const round = fc.oneof({weight: 6, arbitrary: fc.integer({min: 0, max: 3})}, {weight: 1, arbitrary: fc.integer({min: 0, max: 9})});
const value = fc.constantFrom("A", "B", "C");
const from = fc.integer({min: 0, max: 3});
const height = fc.oneof({weight: 20, arbitrary: fc.constant(HEIGHT)}, {weight: 1, arbitrary: fc.constantFrom(HEIGHT - 1, HEIGHT + 1)});
const id = fc.constantFrom("x", "y");
const quorumOf = fc.constantFrom([0, 1, 2], [0, 2, 3], [1, 2, 3], [0, 1, 2, 3], [0, 1]);

const input: fc.Arbitrary<Input> = fc.oneof(
  {
    weight: 80,
    arbitrary: fc.record({
      kind: fc.constant("vote"),
      type: fc.constantFrom("prevote", "precommit"),
      height,
      round,
      value: fc.option(value),
      from,
      id,
    }),
  },
  {weight: 40, arbitrary: fc.tuple(height, round, fc.integer({min: -1, max: 3}), value, id).map(proposalInTurn)},
  {weight: 20, arbitrary: fc.record({kind: fc.constant("verdict"), value, verdict: fc.constantFrom("valid", "valid", "invalid")})},
  {
    weight: 20,
    arbitrary: fc.record({kind: fc.constant("timeout"), step: fc.constantFrom("propose", "prevote", "precommit"), height, round}),
  },
  {weight: 10, arbitrary: fc.record({kind: fc.constant("value"), round, value: fc.option(value)})},
  {weight: 10, arbitrary: fc.record({kind: fc.constant("polka"), height, round, value, from: quorumOf})},
  {weight: 1, arbitrary: fc.record({kind: fc.constant("commit"), height, round, value, from: quorumOf})},
  {
    weight: 1,
    arbitrary: fc.record({kind: fc.constant("start"), height, set: fc.constantFrom(FOUR, setOf(1, 2, 2, 2)), me: fc.option(from)}),
  },
) as fc.Arbitrary<Input>;

const me = fc.option(from);
const inputs = fc.array(input, {minLength: 1, maxLength: 80});

function proposalInTurn([h, r, polRound, v, text]: [number, number, number, string, string]): Input {
  return {kind: "proposal", height: h, round: r, polRound: Math.min(polRound, r - 1), value: v, from: (h + r) % 4, id: text};
}

/** A valid input with one field made into something else. */
const broken = fc
  .tuple(input, fc.nat(8), fc.oneof(fc.anything(), fc.constantFrom(-1, 0.5, 2 ** 53, Number.NaN, "", null, undefined, [], {})))
  .map(([whole, at, garbage]): Input => {
    const names = Object.keys(whole);
    return {...whole, [names[at % names.length] ?? "kind"]: garbage} as Input;
  });

type Run = {readonly states: readonly State[]; readonly effects: readonly Effect[]};

function run(list: readonly Input[], index: number | null): Run {
  let {state, effects} = step(initialState(), {kind: "start", height: HEIGHT, set: FOUR, me: index});
  const states = [state];
  const all = [...effects];
  for (const one of list) {
    ({state, effects} = step(state, one));
    states.push(state);
    all.push(...effects);
  }
  return {states, effects: all};
}

function freeze<T>(data: T): T {
  if (typeof data === "object" && data !== null && !Object.isFrozen(data)) {
    Object.freeze(data);
    for (const part of Object.values(data)) freeze(part);
  }
  return data;
}

test("whatever comes, a step returns a state and effects, and what it ignores changes nothing", () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(input, broken), {maxLength: 60}), me, (list, index) => {
      let {state} = step(initialState(), {kind: "start", height: HEIGHT, set: FOUR, me: index});
      for (const one of list) {
        const next = step(state, one);
        const [only] = next.effects;
        if (only?.kind === "ignored" && only.code !== "evicted") expect(next.state).toBe(state);
        state = next.state;
      }
    }),
    {numRuns: 2_000},
  );
});

test("states are plain data, never changed in place, and equal inputs give equal states", () => {
  fc.assert(
    fc.property(inputs, me, (list, index) => {
      let state = freeze(step(initialState(), {kind: "start", height: HEIGHT, set: FOUR, me: index}).state);
      let copy = structuredClone(state);
      for (const one of list) {
        const next = step(state, freeze(structuredClone(one)));
        const other = step(copy, structuredClone(one));
        expect(other).toEqual(next);
        state = freeze(next.state);
        copy = structuredClone(state);
        expect(copy).toEqual(state);
        expect(JSON.parse(JSON.stringify(state))).toEqual(state);
      }
    }),
    {numRuns: 300},
  );
});

test("rounds only grow within a height, and heights only grow", () => {
  fc.assert(
    fc.property(inputs, me, (list, index) => {
      const {states} = run(list, index);
      states.slice(1).forEach((state, i) => {
        const before = states[i] ?? state;
        expect(state.height > before.height || (state.height === before.height && state.round >= before.round)).toBe(true);
      });
    }),
    {numRuns: 1_000},
  );
});

test("a round has one prevote, one precommit, one own proposal, one question and each timer once; a height one decision", () => {
  fc.assert(
    fc.property(inputs, me, (list, index) => {
      const once = new Set<string>();
      for (const effect of run(list, index).effects) {
        if (effect.kind === "ignored" || effect.kind === "evidence") continue;
        const step = effect.kind === "vote" ? effect.type : effect.kind === "timer" ? effect.step : "";
        const key = `${effect.kind} ${step} ${effect.height}/${effect.kind === "decide" ? "" : effect.round}`;
        expect(once.has(key), key).toBe(false);
        once.add(key);
      }
    }),
    {numRuns: 2_000},
  );
});

test("a validator votes for what it has a valid verdict on, and an observer for nothing", () => {
  fc.assert(
    fc.property(inputs, me, (list, index) => {
      let {state} = step(initialState(), {kind: "start", height: HEIGHT, set: FOUR, me: index});
      for (const one of list) {
        const next = step(state, one);
        for (const effect of next.effects) {
          if (effect.kind !== "vote") continue;
          expect(index === null && next.state.height === HEIGHT).toBe(false);
          if (effect.value !== null) expect(next.state.verdicts).toContainEqual({value: effect.value, valid: true});
        }
        state = next.state;
      }
    }),
    {numRuns: 1_000},
  );
});

test("the lock only moves to a younger round, and a precommit for a value is the lock of its round", () => {
  fc.assert(
    fc.property(inputs, from, (list, index) => {
      let {state} = step(initialState(), {kind: "start", height: HEIGHT, set: FOUR, me: index});
      for (const one of list) {
        const next = step(state, one);
        const moved = next.state.locked;
        if (next.state.height === state.height) {
          expect(moved?.round ?? -1).toBeGreaterThanOrEqual(state.locked?.round ?? -1);
          if (moved?.round === state.locked?.round) expect(moved).toEqual(state.locked);
        }
        for (const effect of next.effects) {
          if (effect.kind === "vote" && effect.type === "precommit" && effect.value !== null) {
            expect(moved).toEqual({round: effect.round, value: effect.value});
          }
        }
        state = next.state;
      }
    }),
    {numRuns: 1_000},
  );
});

test("votes in another order lead to the same tallies", () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.tuple(from, fc.constantFrom("prevote" as const, "precommit" as const)), {selector: String}),
      fc.infiniteStream(value),
      fc.nat(),
      (slots, values, turn) => {
        const votes = slots.map(([voter, type]): Input => {
          return {kind: "vote", type, height: HEIGHT, round: 0, value: values.next().value ?? null, from: voter, id: "x"};
        });
        const turned = votes.map((_, i) => votes[(i + turn) % votes.length] as Input);
        const tallies = (list: readonly Input[]) =>
          run(list, null)
            .states.at(-1)
            ?.rounds.map(({prevotes, precommits}) =>
              [prevotes, precommits].map((t) => [t.slots, t.seats, [...t.values].sort((a, b) => `${a.value}`.localeCompare(`${b.value}`))]),
            );
        expect(tallies(turned)).toEqual(tallies(votes));
      },
    ),
  );
});
