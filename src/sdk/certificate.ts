import {bls12_381} from "@noble/curves/bls12-381.js";
import {fromHex, type Hex} from "../base/bytes.ts";
import {blockHashOf, type Outbox} from "../types/block.ts";
import {certificateDigest} from "../types/digests.ts";

const bls = bls12_381.longSignatures;
const TAG = "BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_";

/** A certificate as the node's API shows it, with the block it speaks of. */
export interface CertificateClaim {
  readonly networkId: Hex;
  readonly epoch: number;
  readonly height: number;
  readonly round: number;
  /** The block by its hash, or by what contracts get of it. */
  readonly block: Hex | {readonly coreHash: Hex; readonly outboxes: readonly Outbox[]};
  /** 96 bytes. */
  readonly signature: Hex;
}

/**
 * Whether the group has certified this block: needs the group key and no trust in whoever tells it. Pure JavaScript,
 * about 30 ms. Never throws.
 * @param groupKey  48 bytes, or 128 as the group contract stores it
 */
export function verifyCertificate(claim: CertificateClaim, groupKey: Hex): boolean {
  try {
    const blockHash = typeof claim.block === "string" ? claim.block : blockHashOf(claim.height, claim.block.coreHash, claim.block.outboxes);
    const digest = certificateDigest({...claim, blockHash});
    return bls.verify(fromHex(claim.signature, "signature", 96), bls.hash(digest, TAG), keyPoint(groupKey));
  } catch {
    return false;
  }
}

/** The point of a compressed key, or of one in the form of EIP-2537: two field elements of 64 bytes. */
function keyPoint(groupKey: Hex): InstanceType<typeof bls12_381.G1.Point> {
  const bytes = fromHex(groupKey, "groupKey");
  if (bytes.length === 48) return checked(bls12_381.G1.Point.fromBytes(bytes));
  const coordinate = (at: number) => BigInt(`0x${groupKey.slice(2 + 2 * at, 2 + 2 * (at + 64))}`);
  return checked(bls12_381.G1.Point.fromAffine({x: coordinate(0), y: coordinate(64)}));
}

function checked(point: InstanceType<typeof bls12_381.G1.Point>): InstanceType<typeof bls12_381.G1.Point> {
  point.assertValidity(); // on the curve, in the subgroup, not infinity
  return point;
}
