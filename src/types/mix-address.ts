import {toBase58} from "../base/base58.ts";
import {concatBytes, utf8} from "../base/bytes.ts";
import {EncodeError} from "../base/errors.ts";
import {sha3} from "../base/hash.ts";
import {parseUuid, type Uuid, uuidBytes} from "./ids.ts";

/** Users of Mixin of whom `threshold` have to agree to spend. */
export interface MixinReceiver {
  readonly members: readonly Uuid[];
  readonly threshold: number;
}

/**
 * The MIX address of a multisig, the same for any order of its members. [Mixin address format, version 2:
 * "MIX" ‖ base58(2 ‖ threshold ‖ n ‖ n · 16 bytes ‖ first 4 bytes of sha3-256("MIX" ‖ what precedes))]
 * @throws EncodeError OUT_OF_RANGE unless 1 ≤ threshold ≤ members ≤ 64
 */
export function mixAddress({members, threshold}: MixinReceiver): string {
  if (members.length > 64 || threshold < 1 || threshold > members.length)
    throw new EncodeError("OUT_OF_RANGE", {field: "threshold", want: `1 to ${Math.min(64, members.length)}`, got: threshold});
  const sorted = members.map((m) => parseUuid(m)).sort();
  const payload = concatBytes(Uint8Array.of(2, threshold, sorted.length), ...sorted.map(uuidBytes));
  return `MIX${toBase58(concatBytes(payload, sha3(utf8("MIX"), payload).subarray(0, 4)))}`;
}
