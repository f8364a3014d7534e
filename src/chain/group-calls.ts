import {type Hex, toHex} from "../base/bytes.ts";
import type {ActivationArgs, DecidedOutboxes, DeliverArgs, GroupAction, SignedBySet} from "../ports/chain.ts";
import {uuidBytes} from "../types/ids.ts";
import {GROUP} from "./abi.ts";

/** A call of a group contract, and the event that says that it did something. */
export interface GroupCall {
  readonly name: string;
  readonly data: Hex;
  readonly event: string;
}

type Deliveries = DecidedOutboxes["deliveries"];

export function activateCall(args: ActivationArgs): GroupCall {
  return call("activate", [...keyFields(args), ...signed(args), args.deadline], "Activated");
}

export function actionCall(action: GroupAction): GroupCall {
  switch (action.kind) {
    case "rotate":
      return call("rotate", [...keyFields(action), ...signed(action), action.deadline, action.groupSignature], "Rotated");
    case "rekey":
      return call("rekey", [...keyFields(action), ...signed(action), action.deadline], "Rekeyed");
    case "pause":
      return call("pause", [...signed(action), action.deadline, action.groupSignature], "PauseStarted");
    case "unpause":
      return call("unpause", [...signed(action), action.deadline], "PauseEnded");
    case "retry":
    case "giveBack":
      return call(action.kind, [uuidBytes(action.process), action.nonce, action.event], "MessageState");
  }
}

/** @param deliveries the part of `args.deliveries` to bring */
export function deliverCall(args: DeliverArgs, deliveries: Deliveries): GroupCall {
  return call("deliver", [...decided(args), args.signature, deliveries], "Delivered");
}

/** @param deliveries the part of `args.deliveries` to bring */
export function deliverByVotesCall(args: DecidedOutboxes & SignedBySet, deliveries: Deliveries): GroupCall {
  return call("deliverByVotes", [...decided(args), ...signed(args), deliveries], "Delivered");
}

export function executeCall(args: {seq: bigint; event: Uint8Array; proof: readonly Uint8Array[]}): GroupCall {
  return call("execute", [args.seq, args.event, args.proof.map(toHex)], "MessageState");
}

function call(name: string, args: readonly unknown[], event: string): GroupCall {
  return {name, data: GROUP.encodeFunctionData(name, args) as Hex, event};
}

const keyFields = (of: ActivationArgs) => [of.groupKey, of.pop, of.sid, of.transcript, of.epoch];
const signed = (of: SignedBySet) => [of.keys, of.seats, of.signatures];
const decided = (of: DecidedOutboxes) => [of.height, of.coreHash, of.outboxes, of.epoch, of.round];
