import {BoundedMap} from "../base/bounded.ts";
import {type Hex, toHex} from "../base/bytes.ts";
import {sha256} from "../base/hash.ts";
import type {DkgCode} from "./errors.ts";

/** What the curve shows to be wrong with a message. */
export interface Flaw {
  readonly code: Extract<DkgCode, "BAD_POINT" | "BAD_SCALAR" | "BAD_PROOF">;
  readonly field: string;
}

const verdicts = new BoundedMap<Hex, Flaw | null>(2_048);

/**
 * The verdict of `judge`, which must be a function of the bytes `of` alone: it is computed once, though a validator meets
 * the same message when it proposes, when it votes and when it applies, and a bad one as often as its sender likes.
 */
export function judgeOnce(of: readonly Uint8Array[], judge: () => Flaw | null): Flaw | null {
  const key = toHex(sha256(...of));
  const known = verdicts.get(key);
  if (known !== undefined) return known;
  const verdict = judge();
  verdicts.set(key, verdict);
  return verdict;
}
