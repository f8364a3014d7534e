import type {Hex} from "../../base/bytes.ts";
import type {Input} from "../../consensus/types.ts";
import type {Network, Verdict} from "../../ports/network.ts";
import type {Wal} from "../../ports/store.ts";
import type {Clock, Logger} from "../../ports/system.ts";
import type {Block} from "../../types/block.ts";
import type {Evidence} from "../../types/evidence.ts";
import type {ProposalMessage, VoteMessage} from "../../types/messages.ts";
import type {SignedProposal, SignedVote} from "../../types/votes.ts";
import type {Certifier} from "./certifier.ts";
import type {DecidedChain} from "./decided-chain.ts";
import type {ConsensusSigner} from "./signer.ts";
import type {Sources} from "./sources.ts";

/** What reaches the driver; messages are verified before. `advance`: moves the chain on without the round machine. */
export type DriverEvent =
  | {readonly kind: "message"; readonly message: ProposalMessage | VoteMessage; readonly block: Block | null}
  | {readonly kind: "advance"; readonly run: () => Promise<void>}
  | {readonly kind: "timeout"; readonly input: Extract<Input, {kind: "timeout"}>}
  | {readonly kind: "stuck"; readonly height: number; readonly round: number; readonly value: Hex}
  | {readonly kind: "wake" | "resend"};

/** Who notices that a validator contradicts itself, and holds the evidence until a block has it. */
export interface EvidencePort {
  /** Looks at a verified message of the height in progress; `round` is the one in progress. */
  watch(message: ProposalMessage | VoteMessage, round: number): void;
  /** Looks at what came for a decided height. The signature is asked for only where it would prove something. */
  watchLate(signed: SignedVote | SignedProposal, isSigned: () => boolean): Verdict;
  /** Judges evidence of others, and keeps it where the next block could take it. */
  receive(evidence: Evidence): Verdict;
  /** What the next block could take, at most as much as one may. */
  admissible(): readonly Evidence[];
  /** What was found here and is in no block yet. */
  openOwn(): readonly Evidence[];
  /** What was found here since the last call, to be written to the log. */
  takeUnsaved(): readonly Evidence[];
  /** Takes back what the log holds; blocks may have it by now. */
  restore(evidence: Evidence): void;
  /** Called when there is new evidence. */
  onNew(listener: () => void): void;
}

export interface DriverPorts {
  readonly chain: DecidedChain;
  readonly network: Network;
  readonly wal: Wal;
  readonly clock: Clock;
  readonly sources: Sources;
  readonly certifier: Certifier;
  readonly evidence: EvidencePort;
  readonly signer: ConsensusSigner;
  readonly log: Logger;
  /** The others are heights ahead: nothing is proposed, and no round begins by itself. */
  readonly isBehind: () => boolean;
  /** Hears each own proposal and vote as it leaves. */
  readonly sent: (message: ProposalMessage | VoteMessage) => void;
  /** The node cannot go on: a decided block does not apply, or the disk fails. */
  readonly fatal: (error: unknown) => void;
}
