import type {Hex} from "../base/bytes.ts";
import {toHex} from "../base/bytes.ts";
import type {Reader, Writer} from "../base/codec.ts";
import {keccak256} from "../base/hash.ts";
import {maskDigest} from "./digests.ts";
import {type Uuid, uuidFromHex} from "./ids.ts";

/** Who writes to which process: what a mask stands for. `senders` ascend. */
export interface MaskPair {
  readonly process: Uuid;
  readonly senders: readonly Uuid[];
  readonly threshold: number;
}
/** The group has signed a pair that waits for its mask; the mask follows from the signature. */
export interface MaskFact extends MaskPair {
  readonly kind: "mask";
  /** 96 bytes: the group's signature over maskDigest. */
  readonly signature: Uint8Array;
}

const SENDERS_MAX = 64;

/** Short name of a pair: the first 16 bytes of its digest. */
export function pairId(networkId: Hex, pair: MaskPair): Uuid {
  return uuidFromHex(toHex(maskDigest({networkId, ...pair}).subarray(0, 16)));
}

/**
 * Whom the process sees: 16 bytes as UUID text. A BLS signature is unique, so the mask is the same for ever, and nobody computes it
 * without the group key (protocol, "Names and digests").
 */
export function maskFromSignature(signature: Uint8Array): Uuid {
  return uuidFromHex(toHex(keccak256(signature).subarray(0, 16)));
}

export function writeMaskFact(w: Writer, fact: MaskFact): Writer {
  return w
    .uuid(fact.process)
    .list(fact.senders, (to, sender) => to.uuid(sender))
    .u16(fact.threshold)
    .fixed(fact.signature, 96);
}

/** Throws DecodeError. */
export function readMaskFact(r: Reader): MaskFact {
  return {
    kind: "mask",
    process: r.uuid("mask.process"),
    senders: r.list(SENDERS_MAX, "mask.senders", () => r.uuid("mask.senders")),
    threshold: r.u16("mask.threshold"),
    signature: r.fixed(96, "mask.signature"),
  };
}
