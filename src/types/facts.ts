import {compareBytes, concatBytes, type Hex} from "../base/bytes.ts";
import {Reader, Writer} from "../base/codec.ts";
import {DecodeError, EncodeError} from "../base/errors.ts";
import {keccak256} from "../base/hash.ts";
import {type AssetInfo, readAssetInfo, writeAssetInfo} from "./asset-facts.ts";
import {type Evidence, readEvidence, writeEvidence} from "./evidence.ts";
import type {Uuid} from "./ids.ts";
import {type MaskFact, readMaskFact, writeMaskFact} from "./mask.ts";
import {type PayoutFact, readPayoutFact, writePayoutFact} from "./payout-facts.ts";

/** Time passes by one step: decided once per `paceMs` while something waits for time. */
export interface Tick {
  readonly kind: "tick";
}
/** The newest finalised block of a chain whose logs of `platform`'s contract are taken: the first `logs` of block `number`. */
export interface ChainHead {
  readonly kind: "chainHead";
  readonly platform: Hex;
  readonly number: number;
  readonly hash: Hex;
  /** Seconds since 1970, of block `number`. */
  readonly timestamp: number;
  readonly logs: number;
}
/** One log of a platform's contract; `index` is the log's index in its block. */
export interface ChainLog {
  readonly kind: "chainLog";
  readonly platform: Hex;
  readonly block: number;
  readonly index: number;
  readonly topics: readonly Hex[];
  readonly data: Uint8Array;
}
/** A dealing, complaint or ACK, signed by the consensus key of validator `from` over dkgMessageDigest. */
export interface DkgMessage {
  readonly kind: "dkgMessage";
  readonly from: number;
  readonly body: Uint8Array;
  readonly signature: Uint8Array;
}
/** One output that the Mixin ledger shows for the group. */
export interface MixinOutput {
  readonly kind: "mixinOutput";
  readonly outputId: Uuid;
  readonly sequence: bigint;
  readonly txHash: Hex;
  readonly index: number;
  readonly requestId: Uuid;
  readonly asset: Uuid;
  /** 1e-8 units. */
  readonly amount: bigint;
  /** The Mixin hash of the receiving members, which names the multisig. */
  readonly receiversHash: Hex;
  readonly senders: readonly Uuid[];
  readonly sendersThreshold: number;
  readonly extra: Uint8Array;
  readonly references: readonly Hex[];
  /** Nanoseconds since 1970. */
  readonly createdAt: bigint;
}
export type Fact = Tick | ChainHead | ChainLog | DkgMessage | Evidence | AssetInfo | MaskFact | PayoutFact | MixinOutput;

/** Place in the canonical order, and the first byte of the encoding. Gaps are kinds that other journeys need. */
export const FACT_CODE = {
  tick: 0,
  chainHead: 2,
  chainLog: 3,
  dkgMessage: 4,
  evidence: 6,
  assetInfo: 7,
  mask: 8,
  payoutReceipt: 9,
  payoutVoided: 9,
  payoutRefused: 9,
  mixinOutput: 10,
} as const;

export const LOG_DATA_MAX = 16_384;
export const DKG_BODY_MAX = 16_384;
export const OUTPUT_EXTRA_MAX = 256;
const TOPICS_MAX = 4;
const MEMBERS_MAX = 64;
const REFERENCES_MAX = 16;

/** kind u8 ‖ the fields in the order of the type; decodeFact accepts nothing else. Throws EncodeError. */
export function encodeFact(fact: Fact): Uint8Array {
  checkBounds(fact);
  const w = new Writer().u8(FACT_CODE[fact.kind]);
  switch (fact.kind) {
    case "tick":
      break;
    case "chainHead":
      w.hex(fact.platform, 32).count(fact.number).hex(fact.hash, 32).count(fact.timestamp).u32(fact.logs);
      break;
    case "chainLog":
      w.hex(fact.platform, 32).count(fact.block).u32(fact.index);
      w.list(fact.topics, (to, topic) => to.hex(topic, 32)).sized32(fact.data);
      break;
    case "dkgMessage":
      w.u16(fact.from).sized32(fact.body).fixed(fact.signature, 65);
      break;
    case "evidence":
      writeEvidence(w, fact);
      break;
    case "assetInfo":
      writeAssetInfo(w, fact);
      break;
    case "mask":
      writeMaskFact(w, fact);
      break;
    case "payoutReceipt":
    case "payoutVoided":
    case "payoutRefused":
      writePayoutFact(w, fact);
      break;
    case "mixinOutput":
      w.uuid(fact.outputId).u64(fact.sequence).hex(fact.txHash, 32).u16(fact.index).uuid(fact.requestId).uuid(fact.asset);
      w.integer(fact.amount).hex(fact.receiversHash, 32);
      w.list(fact.senders, (to, sender) => to.uuid(sender))
        .u16(fact.sendersThreshold)
        .sized(fact.extra);
      w.list(fact.references, (to, reference) => to.hex(reference, 32)).u64(fact.createdAt);
      break;
  }
  return w.bytes();
}

