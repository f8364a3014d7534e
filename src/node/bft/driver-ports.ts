import type {Hex} from "../../base/bytes.ts";
import type {Input} from "../../consensus/types.ts";
import type {Network} from "../../ports/network.ts";
import type {Wal} from "../../ports/store.ts";
import type {Clock, Logger} from "../../ports/system.ts";
import type {Block} from "../../types/block.ts";
import type {ProposalMessage, VoteMessage} from "../../types/messages.ts";
import type {Proof} from "../../types/votes.ts";
import type {Certifier} from "./certifier.ts";
import type {DecidedChain} from "./decided-chain.ts";
import type {ConsensusSigner} from "./signer.ts";
import type {Sources} from "./sources.ts";

/** What reaches the driver; messages are verified before, blocks of a commit are proven. */
export type DriverEvent =
  | {readonly kind: "message"; readonly message: ProposalMessage | VoteMessage; readonly block: Block | null}
  | {
      readonly kind: "commit";
      readonly hash: Hex;
      readonly round: number;
      readonly block: Block;
      readonly bytes: Uint8Array;
      readonly proof: Proof;
    }
  | {readonly kind: "timeout"; readonly input: Extract<Input, {kind: "timeout"}>}
  | {readonly kind: "stuck"; readonly height: number; readonly round: number; readonly value: Hex}
  | {readonly kind: "wake" | "resend"};

export interface DriverPorts {
  readonly chain: DecidedChain;
  readonly network: Network;
  readonly wal: Wal;
  readonly clock: Clock;
  readonly sources: Sources;
  readonly certifier: Certifier;
  readonly signer: ConsensusSigner;
  /** Index of this validator. */
  readonly me: number;
  readonly log: Logger;
  /** The node cannot go on: a decided block does not apply, or the disk fails. */
  readonly fatal: (error: unknown) => void;
}
