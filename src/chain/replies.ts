import {fromHex, type Hex} from "../base/bytes.ts";
import {ChainError} from "./errors.ts";
import type {ChainProvider} from "./provider.ts";

/** What an RPC node answers, checked: each throws ChainError BAD_REPLY, and nothing else, where the form is wrong. */

const DATA_BYTES_MAX = 16_384;

export interface Header {
  readonly number: number;
  readonly hash: Hex;
  readonly parentHash: Hex;
  /** Seconds since 1970. */
  readonly timestamp: number;
  /** wei per gas. */
  readonly baseFee: bigint;
}

export interface LogEntry {
  readonly address: Hex;
  readonly blockNumber: number;
  readonly blockHash: Hex;
  /** Of the log in its block. */
  readonly index: number;
  readonly topics: readonly Hex[];
  readonly data: Uint8Array;
}

export interface Receipt {
  readonly txHash: Hex;
  readonly blockNumber: number;
  readonly succeeded: boolean;
  readonly gasUsed: bigint;
  readonly contractAddress: Hex | null;
  /** Who logged, and the first topic; the rest may be anything of any size. */
  readonly logs: readonly {readonly address: Hex; readonly topic: Hex | null}[];
}

function bad(field: string, got: unknown): ChainError {
  return new ChainError("BAD_REPLY", {field, got: String(got).slice(0, 80)});
}

function record(value: unknown, field: string): Record<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw bad(field, value);
  return value as Record<string, unknown>;
}

/** A JSON-RPC QUANTITY of at most 256 bits. */
export function parseQuantity(value: unknown, field: string): bigint {
  if (typeof value !== "string" || !/^0x[0-9a-f]{1,64}$/i.test(value)) throw bad(field, value);
  return BigInt(value);
}

/** A QUANTITY that fits a JS number. */
export function parseCount(value: unknown, field: string): number {
  const quantity = parseQuantity(value, field);
  if (quantity > BigInt(Number.MAX_SAFE_INTEGER)) throw bad(field, value);
  return Number(quantity);
}

/** Hex text of `size` bytes, in lower case. */
export function parseFixed(value: unknown, size: number, field: string): Hex {
  if (typeof value !== "string" || value.length !== 2 + 2 * size || !/^0x[0-9a-f]*$/i.test(value)) throw bad(field, value);
  return value.toLowerCase() as Hex;
}

/** Hex text of any even number of digits. */
export function parseBytes(value: unknown, field: string, sizeMax: number): Uint8Array {
  if (typeof value !== "string" || value.length > 2 + 2 * sizeMax || !/^0x(?:[0-9a-f]{2})*$/i.test(value)) throw bad(field, value);
  return fromHex(value, field);
}

/** A block without its transactions; null where the node has none. */
export function parseHeader(value: unknown, field = "block"): Header | null {
  if (value === null) return null;
  const block = record(value, field);
  return {
    number: parseCount(block["number"], `${field}.number`),
    hash: parseFixed(block["hash"], 32, `${field}.hash`),
    parentHash: parseFixed(block["parentHash"], 32, `${field}.parentHash`),
    timestamp: parseCount(block["timestamp"], `${field}.timestamp`),
    baseFee: parseQuantity(block["baseFeePerGas"] ?? "0x0", `${field}.baseFeePerGas`),
  };
}

export function parseLogs(value: unknown): LogEntry[] {
  if (!Array.isArray(value)) throw bad("logs", value);
  return value.map((item: unknown, i) => {
    const field = `logs[${i}]`;
    const log = record(item, field);
    if (log["removed"] === true) throw bad(`${field}.removed`, true);
    const topics = log["topics"];
    if (!Array.isArray(topics) || topics.length > 4) throw bad(`${field}.topics`, topics);
    return {
      address: parseFixed(log["address"], 20, `${field}.address`),
      blockNumber: parseCount(log["blockNumber"], `${field}.blockNumber`),
      blockHash: parseFixed(log["blockHash"], 32, `${field}.blockHash`),
      index: parseCount(log["logIndex"], `${field}.logIndex`),
      topics: topics.map((topic) => parseFixed(topic, 32, `${field}.topics`)),
      data: parseBytes(log["data"], `${field}.data`, DATA_BYTES_MAX),
    };
  });
}

/** null where the transaction is not in a block. */
export function parseReceipt(value: unknown): Receipt | null {
  if (value === null) return null;
  const receipt = record(value, "receipt");
  const created = receipt["contractAddress"] ?? null;
  const logs = receipt["logs"];
  if (!Array.isArray(logs)) throw bad("receipt.logs", logs);
  return {
    txHash: parseFixed(receipt["transactionHash"], 32, "receipt.transactionHash"),
    blockNumber: parseCount(receipt["blockNumber"], "receipt.blockNumber"),
    succeeded: parseQuantity(receipt["status"], "receipt.status") === 1n,
    gasUsed: parseQuantity(receipt["gasUsed"], "receipt.gasUsed"),
    contractAddress: created === null ? null : parseFixed(created, 20, "receipt.contractAddress"),
    logs: logs.map((item: unknown) => {
      const log = record(item, "receipt.logs");
      const topic: unknown = Array.isArray(log["topics"]) ? log["topics"][0] : undefined;
      return {
        address: parseFixed(log["address"], 20, "receipt.logs.address"),
        topic: topic === undefined ? null : parseFixed(topic, 32, "receipt.logs.topics"),
      };
    }),
  };
}

export const quantity = (value: number | bigint): Hex => `0x${value.toString(16)}`;

/** The header of block `at`, a number or a tag; null where the node has none. */
export async function readHeader(provider: ChainProvider, at: number | "latest" | "finalized"): Promise<Header | null> {
  const tag = typeof at === "number" ? quantity(at) : at;
  const header = parseHeader(await provider.request("eth_getBlockByNumber", [tag, false]));
  if (header !== null && typeof at === "number" && header.number !== at) throw bad("block.number", header.number);
  return header;
}

/** The newest block that counts as final: the chain's own tag where `finality` is 0, else that many blocks under the head. */
export async function readFinalHead(provider: ChainProvider, finality: number): Promise<Header | null> {
  if (finality === 0) return readHeader(provider, "finalized");
  const newest = parseCount(await provider.request("eth_blockNumber", []), "blockNumber");
  return newest < finality ? null : readHeader(provider, newest - finality);
}
