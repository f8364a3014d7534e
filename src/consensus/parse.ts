import type {Input, TimeoutStep, Validator, ValidatorSet, VoteType} from "./types.ts";

const TEXT_MAX = 256; // a block hash has 66 characters
const ROUND_MAX = 0xffff_ffff; // u32 in the signed bytes
const VOTE_TYPES: readonly VoteType[] = ["prevote", "precommit"];
const STEPS: readonly TimeoutStep[] = ["propose", "prevote", "precommit"];

type Fields = {readonly [name: string]: unknown};

/**
 * The input in `raw`, or null if it is none: `step` is total, and nothing of the caller's object may live on in a state.
 * Only shape and range are looked at here; what needs the state (indices, proposer, height) is the step's business.
 */
export function parseInput(raw: unknown): Input | null {
  if (typeof raw !== "object" || raw === null) return null;
  const fields = raw as Fields;
  switch (fields["kind"]) {
    case "start":
      return parseStart(fields);
    case "value":
      return parseValue(fields);
    case "proposal":
      return parseProposal(fields);
    case "verdict":
      return parseVerdict(fields);
    case "vote":
      return parseVote(fields);
    case "polka":
    case "commit":
      return parseCertificate(fields, fields["kind"]);
    case "timeout":
      return parseTimeout(fields);
    default:
      return null;
  }
}

function parseStart({height, set, me}: Fields): Input | null {
  const parsed = parseSet(set);
  if (!isCount(height) || parsed === null) return null;
  return me === null || isInteger(me) ? {kind: "start", height, set: parsed, me} : null;
}

function parseValue({round, value}: Fields): Input | null {
  return isRound(round) && (value === null || isValue(value)) ? {kind: "value", round, value} : null;
}

function parseProposal({height, round, polRound, value, from, id}: Fields): Input | null {
  if (!isCount(height) || !isRound(round) || !isInteger(polRound) || !isValue(value) || !isInteger(from) || !isText(id)) return null;
  return {kind: "proposal", height, round, polRound, value, from, id};
}

function parseVerdict({value, verdict}: Fields): Input | null {
  return isValue(value) && (verdict === "valid" || verdict === "invalid") ? {kind: "verdict", value, verdict} : null;
}

function parseVote({type, height, round, value, from, id}: Fields): Input | null {
  const known = VOTE_TYPES.find((one) => one === type);
  if (known === undefined || !isCount(height) || !isRound(round) || !isInteger(from) || !isText(id)) return null;
  return value === null || isValue(value) ? {kind: "vote", type: known, height, round, value, from, id} : null;
}

function parseCertificate({height, round, value, from}: Fields, kind: "polka" | "commit"): Input | null {
  if (!isCount(height) || !isRound(round) || !isValue(value) || !Array.isArray(from)) return null;
  const indices = [...new Set<unknown>(from)]; // a hole in a sparse array becomes undefined here, where every() would skip it
  return indices.every(isInteger) ? {kind, height, round, value, from: indices.sort((a, b) => a - b)} : null;
}

function parseTimeout({step, height, round}: Fields): Input | null {
  const known = STEPS.find((one) => one === step);
  return known !== undefined && isCount(height) && isRound(round) ? {kind: "timeout", step: known, height, round} : null;
}

/** A set must have a schedule, and every entry of it a validator with seats: then every round has a proposer. */
function parseSet(raw: unknown): ValidatorSet | null {
  if (typeof raw !== "object" || raw === null) return null;
  const {epoch, validators, schedule} = raw as Fields;
  if (!isCount(epoch) || !Array.isArray(validators) || !Array.isArray(schedule) || schedule.length === 0) return null;
  const parsed = validators.map(parseValidator).filter((validator) => validator !== null);
  if (parsed.length !== validators.length || !isCount(parsed.reduce((sum, {seats}) => sum + 3 * seats, 0))) return null;
  const indices: unknown[] = [...schedule];
  if (!indices.every(isInteger)) return null;
  return indices.every((index) => index >= 0 && index < parsed.length) ? {epoch, validators: parsed, schedule: indices} : null;
}

function parseValidator(raw: unknown): Validator | null {
  if (typeof raw !== "object" || raw === null) return null;
  const {id, seats} = raw as Fields;
  return isText(id) && isCount(seats) && seats > 0 ? {id, seats} : null;
}

function isInteger(raw: unknown): raw is number {
  return Number.isSafeInteger(raw) && !Object.is(raw, -0);
}

function isCount(raw: unknown): raw is number {
  return isInteger(raw) && raw >= 0;
}

function isRound(raw: unknown): raw is number {
  return isCount(raw) && raw <= ROUND_MAX;
}

function isText(raw: unknown): raw is string {
  return typeof raw === "string" && raw.length <= TEXT_MAX;
}

function isValue(raw: unknown): raw is string {
  return isText(raw) && raw !== "";
}