/** What decodeFact would refuse must not get into a block. */
function checkBounds(fact: Fact): void {
  const within = (field: string, got: number, want: number) => {
    if (got > want) throw new EncodeError("OUT_OF_RANGE", {field, want, got});
  };
  switch (fact.kind) {
    case "chainLog":
      within("chainLog.topics", fact.topics.length, TOPICS_MAX);
      within("chainLog.data", fact.data.length, LOG_DATA_MAX);
      break;
    case "mask":
      within("mask.senders", fact.senders.length, MEMBERS_MAX);
      break;
    case "dkgMessage":
      within("dkgMessage.body", fact.body.length, DKG_BODY_MAX);
      break;
    case "mixinOutput":
      within("output.senders", fact.senders.length, MEMBERS_MAX);
      within("output.extra", fact.extra.length, OUTPUT_EXTRA_MAX);
      within("output.references", fact.references.length, REFERENCES_MAX);
      break;
    default:
  }
}

/** Throws DecodeError. */
export function decodeFact(bytes: Uint8Array): Fact {
  const r = new Reader(bytes);
  const fact = readFact(r);
  r.end("fact");
  return fact;
}

function readFact(r: Reader): Fact {
  const code = r.u8("fact.kind");
  switch (code) {
    case FACT_CODE.tick:
      return {kind: "tick"};
    case FACT_CODE.chainHead:
      return {
        kind: "chainHead",
        platform: r.hex(32, "chainHead.platform"),
        number: r.count("chainHead.number"),
        hash: r.hex(32, "chainHead.hash"),
        timestamp: r.count("chainHead.timestamp"),
        logs: r.u32("chainHead.logs"),
      };
    case FACT_CODE.chainLog:
      return {
        kind: "chainLog",
        platform: r.hex(32, "chainLog.platform"),
        block: r.count("chainLog.block"),
        index: r.u32("chainLog.index"),
        topics: r.list(TOPICS_MAX, "chainLog.topics", () => r.hex(32, "chainLog.topics")),
        data: r.sized32(LOG_DATA_MAX, "chainLog.data"),
      };
    case FACT_CODE.dkgMessage:
      return {
        kind: "dkgMessage",
        from: r.u16("dkgMessage.from"),
        body: r.sized32(DKG_BODY_MAX, "dkgMessage.body"),
        signature: r.fixed(65, "dkgMessage.signature"),
      };
    case FACT_CODE.evidence:
      return readEvidence(r);
    case FACT_CODE.assetInfo:
      return readAssetInfo(r);
    case FACT_CODE.mask:
      return readMaskFact(r);
    case FACT_CODE.payoutReceipt:
      return readPayoutFact(r);
    case FACT_CODE.mixinOutput:
      return readOutput(r);
    default:
      throw new DecodeError("UNKNOWN_TAG", {field: "fact.kind", offset: 0, got: code});
  }
}

function readOutput(r: Reader): MixinOutput {
  return {
    kind: "mixinOutput",
    outputId: r.uuid("output.outputId"),
    sequence: r.u64("output.sequence"),
    txHash: r.hex(32, "output.txHash"),
    index: r.u16("output.index"),
    requestId: r.uuid("output.requestId"),
    asset: r.uuid("output.asset"),
    amount: r.integer("output.amount"),
    receiversHash: r.hex(32, "output.receiversHash"),
    senders: r.list(MEMBERS_MAX, "output.senders", () => r.uuid("output.senders")),
    sendersThreshold: r.u16("output.sendersThreshold"),
    extra: r.sized(OUTPUT_EXTRA_MAX, "output.extra"),
    references: r.list(REFERENCES_MAX, "output.references", () => r.hex(32, "output.references")),
    createdAt: r.u64("output.createdAt"),
  };
}

/** Bytes whose order is the canonical order of facts in a block (protocol, "Blocks"). */
function orderKey(fact: Fact): Uint8Array {
  const w = new Writer().u8(FACT_CODE[fact.kind]);
  switch (fact.kind) {
    case "tick":
      return w.bytes();
    case "chainHead":
      return w.hex(fact.platform, 32).bytes();
    case "chainLog":
      return w.hex(fact.platform, 32).count(fact.block).u32(fact.index).bytes();
    case "mixinOutput":
      return w.u64(fact.sequence).uuid(fact.outputId).bytes();
    default:
      return concatBytes(w.bytes(), keccak256(encodeFact(fact)));
  }
}

/** The same facts in canonical order. */
export function sortFacts(facts: readonly Fact[]): Fact[] {
  return facts
    .map((fact) => ({fact, key: orderKey(fact)}))
    .sort((a, b) => compareBytes(a.key, b.key))
    .map(({fact}) => fact);
}

/** Whether `facts` ascend strictly in canonical order: sorted, and none twice. */
export function areCanonical(facts: readonly Fact[]): boolean {
  const keys = facts.map(orderKey);
  return keys.every((key, i) => i === 0 || compareBytes(keys[i - 1] as Uint8Array, key) < 0);
}
