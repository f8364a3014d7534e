import {type Hex, utf8} from "../base/bytes.ts";
import {type Reader, Writer} from "../base/codec.ts";
import type {Session} from "../dkg/session.ts";
import {decodeSession, encodeSession} from "../dkg/session-codec.ts";
import {EVIDENCE_TYPES, type EvidencePlace, placeKey} from "../types/evidence.ts";
import {type Uuid, uuidBytes} from "../types/ids.ts";
import type {Table} from "./draft.ts";
import {
  type AssetRecord,
  type EvidenceRecord,
  type FaultsRecord,
  type KeyRecord,
  type LinkRecord,
  type ListRecord,
  type MaskRecord,
  MESSAGE_STATES,
  type MessageRecord,
  type MetaRecord,
  type OutboxRecord,
  type OutputRecord,
  type PairRecord,
  type PlatformRecord,
  type ProcessRecord,
  readFate,
  writeFate,
} from "./records.ts";

/** Bytes of a record are ours, so these bounds only keep a damaged snapshot from asking for memory. */
export const BYTES_MAX = 1 << 24;
export const LIST_MAX = 1 << 12;

export const uuidKey = {key: uuidBytes, text: (id: Uuid) => id};
const hexKey = {key: (id: Hex) => new Writer().hex(id, 32).bytes(), text: (id: Hex) => id};
const pairKey = {
  key: ([a, b]: readonly [Uuid, Uuid]) => new Writer().uuid(a).uuid(b).bytes(),
  text: ([a, b]: readonly [Uuid, Uuid]) => a + b,
};
const nonceKey = {
  key: ([process, nonce]: readonly [Uuid, bigint]) => new Writer().uuid(process).u64(nonce).bytes(),
  text: ([process, nonce]: readonly [Uuid, bigint]) => `${process}${nonce}`,
};
const soleKey = {key: () => new Uint8Array(0), text: () => ""};

/** A flag, and the value where there is one. */
export function optional<T>(w: Writer, value: T | null, write: (w: Writer, value: T) => void): Writer {
  w.flag(value !== null);
  if (value !== null) write(w, value);
  return w;
}
export function readOptional<T>(r: Reader, read: (r: Reader) => T): T | null {
  return r.flag("flag") ? read(r) : null;
}
export const writeUuid = (w: Writer, id: Uuid) => w.uuid(id);
export const readUuid = (r: Reader) => r.uuid("id");

/** Table 0: one record. */
export const META: Table<null, MetaRecord> = {
  id: 0,
  ...soleKey,
  write: (w, m) => w.count(m.height).count(m.outputs).u64(m.watermark),
  read: (r) => ({height: r.count("height"), outputs: r.count("outputs"), watermark: r.u64("watermark")}),
};

/** Table 1: output id → the output and its fate. */
export const OUTPUTS: Table<Uuid, OutputRecord> = {
  id: 1,
  ...uuidKey,
  write: (w, o) => writeFate(w.count(o.height), o.fate).sized32(o.fact),
  read: (r) => ({height: r.count("height"), fate: readFate(r), fact: r.sized32(BYTES_MAX, "fact")}),
};

/** Table 2: the payer's request id → the first output that was decided under it. */
export const REQUESTS: Table<Uuid, Uuid> = {id: 2, ...uuidKey, write: writeUuid, read: readUuid};

/** Table 3: process id → process. */
export const PROCESSES: Table<Uuid, ProcessRecord> = {
  id: 3,
  ...uuidKey,
  write: (w, p) => {
    w.hex(p.platform, 32).hex(p.address, 20).u8(p.policy).u32(p.gasLimit).u64(p.nextNonce).count(p.height).uuid(p.outputId);
    optional(w.uuid(p.owner).flag(p.closed), p.app, (to, app) => to.hex(app, 20));
  },
  read: (r) => ({
    platform: r.hex(32, "platform"),
    address: r.hex(20, "address"),
    policy: r.u8("policy"),
    gasLimit: r.u32("gasLimit"),
    nextNonce: r.u64("nextNonce"),
    height: r.count("height"),
    outputId: r.uuid("outputId"),
    owner: r.uuid("owner"),
    closed: r.flag("closed"),
    app: readOptional(r, (from) => from.hex(20, "app")),
  }),
};

