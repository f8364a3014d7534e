import {toHex} from "../base/bytes.ts";
import {Reader} from "../base/codec.ts";
import {DecodeError} from "../base/errors.ts";
import type {MixinOutput} from "../types/facts.ts";
import {ZERO_UUID} from "../types/ids.ts";
import {decodeMemo, type Operation, PURPOSE} from "../types/operation.ts";
import {readAddress} from "./addresses.ts";
import {takeChange} from "./closing.ts";
import {addFree, book} from "./custody.ts";
import type {Draft} from "./draft.ts";
import {checkMessage, emitMessage} from "./emit.ts";
import {isGroup, proveSeat} from "./epochs.ts";
import {LedgerError} from "./errors.ts";
import {chargeRegistration} from "./fees.ts";
import {listAdd} from "./lists.ts";
import {maskOf, pairOf, waitForMask} from "./masks.ts";
import {type NetworkConstants, platformNamed} from "./network.ts";
import type {OutboxPacker} from "./outboxes.ts";
import {refund} from "./payouts.ts";
import {takeChangeOfProcess, takeCredit} from "./process-changes.ts";
import type {Fate, HeldReason, MetaRecord} from "./records.ts";
import {Refused} from "./refused.ts";
import {META, OUTPUTS, PROCESSES, REQUESTS} from "./tables.ts";

/** Every process, in the order of registration. */
export const PROCESS_LIST = "processes";
/** Outputs that stay because nobody can be paid back. */
export const HELD_OUTPUTS_LIST = "held/outputs";

/** Beyond what any asset has: keeps every sum within 256 bits. */
const AMOUNT_MAX = 1n << 128n;
const GAS_LIMIT_MAX = 2_000_000;
const REGISTRATION_VERSION = 1;
const OPERATOR_BYTES = 20;
const DEFAULTS = {policy: 0, gasLimit: 300_000};

/** Where a fact is applied. */
export interface Place {
  readonly draft: Draft;
  readonly network: NetworkConstants;
  readonly packer: OutboxPacker;
  readonly height: number;
}

/**
 * Decides one output: exactly one fate, stored with it.
 * @param encoded  the fact's canonical bytes
 * @throws LedgerError DUPLICATE_OUTPUT, AMOUNT_TOO_LARGE
 */
export function takeOutput(place: Place, output: MixinOutput, encoded: Uint8Array): void {
  const {draft, height} = place;
  if (draft.get(OUTPUTS, output.outputId) !== undefined) throw new LedgerError("DUPLICATE_OUTPUT", {got: output.outputId});
  if (output.amount >= AMOUNT_MAX) throw new LedgerError("AMOUNT_TOO_LARGE", {got: `${output.amount}`});
  const meta = draft.get(META, null) as MetaRecord;
  const watermark = output.sequence > meta.watermark ? output.sequence : meta.watermark;
  draft.put(META, null, {...meta, outputs: meta.outputs + 1, watermark});
  draft.put(OUTPUTS, output.outputId, {height, fate: fateOf(place, {...output, senders: [...output.senders].sort()}), fact: encoded});
  if (draft.get(REQUESTS, output.requestId) === undefined) draft.put(REQUESTS, output.requestId, output.outputId);
}

function fateOf(place: Place, output: MixinOutput): Fate {
  const {draft, network, height} = place;
  if (output.amount === 0n) return held(draft, output, "ZERO_AMOUNT");
  const own = isGroup(draft, output.senders, output.sendersThreshold);
  const change = own ? takeChange(draft, output) : null;
  if (change !== null) return {kind: "change", traceId: change};
  book(draft, output.asset, {received: output.amount, custody: output.amount});
  addFree(draft, output);
  // paying the group back would only make the next such output
  if (own) return held(draft, output, "UNEXPECTED_CHANGE");
  if (!isPayable(output)) return held(draft, output, "NO_SENDER");
  // a refund would cost more than it is worth
  if (output.amount < (network.rules.minPayments.get(output.asset) ?? 0n)) return held(draft, output, "BELOW_MINIMUM");
  try {
    return take(place, output);
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    return {kind: "refund", reason: error.reason, traceId: refund(draft, network, height, output, error.reason)};
  }
}

function held(draft: Draft, output: MixinOutput, reason: HeldReason): Fate {
  if (output.amount > 0n) book(draft, output.asset, {held: output.amount});
  listAdd(draft, HELD_OUTPUTS_LIST, output.outputId);
  return {kind: "held", reason};
}

