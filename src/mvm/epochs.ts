import {fromHex, type Hex, toHex, utf8} from "../base/bytes.ts";
import {invariant} from "../base/errors.ts";
import {sha256} from "../base/hash.ts";
import {DEPOSIT_EPOCH, verifyEncKeyProof} from "../dkg/enc-key.ts";
import {type ActiveSession, openSession, type Session} from "../dkg/session.ts";
import {nextSet} from "../staking/next-set.ts";
import type {ChainHead} from "../types/facts.ts";
import type {Genesis} from "../types/genesis.ts";
import type {Uuid} from "../types/ids.ts";
import {multisigOf, type ValidatorInfo} from "../types/validators.ts";
import {SEATS_MAX} from "../types/votes.ts";
import type {Draft, Records} from "./draft.ts";
import {EPOCH_STATE, EPOCHS, type EpochRecord, type EpochsRecord, MULTISIGS, OPERATORS, SEAT_PROOFS, STAKES} from "./epoch-tables.ts";
import type {NetworkConstants} from "./network.ts";
import {KEY} from "./tables.ts";

/**
 * Epochs (protocol, "Epochs and custody"): a home head that is late enough freezes the next set as Staking shows it there; its
 * seats get their shares while the set in force goes on; the block that completes their ACKs is the last one of the old set.
 */

/** An epoch with its number. */
export interface Epoch extends EpochRecord {
  readonly epoch: number;
}

/** What the state before height 1 knows: the set that genesis names, and that its seats need no proof. */
export function startEpochs(draft: Draft, genesis: Genesis): void {
  const {validators, epoch0Time: startedAt} = genesis;
  draft.put(EPOCHS, 0, {from: 1, startedAt, validators, shares: null});
  draft.put(EPOCH_STATE, null, {current: 0, from: 1, changing: false, operators: 0});
  for (const {operator, mixinUsers} of validators) for (const user of mixinUsers) draft.put(SEAT_PROOFS, user, operator);
  putMultisig(draft, 0, validators);
}

/** The number of the next height's epoch. */
export function epochNumber(records: Records): number {
  return stateOf(records).current;
}

/** The set of the next height. */
export function currentEpoch(records: Records): Epoch {
  return epochNumbered(records, stateOf(records).current);
}

/** The set that is frozen and gets its shares; null: no change is under way. */
export function nextEpoch(records: Records): Epoch | null {
  const {current, changing} = stateOf(records);
  return changing ? epochNumbered(records, current + 1) : null;
}

/** The set of a height that is decided, or is the next. */
export function epochOfHeight(records: Records, height: number): Epoch {
  const {current, from} = stateOf(records);
  for (let number = height >= from ? current : current - 1; number > 0; number--) {
    const epoch = epochNumbered(records, number);
    if (epoch.from !== null && epoch.from <= height) return epoch;
  }
  return epochNumbered(records, 0);
}

/** An epoch that has begun or is about to; null: there is none of this number. */
export function findEpoch(records: Records, number: number): Epoch | null {
  const record = records.get(EPOCHS, number);
  return record === undefined ? null : {epoch: number, ...record};
}

/** Seconds since 1970 from which a home head freezes the next set; null: none does now. */
export function changeDueAt(records: Records, network: NetworkConstants): number | null {
  const {epochSeconds} = network.genesis.parameters;
  if (epochSeconds === 0 || stateOf(records).changing) return null;
  const {startedAt, shares} = currentEpoch(records);
  return shares === null ? null : startedAt + epochSeconds;
}

/**
 * Freezes the next set, where the head is late enough, and opens the session that reshares the key to it. Where nobody would
 * have a seat, the seats of the set in force get new shares.
 */
