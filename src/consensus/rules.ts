/**
 * The "upon" rules of arXiv 1807.04938, algorithm 1, one function each.
 *
 * A rule looks at the state and returns null or the transition it makes; `settle` runs them in a fixed order until none fires. Deciding
 * comes first and the one-third skip last, and a rule that moves the step comes before the timer that would only wait for it.
 */

import {proposerOf} from "./proposer.ts";
import {hasPolka, isValid, recordOf, seatsHeard} from "./rounds.ts";
import {moreThanThird, quorum, seatsFor} from "./tally.ts";
import type {Effect, Proposal, RoundRecord, State, TimeoutStep, Transition, Value, VoteType} from "./types.ts";

type Rule = (state: State, current: RoundRecord | null) => Transition | null;

/** Applies every rule that the evidence at hand can fire, until none does. Each firing moves a step, a round or a flag, so it ends. */
export function settle(from: Transition): Transition {
  let {state} = from;
  const effects: Effect[] = [...from.effects];
  for (let next = fire(state); next !== null; next = fire(state)) {
    state = next.state;
    effects.push(...next.effects);
  }
  return {state, effects};
}

function fire(state: State): Transition | null {
  if (state.stage === "decided") return null;
  const current = recordOf(state, state.round);
  for (const rule of RULES) {
    const next = rule(state, current);
    if (next !== null) return next;
  }
  return null;
}

/** L11-L21, StartRound: a proposer with a valid value proposes it again, one without asks for a new one. The timer starts for the proposer too. */
export function enterRound(before: State, round: number): Transition {
  const {height, valid} = before;
  const state: State = {...before, round, stage: "propose", proposed: false, prevoteTimer: false, precommitTimer: false};
  const effects: Effect[] = [{kind: "newRound", height, round}];
  const timer: Effect = {kind: "timer", step: "propose", height, round};
  if (!isProposer(state)) return {state, effects: [...effects, timer]};
  if (valid === null) return {state, effects: [...effects, {kind: "getValue", height, round}, timer]};
  const proposed = propose(state, valid.value, valid.round);
  return {state: proposed.state, effects: [...effects, ...proposed.effects, timer]};
}

/** L19: the proposal of the current round. */
export function propose(state: State, value: Value, polRound: number): Transition {
  const {height, round} = state;
  return {state: {...state, proposed: true}, effects: [{kind: "propose", height, round, polRound, value}]};
}

export function isProposer(state: State): boolean {
  return state.me !== null && state.me === proposerOf(state.set, state.height, state.round);
}

/** L49-L50. */
export function decide(state: State, round: number, value: Value): Transition {
  return {state: {...state, stage: "decided"}, effects: [{kind: "decide", height: state.height, round, value}]};
}

/** L57-L67: null if the timer belongs to a round or step that is over. */
export function onTimeout(state: State, step: TimeoutStep, round: number): Transition | null {
  if (round !== state.round) return null;
  switch (step) {
    case "propose": // L57-L60
      return state.stage === "propose" ? cast(state, "prevote", null) : null;
    case "prevote": // L61-L64
      return state.stage === "prevote" ? cast(state, "precommit", null) : null;
    case "precommit": // L65-L67
      return enterRound(state, round + 1);
  }
}

/** L49: a quorum of precommits for a valid value proposed in that round, whichever round it is. */
function decideRule(state: State): Transition | null {
  for (const record of state.rounds) {
    for (const {value} of record.proposals) {
      if (isQuorum(state, seatsFor(record.precommits, value)) && isValid(state, value) === true) return decide(state, record.round, value);
    }
  }
  return null;
}

/** L22: a fresh proposal, once judged, is prevoted if valid and no other value is locked. Without a verdict the timer decides. */
function freshProposalRule(state: State, current: RoundRecord | null): Transition | null {
  if (state.stage !== "propose") return null;
  const proposal = judged(state, current, (polRound) => polRound === -1);
  if (proposal === null) return null;
  const free = state.locked === null || state.locked.value === proposal.value;
  return cast(state, "prevote", free && isValid(state, proposal.value) === true ? proposal.value : null);
}