/** Whether its senders are somebody who can be paid: distinct users, and a threshold that they can reach. */
function isPayable({senders, sendersThreshold}: MixinOutput): boolean {
  const distinct = senders.every((id, i) => id !== ZERO_UUID && id !== senders[i - 1]);
  return distinct && sendersThreshold >= 1 && sendersThreshold <= senders.length;
}

function take(place: Place, output: MixinOutput): Fate {
  const operation = readMemo(output.extra);
  switch (operation.purpose) {
    case PURPOSE.message:
      return takeMessage(place, output, operation);
    case PURPOSE.register:
      return takeRegistration(place, output, operation);
    case PURPOSE.credit:
      return takeCredit(place, output, operation);
    case PURPOSE.move:
    case PURPOSE.cancelMove:
    case PURPOSE.transfer:
    case PURPOSE.close:
      return takeChangeOfProcess(place, output, operation);
    case PURPOSE.proveSeat:
      return takeSeatProof(place, output, operation);
    default:
      throw new Refused("UNKNOWN_PURPOSE");
  }
}

function readMemo(extra: Uint8Array): Operation {
  try {
    return decodeMemo(extra);
  } catch (error) {
    if (error instanceof DecodeError) throw new Refused("BAD_MEMO");
    throw error;
  }
}

/** A message to an app: gets the next nonce of its process, at once where its sender has a mask. Platform and address mean nothing here. */
function takeMessage(place: Place, output: MixinOutput, {process}: Operation): Fate {
  const {draft, network} = place;
  const pair = pairOf(process, output);
  const mask = maskOf(draft, {networkId: network.genesis.networkId, pair});
  if (mask !== null) return emitMessage(place, process, output, mask);
  checkMessage(place, process, output);
  return waitForMask(place, pair, output);
}

/** A process gets its app; the payment goes back, less the fee. A closed process comes back with nonces that go on. */
function takeRegistration({draft, network, packer, height}: Place, output: MixinOutput, operation: Operation): Fate {
  const id = operation.process;
  const platform = platformNamed(network, operation.platform);
  if (platform === null) throw new Refused("UNKNOWN_PLATFORM");
  const before = draft.get(PROCESSES, id);
  if (output.senders.length !== 1 || output.senders[0] !== (before?.owner ?? id)) throw new Refused("NOT_OWNER");
  // what the contract of one chain owes a process cannot be spent on another
  if (before !== undefined && (!before.closed || before.platform !== platform)) throw new Refused("ALREADY_REGISTERED");
  const app = readAddress(operation.address);
  const terms = readTerms(operation.extra);
  const rest = chargeRegistration(draft, network, output);
  const firstNonce = before?.nextNonce ?? 0n;
  const owner = before?.owner ?? id;
  const fresh = {nextNonce: firstNonce, height, outputId: output.outputId, app: null, owner, closed: false};
  draft.put(PROCESSES, id, {platform, address: app, ...terms, ...fresh});
  if (before === undefined) listAdd(draft, PROCESS_LIST, id);
  packer.system(platform, {kind: "register", process: id, app, ...terms, firstNonce});
  return {kind: "registered", process: id, traceId: refund(draft, network, height, {...output, amount: rest}, "REGISTERED")};
}

/** The single sender says for which operator it is the user of a seat; the payment goes back in full. */
function takeSeatProof({draft, network, height}: Place, output: MixinOutput, {extra}: Operation): Fate {
  const [user] = output.senders;
  if (user === undefined || output.senders.length !== 1) throw new Refused("NOT_OWNER");
  if (extra.length !== OPERATOR_BYTES) throw new Refused("BAD_ADDRESS");
  proveSeat(draft, user, toHex(extra));
  return {kind: "refund", reason: "SEAT_PROVEN", traceId: refund(draft, network, height, output, "SEAT_PROVEN")};
}

/** `u8 1 ‖ u8 policy ‖ u32 gasLimit`, or nothing for the defaults. */
function readTerms(extra: Uint8Array): {policy: number; gasLimit: number} {
  if (extra.length === 0) return DEFAULTS;
  try {
    const r = new Reader(extra);
    const version = r.u8("registration.version");
    const policy = r.u8("registration.policy");
    const gasLimit = r.u32("registration.gasLimit");
    r.end("registration");
    if (version === REGISTRATION_VERSION && policy <= 1 && gasLimit <= GAS_LIMIT_MAX) return {policy, gasLimit};
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
  }
  throw new Refused("BAD_REGISTRATION");
}
