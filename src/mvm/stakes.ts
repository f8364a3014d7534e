import {DecodeError} from "../base/errors.ts";
import type {ChainLog} from "../types/facts.ts";
import type {Draft} from "./draft.ts";
import {EPOCH_STATE, type EpochsRecord, OPERATORS, STAKES, type StakeRecord} from "./epoch-tables.ts";
import {decodeStakingEvent, type StakingEvent} from "./staking-events.ts";

/** Takes what a log of Staking says. Returns whether it said anything of a stake. */
export function takeStakingLog(draft: Draft, log: ChainLog): boolean {
  const event = read(log);
  return event !== null && apply(draft, event);
}

function apply(draft: Draft, event: StakingEvent): boolean {
  const {operator} = event;
  const stake = draft.get(STAKES, operator);
  if (event.kind === "deposited") {
    const {consensusKey, peerId, encKey, encKeyProof, seats, mixinUsers} = event;
    if (stake === undefined) {
      const state = draft.get(EPOCH_STATE, null) as EpochsRecord;
      draft.put(OPERATORS, state.operators, operator);
      draft.put(EPOCH_STATE, null, {...state, operators: state.operators + 1});
    }
    draft.put(STAKES, operator, {consensusKey, peerId, encKey, encKeyProof, seats, mixinUsers, status: "active"});
    return true;
  }
  if (stake === undefined) return false;
  draft.put(STAKES, operator, after(stake, event));
  return true;
}

function after(stake: StakeRecord, event: Exclude<StakingEvent, {kind: "deposited"}>): StakeRecord {
  switch (event.kind) {
    case "seatsAdded":
      return {...stake, seats: stake.seats + event.seats, mixinUsers: [...stake.mixinUsers, ...event.mixinUsers]};
    case "seatsRemoved": {
      const mixinUsers = stake.mixinUsers.filter((user) => !event.mixinUsers.includes(user));
      return {...stake, seats: Math.max(0, stake.seats - event.mixinUsers.length), mixinUsers};
    }
    case "exited":
      return {...stake, seats: 0, status: stake.status === "tombstoned" ? "tombstoned" : "leaving"};
    case "jailed":
      return stake.status === "active" ? {...stake, status: "jailed"} : stake;
    case "unjailed":
      return stake.status === "jailed" ? {...stake, status: "active"} : stake;
    case "slashed":
      return {...stake, status: "tombstoned"};
  }
}

function read(log: ChainLog): StakingEvent | null {
  try {
    return decodeStakingEvent(log);
  } catch (error) {
    if (error instanceof DecodeError) return null;
    throw error;
  }
}
