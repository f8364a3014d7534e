import {type Hex, toHex} from "../../base/bytes.ts";
import {Reader, Writer} from "../../base/codec.ts";
import {DecodeError, MvmError} from "../../base/errors.ts";
import {decodeOutline, encodeOutline, type Outline, outlineRoot} from "../../mvm/tree-parts.ts";
import {BLOCK_BYTES_MAX, type Block, blockHash, decodeBlock} from "../../types/block.ts";
import {type DecidedBlock, decodeDecidedBlock, encodeDecidedBlock} from "../../types/messages.ts";

const VERSION = 1;
const DECIDED_BYTES_MAX = BLOCK_BYTES_MAX + 500_000;
const OUTLINE_BYTES_MAX = 1 << 20;

/** A snapshot is not what it says it is, or not of this chain. */
export class SnapshotError extends MvmError<
  "WRONG_ROOT" | "UNPROVEN" | "OTHER_KEY" | "OTHER_BLOCK" | "INCOMPLETE",
  {height: number; want?: string; got?: string}
> {}

/** The block after which a snapshot was taken, and where its parts hang. The block's state root has proven the outline. */
export interface SnapshotHead {
  readonly decided: DecidedBlock;
  readonly block: Block;
  readonly hash: Hex;
  readonly outline: Outline;
}

/** version u8 ‖ decided block ‖ outline, each with its size as u32. */
export function encodeSnapshotHead(decided: DecidedBlock, outline: Outline): Uint8Array {
  return new Writer().u8(VERSION).sized32(encodeDecidedBlock(decided)).sized32(encodeOutline(outline)).bytes();
}

/** Says nothing about the proof of the block. Throws DecodeError, SnapshotError WRONG_ROOT. */
export function decodeSnapshotHead(bytes: Uint8Array): SnapshotHead {
  const r = new Reader(bytes);
  const version = r.u8("snapshot.version");
  if (version !== VERSION) throw new DecodeError("UNKNOWN_TAG", {field: "snapshot.version", offset: 0, want: VERSION, got: version});
  const decided = decodeDecidedBlock(r.sized32(DECIDED_BYTES_MAX, "snapshot.block"));
  const outline = decodeOutline(r.sized32(OUTLINE_BYTES_MAX, "snapshot.outline"));
  r.end("snapshot");
  const block = decodeBlock(decided.block);
  const root = toHex(outlineRoot(outline));
  if (root !== block.header.stateRoot)
    throw new SnapshotError("WRONG_ROOT", {height: block.height, want: block.header.stateRoot, got: root});
  return {decided, block, hash: blockHash(block), outline};
}
