import type {MvmEvent} from "../types/event.ts";
import type {MixinOutput} from "../types/facts.ts";
import type {Uuid} from "../types/ids.ts";
import {decodeMemo} from "../types/operation.ts";
import {book} from "./custody.ts";
import {amountForApp, chargeMessage, messageRefusal} from "./fees.ts";
import type {Place} from "./intake.ts";
import type {NetworkConstants} from "./network.ts";
import type {Fate, ProcessRecord} from "./records.ts";
import {Refused} from "./refused.ts";
import {BALANCES, PROCESSES} from "./tables.ts";

/** Whether the payment can be a message of the process now. Throws Refused UNKNOWN_PROCESS, FEE_TOO_LOW, NO_CREDIT. */
export function checkMessage({draft, network}: Place, id: Uuid, output: MixinOutput): ProcessRecord {
  const process = draft.get(PROCESSES, id);
  if (process === undefined || process.closed) throw new Refused("UNKNOWN_PROCESS");
  const reason = messageRefusal(draft, network, id, output);
  if (reason !== null) throw new Refused(reason);
  return process;
}

/** What the app gets of a payment: a function of the payment, its place, and the mask of its senders. */
export function messageEvent(network: NetworkConstants, of: {process: Uuid; nonce: bigint; output: MixinOutput; mask: Uuid}): MvmEvent {
  const {process, nonce, output, mask} = of;
  const {asset, createdAt: timestamp} = output;
  const {extra} = decodeMemo(output.extra);
  const amount = amountForApp(network, output);
  return {process, nonce, asset, amount, extra, timestamp, members: [mask], threshold: 1, signature: new Uint8Array(0)};
}

/** A message gets the next nonce of its process and goes into the outbox; the amount, less the fee, becomes the process's. Throws as checkMessage. */
export function emitMessage(place: Place, id: Uuid, output: MixinOutput, mask: Uuid): Fate {
  const {draft, network, packer} = place;
  const process = checkMessage(place, id, output);
  chargeMessage(draft, network, id, output);
  const {asset} = output;
  const amount = amountForApp(network, output);
  const nonce = process.nextNonce;
  draft.put(PROCESSES, id, {...process, nextNonce: nonce + 1n});
  draft.put(BALANCES, [id, asset], (draft.get(BALANCES, [id, asset]) ?? 0n) + amount);
  book(draft, asset, {balances: amount});
  const event = messageEvent(network, {process: id, nonce, output, mask});
  packer.message(process.platform, event, {outputId: output.outputId, isBounce: false}, process.gasLimit);
  return {kind: "message", process: id, nonce};
}
