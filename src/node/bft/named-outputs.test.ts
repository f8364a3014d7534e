import {randomUUID} from "node:crypto";
import {expect, test} from "vitest";
import type {OutputFeed} from "../../ports/mixin.ts";
import type {Uuid} from "../../types/ids.ts";
import {NamedOutputs} from "./named-outputs.ts";

const uuid = (): Uuid => randomUUID();

/** A clock that the test moves, and an API that answers when the test says so. */
function stage() {
  let now = 0;
  const timers = new Set<{at: number; run: () => void}>();
  const known = new Set<Uuid>();
  const existing = new Set<Uuid>();
  const questions: {ids: readonly Uuid[]; answer: () => Promise<void>}[] = [];
  const feed = {
    knows: (id: Uuid) => known.has(id),
    fetch: (ids: readonly Uuid[]) =>
      new Promise<void>((resolve) => {
        const answer = async () => {
          for (const id of ids) if (existing.has(id)) known.add(id);
          resolve();
          await new Promise((done) => setImmediate(done));
        };
        questions.push({ids, answer});
      }),
  } as unknown as OutputFeed;
  const clock = {
    now: () => now,
    after(ms: number, run: () => void) {
      const timer = {at: now + ms, run};
      timers.add(timer);
      return () => void timers.delete(timer);
    },
  };
  const pass = (ms: number) => {
    now += ms;
    for (const timer of [...timers].filter(({at}) => at <= now)) {
      timers.delete(timer);
      timer.run();
    }
  };
  return {named: new NamedOutputs({feed, clock}), questions, existing, timers, pass};
}

test("what is unknown is asked for at once, and only that", async () => {
  const {named, questions, existing, timers} = stage();
  const id = uuid();
  existing.add(id);
  named.note(1, [id]);
  expect(questions.map(({ids}) => ids)).toEqual([[id]]);
  await questions[0]?.answer();
  named.note(1, [id]);
  named.note(2, [id]);
  expect(questions).toHaveLength(1);
  expect(timers.size).toBe(0);
});

test("one question at a time, however much is named meanwhile; the newest claim of each counts", async () => {
  const {named, questions} = stage();
  for (let i = 0; i < 1_000; i++) named.note(1, [uuid()]);
  expect(questions).toHaveLength(1);
  const [old, fresh] = [uuid(), uuid()];
  named.note(2, [old]);
  named.note(2, [fresh]);
  await questions[0]?.answer();
  expect(questions.map(({ids}) => ids)[1]).toEqual([fresh]);
});

test("who names what does not exist waits ever longer, and the others do not wait for it", async () => {
  const {named, questions, existing, pass} = stage();
  const asked = () => questions.length;
  let last = 0;
  for (let ms = 0; ms < 60_000; ms += 10) {
    named.note(1, [uuid()]);
    pass(10);
    for (; last < asked(); last++) await questions[last]?.answer();
  }
  expect(asked()).toBeGreaterThan(10);
  expect(asked()).toBeLessThan(25);

  const id = uuid();
  existing.add(id);
  named.note(2, [id]);
  expect(questions.at(-1)?.ids).toEqual([id]);
});

test("one that was wrong and is right again is heard at once after that", async () => {
  const {named, questions, existing, pass} = stage();
  named.note(1, [uuid()]);
  await questions[0]?.answer();
  const good = uuid();
  existing.add(good);
  named.note(1, [good]);
  pass(40);
  expect(questions.at(-1)?.ids).toEqual([good]);
  await questions.at(-1)?.answer();
  const next = uuid();
  named.note(1, [next]);
  pass(20);
  expect(questions.at(-1)?.ids).toEqual([next]);
});

test("nothing is asked after the stop", async () => {
  const {named, questions, timers} = stage();
  named.note(1, [uuid()]);
  named.note(2, [uuid()]);
  await named.stop();
  await questions[0]?.answer();
  expect(questions).toHaveLength(1);
  expect(timers.size).toBe(0);
});