/** Table 4: (process, nonce) → message. */
export const MESSAGES: Table<readonly [Uuid, bigint], MessageRecord> = {
  id: 4,
  ...nonceKey,
  write: (w, m) => w.uuid(m.outputId).flag(m.isBounce).u64(m.seq).u16(m.place).tag(MESSAGE_STATES, m.state),
  read: (r) => ({
    outputId: r.uuid("outputId"),
    isBounce: r.flag("isBounce"),
    seq: r.u64("seq"),
    place: r.u16("place"),
    state: r.tag(MESSAGE_STATES, "state"),
  }),
};

/** Table 5: (process, mask) → who is behind it. */
export const MASKS: Table<readonly [Uuid, Uuid], MaskRecord> = {
  id: 5,
  ...pairKey,
  write: (w, m) => w.list(m.senders, writeUuid).u16(m.threshold),
  read: (r) => ({senders: r.list(LIST_MAX, "senders", readUuid), threshold: r.u16("threshold")}),
};

/** Table 6: (process, asset) → what the process has, 1e-8 units. */
export const BALANCES: Table<readonly [Uuid, Uuid], bigint> = {
  id: 6,
  ...pairKey,
  write: (w, amount) => w.integer(amount),
  read: (r) => r.integer("balance"),
};

/** Table 7: platform id → platform. */
export const PLATFORMS: Table<Hex, PlatformRecord> = {
  id: 7,
  ...hexKey,
  write: (w, p) => {
    w.count(p.number).u32(p.logs).u32(p.lastIndex).u64(p.nextSeq);
    optional(w, p.activation, (to, a) => to.count(a.block).flag(a.own)).count(p.ignored);
    optional(w, p.lastIgnored, (to, l) => to.count(l.block).u32(l.index));
  },
  read: (r) => ({
    number: r.count("number"),
    logs: r.u32("logs"),
    lastIndex: r.u32("lastIndex"),
    nextSeq: r.u64("nextSeq"),
    activation: readOptional(r, (from) => ({block: from.count("block"), own: from.flag("own")})),
    ignored: r.count("ignored"),
    lastIgnored: readOptional(r, (from) => ({block: from.count("block"), index: from.u32("index")})),
  }),
};

/** Table 8: (platform, seq) → outbox. */
export const OUTBOXES: Table<readonly [Hex, bigint], OutboxRecord> = {
  id: 8,
  key: ([platform, seq]) => new Writer().hex(platform, 32).u64(seq).bytes(),
  text: ([platform, seq]) => `${platform}${seq}`,
  write: (w, o) => {
    w.count(o.height).list(o.system, (to, event) => to.sized32(event));
    w.list(o.messages, (to, [process, nonce]) => to.uuid(process).u64(nonce));
    optional(w, o.submitter, (to, address) => to.hex(address, 20));
  },
  read: (r) => ({
    height: r.count("height"),
    system: r.list(LIST_MAX, "system", (from) => from.sized32(BYTES_MAX, "system")),
    messages: r.list(LIST_MAX, "messages", (from) => [from.uuid("process"), from.u64("nonce")] as const),
    submitter: readOptional(r, (from) => from.hex(20, "submitter")),
  }),
};

const BOOKS = [
  "received",
  "custody",
  "paid",
  "refunded",
  "rewarded",
  "free",
  "reserved",
  "transit",
  "balances",
  "owed",
  "held",
  "credits",
  "fees",
  "waiting",
  "classes",
] as const;

/** Table 9: asset id → its books. */
export const ASSETS: Table<Uuid, AssetRecord> = {
  id: 9,
  ...uuidKey,
  write: (w, a) => {
    for (const field of BOOKS) w.integer(a[field], field);
    optional(w.u64(a.merges), a.merge, writeUuid);
  },
  read: (r) => {
    const books = Object.fromEntries(BOOKS.map((field) => [field, r.integer(field)])) as Record<(typeof BOOKS)[number], bigint>;
    return {...books, merges: r.u64("merges"), merge: readOptional(r, readUuid)};
  },
};

