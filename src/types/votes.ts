import type {Hex} from "../base/bytes.ts";
import {Reader, Writer} from "../base/codec.ts";
import {DecodeError} from "../base/errors.ts";
import type {ProposalFields, VoteFields} from "./digests.ts";
import {ZERO_HASH} from "./ids.ts";

/** A vote with its author's secp256k1 signature over voteDigest: 65 bytes r‖s‖v. `from`: index in the epoch's validators. */
export interface SignedVote extends VoteFields {
  readonly from: number;
  readonly signature: Uint8Array;
}

/** A proposal with its author's secp256k1 signature over proposalDigest. */
export interface SignedProposal extends ProposalFields {
  readonly from: number;
  readonly signature: Uint8Array;
}

/** One seat's partial BLS signature, 96 bytes compressed. */
export interface SeatSignature {
  readonly seat: number;
  readonly signature: Uint8Array;
}

/** The group's BLS signature on (height, round, blockHash), 96 bytes compressed: the proof of a decision. */
export interface Certificate {
  readonly epoch: number;
  readonly height: number;
  readonly round: number;
  readonly blockHash: Hex;
  readonly signature: Uint8Array;
}

export const VOTE_TYPES = ["prevote", "precommit"] as const;
export const SEATS_MAX = 64;

export function writeVote(w: Writer, vote: SignedVote): Writer {
  return w
    .count(vote.epoch)
    .count(vote.height)
    .u32(vote.round)
    .tag(VOTE_TYPES, vote.type)
    .flag(vote.blockHash !== null)
    .hex(vote.blockHash ?? ZERO_HASH, 32)
    .u16(vote.from)
    .fixed(vote.signature, 65);
}

/** One vote has one encoding: a nil vote with a hash, and a hash of zeros, are refused. Throws DecodeError. */
export function readVote(r: Reader): SignedVote {
  const epoch = r.count("vote.epoch");
  const height = r.count("vote.height");
  const round = r.u32("vote.round");
  const type = r.tag(VOTE_TYPES, "vote.type");
  const present = r.flag("vote.present");
  const offset = r.offset;
  const hash = r.hex(32, "vote.blockHash");
  if (present === (hash === ZERO_HASH)) throw new DecodeError("NOT_CANONICAL", {field: "vote.blockHash", offset});
  return {epoch, height, round, type, blockHash: present ? hash : null, from: r.u16("vote.from"), signature: r.fixed(65, "vote.signature")};
}

export function encodeVote(vote: SignedVote): Uint8Array {
  return writeVote(new Writer(), vote).bytes();
}

/** Throws DecodeError. */
export function decodeVote(bytes: Uint8Array): SignedVote {
  const r = new Reader(bytes);
  const vote = readVote(r);
  r.end("vote");
  return vote;
}

export function writeProposal(w: Writer, p: SignedProposal): Writer {
  return w.count(p.epoch).count(p.height).u32(p.round).i32(p.polRound).hex(p.blockHash, 32).u16(p.from).fixed(p.signature, 65);
}

/** Throws DecodeError. */
export function readProposal(r: Reader): SignedProposal {
  return {
    epoch: r.count("proposal.epoch"),
    height: r.count("proposal.height"),
    round: r.u32("proposal.round"),
    polRound: r.i32("proposal.polRound"),
    blockHash: r.hex(32, "proposal.blockHash"),
    from: r.u16("proposal.from"),
    signature: r.fixed(65, "proposal.signature"),
  };
}

export function writeCertificate(w: Writer, c: Certificate): Writer {
  return w.count(c.epoch).count(c.height).u32(c.round).hex(c.blockHash, 32).fixed(c.signature, 96);
}

/** Throws DecodeError. */
export function readCertificate(r: Reader): Certificate {
  return {
    epoch: r.count("certificate.epoch"),
    height: r.count("certificate.height"),
    round: r.u32("certificate.round"),
    blockHash: r.hex(32, "certificate.blockHash"),
    signature: r.fixed(96, "certificate.signature"),
  };
}

export function writeSeatSignatures(w: Writer, items: readonly SeatSignature[]): Writer {
  return w.list(items, (to, item) => to.u16(item.seat).fixed(item.signature, 96));
}

/** Seats ascend strictly, none is 0. Throws DecodeError. */
export function readSeatSignatures(r: Reader): SeatSignature[] {
  const offset = r.offset;
  const items = r.list(SEATS_MAX, "partials", () => ({seat: r.u16("partials.seat"), signature: r.fixed(96, "partials.signature")}));
  if (items.some((item, i) => item.seat <= (items[i - 1]?.seat ?? 0)))
    throw new DecodeError("NOT_CANONICAL", {field: "partials.seat", offset});
  return items;
}

/**
 * Why a block counts as decided: the group's certificate, or precommits of at least q seats for it in one round,
 * by validator ascending. Blocks up to the one that completes the DKG have votes only.
 */
export type Proof =
  | {readonly kind: "certificate"; readonly certificate: Certificate}
  | {readonly kind: "votes"; readonly votes: readonly SignedVote[]};

export function writeProof(w: Writer, proof: Proof): Writer {
  if (proof.kind === "certificate") return writeCertificate(w.u8(0), proof.certificate);
  return w.u8(1).list(proof.votes, writeVote);
}

/** Throws DecodeError. */
export function readProof(r: Reader): Proof {
  const kind = r.tag(["certificate", "votes"] as const, "proof.kind");
  if (kind === "certificate") return {kind, certificate: readCertificate(r)};
  const offset = r.offset;
  const votes = r.list(SEATS_MAX, "proof.votes", readVote);
  if (votes.some((vote, i) => i > 0 && vote.from <= (votes[i - 1] as SignedVote).from))
    throw new DecodeError("NOT_CANONICAL", {field: "proof.votes", offset});
  return {kind, votes};
}
