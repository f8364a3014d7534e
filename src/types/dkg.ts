import type {Hex} from "../base/bytes.ts";
import {Reader, Writer} from "../base/codec.ts";
import {DecodeError} from "../base/errors.ts";

/**
 * What validators say in the distributed key generation; each is the `body` of a DkgMessage. Points are compressed (48
 * bytes in G1, 96 in G2), scalars 32 bytes big-endian. The codec judges form alone: whether a point is a point is for
 * the DKG's admission, after all that is cheap.
 */

/** A polynomial by its commitments, and its value at each seat, encrypted to the seat's validator. */
export interface Dealing {
  readonly kind: "dealing";
  readonly sid: Hex;
  /** Index of the validator that deals. */
  readonly dealer: number;
  /** Its old seat whose share is dealt in a resharing; 0 in a fresh session. */
  readonly seat: number;
  /** C_0 … C_{t-1}: t of them. */
  readonly commitments: readonly Uint8Array[];
  /** R = r·G1. */
  readonly ephemeral: Uint8Array;
  /** One scalar per seat, in seat order. */
  readonly ciphertexts: readonly Uint8Array[];
  /** Knowledge of a_0 and r, bound to all bytes before it: 96 bytes. */
  readonly proof: Uint8Array;
}
/** The dealer's value for `recipient` is wrong: K opens all of the accuser's values from this dealer, c and z prove K. */
export interface Complaint {
  readonly kind: "complaint";
  readonly sid: Hex;
  readonly accuser: number;
  readonly dealer: number;
  readonly seat: number;
  /** The accuser's seat whose value is wrong. */
  readonly recipient: number;
  /** K = d·R. */
  readonly sharedKey: Uint8Array;
  readonly challenge: Uint8Array;
  readonly response: Uint8Array;
}
/** The seat holds its share of the key that `transcript` names: the share's signature over ackDigest. */
export interface Ack {
  readonly kind: "ack";
  readonly sid: Hex;
  readonly seat: number;
  readonly transcript: Hex;
  readonly signature: Uint8Array;
}
/** The seat has no share of the key of session `sid`. */
export interface NoShare {
  readonly kind: "noShare";
  readonly sid: Hex;
  readonly seat: number;
}
/** What is said within a session. */
export type DkgBody = Dealing | Complaint | Ack | NoShare;

/** The sender's dealing key for an epoch to come: the other body of a DkgMessage, outside of any session. */
export interface EncKey {
  /** Number below 2^53. */
  readonly epoch: number;
  /** 48 bytes. */
  readonly encKey: Uint8Array;
  /** Proof of possession (dkg/enc-key.ts), 96 bytes. */
  readonly proof: Uint8Array;
}

const VERSION = 1;
const TYPE = {dealing: 1, complaint: 2, ack: 3, noShare: 4, encKey: 5} as const;
const POINT = 48;
const SCALAR = 32;
const SIGNATURE = 96;

/** Bytes of a dealing with `threshold` commitments for `seats` seats. */
export function dealingSize(threshold: number, seats: number): number {
  return 184 + POINT * threshold + SCALAR * seats;
}

/**
 * What a message of one sender is about, as text: of two messages in one place a block takes one, so whoever holds messages for
 * a block keeps the first and drops the rest before any work on the curve.
 */
export function placeOf(body: DkgBody): string {
  switch (body.kind) {
    case "dealing":
      return `${body.sid}/dealing/${body.seat}`;
    case "complaint":
      return `${body.sid}/complaint/${body.dealer}/${body.seat}`;
    case "ack":
    case "noShare":
      return `${body.sid}/${body.kind}/${body.seat}`;
  }
}

/** version u8 ‖ type u8 ‖ the fields in the order of the type, a dealing's commitments after their number u16. Throws EncodeError. */
export function encodeDkgBody(body: DkgBody): Uint8Array {
  const w = new Writer().u8(VERSION).u8(TYPE[body.kind]).hex(body.sid, 32, "dkg.sid");
  switch (body.kind) {
    case "dealing":
      w.u16(body.dealer).u16(body.seat).u16(body.commitments.length);
      for (const point of body.commitments) w.fixed(point, POINT, "dealing.commitments");
      w.fixed(body.ephemeral, POINT, "dealing.ephemeral");
      for (const scalar of body.ciphertexts) w.fixed(scalar, SCALAR, "dealing.ciphertexts");
      w.fixed(body.proof, SIGNATURE, "dealing.proof");
      break;
    case "complaint":
      w.u16(body.accuser).u16(body.dealer).u16(body.seat).u16(body.recipient).fixed(body.sharedKey, POINT, "complaint.sharedKey");
      w.fixed(body.challenge, SCALAR, "complaint.challenge").fixed(body.response, SCALAR, "complaint.response");
      break;
    case "ack":
      w.u16(body.seat).hex(body.transcript, 32).fixed(body.signature, SIGNATURE, "ack.signature");
      break;
    case "noShare":
      w.u16(body.seat);
      break;
  }
  return w.bytes();
}