/** Table 11: list name → its ends. */
export const LISTS: Table<string, ListRecord> = {
  id: 11,
  key: utf8,
  text: (name) => name,
  write: (w, l) => w.uuid(l.head).uuid(l.tail).count(l.count),
  read: (r) => ({head: r.uuid("head"), tail: r.uuid("tail"), count: r.count("count")}),
};

/** Table 12: (list name, id) → place in the list. */
export const LINKS: Table<readonly [string, Uuid], LinkRecord> = {
  id: 12,
  key: ([name, id]) => new Writer().uuid(id).raw(utf8(name)).bytes(),
  text: ([name, id]) => name + id,
  write: (w, l) =>
    optional(optional(w, l.prev, writeUuid), l.next, writeUuid)
      .u64(l.rank)
      .integer(l.weight),
  read: (r) => ({
    prev: readOptional(r, readUuid),
    next: readOptional(r, readUuid),
    rank: r.u64("rank"),
    weight: r.integer("weight"),
  }),
};

/** Table 13: the DKG session of the current set. */
export const SESSION: Table<null, Session> = {
  id: 13,
  ...soleKey,
  write: (w, session) => w.sized32(encodeSession(session)),
  read: (r) => decodeSession(r.sized32(BYTES_MAX, "session")),
};

/** Table 14: the group key. */
export const KEY: Table<null, KeyRecord> = {
  id: 14,
  ...soleKey,
  write: (w, k) => {
    w.count(k.epoch).hex(k.sid, 32).hex(k.transcript, 32).fixed(k.key, 48).fixed(k.pop, 96);
    w.list(k.publicShares, (to, share) => to.fixed(share, 48)).count(k.keyHeight);
  },
  read: (r) => ({
    epoch: r.count("epoch"),
    sid: r.hex(32, "sid"),
    transcript: r.hex(32, "transcript"),
    key: r.fixed(48, "key"),
    pop: r.fixed(96, "pop"),
    publicShares: r.list(LIST_MAX, "publicShares", (from) => from.fixed(48, "share")),
    keyHeight: r.count("keyHeight"),
  }),
};

/** Table 15: number, from 0 in the order of decision → evidence. */
export const EVIDENCE: Table<number, EvidenceRecord> = {
  id: 15,
  key: (number) => new Writer().count(number).bytes(),
  text: (number) => `${number}`,
  write: (w, e) => w.count(e.height).sized(e.fact),
  read: (r) => ({height: r.count("height"), fact: r.sized(0xffff, "fact")}),
};

/** Table 16: what a validator was accused of → the number of the evidence. */
export const EVIDENCE_PLACES: Table<EvidencePlace, number> = {
  id: 16,
  key: (p) => new Writer().count(p.epoch).count(p.height).u32(p.round).tag(EVIDENCE_TYPES, p.type).u16(p.from).bytes(),
  text: placeKey,
  write: (w, number) => w.count(number),
  read: (r) => r.count("number"),
};

/** Table 17: who has contradicted itself. */
export const FAULTS: Table<null, FaultsRecord> = {
  id: 17,
  ...soleKey,
  write: (w, f) => w.count(f.count).list(f.equivocators, (to, e) => to.count(e.epoch).u16(e.from).count(e.count)),
  read: (r) => ({
    count: r.count("count"),
    equivocators: r.list(LIST_MAX, "equivocators", (from) => ({
      epoch: from.count("epoch"),
      from: from.u16("from"),
      count: from.count("count"),
    })),
  }),
};

/** Table 40: short name of a pair of senders and process → the pair and its mask. */
export const PAIRS: Table<Uuid, PairRecord> = {
  id: 40,
  ...uuidKey,
  write: (w, p) => optional(w.uuid(p.process).list(p.senders, writeUuid).u16(p.threshold), p.mask, writeUuid),
  read: (r) => ({
    process: r.uuid("process"),
    senders: r.list(LIST_MAX, "senders", readUuid),
    threshold: r.u16("threshold"),
    mask: readOptional(r, readUuid),
  }),
};

/** Table 41: ticks that have passed while payments waited. */
export const TICKS: Table<null, bigint> = {id: 41, ...soleKey, write: (w, ticks) => w.u64(ticks), read: (r) => r.u64("ticks")};
