import {type AbiDecoded, type AbiType, abiDecode, abiDecodeWord} from "../base/abi-decode.ts";
import {type Hex, utf8} from "../base/bytes.ts";
import {DecodeError} from "../base/errors.ts";
import {keccakHex} from "../base/hash.ts";
import type {ChainLog} from "../types/facts.ts";
import {type Uuid, uuidFromHex} from "../types/ids.ts";

/** What a log of a group contract says. */
export type GroupEvent =
  | {
      readonly kind: "activated";
      readonly sid: Hex;
      readonly transcript: Hex;
      /** 128 bytes, EIP-2537. */
      readonly groupKey: Uint8Array;
      readonly epoch: bigint;
    }
  | {readonly kind: "delivered" | "committed"; readonly seq: bigint; readonly submitter: Hex}
  | {readonly kind: "messageState"; readonly process: Uuid; readonly nonce: bigint; readonly state: bigint; readonly reason: Uint8Array}
  | {readonly kind: "registered"; readonly process: Uuid; readonly app: Hex}
  | {readonly kind: "systemEventIgnored"; readonly seq: bigint}
  | {
      readonly kind: "outbound";
      readonly process: Uuid;
      readonly nonce: bigint;
      readonly asset: Uuid;
      readonly amount: bigint;
      readonly receiverKind: number;
      readonly receiver: Uint8Array;
      readonly memo: Uint8Array;
    };

/** Form of an event: its Solidity types, indexed ones first as they are declared. */
function form<const I extends readonly Exclude<AbiType, "bytes">[], const D extends readonly AbiType[]>(
  signature: string,
  indexed: I,
  data: D,
  make: (topics: {[K in keyof I]: AbiDecoded<I[K]>}, values: {[K in keyof D]: AbiDecoded<D[K]>}) => GroupEvent,
): [Hex, (log: ChainLog) => GroupEvent] {
  const read = (log: ChainLog): GroupEvent => {
    if (log.topics.length !== indexed.length + 1)
      throw new DecodeError("BAD_TEXT", {field: "log.topics", want: indexed.length + 1, got: log.topics.length});
    const topics = indexed.map((type, i) => abiDecodeWord(type, log.topics[i + 1] as Hex, "log.topics"));
    return make(topics as {[K in keyof I]: AbiDecoded<I[K]>}, abiDecode(data, log.data, "log.data"));
  };
  return [keccakHex(utf8(signature)), read];
}

const READERS: ReadonlyMap<Hex, (log: ChainLog) => GroupEvent> = new Map([
  form(
    "Activated(bytes32,bytes32,bytes,uint64)",
    [],
    ["bytes32", "bytes32", "bytes", "uint64"],
    (_, [sid, transcript, groupKey, epoch]) => ({
      kind: "activated",
      sid,
      transcript,
      groupKey,
      epoch,
    }),
  ),
  form("Delivered(uint64,address)", ["uint64", "address"], [], ([seq, submitter]) => ({kind: "delivered", seq, submitter})),
  form("Committed(uint64,address)", ["uint64", "address"], [], ([seq, submitter]) => ({kind: "committed", seq, submitter})),
  form("MessageState(bytes16,uint64,uint8,bytes)", ["bytes16", "uint64"], ["uint8", "bytes"], ([process, nonce], [state, reason]) => ({
    kind: "messageState",
    process: uuidFromHex(process),
    nonce,
    state,
    reason,
  })),
  form("Registered(bytes16,address,uint8,uint32,uint64)", ["bytes16", "address"], ["uint8", "uint32", "uint64"], ([process, app]) => ({
    kind: "registered",
    process: uuidFromHex(process),
    app,
  })),
  form("SystemEventIgnored(uint64,uint256)", ["uint64"], ["uint256"], ([seq]) => ({kind: "systemEventIgnored", seq})),
  form(
    "Outbound(bytes16,uint64,bytes16,uint256,uint8,bytes,bytes)",
    ["bytes16"],
    ["uint64", "bytes16", "uint256", "uint8", "bytes", "bytes"],
    ([process], [nonce, asset, amount, receiverKind, receiver, memo]) => ({
      kind: "outbound",
      process: uuidFromHex(process),
      nonce,
      asset: uuidFromHex(asset),
      amount,
      receiverKind: Number(receiverKind),
      receiver,
      memo,
    }),
  ),
]);

/** The event that a log holds. Throws DecodeError for any other log. */
export function decodeGroupEvent(log: ChainLog): GroupEvent {
  const read = READERS.get(log.topics[0] ?? "0x");
  if (read === undefined) throw new DecodeError("UNKNOWN_TAG", {field: "log.topics", got: log.topics[0] ?? "none"});
  return read(log);
}
