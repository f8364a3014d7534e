import {fromHex, type Hex} from "../base/bytes.ts";
import {DecodeError} from "../base/errors.ts";
import {EVIDENCE_TYPES, type Evidence, evidenceFrom} from "./evidence.ts";
import {ZERO_HASH} from "./ids.ts";

const PIECES_MAX = 1_000;

/**
 * The evidence in a JSON text: one piece as `/v1/evidence` shows it, a list of them, or that whole answer. Fields that are not the
 * evidence's own are passed over; nothing is said about the signatures.
 * @throws DecodeError BAD_TEXT, NOT_CANONICAL where the two sides do not contradict each other
 */
export function parseEvidenceFile(text: string): Evidence[] {
  let raw: unknown;
  try {
    raw = JSON.parse(text);
  } catch (cause) {
    throw new DecodeError("BAD_TEXT", {field: "evidence", want: "JSON"}, {cause});
  }
  const inner = isRecord(raw) && Array.isArray(raw["evidence"]) ? raw["evidence"] : raw;
  const pieces: unknown[] = Array.isArray(inner) ? inner : [inner];
  if (pieces.length === 0 || pieces.length > PIECES_MAX)
    throw new DecodeError("BAD_TEXT", {field: "evidence", want: `1 to ${PIECES_MAX} pieces`, got: pieces.length});
  return pieces.map((piece, i) => parsePiece(piece, `evidence[${i}]`));
}

function parsePiece(raw: unknown, field: string): Evidence {
  if (!isRecord(raw)) throw new DecodeError("BAD_TEXT", {field, want: "object", got: typeof raw});
  const type = EVIDENCE_TYPES.find((t) => t === raw["type"]);
  if (type === undefined)
    throw new DecodeError("BAD_TEXT", {field: `${field}.type`, want: EVIDENCE_TYPES.join(", "), got: String(raw["type"])});
  const place = {
    epoch: whole(raw["epoch"], `${field}.epoch`),
    height: whole(raw["height"], `${field}.height`),
    round: whole(raw["round"], `${field}.round`),
    from: raw["from"] === undefined ? whole(raw["validator"] ?? 0, `${field}.validator`) : whole(raw["from"], `${field}.from`),
  };
  const side = (name: "first" | "second") => {
    const given = raw[name];
    if (!isRecord(given)) throw new DecodeError("BAD_TEXT", {field: `${field}.${name}`, want: "object", got: typeof given});
    const signature = hex(given["signature"], 65, `${field}.${name}.signature`);
    const hash = given["blockHash"];
    const blockHash = hash === null || hash === ZERO_HASH ? null : lower(hash, `${field}.${name}.blockHash`);
    if (type !== "proposal") return {...place, type, blockHash, signature};
    if (blockHash === null) throw new DecodeError("BAD_TEXT", {field: `${field}.${name}.blockHash`, want: "a block"});
    const polRound = given["polRound"];
    if (polRound !== -1) whole(polRound, `${field}.${name}.polRound`);
    return {...place, blockHash, polRound: polRound as number, signature};
  };
  const evidence = evidenceFrom(side("first"), side("second"));
  if (evidence === null) throw new DecodeError("NOT_CANONICAL", {field, want: "two sides that contradict each other"});
  return evidence;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
function whole(value: unknown, field: string): number {
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 0)
    throw new DecodeError("BAD_TEXT", {field, want: "whole number", got: String(value).slice(0, 40)});
  return value;
}
function hex(value: unknown, size: number, field: string): Uint8Array {
  if (typeof value !== "string") throw new DecodeError("BAD_TEXT", {field, want: "hex", got: typeof value});
  return fromHex(value, field, size);
}
function lower(value: unknown, field: string): Hex {
  hex(value, 32, field);
  return (value as string).toLowerCase() as Hex;
}
