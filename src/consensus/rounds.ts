/**
 * What is kept of each round, and the bounds on it (protocol, The core beyond the paper).
 *
 * Votes of rounds up to the current one plus one are all kept, with a bound on the values of a slot. Further ahead only the highest round of each
 * validator is: honest ones meet in one round, so the third that is needed to skip comes together, and a liar fills one round at most.
 */

import {evidenceOf} from "./evidence.ts";
import {proposerOf} from "./proposer.ts";
import {count, emptyTally, quorum, seatsFor, uncount} from "./tally.ts";
import type {Effect, IgnoredCode, Input, Polka, RoundRecord, State, Tally, Transition, Value} from "./types.ts";

type Of<K extends Input["kind"]> = Extract<Input, {kind: K}>;

/** Verdicts on values that no kept proposal names; the driver may judge a value before its proposal is fed in, but not without end. */
const LOOSE_VERDICTS_MAX = 64;

export function ignored(state: State, code: IgnoredCode): Transition {
  return {state, effects: [{kind: "ignored", code}]};
}

export function recordOf(state: State, round: number): RoundRecord | null {
  return state.rounds.findLast((record) => record.round === round) ?? null;
}

/** undefined: no verdict yet. */
export function isValid(state: State, value: Value): boolean | undefined {
  return state.verdicts.find((verdict) => verdict.value === value)?.valid;
}

/** A quorum of prevotes for `value` in that round, seen as votes or as a certificate. */
export function hasPolka(state: State, record: RoundRecord, value: Value): boolean {
  return record.polkas.some((polka) => polka.value === value) || seatsFor(record.prevotes, value) >= quorum(state.seats);
}

/** Seats of the distinct validators heard in that round: prevotes, precommits and certificates together, each once. */
export function seatsHeard(state: State, record: RoundRecord): number {
  return state.set.validators.reduce((sum, {seats}, i) => (heard(record, i) ? sum + seats : sum), 0);
}

/** Counts a vote. The state is the same object where nothing was taken. */
export function keepVote(state: State, vote: Of<"vote">): Transition {
  const {from, round, type} = vote;
  const seats = state.set.validators[from]?.seats;
  if (seats === undefined) return ignored(state, "unknownValidator");
  const room = makeRoom(state, round, (record) => heard(record, from), withoutVotesOf(from, seats));
  if (room === null) return ignored(state, "lowFutureRound");
  const record = recordOf(room.state, round) ?? emptyRecord(state, round);
  const isProposed = [record, recordOf(room.state, state.round)].some((one) => one?.proposals.some(({value}) => value === vote.value));
  const counted = count(tallyOf(record, type), {from, seats, ballot: {value: vote.value, id: vote.id}, isProposed});
  if ("refused" in counted) return ignored(state, counted.refused);
  const next = withRecord(room.state, {...record, [type === "prevote" ? "prevotes" : "precommits"]: counted.tally});
  const evidence = counted.contradicts === null ? [] : [evidenceOf(vote, counted.contradicts)];
  return {state: next, effects: [...room.effects, ...evidence]};
}

/** Keeps a proposal of the right proposer: one, one that contradicts it, and besides any value that a quorum stands behind. */
export function keepProposal(state: State, proposal: Of<"proposal">): Transition {
  const {from, round, polRound, value, id} = proposal;
  if (state.set.validators[from] === undefined) return ignored(state, "unknownValidator");
  if (polRound < -1 || polRound >= round) return ignored(state, "badPolRound");
  if (from !== proposerOf(state.set, state.height, round)) return ignored(state, "wrongProposer");
  const isFrom = (record: RoundRecord) => record.proposals.length > 0 && proposerOf(state.set, state.height, record.round) === from;
  const room = makeRoom(state, round, isFrom, (record) => ({...record, proposals: []}));
  if (room === null) return ignored(state, "lowFutureRound");
  const record = recordOf(room.state, round) ?? emptyRecord(state, round);
  const [first, second] = record.proposals;
  if (record.proposals.some((known) => known.value === value)) return ignored(state, "duplicate");
  if (second !== undefined && !isBacked(state, value)) return ignored(state, "proposalsFull");
  const next = withRecord(room.state, {...record, proposals: [...record.proposals, {polRound, value, id}]});
  const evidence = first !== undefined && second === undefined ? [evidenceOf(proposal, first.id)] : [];
  return {state: next, effects: [...room.effects, ...evidence]};
}

