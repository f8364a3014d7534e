import {Reader} from "../base/codec.ts";
import {DecodeError} from "../base/errors.ts";
import type {MixinOutput} from "../types/facts.ts";
import {type Uuid, ZERO_UUID} from "../types/ids.ts";
import {type Operation, PURPOSE} from "../types/operation.ts";
import {readAddress} from "./addresses.ts";
import {addCredit} from "./fees.ts";
import type {Place} from "./intake.ts";
import {linkOf, listAdd, listHead, listRemove} from "./lists.ts";
import {MOVES} from "./money-tables.ts";
import {refund} from "./payouts.ts";
import type {Fate, ProcessRecord, RefundReason} from "./records.ts";
import {Refused} from "./refused.ts";
import {PROCESSES} from "./tables.ts";

/** Moves that wait for their time, by the second at which they are due. */
export const MOVE_LIST = "moves";
const NS_PER_S = 1_000_000_000n;

/** Credit for a process, from anybody. */
export function takeCredit(place: Place, output: MixinOutput, {process}: Operation): Fate {
  known(place, process);
  addCredit(place.draft, place.network, process, output);
  return {kind: "credited", process};
}

/**
 * What the owner of a process asks for: another app, another owner, or its end. The payment goes back whole, with what was done as
 * the reason.
 * @throws Refused UNKNOWN_PROCESS, NOT_OWNER, BAD_ADDRESS, BAD_CHANGE
 */
export function takeChangeOfProcess(place: Place, output: MixinOutput, operation: Operation): Fate {
  const record = known(place, operation.process);
  if (output.senders.length !== 1 || output.senders[0] !== record.owner) throw new Refused("NOT_OWNER");
  const reason = change(place, output, operation, record);
  return {kind: "refund", reason, traceId: refund(place.draft, place.network, place.height, output, reason)};
}

function change(place: Place, output: MixinOutput, operation: Operation, record: ProcessRecord): RefundReason {
  const {draft, packer, network} = place;
  const {process} = operation;
  switch (operation.purpose) {
    case PURPOSE.move: {
      const app = readAddress(operation.address);
      dropMove(place, process);
      const dueS = output.createdAt / NS_PER_S + BigInt(network.rules.moveDelaySeconds);
      draft.put(MOVES, process, app);
      listAdd(draft, MOVE_LIST, process, {rank: dueS});
      return "MOVING";
    }
    case PURPOSE.cancelMove:
      if (draft.get(MOVES, process) === undefined) throw new Refused("BAD_CHANGE");
      dropMove(place, process);
      return "MOVE_CANCELLED";
    case PURPOSE.transfer:
      // a move that the old owner has asked for is not the new one's
      dropMove(place, process);
      draft.put(PROCESSES, process, {...record, owner: readOwner(operation.extra)});
      return "TRANSFERRED";
    default:
      dropMove(place, process);
      draft.put(PROCESSES, process, {...record, closed: true});
      packer.system(record.platform, {kind: "close", process});
      return "CLOSED";
  }
}

function known({draft}: Place, process: Uuid): ProcessRecord {
  const record = draft.get(PROCESSES, process);
  if (record === undefined || record.closed) throw new Refused("UNKNOWN_PROCESS");
  return record;
}

function readOwner(extra: Uint8Array): Uuid {
  try {
    const r = new Reader(extra);
    const owner = r.uuid("transfer.owner");
    r.end("transfer");
    if (owner !== ZERO_UUID) return owner;
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
  }
  throw new Refused("BAD_CHANGE");
}

function dropMove({draft}: Place, process: Uuid): void {
  if (draft.get(MOVES, process) === undefined) return;
  draft.remove(MOVES, process);
  listRemove(draft, MOVE_LIST, process);
}

/** Moves whose time has come by `timeMs`, which is the block's, are told to the contract: they hold for all messages of this height. */
export function settleMoves(place: Place, timeMs: number): void {
  const {draft, packer} = place;
  for (let process = listHead(draft, MOVE_LIST); process !== null; process = listHead(draft, MOVE_LIST)) {
    if (linkOf(draft, MOVE_LIST, process).rank * 1_000n > BigInt(timeMs)) return;
    const app = draft.get(MOVES, process);
    const record = draft.get(PROCESSES, process) as ProcessRecord;
    dropMove(place, process);
    if (app === undefined) continue;
    draft.put(PROCESSES, process, {...record, address: app, app: null});
    packer.system(record.platform, {kind: "move", process, app});
  }
}
