import type {Hex} from "../../src/base/bytes.ts";
import {sign} from "../../src/crypto/secp256k1.ts";
import {domainSeparator, proposalDigest, voteDigest} from "../../src/types/digests.ts";
import {type Evidence, type EvidencePlace, evidenceFrom} from "../../src/types/evidence.ts";
import type {Genesis} from "../../src/types/genesis.ts";
import type {SignedProposal, SignedVote} from "../../src/types/votes.ts";

/** Who signs: the network, the key, and the index under which it stands in the set. */
export interface Author {
  readonly genesis: Genesis;
  readonly secret: Uint8Array;
  readonly from: number;
}

export const blockNamed = (byte: number): Hex => `0x${byte.toString(16).padStart(2, "0").repeat(32)}`;

export function voteBy({genesis, secret, from}: Author, of: Partial<SignedVote> = {}): SignedVote {
  const fields = {epoch: 0, height: 1, round: 0, type: "prevote" as const, blockHash: blockNamed(0xaa), ...of};
  return {...fields, from, signature: sign(secret, voteDigest(domainSeparator(genesis), fields))};
}

export function proposalBy({genesis, secret, from}: Author, of: Partial<SignedProposal> = {}): SignedProposal {
  const fields = {epoch: 0, height: 1, round: 0, polRound: -1, blockHash: blockNamed(0xaa), ...of};
  return {...fields, from, signature: sign(secret, proposalDigest(domainSeparator(genesis), fields))};
}

/** A contradiction that its author has really signed. */
export function evidenceBy(author: Author, of: Partial<Omit<EvidencePlace, "from">> = {}): Evidence {
  const {type = "prevote", ...place} = of;
  const [a, b] = [blockNamed(0xaa), blockNamed(0xbb)];
  const evidence =
    type === "proposal"
      ? evidenceFrom(proposalBy(author, {...place, blockHash: a}), proposalBy(author, {...place, blockHash: b}))
      : evidenceFrom(voteBy(author, {...place, type, blockHash: a}), voteBy(author, {...place, type, blockHash: b}));
  if (evidence === null) throw new Error("no contradiction");
  return evidence;
}
