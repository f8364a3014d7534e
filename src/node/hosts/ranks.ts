import {compareBytes, fromHex, type Hex} from "../../base/bytes.ts";
import {Writer} from "../../base/codec.ts";
import {keccak256} from "../../base/hash.ts";

/**
 * Who acts first on chain for a block, and who after it: the proposer of the decided round, then the others in an order
 * that the block hash draws. Returns validator indices by rank.
 */
export function ranksOf(of: {validators: number; first: number; blockHash: Hex}): number[] {
  const seed = fromHex(of.blockHash);
  const drawn = Array.from({length: of.validators}, (_, index) => ({index, key: keccak256(seed, new Writer().u16(index).bytes())}))
    .filter(({index}) => index !== of.first)
    .sort((a, b) => compareBytes(a.key, b.key));
  return [of.first, ...drawn.map(({index}) => index)];
}