/** Which of the two a body is, by its type alone: decodeEncKey reads it, or decodeDkgBody. */
export function isEncKeyBody(bytes: Uint8Array): boolean {
  return bytes[1] === TYPE.encKey;
}

/** version u8 ‖ type u8 ‖ epoch u64 ‖ key 48 ‖ proof 96. Throws EncodeError. */
export function encodeEncKey({epoch, encKey, proof}: EncKey): Uint8Array {
  return new Writer().u8(VERSION).u8(TYPE.encKey).count(epoch).fixed(encKey, POINT).fixed(proof, SIGNATURE).bytes();
}

/** Accepts exactly what encodeEncKey makes. Throws DecodeError. */
export function decodeEncKey(bytes: Uint8Array): EncKey {
  const r = new Reader(bytes);
  readHead(r, TYPE.encKey);
  const key = {epoch: r.count("encKey.epoch"), encKey: r.fixed(POINT, "encKey.encKey"), proof: r.fixed(SIGNATURE, "encKey.proof")};
  r.end("dkg");
  return key;
}

/** Version and type; the type where it has to be `want`. */
function readHead(r: Reader, want?: number): number {
  const version = r.u8("dkg.version");
  if (version !== VERSION) throw new DecodeError("UNKNOWN_TAG", {field: "dkg.version", offset: 0, want: VERSION, got: version});
  const type = r.u8("dkg.type");
  if (want !== undefined && type !== want) throw new DecodeError("UNKNOWN_TAG", {field: "dkg.type", offset: 1, want, got: type});
  return type;
}

/** Accepts exactly what encodeDkgBody makes of at least one commitment and one ciphertext. Throws DecodeError. */
export function decodeDkgBody(bytes: Uint8Array): DkgBody {
  const r = new Reader(bytes);
  const type = readHead(r);
  const sid = r.hex(32, "dkg.sid");
  const body = readBody(r, {type, sid, size: bytes.length});
  r.end("dkg");
  return body;
}

function readBody(r: Reader, head: {type: number; sid: Hex; size: number}): DkgBody {
  const {sid} = head;
  switch (head.type) {
    case TYPE.dealing:
      return readDealing(r, head);
    case TYPE.complaint:
      return {
        kind: "complaint",
        sid,
        accuser: r.u16("complaint.accuser"),
        dealer: r.u16("complaint.dealer"),
        seat: r.u16("complaint.seat"),
        recipient: r.u16("complaint.recipient"),
        sharedKey: r.fixed(POINT, "complaint.sharedKey"),
        challenge: r.fixed(SCALAR, "complaint.challenge"),
        response: r.fixed(SCALAR, "complaint.response"),
      };
    case TYPE.ack:
      return {
        kind: "ack",
        sid,
        seat: r.u16("ack.seat"),
        transcript: r.hex(32, "ack.transcript"),
        signature: r.fixed(SIGNATURE, "ack.signature"),
      };
    case TYPE.noShare:
      return {kind: "noShare", sid, seat: r.u16("noShare.seat")};
    default:
      throw new DecodeError("UNKNOWN_TAG", {field: "dkg.type", offset: 1, got: head.type});
  }
}

/** The number of ciphertexts is what is left, so the whole is measured before a field is copied. */
function readDealing(r: Reader, {sid, size}: {sid: Hex; size: number}): Dealing {
  const dealer = r.u16("dealing.dealer");
  const seat = r.u16("dealing.seat");
  const offset = r.offset;
  const threshold = r.u16("dealing.commitments");
  if (threshold === 0) throw new DecodeError("NOT_CANONICAL", {field: "dealing.commitments", offset, got: 0});
  const least = dealingSize(threshold, 1);
  if (size < least) throw new DecodeError("SHORT", {field: "dealing", offset, want: least, got: size});
  const surplus = (size - least) % SCALAR;
  if (surplus !== 0) throw new DecodeError("TRAILING", {field: "dealing", offset: size - surplus, got: surplus});
  const seats = 1 + (size - least) / SCALAR;
  return {
    kind: "dealing",
    sid,
    dealer,
    seat,
    commitments: Array.from({length: threshold}, () => r.fixed(POINT, "dealing.commitments")),
    ephemeral: r.fixed(POINT, "dealing.ephemeral"),
    ciphertexts: Array.from({length: seats}, () => r.fixed(SCALAR, "dealing.ciphertexts")),
    proof: r.fixed(SIGNATURE, "dealing.proof"),
  };
}
