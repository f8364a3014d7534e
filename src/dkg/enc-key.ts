import {fromHex, type Hex} from "../base/bytes.ts";
import {blsPublicKey, blsSign, blsVerify} from "../crypto/bls.ts";
import {taggedHash, u64, validatorId} from "./tagged.ts";

/** The epoch in the proof of the dealing key that is given with a deposit. */
export const DEPOSIT_EPOCH = 2n ** 64n - 1n;

export interface EncKeyOwner {
  readonly networkId: Hex;
  /** The epoch that the key is for, or DEPOSIT_EPOCH. */
  readonly epoch: bigint;
  readonly operator: Hex;
}

/** Proof of possession (96 bytes) of a dealing key: only who knows `encSecret` (32 bytes) makes it, and for one owner and epoch. */
export function encKeyProof(encSecret: Uint8Array, owner: EncKeyOwner): Uint8Array {
  return blsSign(encSecret, digest(blsPublicKey(encSecret), owner));
}

/** Whether `proof` is encKeyProof of the secret behind `encKey` (48 bytes). False on any bad input. */
export function verifyEncKeyProof(encKey: Uint8Array, proof: Uint8Array, owner: EncKeyOwner): boolean {
  return blsVerify(encKey, digest(encKey, owner), proof);
}

function digest(encKey: Uint8Array, owner: EncKeyOwner): Uint8Array {
  return taggedHash("EKPOP", fromHex(owner.networkId, "networkId", 32), u64(owner.epoch), validatorId(owner.operator), encKey);
}
