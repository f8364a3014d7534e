/**
 * Tendermint's round machine (arXiv 1807.04938, algorithm 1) as a pure function: one input in, a new state and effects out.
 *
 * No clock, network, disk, randomness or cryptography: the driver verifies signatures before it feeds a message in, writes the inputs
 * down before an effect leaves the node, owns the timers, and feeds own votes and proposals back once they are signed. Replaying the
 * inputs of a height gives the same state and effects, so a restart asks for a value of a round no second time with another answer.
 */

import {parseInput} from "./parse.ts";
import {ignored, keepPolka, keepProposal, keepVerdict, keepVote} from "./rounds.ts";
import {decide, enterRound, isProposer, onTimeout, propose, settle} from "./rules.ts";
import {quorum} from "./tally.ts";
import type {Certificate, Input, State, Transition} from "./types.ts";

type Of<K extends Input["kind"]> = Extract<Input, {kind: K}>;

/** A machine that waits for its first `start`. */
export function initialState(): State {
  return {
    height: -1,
    round: -1,
    stage: "idle",
    set: {epoch: 0, validators: [], schedule: []},
    seats: 0,
    me: null,
    locked: null,
    valid: null,
    proposed: false,
    prevoteTimer: false,
    precommitTimer: false,
    verdicts: [],
    rounds: [],
  };
}

/**
 * Takes one input. Total: whatever the input, in whatever state, it returns; what it does not take it answers with one
 * `ignored` effect that says why (`IgnoredCode`) and the same state object. `state` itself is never changed.
 */
export function step(state: State, input: Input): Transition {
  const parsed = parseInput(input);
  if (state.stage === "decided" && parsed?.kind !== "start") return ignored(state, "decided");
  if (parsed === null) return ignored(state, "malformed");
  if (parsed.kind === "start") return start(state, parsed);
  if (state.stage === "idle") return ignored(state, "notStarted");
  if ("height" in parsed && parsed.height !== state.height) return ignored(state, "otherHeight");
  const taken = take(state, parsed);
  return taken.state === state ? taken : settle(taken);
}

/** L10: a new height forgets everything of the one before; never backwards, never the same again, or the lock would be forgotten. */
function start(state: State, {height, set, me}: Of<"start">): Transition {
  if (height <= state.height) return ignored(state, "staleStart");
  if (me !== null && set.validators[me] === undefined) return ignored(state, "unknownValidator");
  const seats = set.validators.reduce((sum, validator) => sum + validator.seats, 0);
  return enterRound({...initialState(), height, set, seats, me}, 0);
}

function take(state: State, input: Exclude<Input, {kind: "start"}>): Transition {
  switch (input.kind) {
    case "value":
      return takeValue(state, input);
    case "proposal":
      return keepProposal(state, input);
    case "verdict":
      return keepVerdict(state, input);
    case "vote":
      return keepVote(state, input);
    case "polka":
    case "commit":
      return takeCertificate(state, input);
    case "timeout":
      return onTimeout(state, input.step, input.round) ?? ignored(state, "staleTimeout");
  }
}

/** The answer to `getValue`. Null says "nothing now": the round waits, and a later value of the same round is proposed. */
function takeValue(state: State, {round, value}: Of<"value">): Transition {
  if (round !== state.round) return ignored(state, "otherRound");
  if (!isProposer(state)) return ignored(state, "notProposer");
  if (state.proposed) return ignored(state, "alreadyProposed");
  return value === null ? {state, effects: []} : propose(state, value, -1);
}

/** A commit decides at once, whatever the verdict; an empty list stands for a certificate of the group key, which names nobody. */
function takeCertificate(state: State, input: Certificate): Transition {
  if (input.from.some((index) => state.set.validators[index] === undefined)) return ignored(state, "unknownValidator");
  const seats = input.from.reduce((sum, index) => sum + (state.set.validators[index]?.seats ?? 0), 0);
  const byGroupKey = input.kind === "commit" && input.from.length === 0;
  if (!byGroupKey && seats < quorum(state.seats)) return ignored(state, "noQuorum");
  if (input.kind === "commit") return decide(state, input.round, input.value);
  return keepPolka(state, input);
}
