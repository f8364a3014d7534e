// biome-ignore-all lint/performance/noBarrelFile: the one public entry of the package's consensus export, which outside scenario suites import

/** The public face of the round machine, exported as `mvm-node/consensus`. Inside the project, import the file that holds the name. */
export {proposerSchedule} from "./proposer.ts";
export {initialState, step} from "./step.ts";
export type {Effect, IgnoredCode, Input, State, TimeoutStep, Transition, Validator, ValidatorSet, Value, VoteType} from "./types.ts";
