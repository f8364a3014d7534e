import blst from "@chainsafe/blst";
import {getBytes, hexlify, toBeHex, zeroPadValue} from "ethers";

/** A key of BLS12-381 whose signatures are the group's: what the DKG would share out. */
export interface BlsKey {
  /** 128 bytes, EIP-2537. */
  readonly publicKey: string;
  /** 256 bytes, EIP-2537, over 32 bytes. */
  sign(digest: string): string;
}

export function blsKey(secret: bigint): BlsKey {
  const key = blst.SecretKey.fromBytes(getBytes(toBeHex(secret, 32)));
  return {
    publicKey: g1(key.toPublicKey().toBytes(false)),
    sign: (digest) => g2(key.sign(getBytes(digest)).toBytes(false)),
  };
}

const fp = (bytes: Uint8Array) => zeroPadValue(hexlify(bytes), 64).slice(2);

/** 96 bytes x ‖ y to EIP-2537. */
export function g1(bytes: Uint8Array): string {
  return `0x${fp(bytes.subarray(0, 48))}${fp(bytes.subarray(48))}`;
}
/** 192 bytes x.c1 ‖ x.c0 ‖ y.c1 ‖ y.c0 to EIP-2537, which has c0 first. */
export function g2(bytes: Uint8Array): string {
  const [xc1, xc0, yc1, yc0] = [0, 48, 96, 144].map((from) => fp(bytes.subarray(from, from + 48)));
  return `0x${xc0}${xc1}${yc0}${yc1}`;
}
