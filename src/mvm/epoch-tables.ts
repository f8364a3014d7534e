import type {Hex} from "../base/bytes.ts";
import {type Reader, Writer} from "../base/codec.ts";
import {type Uuid, uuidBytes} from "../types/ids.ts";
import type {ValidatorInfo} from "../types/validators.ts";
import {SEATS_MAX} from "../types/votes.ts";
import type {Table} from "./draft.ts";

/** The group's key as the seats of one epoch hold it. */
export interface EpochShares {
  /** Of the session that made the shares. */
  readonly sid: Hex;
  readonly transcript: Hex;
  /** 48 bytes per seat. */
  readonly publicShares: readonly Uint8Array[];
}

export interface EpochRecord {
  /** First height of the epoch; null while its seats have no shares yet, and the epoch before goes on. */
  readonly from: number | null;
  /** Seconds since 1970, of the home block at which the set was frozen: the next one is due epochSeconds later. */
  readonly startedAt: number;
  /** By operator address, as Staking showed them. */
  readonly validators: readonly ValidatorInfo[];
  readonly shares: EpochShares | null;
}

/** Where the network is in its epochs. */
export interface EpochsRecord {
  /** The epoch of the next height. */
  readonly current: number;
  /** Its first height. */
  readonly from: number;
  /** Whether the set of the epoch after it is frozen and gets its shares. */
  readonly changing: boolean;
  /** Operators that ever deposited: numbers below are in OPERATORS. */
  readonly operators: number;
}

export interface StakeRecord {
  readonly consensusKey: Hex;
  readonly peerId: string;
  /** 48 and 96 bytes. */
  readonly encKey: Hex;
  readonly encKeyProof: Hex;
  readonly seats: number;
  /** One per seat that was ever deposited, in the order of deposit. */
  readonly mixinUsers: readonly Uuid[];
  /** active: a candidate for the next set; the others are none. */
  readonly status: (typeof STAKE_STATUS)[number];
}
export const STAKE_STATUS = ["active", "leaving", "jailed", "tombstoned"] as const;

const USERS_MAX = 1 << 12;
const PEER_ID_MAX = 256;

const addressKey = {key: (id: Hex) => new Writer().hex(id, 20).bytes(), text: (id: Hex) => id};
const numberKey = {key: (number: number) => new Writer().count(number).bytes(), text: (number: number) => `${number}`};
const writeUuid = (w: Writer, id: Uuid) => w.uuid(id);
const readUuid = (r: Reader) => r.uuid("user");

function writeValidator(w: Writer, v: ValidatorInfo): void {
  w.hex(v.operator, 20).hex(v.consensusKey, 20).u16(v.seats).sized(new TextEncoder().encode(v.peerId));
  w.hex(v.encKey, 48).hex(v.encKeyProof, 96).list(v.mixinUsers, writeUuid);
}

function readValidator(r: Reader): ValidatorInfo {
  return {
    operator: r.hex(20, "operator"),
    consensusKey: r.hex(20, "consensusKey"),
    seats: r.u16("seats"),
    peerId: new TextDecoder().decode(r.sized(PEER_ID_MAX, "peerId")),
    encKey: r.hex(48, "encKey"),
    encKeyProof: r.hex(96, "encKeyProof"),
    mixinUsers: r.list(USERS_MAX, "mixinUsers", readUuid),
  };
}

/** Table 32: number of an epoch → its set. */
export const EPOCHS: Table<number, EpochRecord> = {
  id: 32,
  ...numberKey,
  write: (w, e) => {
    w.flag(e.from !== null)
      .count(e.from ?? 0)
      .count(e.startedAt)
      .list(e.validators, writeValidator)
      .flag(e.shares !== null);
    if (e.shares === null) return;
    w.hex(e.shares.sid, 32)
      .hex(e.shares.transcript, 32)
      .list(e.shares.publicShares, (to, share) => to.fixed(share, 48));
  },
  read: (r) => {
    const begun = r.flag("begun");
    const from = r.count("from");
    const startedAt = r.count("startedAt");
    const validators = r.list(SEATS_MAX, "validators", readValidator);
    const shares = r.flag("shares")
      ? {
          sid: r.hex(32, "sid"),
          transcript: r.hex(32, "transcript"),
          publicShares: r.list(SEATS_MAX, "publicShares", (to) => to.fixed(48, "share")),
        }
      : null;
    return {from: begun ? from : null, startedAt, validators, shares};
  },
};

/** Table 33: one record. */
export const EPOCH_STATE: Table<null, EpochsRecord> = {
  id: 33,
  key: () => new Uint8Array(0),
  text: () => "",
  write: (w, e) => w.count(e.current).count(e.from).flag(e.changing).count(e.operators),
  read: (r) => ({current: r.count("current"), from: r.count("from"), changing: r.flag("changing"), operators: r.count("operators")}),
};

/** Table 34: operator → stake. */
export const STAKES: Table<Hex, StakeRecord> = {
  id: 34,
  ...addressKey,
  write: (w, s) => {
    w.hex(s.consensusKey, 20).sized(new TextEncoder().encode(s.peerId)).hex(s.encKey, 48).hex(s.encKeyProof, 96);
    w.u16(s.seats).list(s.mixinUsers, writeUuid).tag(STAKE_STATUS, s.status);
  },
  read: (r) => ({
    consensusKey: r.hex(20, "consensusKey"),
    peerId: new TextDecoder().decode(r.sized(PEER_ID_MAX, "peerId")),
    encKey: r.hex(48, "encKey"),
    encKeyProof: r.hex(96, "encKeyProof"),
    seats: r.u16("seats"),
    mixinUsers: r.list(USERS_MAX, "mixinUsers", readUuid),
    status: r.tag(STAKE_STATUS, "status"),
  }),
};

/** Table 35: number, from 0 in the order of their deposits → operator. */
export const OPERATORS: Table<number, Hex> = {
  id: 35,
  ...numberKey,
  write: (w, operator) => w.hex(operator, 20),
  read: (r) => r.hex(20, "operator"),
};

/** Table 36: Mixin user → the operator for whom it has paid: its seat counts from then on. */
export const SEAT_PROOFS: Table<Uuid, Hex> = {
  id: 36,
  key: uuidBytes,
  text: (id) => id,
  write: (w, operator) => w.hex(operator, 20),
  read: (r) => r.hex(20, "operator"),
};

/** Table 37: a multisig that holds or held the group's money (`multisigName`) → the epoch whose seats it is of. */
export const MULTISIGS: Table<Hex, number> = {
  id: 37,
  key: (name) => new Writer().hex(name, 32).bytes(),
  text: (name) => name,
  write: (w, epoch) => w.count(epoch),
  read: (r) => r.count("epoch"),
};