export function freezeIfDue(draft: Draft, network: NetworkConstants, head: ChainHead): Session | null {
  const due = changeDueAt(draft, network);
  const key = draft.get(KEY, null);
  if (due === null || key === undefined || head.timestamp < due) return null;
  const state = stateOf(draft);
  const {epoch, validators: old, shares} = currentEpoch(draft);
  invariant(shares !== null, "a set that is replaced has shares");
  const frozen = nextSet(candidates(draft, state.operators), SEATS_MAX);
  const validators = frozen.length > 0 ? frozen : old;
  draft.put(EPOCHS, epoch + 1, {from: null, startedAt: head.timestamp, validators, shares: null});
  draft.put(EPOCH_STATE, null, {...state, changing: true});
  return openSession({
    networkId: network.genesis.networkId,
    epoch: epoch + 1,
    attempt: 0,
    mode: "reshare",
    old: {validators: old, groupKey: key.key, transcript: shares.transcript, publicShares: shares.publicShares},
    seats: {validators: validators.map((v) => ({operator: v.operator, seats: v.seats, encKey: encKeyOf(network, v)}))},
  });
}

/** The seats of the session's epoch have their shares. From the next height on they decide, unless they do already. */
export function endSession(draft: Draft, height: number, session: ActiveSession): void {
  const {epoch, sid, transcript, publicShares} = session;
  const record = epochNumbered(draft, epoch);
  const {validators, startedAt} = record;
  const from = record.from ?? height + 1;
  draft.put(EPOCHS, epoch, {from, startedAt, validators, shares: {sid, transcript, publicShares}});
  if (record.from !== null) return;
  draft.put(EPOCH_STATE, null, {...stateOf(draft), current: epoch, from, changing: false});
}

/** The epoch that begins after `height`; null: the set stays. */
export function epochBegunAfter(records: Records, height: number): Epoch | null {
  if (stateOf(records).from < height + 1) return null;
  const epoch = epochOfHeight(records, height + 1);
  return epoch.epoch > 0 && epoch.from === height + 1 ? epoch : null;
}

/** The user has paid in the name of this operator: its seat there counts from the next freeze on. */
export function proveSeat(draft: Draft, user: Uuid, operator: Hex): void {
  draft.put(SEAT_PROOFS, user, operator);
}

/** Whether these are the members and the threshold of a multisig that is or was the group's. Members sorted. */
export function isGroup(records: Records, members: readonly Uuid[], threshold: number): boolean {
  return records.get(MULTISIGS, multisigName(members, threshold)) !== undefined;
}

function putMultisig(draft: Draft, epoch: number, validators: readonly ValidatorInfo[]): void {
  const {members, threshold} = multisigOf(validators);
  draft.put(MULTISIGS, multisigName(members, threshold), epoch);
}

function multisigName(members: readonly Uuid[], threshold: number): Hex {
  return toHex(sha256(utf8(`${threshold} ${members.join(" ")}`)));
}

function candidates(draft: Draft, operators: number) {
  return Array.from({length: operators}, (_, number) => draft.get(OPERATORS, number) as Hex).flatMap((operator) => {
    const stake = draft.get(STAKES, operator);
    if (stake?.status !== "active") return [];
    const {consensusKey, peerId, encKey, encKeyProof, seats: staked, mixinUsers} = stake;
    const users = mixinUsers.filter((user) => draft.get(SEAT_PROOFS, user) === operator);
    return [{operator, consensusKey, peerId, encKey, encKeyProof, staked, users}];
  });
}

/** A key without a valid proof of possession is none: its validator gets no shares. */
function encKeyOf(network: NetworkConstants, {operator, encKey, encKeyProof}: ValidatorInfo): Uint8Array {
  const owner = {networkId: network.genesis.networkId, epoch: DEPOSIT_EPOCH, operator};
  const key = fromHex(encKey);
  return verifyEncKeyProof(key, fromHex(encKeyProof), owner) ? key : new Uint8Array(key.length);
}

function stateOf(records: Records): EpochsRecord {
  const state = records.get(EPOCH_STATE, null);
  invariant(state !== undefined, "the state knows its epoch");
  return state;
}

function epochNumbered(records: Records, number: number): Epoch {
  const epoch = findEpoch(records, number);
  invariant(epoch !== null, `epoch ${number} is known`);
  return epoch;
}
