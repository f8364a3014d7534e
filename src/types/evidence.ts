import type {Hex} from "../base/bytes.ts";
import type {Reader, Writer} from "../base/codec.ts";
import {DecodeError, EncodeError} from "../base/errors.ts";
import {proposalDigest, voteDigest} from "./digests.ts";
import {ZERO_HASH} from "./ids.ts";
import type {SignedProposal, SignedVote} from "./votes.ts";

/** Where somebody signed something: the network must see one value of each validator here. */
export interface EvidencePlace {
  readonly epoch: number;
  readonly height: number;
  readonly round: number;
  readonly type: (typeof EVIDENCE_TYPES)[number];
  /** Index in the epoch's validators. */
  readonly from: number;
}
/** One of two contradicting votes: what differs, and its author's signature over voteDigest, 65 bytes r‖s‖v. */
export interface VoteSide {
  /** null: nil. */
  readonly blockHash: Hex | null;
  readonly signature: Uint8Array;
}
/** One of two contradicting proposals; the signature is over proposalDigest. */
export interface ProposalSide {
  readonly blockHash: Hex;
  readonly polRound: number;
  readonly signature: Uint8Array;
}
export interface VoteEvidence extends EvidencePlace {
  readonly kind: "evidence";
  readonly type: "prevote" | "precommit";
  readonly first: VoteSide;
  readonly second: VoteSide;
}
export interface ProposalEvidence extends EvidencePlace {
  readonly kind: "evidence";
  readonly type: "proposal";
  readonly first: ProposalSide;
  readonly second: ProposalSide;
}
/**
 * Two signed votes or proposals of one validator for one (epoch, height, round, type) and different blocks: the proof of a lie, which
 * a contract checks with two `ecrecover`. `first` names the lower block hash, nil being zero, so that a pair has one encoding.
 */
export type Evidence = VoteEvidence | ProposalEvidence;

/** The tag of a type is its place here, as in the digests of votes: 1 prevote, 2 precommit. */
export const EVIDENCE_TYPES = ["proposal", "prevote", "precommit"] as const;

const hashOf = (side: VoteSide | ProposalSide): Hex => side.blockHash ?? ZERO_HASH;

/** What a validator can be accused of once: text, equal for two pieces of evidence of one place. */
export function placeKey({epoch, height, round, type, from}: EvidencePlace): string {
  return `${epoch}/${height}/${round}/${type}/${from}`;
}

/** What a vote or a proposal is about. */
export function placeOf(signed: SignedVote | SignedProposal): EvidencePlace {
  const {epoch, height, round, from} = signed;
  return {epoch, height, round, from, type: "type" in signed ? signed.type : "proposal"};
}

/** The evidence that two signed messages make, in whatever order they came; null where they do not contradict each other. */
export function evidenceFrom(a: SignedVote | SignedProposal, b: SignedVote | SignedProposal): Evidence | null {
  const place = placeOf(a);
  if (placeKey(place) !== placeKey(placeOf(b)) || hashOf(a) === hashOf(b)) return null;
  const [first, second] = hashOf(a) < hashOf(b) ? [a, b] : [b, a];
  if ("polRound" in first && "polRound" in second)
    return {kind: "evidence", ...place, type: "proposal", first: proposalSide(first), second: proposalSide(second)};
  if ("type" in first && "type" in second)
    return {kind: "evidence", ...place, type: first.type, first: voteSide(first), second: voteSide(second)};
  return null;
}

function voteSide({blockHash, signature}: SignedVote): VoteSide {
  return {blockHash, signature};
}
function proposalSide({blockHash, polRound, signature}: SignedProposal): ProposalSide {
  return {blockHash, polRound, signature};
}

/** What the accused must have signed for the evidence to hold: the EIP-712 digests of `first` and `second`. */
export function evidenceDigests(domain: Uint8Array, evidence: Evidence): readonly [Uint8Array, Uint8Array] {
  const {epoch, height, round} = evidence;
  if (evidence.type === "proposal") {
    const digest = ({blockHash, polRound}: ProposalSide) => proposalDigest(domain, {epoch, height, round, polRound, blockHash});
    return [digest(evidence.first), digest(evidence.second)];
  }
  const digest = ({blockHash}: VoteSide) => voteDigest(domain, {epoch, height, round, type: evidence.type, blockHash});
  return [digest(evidence.first), digest(evidence.second)];
}

/** epoch u64 ‖ height u64 ‖ round u32 ‖ type u8 ‖ from u16 ‖ first ‖ second, each hash 32 ‖ (proposals: polRound i32) ‖ signature 65. */
export function writeEvidence(w: Writer, evidence: Evidence): Writer {
  const {epoch, height, round, type, from} = evidence;
  const [first, second] = [hashOf(evidence.first), hashOf(evidence.second)];
  if (first >= second) throw new EncodeError("OUT_OF_RANGE", {field: "evidence.second", want: `above ${first}`, got: second});
  if (type === "proposal" && first === ZERO_HASH)
    throw new EncodeError("OUT_OF_RANGE", {field: "evidence.first", want: "a block", got: first});
  w.count(epoch).count(height).u32(round).tag(EVIDENCE_TYPES, type).u16(from);
  const sides: readonly (VoteSide | ProposalSide)[] = [evidence.first, evidence.second];
  for (const side of sides) {
    w.hex(hashOf(side), 32);
    if ("polRound" in side) w.i32(side.polRound);
    w.fixed(side.signature, 65);
  }
  return w;
}

/** Accepts exactly what writeEvidence makes; says nothing about the signatures. Throws DecodeError. */
export function readEvidence(r: Reader): Evidence {
  const epoch = r.count("evidence.epoch");
  const height = r.count("evidence.height");
  const round = r.u32("evidence.round");
  const type = r.tag(EVIDENCE_TYPES, "evidence.type");
  const from = r.u16("evidence.from");
  const {offset} = r;
  const place = {kind: "evidence" as const, epoch, height, round, from};
  const evidence: Evidence =
    type === "proposal"
      ? {...place, type, first: readProposalSide(r), second: readProposalSide(r)}
      : {...place, type, first: readVoteSide(r), second: readVoteSide(r)};
  const [first, second] = [hashOf(evidence.first), hashOf(evidence.second)];
  if (first >= second || (type === "proposal" && first === ZERO_HASH))
    throw new DecodeError("NOT_CANONICAL", {field: "evidence.blockHash", offset});
  return evidence;
}

function readVoteSide(r: Reader): VoteSide {
  const hash = r.hex(32, "evidence.blockHash");
  return {blockHash: hash === ZERO_HASH ? null : hash, signature: r.fixed(65, "evidence.signature")};
}
function readProposalSide(r: Reader): ProposalSide {
  return {
    blockHash: r.hex(32, "evidence.blockHash"),
    polRound: r.i32("evidence.polRound"),
    signature: r.fixed(65, "evidence.signature"),
  };
}
