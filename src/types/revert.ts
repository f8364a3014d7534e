import {type AbiType, abiDecode} from "../base/abi-decode.ts";
import {type Hex, toHex, utf8} from "../base/bytes.ts";
import {DecodeError} from "../base/errors.ts";
import {keccak256} from "../base/hash.ts";
import {MIXIN_APP_ABI, MIXIN_GROUP_ABI} from "./contract-abi.ts";

const ERROR_STRING = "0x08c379a0";
const PANIC = "0x4e487b71";

/** [Solidity documentation, "Panic via assert and error via require"] */
const PANICS: Readonly<Record<number, string>> = {
  1: "an assertion does not hold",
  17: "an addition, subtraction or multiplication overflows",
  18: "a division by zero",
  33: "a number is no member of the enum",
  34: "a storage byte array is damaged",
  49: "pop of an empty array",
  50: "an index is out of bounds",
  65: "too much memory",
  81: "a call of a function variable that is not set",
};

/**
 * What a contract's revert data says, in words: `require` texts, panics, and custom errors where their ABI is known.
 * Never throws; data that was cut (the group contract keeps 132 bytes) is told as far as it goes.
 * @param abi  human-readable lines, of which those that begin with "error " are used; the network's own are always known
 */
export function explainRevert(data: Uint8Array, abi: readonly string[] = []): string {
  if (data.length === 0) return "it gave no reason: a revert without data, no contract at the address, or too little gas";
  const selector = toHex(data.subarray(0, 4));
  const body = data.subarray(4);
  if (selector === ERROR_STRING) return `"${cutText(body)}"`;
  if (selector === PANIC) {
    const code = body[31] ?? 0;
    return `a panic: ${PANICS[code] ?? `code ${code}`}`;
  }
  const known = [...abi, ...MIXIN_GROUP_ABI, ...MIXIN_APP_ABI].flatMap((line) => parseError(line) ?? []);
  const found = known.find((error) => error.selector === selector);
  if (found === undefined) return `a custom error with the selector ${selector}, which the ABI of the app explains: ${toHex(data)}`;
  return `${found.name}(${values(found, body)})`;
}

interface CustomError {
  readonly name: string;
  readonly selector: Hex;
  readonly inputs: readonly {readonly type: string; readonly name: string}[];
}

/** An error of a human-readable ABI line; null for any other line, and for one whose types are not plain. */
function parseError(line: string): CustomError | null {
  const parts = /^error (\w+)\(([^()]*)\)$/.exec(line.trim());
  if (parts === null) return null;
  const [, name = "", list = ""] = parts;
  const inputs = list === "" ? [] : list.split(",").map((item) => item.trim().split(/\s+/));
  const typed = inputs.map(([type = "", label = ""]) => ({type, name: label}));
  const selector = toHex(keccak256(utf8(`${name}(${typed.map((i) => i.type).join(",")})`)).subarray(0, 4));
  return {name, selector, inputs: typed};
}

function values({inputs}: CustomError, body: Uint8Array): string {
  const plain = inputs.every(({type}) => /^(uint\d+|bytes\d*|address)$/.test(type));
  if (!plain) return toHex(body);
  try {
    const all = abiDecode(
      inputs.map((i) => i.type as AbiType),
      body,
    );
    return inputs.map(({name}, i) => `${name}${name === "" ? "" : ": "}${show(all[i] as bigint | Hex | Uint8Array)}`).join(", ");
  } catch (error) {
    if (error instanceof DecodeError) return `${toHex(body)}…`;
    throw error;
  }
}

function show(value: bigint | Hex | Uint8Array): string {
  return value instanceof Uint8Array ? toHex(value) : `${value}`;
}

/** The text of an Error(string), as far as it is there. */
function cutText(body: Uint8Array): string {
  const length = body.length < 64 ? 0 : Math.min(0xffff, ((body[62] as number) << 8) | (body[63] as number));
  const kept = body.subarray(64, 64 + length);
  const text = new TextDecoder().decode(kept).replace(/[\p{Cc}\p{Cf}]/gu, "·");
  return kept.length < length ? `${text}…` : text;
}
