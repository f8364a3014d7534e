import {sha256} from "../src/base/hash.ts";
import type {Tree} from "../src/mvm/tree.ts";
import {messageMemo, outputFact, registrationFact, TestLedger} from "../test/support/ledger.ts";
import {type Benchmark, cpuNow, resultOf, rounded} from "./harness.ts";

const PER_BLOCK = 500;
const HASHED = new Uint8Array(65);

/**
 * Messages per second that the ledger builds into blocks, state root included, by CPU time, in a state that grows.
 *
 * Bound: SHA-256 alone, of 65 bytes for every node of the state tree that the block has made (two for a leaf, whose value
 * is hashed too, and one for its name). The nodes are counted: a new tree shares all others with the one before.
 */
export const ledgerBench: Benchmark = {
  name: "ledger",
  about: `messages applied per second, state root included, in blocks of ${PER_BLOCK}; bound: the SHA-256 of the state tree's new nodes alone`,
  async run({n}) {
    const ledger = new TestLedger().runDkg().introduce();
    ledger.decide(registrationFact(1));
    let sequence = 2;
    const rates: number[] = [];
    const bounds: number[] = [];
    let hashes = 0;
    const blocks = n ?? 20;
    for (let block = 0; block < blocks; block++) {
      const facts = Array.from({length: PER_BLOCK}, () => outputFact(sequence++, {extra: messageMemo(undefined, new Uint8Array(64))}));
      const before = ledger.state.tree;
      const start = cpuNow();
      ledger.decide(...facts);
      rates.push(rateSince(start));
      const needed = hashesOf(ledger.state.tree, before);
      const bare = cpuNow();
      for (let i = 0; i < needed; i++) sha256(HASHED);
      bounds.push(rateSince(bare));
      hashes += needed;
    }
    const bound = resultOf("", "1/s", bounds).median;
    return [resultOf("messages applied", "1/s", rates, {bound, hashesPerMessage: rounded(hashes / blocks / PER_BLOCK)})];
  },
};

function rateSince(start: number): number {
  return (PER_BLOCK * 1_000) / (cpuNow() - start);
}

/** Hashes of the nodes that `tree` does not share with `before`, which stands at the same place. */
function hashesOf(tree: Tree, before: Tree): number {
  if (tree === null || tree === before) return 0;
  if (tree.leaf) return 3;
  const [left, right] = before === null || before.leaf ? [before, before] : [before.left, before.right];
  return 1 + hashesOf(tree.left, left) + hashesOf(tree.right, right);
}