/** Keeps a polka that came as a certificate. One of a round ahead needs no bound: a quorum stands behind it, and the round is entered at once. */
export function keepPolka(state: State, polka: {readonly round: number} & Polka): Transition {
  const record = recordOf(state, polka.round) ?? emptyRecord(state, polka.round);
  if (hasPolka(state, record, polka.value)) return ignored(state, "duplicate");
  const polkas = [...record.polkas, {value: polka.value, from: polka.from}];
  return {state: withRecord(state, {...record, polkas}), effects: []};
}

/** Keeps the driver's verdict. "valid" is final; "invalid" may become valid, when a source has been put right. */
export function keepVerdict(state: State, input: Of<"verdict">): Transition {
  const valid = input.verdict === "valid";
  const at = state.verdicts.findIndex((verdict) => verdict.value === input.value);
  const known = state.verdicts[at];
  if (known?.valid === valid) return ignored(state, "duplicate");
  if (known !== undefined && !valid) return ignored(state, "verdictFinal");
  const verdict = {value: input.value, valid};
  if (known !== undefined) return {state: {...state, verdicts: state.verdicts.with(at, verdict)}, effects: []};
  return boundVerdicts({...state, verdicts: [...state.verdicts, verdict]});
}

function boundVerdicts(state: State): Transition {
  if (state.verdicts.length <= LOOSE_VERDICTS_MAX) return {state, effects: []};
  const named = new Set(state.rounds.flatMap((record) => record.proposals.map((proposal) => proposal.value)));
  const loose = state.verdicts.filter((verdict) => !named.has(verdict.value));
  const oldest = loose[0];
  if (oldest === undefined || loose.length <= LOOSE_VERDICTS_MAX) return {state, effects: []};
  const verdicts = state.verdicts.filter((verdict) => verdict !== oldest);
  return {state: {...state, verdicts}, effects: [{kind: "ignored", code: "evicted"}]};
}

function emptyRecord(state: State, round: number): RoundRecord {
  const none = emptyTally(state.set.validators.length);
  return {round, proposals: [], polkas: [], prevotes: none, precommits: none};
}

function tallyOf(record: RoundRecord, type: "prevote" | "precommit"): Tally {
  return type === "prevote" ? record.prevotes : record.precommits;
}

function heard(record: RoundRecord, from: number): boolean {
  return (
    (record.prevotes.slots[from] ?? []).length > 0 ||
    (record.precommits.slots[from] ?? []).length > 0 ||
    record.polkas.some((polka) => polka.from.includes(from))
  );
}

/** Whether a quorum prevoted or precommitted `value` in any round. */
function isBacked(state: State, value: Value): boolean {
  return state.rounds.some((record) => hasPolka(state, record, value) || seatsFor(record.precommits, value) >= quorum(state.seats));
}

function withRecord(state: State, record: RoundRecord): State {
  const at = state.rounds.findIndex((known) => known.round >= record.round);
  if (at === -1) return {...state, rounds: [...state.rounds, record]};
  if (state.rounds[at]?.round === record.round) return {...state, rounds: state.rounds.with(at, record)};
  return {...state, rounds: state.rounds.toSpliced(at, 0, record)};
}

function withoutVotesOf(from: number, seats: number): (record: RoundRecord) => RoundRecord {
  return (record) => ({...record, prevotes: uncount(record.prevotes, from, seats), precommits: uncount(record.precommits, from, seats)});
}

/**
 * Room for one sender's message in `round`: what it has in a lower far round goes (`strip`), and null says that a higher one is kept.
 * `has` tells whether a record holds something of that sender.
 */
function makeRoom(
  state: State,
  round: number,
  has: (record: RoundRecord) => boolean,
  strip: (record: RoundRecord) => RoundRecord,
): Transition | null {
  const far = state.round + 2;
  const other = round < far ? undefined : state.rounds.find((record) => record.round >= far && record.round !== round && has(record));
  if (other === undefined) return {state, effects: []};
  if (other.round > round) return null;
  const left = strip(other);
  const isEmpty = left.proposals.length === 0 && left.polkas.length === 0 && left.prevotes.seats === 0 && left.precommits.seats === 0;
  const rounds = isEmpty
    ? state.rounds.filter((record) => record !== other)
    : state.rounds.map((record) => (record === other ? left : record));
  const evicted: Effect = {kind: "ignored", code: "evicted"};
  return {state: {...state, rounds}, effects: [evicted]};
}
