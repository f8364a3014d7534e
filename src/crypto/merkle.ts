import {compareBytes, equalBytes} from "../base/bytes.ts";
import {InvariantError} from "../base/errors.ts";
import {keccak256} from "../base/hash.ts";

/**
 * Merkle trees of protocol "Names and digests": parent = keccak256(min ‖ max), as OpenZeppelin's MerkleProof checks them;
 * an odd last node goes up unchanged; one leaf is the root; no leaves have root 0, which proves nothing.
 */

/** Longest proof: what a thousand leaves need. */
export const PROOF_MAX = 10;

/** Leaf of an outbox: keccak256(keccak256(event)), `event` being its ABI encoding. Twice, so that no node is a leaf. */
export function eventLeaf(event: Uint8Array): Uint8Array {
  return keccak256(keccak256(event));
}

/** Leaf of a block's payload: keccak256(kind ‖ canonical fact), which is what encodeFact gives. */
export function payloadLeaf(encodedFact: Uint8Array): Uint8Array {
  return keccak256(encodedFact);
}

/** Root over 32-byte leaves in their order. */
export function merkleRoot(leaves: readonly Uint8Array[]): Uint8Array {
  let level = leaves;
  while (level.length > 1) level = levelAbove(level);
  return level[0] ?? new Uint8Array(32);
}

/** Siblings from the leaf up. Throws InvariantError where there is no such leaf. */
export function merkleProof(leaves: readonly Uint8Array[], index: number): Uint8Array[] {
  if (leaves[index] === undefined) throw new InvariantError("INVARIANT", {what: `no leaf ${index} of ${leaves.length}`});
  const proof: Uint8Array[] = [];
  let at = index;
  for (let level = leaves; level.length > 1; level = levelAbove(level)) {
    const sibling = level[at ^ 1];
    if (sibling !== undefined) proof.push(sibling);
    at >>= 1;
  }
  return proof;
}

/** Whether `proof` leads from `leaf` to `root`; the zero root proves nothing. */
export function verifyProof(of: {root: Uint8Array; leaf: Uint8Array; proof: readonly Uint8Array[]}): boolean {
  if (of.proof.length > PROOF_MAX || of.proof.some((node) => node.length !== 32) || of.root.every((byte) => byte === 0)) return false;
  return equalBytes(of.proof.reduce(parent, of.leaf), of.root);
}

function levelAbove(level: readonly Uint8Array[]): Uint8Array[] {
  return Array.from({length: Math.ceil(level.length / 2)}, (_, i) => {
    const left = level[2 * i] as Uint8Array;
    const right = level[2 * i + 1];
    return right === undefined ? left : parent(left, right);
  });
}

function parent(a: Uint8Array, b: Uint8Array): Uint8Array {
  return compareBytes(a, b) < 0 ? keccak256(a, b) : keccak256(b, a);
}
