import {type Hex, toHex, utf8} from "../base/bytes.ts";
import {keccak256} from "../base/hash.ts";
import {Refused} from "./refused.ts";

/** An address in lower case, or in the mixed case that checks it. [EIP-55] Throws Refused BAD_ADDRESS. */
export function readAddress(text: string): Hex {
  const lower = text.toLowerCase();
  if (!/^0x[0-9a-f]{40}$/.test(text) && !(/^0x[0-9a-fA-F]{40}$/.test(text) && text === checksummed(lower)))
    throw new Refused("BAD_ADDRESS");
  if (/^0x0{40}$/.test(text)) throw new Refused("BAD_ADDRESS");
  return lower as Hex;
}

function checksummed(lower: string): string {
  const digits = toHex(keccak256(utf8(lower.slice(2)))).slice(2);
  return `0x${[...lower.slice(2)].map((c, i) => (Number.parseInt(digits.charAt(i), 16) >= 8 ? c.toUpperCase() : c)).join("")}`;
}
