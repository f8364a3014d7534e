import {equalBytes, fromHex, type Hex} from "../base/bytes.ts";
import {DecodeError} from "../base/errors.ts";
import {blsPublicKey, blsSign, blsVerify} from "../crypto/bls.ts";
import {decodeEncKey, type EncKey, encodeEncKey} from "../types/dkg.ts";
import {DkgError} from "./errors.ts";
import {taggedHash, u64, validatorId} from "./tagged.ts";
import {judgeOnce} from "./verdict.ts";

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

/** The body with which `operator` registers the key of `encSecret` for `epoch`. */
export function makeEncKey(encSecret: Uint8Array, owner: {networkId: Hex; epoch: number; operator: Hex}): Uint8Array {
  const proof = encKeyProof(encSecret, {...owner, epoch: BigInt(owner.epoch)});
  return encodeEncKey({epoch: owner.epoch, encKey: blsPublicKey(encSecret), proof});
}

/**
 * The key that a decided registration is for. The sender's signature is verified already.
 * @param epoch   the epoch after the one in force, the only one that keys are taken for, each validator's first
 * @param operator  of validator `from` of the set in force
 * @param taken   keys that are somebody's: those of the tables in force and to come and those registered for `epoch`, the
 *                sender's own among them
 * @throws DkgError where the admission rules refuse
 */
export function admitEncKey(
  message: {from: number; body: Uint8Array},
  of: {networkId: Hex; epoch: number; operator: Hex; taken: readonly Uint8Array[]},
): Uint8Array {
  const {from, body} = message;
  const {epoch, encKey, proof} = decode(message);
  if (epoch !== of.epoch) throw new DkgError("WRONG_EPOCH", {from, want: of.epoch, got: epoch});
  if (of.taken.some((key) => equalBytes(key, encKey))) throw new DkgError("REUSED_POINT", {from, field: "encKey"});
  const owner = {networkId: of.networkId, epoch: BigInt(epoch), operator: of.operator};
  const flaw = judgeOnce([body, fromHex(of.networkId), fromHex(of.operator)], () =>
    verifyEncKeyProof(encKey, proof, owner) ? null : {code: "BAD_PROOF", field: "proof"},
  );
  if (flaw !== null) throw new DkgError(flaw.code, {from, field: flaw.field});
  return encKey;
}

function decode({from, body}: {from: number; body: Uint8Array}): EncKey {
  try {
    return decodeEncKey(body);
  } catch (cause) {
    if (!(cause instanceof DecodeError)) throw cause;
    throw new DkgError("MALFORMED", {from, field: cause.data.field}, {cause});
  }
}

function digest(encKey: Uint8Array, owner: EncKeyOwner): Uint8Array {
  return taggedHash("EKPOP", fromHex(owner.networkId, "networkId", 32), u64(owner.epoch), validatorId(owner.operator), encKey);
}
