import {invariant} from "../base/errors.ts";
import type {Uuid} from "../types/ids.ts";
import type {Draft, Records} from "./draft.ts";
import type {LinkRecord} from "./records.ts";
import {LINKS, LISTS} from "./tables.ts";

/**
 * Ordered lists of ids in the state: a tree keyed by hashes has no order of its own. Each list ascends by rank; equal ranks
 * keep the order in which they came. Adding costs one step for every item of higher rank, so nearly always one.
 */
export function listAdd(draft: Draft, list: string, id: Uuid, {rank = 0n, weight = 0n} = {}): void {
  const ends = draft.get(LISTS, list);
  let prev = ends?.tail ?? null;
  let next: Uuid | null = null;
  while (prev !== null) {
    const link = linkOf(draft, list, prev);
    if (link.rank <= rank) break;
    next = prev;
    prev = link.prev;
  }
  draft.put(LINKS, [list, id], {prev, next, rank, weight});
  if (prev !== null) draft.put(LINKS, [list, prev], {...linkOf(draft, list, prev), next: id});
  if (next !== null) draft.put(LINKS, [list, next], {...linkOf(draft, list, next), prev: id});
  draft.put(LISTS, list, {
    head: prev === null ? id : (ends?.head ?? id),
    tail: next === null ? id : (ends?.tail ?? id),
    count: (ends?.count ?? 0) + 1,
  });
}

/** Takes `id` out of the list that holds it. */
export function listRemove(draft: Draft, list: string, id: Uuid): void {
  const {prev, next} = linkOf(draft, list, id);
  const ends = draft.get(LISTS, list);
  invariant(ends !== undefined, `no list ${list}`);
  if (prev !== null) draft.put(LINKS, [list, prev], {...linkOf(draft, list, prev), next});
  if (next !== null) draft.put(LINKS, [list, next], {...linkOf(draft, list, next), prev});
  draft.remove(LINKS, [list, id]);
  if (prev === null && next === null) draft.remove(LISTS, list);
  else
    draft.put(LISTS, list, {
      head: prev === null ? (next as Uuid) : ends.head,
      tail: next === null ? (prev as Uuid) : ends.tail,
      count: ends.count - 1,
    });
}

/** The first id of the list. */
export function listHead(records: Records, list: string): Uuid | null {
  return records.get(LISTS, list)?.head ?? null;
}

export function linkOf(records: Records, list: string, id: Uuid): LinkRecord {
  const link = records.get(LINKS, [list, id]);
  invariant(link !== undefined, `${id} is not in ${list}`);
  return link;
}

/** All ids of the list, in order. */
export function* listIds(records: Records, list: string): Generator<Uuid> {
  for (let id = listHead(records, list); id !== null; id = linkOf(records, list, id).next) yield id;
}
