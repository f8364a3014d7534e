import type {Hex} from "../../base/bytes.ts";
import {MvmError} from "../../base/errors.ts";
import {type Block, blockHash, decodeBlock} from "../../types/block.ts";
import {decodeDecidedBlock} from "../../types/messages.ts";
import type {Proof} from "../../types/votes.ts";
import type {Certifier} from "./certifier.ts";
import type {DecidedChain} from "./decided-chain.ts";
import {type Digests, isSignedBy} from "./signer.ts";

/** What a peer served cannot be what was asked for. */
export class CatchUpError extends MvmError<
  "WRONG_HEIGHT" | "UNPROVEN" | "WRONG_PARENT",
  {height: number; want?: number | Hex; got?: number | Hex}
> {}

/** A block whose proof has been checked. */
export interface ProvenBlock {
  readonly height: number;
  readonly hash: Hex;
  readonly block: Block;
  readonly bytes: Uint8Array;
  readonly round: number;
  readonly proof: Proof;
}

export interface ProofPorts {
  readonly chain: DecidedChain;
  readonly certifier: Pick<Certifier, "verify">;
  readonly digests: Digests;
}

/**
 * A served block of `height` whose parent is `parent`, with its proof checked: the one pairing of a certificate, or the
 * signatures of a quorum of seats. Certificates are of the group key of the own state, so there are none before it.
 * @returns null where the votes are of an epoch whose set only the block before this one makes: once that is applied, they can be checked
 * @throws DecodeError, CatchUpError
 */
export function openFrame(ports: ProofPorts, frame: Uint8Array, height: number, parent: Hex): ProvenBlock | null {
  const {block: bytes, proof} = decodeDecidedBlock(frame);
  const block = decodeBlock(bytes);
  if (block.height !== height) throw new CatchUpError("WRONG_HEIGHT", {height, got: block.height});
  const {parentHash} = block.header;
  if (parentHash !== parent) throw new CatchUpError("WRONG_PARENT", {height, want: parent, got: parentHash});
  const hash = blockHash(block);
  const {chain} = ports;
  if (proof.kind === "votes" && height > chain.height + 1 && block.header.epoch > chain.epochSet.epoch) return null;
  if (proof.kind === "certificate" && proof.certificate.epoch !== block.header.epoch)
    throw new CatchUpError("UNPROVEN", {height, got: hash});
  const round = provenRound(ports, proof, {height, hash});
  if (round === null) throw new CatchUpError("UNPROVEN", {height, got: hash});
  return {height, hash, block, bytes, round, proof};
}

/** The round in which the proof shows this block decided, else null. */
export function provenRound({chain, certifier, digests}: ProofPorts, proof: Proof, of: {height: number; hash: Hex}): number | null {
  const {height, hash} = of;
  if (proof.kind === "certificate") {
    const {certificate} = proof;
    const fits = certificate.height === height && certificate.blockHash === hash;
    return fits && certifier.verify(certificate) ? certificate.round : null;
  }
  const {epoch, validators, quorum} = chain.setAt(height);
  const round = proof.votes[0]?.round ?? 0;
  const seats = proof.votes.reduce((sum, vote) => sum + (validators[vote.from]?.seats ?? 0), 0);
  const fits = proof.votes.every(
    (vote) =>
      vote.type === "precommit" && vote.epoch === epoch && vote.height === height && vote.round === round && vote.blockHash === hash,
  );
  if (seats < quorum || !fits) return null;
  return proof.votes.every((vote) => isSignedBy(validators[vote.from]?.consensusKey, digests.vote(vote), vote.signature)) ? round : null;
}
