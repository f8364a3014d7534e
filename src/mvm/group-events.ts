import type {Hex} from "../base/bytes.ts";
import type {ChainLog} from "../types/facts.ts";
import {type Uuid, uuidFromHex} from "../types/ids.ts";
import {eventReader, formsOf} from "./log-forms.ts";

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

const form = formsOf<GroupEvent>();

const read = eventReader<GroupEvent>([
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
  return read(log);
}
