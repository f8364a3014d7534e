import {utf8} from "../../base/bytes.ts";
import {Reader, Writer} from "../../base/codec.ts";
import {DecodeError} from "../../base/errors.ts";
import type {Input} from "../../consensus/types.ts";
import {type Evidence, readEvidence, writeEvidence} from "../../types/evidence.ts";
import {decodeMessage, encodeMessage, MESSAGE_BYTES_MAX, type ProposalMessage, type VoteMessage} from "../../types/messages.ts";

/**
 * What the write-ahead log holds of a height, in the order in which the round machine took it:
 * messages of others, own messages (each is also the guard's memory of what was signed), and inputs that are not messages.
 * Beside them the evidence that was found here, of any height, and after a repair the last height at which this validator may have
 * voted without knowing it any more.
 */
export type WalRecord =
  | {readonly kind: "message" | "own"; readonly height: number; readonly message: ProposalMessage | VoteMessage}
  | {readonly kind: "input"; readonly height: number; readonly input: Input}
  | {readonly kind: "evidence"; readonly height: number; readonly evidence: Evidence}
  | {readonly kind: "quarantine"; readonly height: number};

const KINDS = ["message", "own", "input", "evidence", "quarantine"] as const;
const INPUT_BYTES_MAX = 65_535;

/** kind u8 ‖ height u64 ‖ a message or evidence as on the wire, an input as JSON (its numbers are small, its texts are hashes), or nothing. */
export function encodeWalRecord(record: WalRecord): Uint8Array {
  const w = new Writer().tag(KINDS, record.kind).count(record.height);
  if (record.kind === "quarantine") return w.bytes();
  if (record.kind === "evidence") return writeEvidence(w, record.evidence).bytes();
  return (record.kind === "input" ? w.sized(utf8(JSON.stringify(record.input))) : w.sized32(encodeMessage(record.message))).bytes();
}

/** Throws DecodeError: the log's own checksum has passed, so this is a record of another version. */
export function decodeWalRecord(bytes: Uint8Array): WalRecord {
  const r = new Reader(bytes);
  const kind = r.tag(KINDS, "wal.kind");
  const height = r.count("wal.height");
  if (kind === "input") {
    const text = new TextDecoder().decode(r.sized(INPUT_BYTES_MAX, "wal.input"));
    r.end("wal");
    return {kind, height, input: parseInput(text)};
  }
  if (kind === "quarantine") {
    r.end("wal");
    return {kind, height};
  }
  if (kind === "evidence") {
    const evidence = readEvidence(r);
    r.end("wal");
    return {kind, height, evidence};
  }
  const message = decodeMessage(r.sized32(MESSAGE_BYTES_MAX, "wal.message"));
  r.end("wal");
  if (message.kind !== "proposal" && message.kind !== "vote")
    throw new DecodeError("UNKNOWN_TAG", {field: "wal.message", got: message.kind});
  return {kind, height, message};
}

/** The round machine checks every field of an input again: here it only has to be JSON. */
function parseInput(text: string): Input {
  try {
    return JSON.parse(text) as Input;
  } catch (cause) {
    throw new DecodeError("BAD_TEXT", {field: "wal.input", want: "JSON"}, {cause});
  }
}
