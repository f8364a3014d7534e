/**
 * The scenarios of "Twins: BFT Systems Made Robust" (arXiv 2004.10617) for four validators, of which one runs twice with one key:
 * who proposes each of three rounds, and into which parts the network falls in it.
 *
 * Rounds of Tendermint have two votes, and a partition that lets a polka through lets the decision through as well. So where a part has
 * a quorum of validators there is a third choice: all votes are heard in it, or precommits for a value by nobody before the heal, or
 * the prevotes by one honest instance alone, which locks what nobody else does.
 */

/** Instances 0, 1, 2 are honest validators; 3 and 4 are the twins, both validator 3. */
export const INSTANCES = 5;
export const ROUNDS = 3;
export const HONEST = [0, 1, 2];
const TWINS = 3;
const QUORUM = 3;

/** What the network does in one round; `parts` has the part of each instance, numbered by first appearance. */
export interface Split {
  readonly parts: readonly number[];
  readonly hidesPrecommits: boolean;
  /** The one instance of its part that hears prevotes; null: all do. */
  readonly listener: number | null;
}

export interface Scenario {
  /** Validator that proposes each round. */
  readonly proposers: readonly number[];
  readonly splits: readonly Split[];
}

/** The validator that an instance is. */
export function validatorOf(instance: number): number {
  return Math.min(instance, TWINS);
}

export const SPLITS: readonly Split[] = partitions(INSTANCES).flatMap((parts): Split[] => {
  const whole: Split = {parts, hidesPrecommits: false, listener: null};
  const listeners = HONEST.filter((i) => hasQuorum(parts, parts[i]));
  if (!parts.some((part) => hasQuorum(parts, part))) return [whole];
  return [whole, {...whole, hidesPrecommits: true}, ...listeners.map((listener) => ({...whole, listener}))];
});

/** Renamings that change nothing: the three honest ones in any order, the twins in both. */
const RENAMINGS: readonly (readonly number[])[] = orders(HONEST).flatMap((honest) => [
  [...honest, 3, 4],
  [...honest, 4, 3],
]);

/** `IMAGES[g][s]`: what split `s` becomes under renaming `g`. */
const IMAGES: readonly (readonly number[])[] = RENAMINGS.map((to) => {
  const names = new Map(SPLITS.map((split, i) => [splitName(split), i]));
  return SPLITS.map((split) => {
    const moved = Array.from({length: INSTANCES}, () => -1);
    for (const [instance, part] of split.parts.entries()) moved[to[instance] as number] = part;
    const listener = split.listener === null ? null : (to[split.listener] as number);
    return names.get(splitName({...split, parts: numbered(moved), listener})) as number;
  });
});

/** All before any is left out as the renaming of another. */
export const ALL = (4 * SPLITS.length) ** ROUNDS;

/** One list of proposers for each that differs by more than names. */
export function proposerLists(): number[][] {
  const lists = Array.from({length: 4 ** ROUNDS}, (_, n) => Array.from({length: ROUNDS}, (_, r) => Math.floor(n / 4 ** r) % 4));
  return lists.filter((list) => RENAMINGS.every((to) => compare(list, renamed(list, to)) <= 0));
}

/** Whether this beginning of a list of splits (by index) is the first of those that differ from it by names only; `proposers` is from the list above. */
export function isFirst(proposers: readonly number[], splits: readonly number[]): boolean {
  return RENAMINGS.every((to, g) => {
    if (compare(renamed(proposers, to), proposers) !== 0) return true;
    return (
      compare(
        splits,
        splits.map((s) => IMAGES[g]?.[s] as number),
      ) <= 0
    );
  });
}

function renamed(validators: readonly number[], to: readonly number[]): number[] {
  return validators.map((validator) => validatorOf(to[validator] as number));
}

function hasQuorum(parts: readonly number[], part: number | undefined): boolean {
  return new Set(parts.flatMap((other, i) => (other === part ? [validatorOf(i)] : []))).size >= QUORUM;
}

/** All ways to put so many things into parts. */
function partitions(count: number): number[][] {
  if (count === 0) return [[]];
  return partitions(count - 1).flatMap((parts) => Array.from({length: Math.max(-1, ...parts) + 2}, (_, part) => [...parts, part]));
}

function numbered(parts: readonly number[]): number[] {
  const order = [...new Set(parts)];
  return parts.map((part) => order.indexOf(part));
}

function orders(list: readonly number[]): number[][] {
  if (list.length === 0) return [[]];
  return list.flatMap((first) => orders(list.filter((one) => one !== first)).map((rest) => [first, ...rest]));
}

/** `00012`: who is in one part; `h`: precommits are hidden; `/1`: 1 alone hears prevotes. */
export function splitName({parts, hidesPrecommits, listener}: Split): string {
  return `${parts.join("")}${hidesPrecommits ? "h" : ""}${listener === null ? "" : `/${listener}`}`;
}

function compare(a: readonly number[], b: readonly number[]): number {
  for (const [i, one] of a.entries()) if (one !== b[i]) return one - (b[i] as number);
  return 0;
}
