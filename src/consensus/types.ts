/**
 * The nouns of the round machine (Tendermint, arXiv 1807.04938, algorithm 1), weighted by seats.
 *
 * Everything is plain data: a state survives `structuredClone` and JSON, and two machines that took equal inputs have equal states.
 */

/** One validator: `id` is its consensus address (0x hex, lower case), `seats` its weight, 1 or more. */
export type Validator = {readonly id: string; readonly seats: number};

/** Validators ascending by operator address; `schedule` holds indices into them, the proposer of (height, round) at (height + round) mod length. */
export type ValidatorSet = {readonly epoch: number; readonly validators: readonly Validator[]; readonly schedule: readonly number[]};

/** A block hash, 0x hex; the machine only compares it. */
export type Value = string;

export type VoteType = "prevote" | "precommit";
export type TimeoutStep = "propose" | VoteType;

/** What the driver feeds in. Every signature is verified before it comes here; the machine still checks shape, proposer and index. */
export type Input =
  | {readonly kind: "start"; readonly height: number; readonly set: ValidatorSet; readonly me: number | null}
  | {readonly kind: "value"; readonly round: number; readonly value: Value | null}
  | {
      readonly kind: "proposal";
      readonly height: number;
      readonly round: number;
      readonly polRound: number;
      readonly value: Value;
      readonly from: number;
      readonly id: string;
    }
  | {readonly kind: "verdict"; readonly value: Value; readonly verdict: "valid" | "invalid"}
  | {
      readonly kind: "vote";
      readonly type: VoteType;
      readonly height: number;
      readonly round: number;
      readonly value: Value | null;
      readonly from: number;
      readonly id: string;
    }
  | {
      readonly kind: "polka" | "commit";
      readonly height: number;
      readonly round: number;
      readonly value: Value;
      readonly from: readonly number[];
    }
  | {readonly kind: "timeout"; readonly step: TimeoutStep; readonly height: number; readonly round: number};

export type Certificate = Extract<Input, {kind: "polka" | "commit"}>;

/** What the driver is asked to do, in this order. */
export type Effect =
  | {readonly kind: "newRound"; readonly height: number; readonly round: number}
  | {readonly kind: "getValue"; readonly height: number; readonly round: number}
  | {readonly kind: "propose"; readonly height: number; readonly round: number; readonly polRound: number; readonly value: Value}
  | {readonly kind: "vote"; readonly type: VoteType; readonly height: number; readonly round: number; readonly value: Value | null}
  | {readonly kind: "timer"; readonly step: TimeoutStep; readonly height: number; readonly round: number}
  | {readonly kind: "decide"; readonly height: number; readonly round: number; readonly value: Value}
  | {
      readonly kind: "evidence";
      readonly type: "proposal" | VoteType;
      readonly height: number;
      readonly round: number;
      readonly from: number;
      readonly first: string;
      readonly second: string;
    }
  | {readonly kind: "ignored"; readonly code: string};

/**
 * Why an input, or something kept from an earlier one, was dropped.
 *
 * - `malformed`: not an input, or a field of the wrong type or range
 * - `notStarted`, `decided`, `otherHeight`: nothing to do with the height in progress
 * - `staleStart`: a start that would not go forward (it would forget the lock)
 * - `unknownValidator`: an index outside the set
 * - `wrongProposer`, `badPolRound`, `proposalsFull`: a proposal out of turn, with a polka round outside -1 … round - 1, or a third of its round
 * - `duplicate`: says what is known already
 * - `votesFull`: a third value of one validator in one slot that no proposal at hand names
 * - `lowFutureRound`: below a round of the same sender that is kept and that is ahead already
 * - `evicted`: accepted, and something older that was kept within the bounds went for it
 * - `noQuorum`: a certificate without a quorum of seats behind it
 * - `verdictFinal`: "invalid" after "valid"
 * - `otherRound`, `notProposer`, `alreadyProposed`: a value nobody is to propose now
 * - `staleTimeout`: a timer of a round or step that is over
 */
export type IgnoredCode =
  | "malformed"
  | "notStarted"
  | "decided"
  | "otherHeight"
  | "staleStart"
  | "unknownValidator"
  | "wrongProposer"
  | "badPolRound"
  | "proposalsFull"
  | "duplicate"
  | "votesFull"
  | "lowFutureRound"
  | "evicted"
  | "noQuorum"
  | "verdictFinal"
  | "otherRound"
  | "notProposer"
  | "alreadyProposed"
  | "staleTimeout";

/** The paper's `step`, with the two ends of a height. */
export type Stage = "idle" | TimeoutStep | "decided";

export type Proposal = {readonly polRound: number; readonly value: Value; readonly id: string};

export type Ballot = {readonly value: Value | null; readonly id: string};

/** What one validator said in one (round, type), in order of arrival; more than one only if it contradicted itself. */
export type Slot = readonly Ballot[];

export type Weight = {readonly value: Value | null; readonly seats: number};

/** Votes of one type in one round. `seats` counts each validator once, `values` counts each vote for its own value. */
export type Tally = {readonly slots: readonly Slot[]; readonly seats: number; readonly values: readonly Weight[]};

/** A polka that came as one verified certificate. */
export type Polka = {readonly value: Value; readonly from: readonly number[]};

/** Everything known about one round, proposals in order of arrival. */
export type RoundRecord = {
  readonly round: number;
  readonly proposals: readonly Proposal[];
  readonly polkas: readonly Polka[];
  readonly prevotes: Tally;
  readonly precommits: Tally;
};

/** A value and the round of the polka that made it so: the paper's (lockedValue, lockedRound) and (validValue, validRound). */
export type Marked = {readonly round: number; readonly value: Value};

export type Verdict = {readonly value: Value; readonly valid: boolean};

/** `height` and `round` are -1 before the first start; `seats` is W; `rounds` ascends; the flags are of the current round. */
export type State = {
  readonly height: number;
  readonly round: number;
  readonly stage: Stage;
  readonly set: ValidatorSet;
  readonly seats: number;
  readonly me: number | null;
  readonly locked: Marked | null;
  readonly valid: Marked | null;
  readonly proposed: boolean;
  readonly prevoteTimer: boolean;
  readonly precommitTimer: boolean;
  readonly verdicts: readonly Verdict[];
  readonly rounds: readonly RoundRecord[];
};

export type Transition = {readonly state: State; readonly effects: readonly Effect[]};
