import {abiHash, array, fixedBytes, tagHash, tuple, uint} from "../base/abi.ts";
import {type Hex, toHex} from "../base/bytes.ts";
import {Reader, Writer} from "../base/codec.ts";
import {DecodeError} from "../base/errors.ts";
import {keccakHex} from "../base/hash.ts";
import {decodeFact, encodeFact, type Fact} from "./facts.ts";

export const BLOCK_VERSION = 1;
export const FACTS_MAX = 1_000;
/** Bytes of an encoded block. */
export const BLOCK_BYTES_MAX = 2_000_000;
/** One outbox holds the effect of at least one fact. */
const OUTBOXES_MAX = FACTS_MAX;

/** What one platform's contract gets of a block: contracts recompute the block hash from (height, coreHash, outboxes). */
export interface Outbox {
  readonly platform: Hex;
  /** Per platform, from 0, without gaps. */
  readonly seq: bigint;
  /** keccak256(abi.encode(bytes[] system)), zero for none. */
  readonly systemHash: Hex;
  /** Merkle root of the event leaves, zero for none. */
  readonly root: Hex;
  readonly count: number;
}

/** The part of a block that contracts see only as `coreHash`. */
export interface Header {
  readonly networkId: Hex;
  readonly parentHash: Hex;
  readonly epoch: number;
  /** Consensus address of whoever built the block; a re-proposal keeps it. */
  readonly proposer: Hex;
  /** Milliseconds since 1970: max(parent's + 1, newest output's): computed, never compared with a clock. */
  readonly time: number;
  readonly payloadRoot: Hex;
  readonly stateRoot: Hex;
}

/** The facts decided at one height, and what the ledger makes of them. */
export interface Block {
  readonly height: number;
  readonly header: Header;
  readonly outboxes: readonly Outbox[];
  readonly facts: readonly Fact[];
}

function writeHeader(w: Writer, header: Header): Writer {
  return w
    .u16(BLOCK_VERSION)
    .hex(header.networkId, 32)
    .hex(header.parentHash, 32)
    .count(header.epoch)
    .hex(header.proposer, 20)
    .count(header.time)
    .hex(header.payloadRoot, 32)
    .hex(header.stateRoot, 32);
}

/** keccak256 of the header's fields in order. */
export function coreHash(header: Header): Hex {
  return keccakHex(writeHeader(new Writer(), header).bytes());
}

/** The block's name: what votes name and certificates sign. */
export function blockHash(block: Pick<Block, "height" | "header" | "outboxes">): Hex {
  return blockHashOf(block.height, coreHash(block.header), block.outboxes);
}

/** As the contracts compute it. */
export function blockHashOf(height: number, core: Hex, outboxes: readonly Outbox[]): Hex {
  const items = outboxes.map((o) =>
    tuple(fixedBytes(o.platform), uint(o.seq), fixedBytes(o.systemHash), fixedBytes(o.root), uint(o.count)),
  );
  return toHex(abiHash(tagHash("mvm.block.v1"), uint(height), fixedBytes(core), array(items)));
}

/** Throws EncodeError. */
export function encodeBlock(block: Block): Uint8Array {
  return writeHeader(new Writer().count(block.height), block.header)
    .list(block.outboxes, (w, o) => w.hex(o.platform, 32).u64(o.seq).hex(o.systemHash, 32).hex(o.root, 32).u32(o.count))
    .list(block.facts, (w, fact) => w.sized32(encodeFact(fact)))
    .bytes();
}

/** Accepts exactly what encodeBlock makes; says nothing about the block's validity. Throws DecodeError. */
export function decodeBlock(bytes: Uint8Array): Block {
  if (bytes.length > BLOCK_BYTES_MAX) throw new DecodeError("TOO_LONG", {field: "block", want: BLOCK_BYTES_MAX, got: bytes.length});
  const r = new Reader(bytes);
  const height = r.count("block.height");
  const offset = r.offset;
  const version = r.u16("block.version");
  if (version !== BLOCK_VERSION) throw new DecodeError("UNKNOWN_TAG", {field: "block.version", offset, want: BLOCK_VERSION, got: version});
  const header = {
    networkId: r.hex(32, "block.networkId"),
    parentHash: r.hex(32, "block.parentHash"),
    epoch: r.count("block.epoch"),
    proposer: r.hex(20, "block.proposer"),
    time: r.count("block.time"),
    payloadRoot: r.hex(32, "block.payloadRoot"),
    stateRoot: r.hex(32, "block.stateRoot"),
  };
  const outboxes = r.list(OUTBOXES_MAX, "block.outboxes", () => ({
    platform: r.hex(32, "outbox.platform"),
    seq: r.u64("outbox.seq"),
    systemHash: r.hex(32, "outbox.systemHash"),
    root: r.hex(32, "outbox.root"),
    count: r.u32("outbox.count"),
  }));
  const facts = r.list(FACTS_MAX, "block.facts", () => decodeFact(r.sized32(BLOCK_BYTES_MAX, "block.fact")));
  r.end("block");
  return {height, header, outboxes, facts};
}
