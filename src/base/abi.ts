import {bigToBytes, concatBytes, fromHex, type Hex, utf8, wordInto} from "./bytes.ts";
import {InvariantError} from "./errors.ts";
import {keccak256} from "./hash.ts";

/**
 * The part of the Solidity ABI that pure folders need: words, dynamic bytes, and arrays of either, in `abi.encode` and
 * EIP-712 struct hashes. Tested against ethers. [Solidity ABI specification; EIP-712]
 */
export type AbiValue =
  | {readonly kind: "word"; readonly bytes: Uint8Array} // 32 bytes
  | {readonly kind: "bytes"; readonly bytes: Uint8Array} // dynamic
  | {readonly kind: "array"; readonly items: readonly AbiValue[]} // dynamic length
  | {readonly kind: "tuple"; readonly items: readonly AbiValue[]}; // struct

const word = (bytes: Uint8Array): AbiValue => ({kind: "word", bytes});

/** uint8 … uint256, from a number or bigint that is not negative. */
export function uint(value: number | bigint): AbiValue {
  const big = BigInt(value);
  if (big < 0n || big >= 1n << 256n) throw new InvariantError("INVARIANT", {what: `uint out of range: ${big}`});
  return word(bigToBytes(big, 32));
}
/** int32 and the like, two's complement. */
export function int(value: number): AbiValue {
  return word(bigToBytes(BigInt.asUintN(256, BigInt(value)), 32));
}
/** bytes1 … bytes32: padded on the right. */
export function fixedBytes(value: Uint8Array | Hex): AbiValue {
  const bytes = typeof value === "string" ? fromHex(value) : value;
  return word(concatBytes(bytes, new Uint8Array(32 - bytes.length)));
}
/** address: padded on the left. */
export function address(value: Hex): AbiValue {
  return word(concatBytes(new Uint8Array(12), fromHex(value, "address", 20)));
}
export function bytes(value: Uint8Array): AbiValue {
  return {kind: "bytes", bytes: value};
}
export function array(items: readonly AbiValue[]): AbiValue {
  return {kind: "array", items};
}
export function tuple(...items: readonly AbiValue[]): AbiValue {
  return {kind: "tuple", items};
}

/** `abi.encode(values…)`. */
export function abiEncode(...values: readonly AbiValue[]): Uint8Array {
  return encodeSequence(values);
}

/** `keccak256(abi.encode(values…))`, 32 bytes. */
export function abiHash(...values: readonly AbiValue[]): Uint8Array {
  return keccak256(encodeSequence(values));
}

/** keccak256 of ASCII text as a word: domain tags and type hashes. */
export function tagHash(text: string): AbiValue {
  return word(keccak256(utf8(text)));
}

/** EIP-712: keccak256(0x1901 ‖ domainSeparator ‖ hashStruct). */
export function typedDataDigest(domainSeparator: Uint8Array, typeText: string, ...fields: readonly AbiValue[]): Uint8Array {
  return keccak256(Uint8Array.of(0x19, 0x01), domainSeparator, abiHash(tagHash(typeText), ...fields));
}

function isDynamic(value: AbiValue): boolean {
  return value.kind === "bytes" || value.kind === "array" || (value.kind === "tuple" && value.items.some(isDynamic));
}

function encodeSequence(values: readonly AbiValue[]): Uint8Array {
  const out = new Uint8Array(sequenceSize(values));
  writeSequence(out, 0, values);
  return out;
}

const headSize = (value: AbiValue): number => (isDynamic(value) ? 32 : bodySize(value));

function sequenceSize(values: readonly AbiValue[]): number {
  return values.reduce((sum, value) => sum + bodySize(value) + (isDynamic(value) ? 32 : 0), 0);
}

function bodySize(value: AbiValue): number {
  switch (value.kind) {
    case "word":
      return 32;
    case "bytes":
      return 32 + Math.ceil(value.bytes.length / 32) * 32;
    case "array":
      return 32 + sequenceSize(value.items);
    case "tuple":
      return sequenceSize(value.items);
  }
}

/** Heads, then the bodies of what is dynamic, which the heads point to from `start`. */
function writeSequence(out: Uint8Array, start: number, values: readonly AbiValue[]): void {
  let head = start;
  let tail = start + values.reduce((sum, value) => sum + headSize(value), 0);
  for (const value of values) {
    if (isDynamic(value)) {
      writeCount(out, head, tail - start);
      writeBody(out, tail, value);
      head += 32;
      tail += bodySize(value);
    } else {
      writeBody(out, head, value);
      head += bodySize(value);
    }
  }
}

function writeBody(out: Uint8Array, at: number, value: AbiValue): void {
  switch (value.kind) {
    case "word":
      out.set(value.bytes, at);
      break;
    case "bytes":
      writeCount(out, at, value.bytes.length);
      out.set(value.bytes, at + 32);
      break;
    case "array":
      writeCount(out, at, value.items.length);
      writeSequence(out, at + 32, value.items);
      break;
    case "tuple":
      writeSequence(out, at, value.items);
      break;
  }
}

function writeCount(out: Uint8Array, at: number, count: number): void {
  wordInto(out, at + 28, count, 4);
}
