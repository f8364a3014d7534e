import {InvariantError, invariant} from "../base/errors.ts";
import {decodeFact, type MixinOutput} from "../types/facts.ts";
import type {Uuid} from "../types/ids.ts";
import type {Draft, Records} from "./draft.ts";
import {linkOf, listAdd, listHead, listIds, listRemove} from "./lists.ts";
import type {AssetRecord, LinkRecord, PayoutInput} from "./records.ts";
import {ASSETS, LISTS, OUTPUTS} from "./tables.ts";

/** Inputs of one transaction: the Mixin ledger takes 256, the rest is room. */
export const INPUTS_MAX = 250;

/** Every asset that was ever received. */
export const ASSET_LIST = "assets";
const freeList = (asset: Uuid, size: number) => `free/${asset}/${size}`;

const EMPTY: AssetRecord = {
  received: 0n,
  custody: 0n,
  paid: 0n,
  refunded: 0n,
  rewarded: 0n,
  free: 0n,
  reserved: 0n,
  transit: 0n,
  balances: 0n,
  owed: 0n,
  held: 0n,
  credits: 0n,
  fees: 0n,
  waiting: 0n,
  classes: 0n,
  merges: 0n,
  merge: null,
};

type Book = Exclude<keyof AssetRecord, "classes" | "merges" | "merge">;
export type Entries = Partial<Record<Book, bigint>>;

export function booksOf(records: Records, asset: Uuid): AssetRecord {
  return records.get(ASSETS, asset) ?? EMPTY;
}

/** Adds `entries` to the books of an asset. */
export function book(draft: Draft, asset: Uuid, entries: Entries): void {
  const before = draft.get(ASSETS, asset);
  if (before === undefined) listAdd(draft, ASSET_LIST, asset);
  const after: Record<string, unknown> = {...(before ?? EMPTY)};
  for (const field of Object.keys(entries) as Book[]) after[field] = (after[field] as bigint) + (entries[field] as bigint);
  draft.put(ASSETS, asset, after as unknown as AssetRecord);
}

/** Throws InvariantError where the books of an asset that this block has touched do not agree. */
export function checkBooks(draft: Draft): void {
  for (const {key, value: a} of draft.touched(ASSETS)) {
    const fits = a.received === a.custody + a.paid + a.refunded + a.rewarded;
    const placed = a.custody === a.free + a.reserved + a.transit;
    const owned = a.custody === a.balances + a.owed + a.held + a.credits + a.fees + a.waiting;
    if (!fits || !placed || !owned || Object.values(a).some((amount) => typeof amount === "bigint" && amount < 0n))
      throw new InvariantError("INVARIANT", {what: `the books of ${key} do not agree`});
  }
}

/** A decided output can be spent from here on. */
export function addFree(draft: Draft, output: MixinOutput): void {
  const size = sizeClass(output.amount);
  listAdd(draft, freeList(output.asset, size), output.outputId, {rank: output.sequence, weight: output.amount});
  const books = booksOf(draft, output.asset);
  draft.put(ASSETS, output.asset, {...books, free: books.free + output.amount, classes: books.classes | (1n << BigInt(size))});
}

interface Candidate {
  readonly id: Uuid;
  readonly size: number;
  readonly link: LinkRecord;
}

/**
 * Reserves free outputs worth at least `amount`: by sequence ascending until the sum suffices; where INPUTS_MAX of those are
 * not enough, the largest ones, so that no amount of dust keeps anybody from being paid.
 * @returns the inputs by sequence ascending, or why there are none: `short` (wait for change), `scattered` (there is enough, in
 *          more pieces than one transaction takes)
 */
export function reserve(draft: Draft, asset: Uuid, amount: bigint): readonly PayoutInput[] | "short" | "scattered" {
  if (booksOf(draft, asset).free < amount) return "short";
  const chosen = choose(bySequence(draft, asset), amount) ?? choose(bySize(draft, asset), amount);
  if (chosen === null) return "scattered";
  return take(draft, asset, chosen);
}

/** Reserves the first INPUTS_MAX free outputs, whatever they are worth. */
export function reserveOldest(draft: Draft, asset: Uuid): readonly PayoutInput[] {
  const chosen: Candidate[] = [];
  for (const candidate of bySequence(draft, asset)) if (chosen.push(candidate) === INPUTS_MAX) break;
  return take(draft, asset, chosen);
}

