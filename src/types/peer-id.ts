import {bytesToBig} from "../base/bytes.ts";
import {DecodeError} from "../base/errors.ts";

/** libp2p peer ids: text in base58btc (12D3KooW…, Qm…) in configurations, the multihash itself on chain. */

const ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
const BYTES_MAX = 64;
const TEXT_MAX = 90;

/** Throws DecodeError BAD_TEXT where the bytes are none, or too many for Staking. */
export function peerIdText(multihash: Uint8Array): string {
  if (multihash.length === 0 || multihash.length > BYTES_MAX)
    throw new DecodeError("BAD_TEXT", {field: "peerId", want: `1 to ${BYTES_MAX} bytes`, got: multihash.length});
  let text = "";
  for (let value = bytesToBig(multihash); value > 0n; value /= 58n) text = ALPHABET.charAt(Number(value % 58n)) + text;
  const zeros = multihash.findIndex((byte) => byte !== 0);
  return ALPHABET.charAt(0).repeat(zeros < 0 ? multihash.length : zeros) + text;
}

/** Throws DecodeError BAD_TEXT. */
export function peerIdBytes(text: string): Uint8Array {
  if (text.length === 0 || text.length > TEXT_MAX)
    throw new DecodeError("BAD_TEXT", {field: "peerId", want: `1 to ${TEXT_MAX} letters`, got: text.length});
  const digits: number[] = []; // base 256, the lowest first
  for (let i = 0; i < text.length; i++) {
    let carry = ALPHABET.indexOf(text.charAt(i));
    if (carry < 0) throw new DecodeError("BAD_TEXT", {field: "peerId", offset: i, want: "base58btc"});
    for (let d = 0; d < digits.length; d++) {
      carry += (digits[d] as number) * 58;
      digits[d] = carry & 0xff;
      carry >>= 8;
    }
    if (carry > 0) digits.push(carry);
  }
  const zeros = text.length - text.replace(/^1+/, "").length;
  const bytes = Uint8Array.from([...new Array<number>(zeros).fill(0), ...digits.reverse()]);
  if (bytes.length > BYTES_MAX) throw new DecodeError("BAD_TEXT", {field: "peerId", want: `at most ${BYTES_MAX} bytes`, got: bytes.length});
  return bytes;
}