/** L28: a re-proposal with the polka it names may open a lock that is not younger than that polka. */
function reproposalRule(state: State, current: RoundRecord | null): Transition | null {
  if (state.stage !== "propose") return null;
  const proposal = judged(state, current, (polRound, value) => {
    const record = polRound === -1 ? null : recordOf(state, polRound);
    return record !== null && hasPolka(state, record, value);
  });
  if (proposal === null) return null;
  const free = state.locked === null || state.locked.round <= proposal.polRound || state.locked.value === proposal.value;
  return cast(state, "prevote", free && isValid(state, proposal.value) === true ? proposal.value : null);
}

/** L34: prevotes of a quorum, whatever for: wait for the rest, once. */
function prevoteTimerRule(state: State, current: RoundRecord | null): Transition | null {
  if (state.stage !== "prevote" || state.prevoteTimer || current === null) return null;
  if (!isQuorum(state, current.prevotes.seats) && current.polkas.length === 0) return null;
  return {state: {...state, prevoteTimer: true}, effects: [timer(state, "prevote")]};
}

/** L36-L41: a polka for a valid value while prevoting locks it and precommits it. */
function lockRule(state: State, current: RoundRecord | null): Transition | null {
  if (state.stage !== "prevote") return null;
  const value = polkaOf(state, current);
  if (value === null) return null;
  const marked = {round: state.round, value};
  return cast({...state, locked: marked, valid: marked}, "precommit", value);
}

/** L42-L43: the same polka after precommitting makes the value one to propose again, and no vote. */
function validValueRule(state: State, current: RoundRecord | null): Transition | null {
  if (state.stage !== "precommit" || state.valid?.round === state.round) return null;
  const value = polkaOf(state, current);
  return value === null ? null : {state: {...state, valid: {round: state.round, value}}, effects: []};
}

/** L44: a quorum of nil prevotes. */
function nilPolkaRule(state: State, current: RoundRecord | null): Transition | null {
  if (state.stage !== "prevote" || current === null || !isQuorum(state, seatsFor(current.prevotes, null))) return null;
  return cast(state, "precommit", null);
}

/** L47: precommits of a quorum, whatever for: wait for the rest, once. */
function precommitTimerRule(state: State, current: RoundRecord | null): Transition | null {
  if (state.precommitTimer || current === null || !isQuorum(state, current.precommits.seats)) return null;
  return {state: {...state, precommitTimer: true}, effects: [timer(state, "precommit")]};
}

/** L55: more than a third is in a later round; the highest such round is entered. */
function skipRule(state: State): Transition | null {
  const ahead = state.rounds.findLast((record) => record.round > state.round && moreThanThird(seatsHeard(state, record), state.seats));
  return ahead === undefined ? null : enterRound(state, ahead.round);
}

const RULES: readonly Rule[] = [
  decideRule,
  freshProposalRule,
  reproposalRule,
  lockRule,
  validValueRule,
  nilPolkaRule,
  prevoteTimerRule,
  precommitTimerRule,
  skipRule,
];

/** The paper's "broadcast vote; step := …". An observer takes the same steps in silence. */
function cast(state: State, type: VoteType, value: Value | null): Transition {
  const {height, round, me} = state;
  return {state: {...state, stage: type}, effects: me === null ? [] : [{kind: "vote", type, height, round, value}]};
}

function timer(state: State, step: TimeoutStep): Effect {
  return {kind: "timer", step, height: state.height, round: state.round};
}

function isQuorum(state: State, seats: number): boolean {
  return seats >= quorum(state.seats);
}

/** First proposal of the round that has a verdict and that `fits`. */
function judged(state: State, current: RoundRecord | null, fits: (polRound: number, value: Value) => boolean): Proposal | null {
  return current?.proposals.find(({polRound, value}) => isValid(state, value) !== undefined && fits(polRound, value)) ?? null;
}

/** The valid value of this round's proposals that has a polka in this round. */
function polkaOf(state: State, current: RoundRecord | null): Value | null {
  if (current === null) return null;
  const proposal = current.proposals.find(({value}) => isValid(state, value) === true && hasPolka(state, current, value));
  return proposal?.value ?? null;
}