/** How many outputs of an asset are free. */
export function countFree(records: Records, asset: Uuid): number {
  return sizesOf(records, asset).reduce((sum, size) => sum + (records.get(LISTS, freeList(asset, size))?.count ?? 0), 0);
}

/** Ids of free outputs of all assets, at most `max`. */
export function freeOutputs(records: Records, max: number): Uuid[] {
  const found: Uuid[] = [];
  for (const asset of listIds(records, ASSET_LIST))
    for (const {id} of bySequence(records, asset))
      if (found.length < max) found.push(id);
      else return found;
  return found;
}

function choose(candidates: Iterable<Candidate>, amount: bigint): Candidate[] | null {
  const chosen: Candidate[] = [];
  let sum = 0n;
  for (const candidate of candidates) {
    if (sum >= amount || chosen.length === INPUTS_MAX) break;
    chosen.push(candidate);
    sum += candidate.link.weight;
  }
  return sum >= amount ? chosen : null;
}

function take(draft: Draft, asset: Uuid, chosen: readonly Candidate[]): PayoutInput[] {
  const ordered = [...chosen].sort((a, b) => compare(a, b));
  let sum = 0n;
  for (const {id, size, link} of ordered) {
    listRemove(draft, freeList(asset, size), id);
    sum += link.weight;
  }
  const books = booksOf(draft, asset);
  let classes = books.classes;
  for (const size of new Set(ordered.map((c) => c.size)))
    if (listHead(draft, freeList(asset, size)) === null) classes &= ~(1n << BigInt(size));
  draft.put(ASSETS, asset, {...books, classes, free: books.free - sum, reserved: books.reserved + sum});
  return ordered.map(({id}) => {
    const {outputId, sequence, txHash, index, amount} = outputOf(draft, id);
    return {outputId, sequence, txHash, index, amount};
  });
}

/** Free outputs by sequence: the heads of all size classes, merged. */
function* bySequence(records: Records, asset: Uuid): Generator<Candidate> {
  const heads = sizesOf(records, asset).flatMap((size) => candidateAt(records, asset, size, listHead(records, freeList(asset, size))));
  while (heads.length > 0) {
    const first = heads.reduce((best, head) => (compare(head, best) < 0 ? head : best));
    yield first;
    heads.splice(heads.indexOf(first), 1, ...candidateAt(records, asset, first.size, first.link.next));
  }
}

/** Free outputs, the largest size class first. */
function* bySize(records: Records, asset: Uuid): Generator<Candidate> {
  for (const size of sizesOf(records, asset).reverse()) {
    let [at] = candidateAt(records, asset, size, listHead(records, freeList(asset, size)));
    while (at !== undefined) {
      yield at;
      [at] = candidateAt(records, asset, size, at.link.next);
    }
  }
}

function candidateAt(records: Records, asset: Uuid, size: number, id: Uuid | null): Candidate[] {
  return id === null ? [] : [{id, size, link: linkOf(records, freeList(asset, size), id)}];
}

function compare(a: Candidate, b: Candidate): number {
  if (a.link.rank !== b.link.rank) return a.link.rank < b.link.rank ? -1 : 1;
  return a.id < b.id ? -1 : 1;
}

function sizesOf(records: Records, asset: Uuid): number[] {
  const {classes} = booksOf(records, asset);
  const sizes: number[] = [];
  for (let size = 0; classes >> BigInt(size) > 0n; size++) if ((classes >> BigInt(size)) & 1n) sizes.push(size);
  return sizes;
}

/** Bits of the amount: all outputs of a class are within a factor of two. */
function sizeClass(amount: bigint): number {
  return amount.toString(2).length;
}

/** A decided output, as its fact says. */
export function outputOf(records: Records, outputId: Uuid): MixinOutput {
  const record = records.get(OUTPUTS, outputId);
  invariant(record !== undefined, `output ${outputId} is not decided`);
  const fact = decodeFact(record.fact);
  invariant(fact.kind === "mixinOutput", `output ${outputId} is another fact`);
  return fact;
}
