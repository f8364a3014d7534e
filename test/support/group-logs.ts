import {Interface} from "ethers";
import {fromHex, type Hex, toHex} from "../../src/base/bytes.ts";
import {g1ToEip2537} from "../../src/crypto/bls.ts";
import type {LedgerState} from "../../src/mvm/ledger.ts";
import {chainCursor, groupKey} from "../../src/mvm/queries.ts";
import type {ChainHead, ChainLog} from "../../src/types/facts.ts";
import {type Uuid, uuidBytes} from "../../src/types/ids.ts";

/** The events of the group contract, written as ethers does. */
const GROUP = new Interface([
  "event Activated(bytes32 sid, bytes32 transcript, bytes groupKey, uint64 epoch)",
  "event Delivered(uint64 indexed seq, address indexed submitter)",
  "event Committed(uint64 indexed seq, address indexed submitter)",
  "event MessageState(bytes16 indexed process, uint64 indexed nonce, uint8 state, bytes reason)",
  "event Registered(bytes16 indexed process, address indexed app, uint8 policy, uint32 gasLimit, uint64 firstNonce)",
  "event SystemEventIgnored(uint64 indexed seq, uint256 index)",
  "event Outbound(bytes16 indexed process, uint64 nonce, bytes16 asset, uint256 amount, uint8 receiverKind, bytes receiverData, bytes memo)",
]);

export interface RawLog {
  readonly topics: readonly Hex[];
  readonly data: Uint8Array;
}

export function groupLog(event: string, ...values: readonly unknown[]): RawLog {
  const {topics, data} = GROUP.encodeEventLog(event, values);
  return {topics: topics as Hex[], data: fromHex(data)};
}

export const id16 = (uuid: Uuid): Hex => toHex(uuidBytes(uuid));

export interface Send {
  process: Uuid;
  nonce: bigint;
  asset: Uuid;
  amount: bigint;
  kind: number;
  receiver: Uint8Array;
  memo: Uint8Array;
}

export function outboundLog(send: Send): RawLog {
  const {process, nonce, asset, amount, kind, receiver, memo} = send;
  return groupLog("Outbound", id16(process), nonce, id16(asset), amount, kind, receiver, memo);
}

/** The log of the contract's activation with the ledger's own key. */
export function activatedLog(state: LedgerState): RawLog {
  const key = groupKey(state);
  if (key === null) throw new Error("no key yet");
  return groupLog("Activated", key.sid, key.transcript, g1ToEip2537(key.key), key.epoch);
}

/** A head that brings `logs` in the block after the cursor, and those logs. */
export function chainFacts(state: LedgerState, platform: Hex, logs: readonly RawLog[]): (ChainHead | ChainLog)[] {
  const block = (chainCursor(state, platform)?.number ?? 0) + 1;
  const head = headAt(platform, block, logs.length);
  return [head, ...logs.map((log, index) => logAt(platform, block, index, log))];
}

export function headAt(platform: Hex, number: number, logs: number): ChainHead {
  return {kind: "chainHead", platform, number, hash: `0x${number.toString(16).padStart(64, "0")}`, timestamp: 1_700_000_000 + number, logs};
}

export function logAt(platform: Hex, block: number, index: number, log: RawLog): ChainLog {
  return {kind: "chainLog", platform, block, index, ...log};
}
