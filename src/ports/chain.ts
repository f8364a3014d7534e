import type {Hex} from "../base/bytes.ts";
import type {Outbox} from "../types/block.ts";
import type {KeyFields} from "../types/digests.ts";
import type {ChainHead, ChainLog} from "../types/facts.ts";
import type {Uuid} from "../types/ids.ts";
import type {Service} from "./system.ts";

/** How far a platform's logs are decided: all of blocks below `number`, and the first `logs` of block `number`. */
export interface ChainCursor {
  readonly number: number;
  readonly logs: number;
}

/** valid and invalid are final; unknown: the own source has not seen it (yet). */
export type Judgement = "valid" | "invalid" | "unknown";

/** The finalised logs of one group contract, as this validator's own RPC node shows them. */
export interface ChainObserver extends Service {
  readonly platform: Hex;
  /** The next head that brings at least one log after `cursor`, with its logs, at most `logsMax`; null: nothing new. */
  next(cursor: ChainCursor, logsMax: number): {head: ChainHead; logs: readonly ChainLog[]} | null;
  /**
   * The newest final head, without logs of its own, where its time is at least `since` (s) and no log stands between `cursor` and it;
   * null: not yet.
   */
  boundary(cursor: ChainCursor, since: number): ChainHead | null;
  /** Whether `head` and `logs` are what follows `cursor`. */
  judge(cursor: ChainCursor, head: ChainHead, logs: readonly ChainLog[]): Judgement;
  /** Looks at the RPC node now. Never rejects: trouble is logged, counted, and retried by the next poll. */
  poll(): Promise<void>;
  /** Logs up to `cursor` are decided and need not be kept. */
  forget(cursor: ChainCursor): void;
  /** Called after a poll that found a new log. */
  onNew(listener: () => void): void;
  /** Highest finalised block seen; 0 before the first poll. */
  head(): number;
}

/** The validators in office, and what of them has signed. */
export interface SignedBySet {
  readonly keys: readonly Hex[];
  readonly seats: readonly number[];
  /** By validator index; empty where a validator has not signed. */
  readonly signatures: readonly Uint8Array[];
}

/** All that `MixinGroup.activate` takes. */
export interface ActivationArgs extends KeyFields, SignedBySet {
  readonly deadline: bigint;
}

/** Something that a group contract is asked to do, besides taking outboxes. `counter`: the one that was signed for. */
export type GroupAction =
  /** `groupSignature`: 256 bytes, EIP-2537. */
  | ({readonly kind: "rotate"; readonly counter: bigint; readonly groupSignature: Uint8Array} & ActivationArgs)
  | ({readonly kind: "rekey"; readonly counter: bigint} & ActivationArgs)
  /** By the group where `groupSignature` is not empty: the others' signatures are then not looked at. */
  | ({readonly kind: "pause"; readonly counter: bigint; readonly deadline: bigint; readonly groupSignature: Uint8Array} & SignedBySet)
  | ({readonly kind: "unpause"; readonly counter: bigint; readonly deadline: bigint} & SignedBySet)
  | {readonly kind: "retry" | "giveBack"; readonly process: Uuid; readonly nonce: bigint; readonly event: Uint8Array};

/** The outboxes of one decided block for one platform, from the contract's nextSeq on, and what they commit to. */
export interface DecidedOutboxes {
  readonly height: number;
  readonly coreHash: Hex;
  /** All outboxes of the block. */
  readonly outboxes: readonly Outbox[];
  readonly epoch: number;
  readonly round: number;
  readonly deliveries: readonly {readonly system: readonly Uint8Array[]; readonly events: readonly Uint8Array[]}[];
}

/** With the group's certificate: 256 bytes, EIP-2537. */
export interface DeliverArgs extends DecidedOutboxes {
  readonly signature: Uint8Array;
}

/** What became of a transaction that was sent: mined with success, mined and reverted, or already done by another. */
export interface Submitted {
  readonly outcome: "mined" | "reverted" | "unneeded";
  readonly txHash: Hex | null;
  readonly gasUsed: bigint;
}

/** Reads and writes one group contract with this node's submitter account; one transaction in flight. */
export interface GroupContract extends Service {
  readonly platform: Hex;
  status(): Promise<{activated: boolean; nextSeq: bigint; groupKey: Uint8Array}>;
  /** Throws ChainError where the node's RPC or account makes it impossible now; the caller tries again later. */
  activate(args: ActivationArgs): Promise<Submitted>;
  deliver(args: DeliverArgs): Promise<Submitted>;
  /** Runs one message of an outbox that was committed without being run. unneeded: somebody else has. Throws ChainError. */
  execute(args: {seq: bigint; event: Uint8Array; proof: readonly Uint8Array[]}): Promise<Submitted>;
  /** wei of the submitter account. */
  balance(): Promise<bigint>;
}

/** What the rarer duties need of a group contract. All throw ChainError. */
export interface GroupActions {
  /** `pausedUntil`: seconds since 1970, in the past when it is not paused. */
  admin(): Promise<{counter: bigint; pausedUntil: bigint; epoch: bigint; validatorsHash: Hex}>;
  /** unneeded: it is done already, or its turn has passed. */
  act(action: GroupAction): Promise<Submitted>;
  /** On precommits of the block in place of its certificate, by those that voted then. */
  deliverByVotes(args: DecidedOutboxes & SignedBySet): Promise<Submitted>;
}
