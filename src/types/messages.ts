import type {Hex} from "../base/bytes.ts";
import {Reader, Writer} from "../base/codec.ts";
import {BLOCK_BYTES_MAX} from "./block.ts";
import {type Evidence, readEvidence, writeEvidence} from "./evidence.ts";
import {DKG_BODY_MAX} from "./facts.ts";
import type {Uuid} from "./ids.ts";
import {
  type Certificate,
  type Proof,
  readCertificate,
  readProof,
  readProposal,
  readSeatSignatures,
  readVote,
  SEATS_MAX,
  type SeatSignature,
  type SignedProposal,
  type SignedVote,
  writeCertificate,
  writeProof,
  writeProposal,
  writeSeatSignatures,
  writeVote,
} from "./votes.ts";

/** A proposal with the encoded block, and with the prevotes of `polRound` where it has one. */
export interface ProposalMessage {
  readonly kind: "proposal";
  readonly proposal: SignedProposal;
  readonly block: Uint8Array;
  readonly polka: readonly SignedVote[];
}
/** A vote; beside a precommit for a block the partial signatures of its author's seats, which the vote does not sign. */
export interface VoteMessage {
  readonly kind: "vote";
  readonly vote: SignedVote;
  readonly partials: readonly SeatSignature[];
}
/** Partial signatures for a decided block, given after the decision. */
export interface PartialsMessage {
  readonly kind: "partials";
  readonly epoch: number;
  readonly height: number;
  readonly round: number;
  readonly blockHash: Hex;
  readonly partials: readonly SeatSignature[];
}
/** Partial signatures over the maskDigest of a pair that a decided payment wants a mask for. Between validators only. */
export interface MaskPartialsMessage {
  readonly kind: "maskPartials";
  readonly digest: Hex;
  readonly partials: readonly SeatSignature[];
}
export interface CertificateMessage {
  readonly kind: "certificate";
  readonly certificate: Certificate;
}
/** A dealing, complaint or ACK that wants to be in a block. */
export interface DkgGossip {
  readonly kind: "dkg";
  readonly from: number;
  readonly body: Uint8Array;
  readonly signature: Uint8Array;
}
/** One validator's signature over activateDigest for `platform`, with the session that its ledger finalised. */
export interface ActivationMessage {
  readonly kind: "activation";
  readonly from: number;
  readonly platform: Hex;
  readonly sid: Hex;
  readonly signature: Uint8Array;
}
/** How far the sender is; the ids of outputs that it has seen and that are not decided. Between validators only. */
export interface StatusMessage {
  readonly kind: "status";
  /** Last decided height. */
  readonly height: number;
  readonly round: number;
  readonly outputs: readonly Uuid[];
}
/** Evidence travels as it stands in a block. */
export type Message =
  | ProposalMessage
  | VoteMessage
  | PartialsMessage
  | MaskPartialsMessage
  | CertificateMessage
  | DkgGossip
  | ActivationMessage
  | StatusMessage
  | Evidence;
export type MessageKind = Message["kind"];

/** The first byte of a message is its place here. */
export const MESSAGE_KINDS = [
  "proposal",
  "vote",
  "partials",
  "certificate",
  "dkg",
  "activation",
  "status",
  "evidence",
  "maskPartials",
] as const;
/** Bytes that a message of any kind may have. */
export const MESSAGE_BYTES_MAX = BLOCK_BYTES_MAX + 20_000;
const OUTPUTS_MAX = 100;

/** kind u8 ‖ fields in the order of the type. Throws EncodeError. */
export function encodeMessage(message: Message): Uint8Array {
  const w = new Writer().tag(MESSAGE_KINDS, message.kind);
  switch (message.kind) {
    case "proposal":
      return writeProposal(w, message.proposal).sized32(message.block).list(message.polka, writeVote).bytes();
    case "vote":
      return writeSeatSignatures(writeVote(w, message.vote), message.partials).bytes();
    case "partials":
      w.count(message.epoch).count(message.height).u32(message.round).hex(message.blockHash, 32);
      return writeSeatSignatures(w, message.partials).bytes();
    case "maskPartials":
      return writeSeatSignatures(w.hex(message.digest, 32), message.partials).bytes();
    case "certificate":
      return writeCertificate(w, message.certificate).bytes();
    case "dkg":
      return w.u16(message.from).sized32(message.body).fixed(message.signature, 65).bytes();
    case "activation":
      return w.u16(message.from).hex(message.platform, 32).hex(message.sid, 32).fixed(message.signature, 65).bytes();
    case "status":
      return w
        .count(message.height)
        .u32(message.round)
        .list(message.outputs, (to, id) => to.uuid(id))
        .bytes();
    case "evidence":
      return writeEvidence(w, message).bytes();
  }
}

/** Checks form only: sizes, canonical fields. Throws DecodeError. */
export function decodeMessage(bytes: Uint8Array): Message {
  const r = new Reader(bytes);
  const message = readMessage(r);
  r.end("message");
  return message;
}

function readMessage(r: Reader): Message {
  const kind = r.tag(MESSAGE_KINDS, "message.kind");
  switch (kind) {
    case "proposal":
      return {
        kind,
        proposal: readProposal(r),
        block: r.sized32(BLOCK_BYTES_MAX, "proposal.block"),
        polka: r.list(SEATS_MAX, "proposal.polka", readVote),
      };
    case "vote":
      return {kind, vote: readVote(r), partials: readSeatSignatures(r)};
    case "partials":
      return {
        kind,
        epoch: r.count("partials.epoch"),
        height: r.count("partials.height"),
        round: r.u32("partials.round"),
        blockHash: r.hex(32, "partials.blockHash"),
        partials: readSeatSignatures(r),
      };
    case "certificate":
      return {kind, certificate: readCertificate(r)};
    case "dkg":
      return {kind, from: r.u16("dkg.from"), body: r.sized32(DKG_BODY_MAX, "dkg.body"), signature: r.fixed(65, "dkg.signature")};
    case "activation":
      return {
        kind,
        from: r.u16("activation.from"),
        platform: r.hex(32, "activation.platform"),
        sid: r.hex(32, "activation.sid"),
        signature: r.fixed(65, "activation.signature"),
      };
    case "status":
      return {
        kind,
        height: r.count("status.height"),
        round: r.u32("status.round"),
        outputs: r.list(OUTPUTS_MAX, "status.outputs", () => r.uuid("status.outputs")),
      };
    case "evidence":
      return readEvidence(r);
    case "maskPartials":
      return {kind, digest: r.hex(32, "maskPartials.digest"), partials: readSeatSignatures(r)};
  }
}

/** A decided block as it is stored and as sync serves it. */
export interface DecidedBlock {
  readonly block: Uint8Array;
  readonly proof: Proof;
}

export function encodeDecidedBlock(decided: DecidedBlock): Uint8Array {
  return writeProof(new Writer().sized32(decided.block), decided.proof).bytes();
}

/** Throws DecodeError. */
export function decodeDecidedBlock(bytes: Uint8Array): DecidedBlock {
  const r = new Reader(bytes);
  const decided = {block: r.sized32(BLOCK_BYTES_MAX, "decided.block"), proof: readProof(r)};
  r.end("decided");
  return decided;
}
