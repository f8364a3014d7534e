import fc from "fast-check";
import {expect, test} from "vitest";
import {uuidOf} from "../../test/support/ledger.ts";
import {Draft, recordsOf} from "./draft.ts";
import {listAdd, listHead, listIds, listRemove} from "./lists.ts";
import {LISTS} from "./tables.ts";

test("a list ascends by rank, equal ranks in the order of arrival, whatever was added and removed in whatever blocks", () =>
  fc.assert(
    fc.property(
      fc.array(fc.record({rank: fc.bigInt(0n, 5n), remove: fc.option(fc.nat()), commit: fc.boolean()}), {maxLength: 40}),
      (steps) => {
        let draft = new Draft(null);
        let model: {id: string; rank: bigint}[] = [];
        steps.forEach(({rank, remove, commit}, i) => {
          const id = uuidOf(`item ${i}`);
          listAdd(draft, "list", id, {rank});
          const at = model.findIndex((item) => item.rank > rank);
          model.splice(at < 0 ? model.length : at, 0, {id, rank});
          const gone = remove === null ? undefined : model[remove % model.length];
          if (gone !== undefined) {
            listRemove(draft, "list", gone.id);
            model = model.filter((item) => item !== gone);
          }
          if (commit) draft = new Draft(draft.commit());
        });
        const records = recordsOf(draft.commit());
        expect([...listIds(records, "list")]).toEqual(model.map((item) => item.id));
        expect(records.get(LISTS, "list")?.count ?? 0).toBe(model.length);
        expect(records.get(LISTS, "list")?.tail ?? null).toBe(model.at(-1)?.id ?? null);
        expect(listHead(records, "list")).toBe(model[0]?.id ?? null);
      },
    ),
  ));

test("an emptied list leaves nothing behind", () => {
  const draft = new Draft(null);
  for (const i of [1, 2, 3]) listAdd(draft, "list", uuidOf(`${i}`));
  for (const i of [2, 1, 3]) listRemove(draft, "list", uuidOf(`${i}`));
  expect(draft.commit()).toBeNull();
});

test("lists do not know of each other", () => {
  const draft = new Draft(null);
  listAdd(draft, "a", uuidOf("1"));
  listAdd(draft, "b", uuidOf("1"));
  listRemove(draft, "a", uuidOf("1"));
  expect([...listIds(draft, "b")]).toEqual([uuidOf("1")]);
  expect(() => listRemove(draft, "a", uuidOf("1"))).toThrow(expect.objectContaining({code: "INVARIANT"}));
});
