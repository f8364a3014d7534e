import {toHex} from "../../base/bytes.ts";
import {Writer} from "../../base/codec.ts";
import {sha256} from "../../base/hash.ts";
import type {Input} from "../../consensus/types.ts";
import type {ProposalMessage, VoteMessage} from "../../types/messages.ts";
import {encodeVote, writeProposal} from "../../types/votes.ts";

/** What a verified message means to the round machine; a re-proposal brings its polka first. */
export function inputsOf(message: ProposalMessage | VoteMessage): Input[] {
  if (message.kind === "vote") {
    const {type, height, round, blockHash, from} = message.vote;
    return [{kind: "vote", type, height, round, value: blockHash, from, id: toHex(sha256(encodeVote(message.vote)))}];
  }
  const {height, round, polRound, blockHash, from} = message.proposal;
  const id = toHex(sha256(writeProposal(new Writer(), message.proposal).bytes()));
  const proposal: Input = {kind: "proposal", height, round, polRound, value: blockHash, from, id};
  if (polRound < 0) return [proposal];
  return [{kind: "polka", height, round: polRound, value: blockHash, from: message.polka.map((v) => v.from)}, proposal];
}
