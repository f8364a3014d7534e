import type {Network} from "../../src/ports/network.ts";
import {blockHash, decodeBlock, encodeBlock} from "../../src/types/block.ts";
import {type Evidence, evidenceFrom} from "../../src/types/evidence.ts";
import type {Message, ProposalMessage, VoteMessage} from "../../src/types/messages.ts";
import type {TestCluster} from "./cluster.ts";
import {type Author, blockNamed, proposalBy, voteBy} from "./evidence.ts";

/** Somebody else with a validator's key: hears what the validator says, and says the opposite. */
export class Equivocator {
  /** What it can be accused of. */
  readonly lies: Evidence[] = [];
  readonly author: Author;
  readonly network: Network;
  /** Whom it contradicts in what; told for each message of its validator. */
  wants: (message: ProposalMessage | VoteMessage) => boolean = () => false;

  constructor(cluster: TestCluster, validator: number) {
    this.author = {genesis: cluster.genesis, secret: cluster.keys[validator]?.consensus as Uint8Array, from: validator};
    this.network = cluster.hub.port(cluster.keys.length, {
      receive: (message) => {
        this.#hear(message);
        return "ignore";
      },
      serveBlocks: async () => [],
      serveSnapshot: async () => null,
      connected() {},
    });
  }

  #hear(message: Message): void {
    if (message.kind !== "vote" && message.kind !== "proposal") return;
    const signed = message.kind === "vote" ? message.vote : message.proposal;
    if (signed.from !== this.author.from || !this.wants(message)) return;
    const lie = message.kind === "vote" ? this.otherVote(message) : this.otherProposal(message);
    const evidence = evidenceFrom(signed, lie.kind === "vote" ? lie.vote : lie.proposal);
    if (evidence !== null) this.lies.push(evidence);
    this.network.broadcast(lie);
  }

  /** For a block that does not exist. */
  otherVote({vote}: VoteMessage): VoteMessage {
    return {kind: "vote", vote: voteBy(this.author, {...vote, blockHash: blockNamed(0xbb)}), partials: []};
  }

  /** The same facts, as if another had built the block: valid as well. */
  otherProposal({proposal, block: bytes}: ProposalMessage): ProposalMessage {
    const block = decodeBlock(bytes);
    const other = {...block, header: {...block.header, proposer: `0x${"ee".repeat(20)}` as const}};
    return {
      kind: "proposal",
      proposal: proposalBy(this.author, {...proposal, polRound: -1, blockHash: blockHash(other)}),
      block: encodeBlock(other),
      polka: [],
    };
  }
}
