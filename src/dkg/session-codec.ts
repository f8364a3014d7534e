import {Reader, Writer} from "../base/codec.ts";
import {DecodeError} from "../base/errors.ts";
import {type Dealing, decodeDkgBody, encodeDkgBody} from "../types/dkg.ts";
import {totalSeats} from "../types/validators.ts";
import {type DealingSession, type Fault, type GroupKey, modeOf, type OldKey, openSession, type Session, sizesOf} from "./session.ts";

const VERSION = 1;
const PHASES = ["deal", "complain", "ack", "active"] as const;
const FAULTS: readonly Fault[] = ["badDealing", "falseComplaint"];
const VALIDATORS_MAX = 1_024;
/** One for each validator, in a resharing for each old seat. */
const DEALINGS_MAX = 1_024;
const DEALING_MAX = 1 << 20;

/**
 * The one encoding of a session, for the ledger's state: version u8 ‖ phase u8 ‖ the common fields ‖ those of the phase.
 * The sid is not in it, being a function of the rest. Throws EncodeError.
 */
export function encodeSession(session: Session): Uint8Array {
  const w = new Writer().u8(VERSION).tag(PHASES, session.phase);
  w.hex(session.networkId, 32).count(session.epoch).u16(session.attempt).u32(session.windowTicks).u32(session.ticks);
  w.list(session.validators, (to, v) => to.hex(v.operator, 20).u16(v.seats).fixed(v.encKey, 48));
  w.flag(session.old !== null);
  if (session.old !== null) writeOld(w, session.old);
  w.flag(session.replaces !== null);
  if (session.replaces !== null) w.hex(session.replaces.transcript, 32).fixed(session.replaces.groupKey, 48);
  w.list(session.misbehaving, (to, m) => to.u16(m.validator).tag(FAULTS, m.fault));
  switch (session.phase) {
    case "deal":
    case "complain":
      break;
    case "ack":
      writeKey(w, session).list(session.acks, (to, ack) => to.u16(ack.seat).fixed(ack.signature, 96));
      break;
    case "active":
      writeKey(w, session).list(session.ackedSeats, writeSeat).fixed(session.pop, 96);
      break;
  }
  return w.list(session.dealings, (to, dealing) => to.sized32(encodeDkgBody(dealing))).bytes();
}

const writeSeat = (w: Writer, seat: number) => w.u16(seat);

function writeOld(w: Writer, old: OldKey): void {
  w.list(old.validators, (to, v) => to.hex(v.operator, 20).u16(v.seats))
    .fixed(old.groupKey, 48)
    .hex(old.transcript, 32);
  for (const share of old.publicShares) w.fixed(share, 48);
}

type KeyFields = Omit<GroupKey, "sid" | "dealings">;

/** One public share per seat, without their number. */
function writeKey(w: Writer, key: KeyFields): Writer {
  w.fixed(key.groupKey, 48).hex(key.transcript, 32);
  for (const share of key.publicShares) w.fixed(share, 48);
  return w.list(key.qualified, writeSeat).list(key.shareless, writeSeat);
}

/** Of bytes that encodeSession has made: checks their form, not what was proven when they came about. Throws DecodeError. */
export function decodeSession(bytes: Uint8Array): Session {
  const r = new Reader(bytes);
  const version = r.u8("session.version");
  if (version !== VERSION) throw new DecodeError("UNKNOWN_TAG", {field: "session.version", offset: 0, want: VERSION, got: version});
  const phase = r.tag(PHASES, "session.phase");
  const session = readPhase(r, phase, readHead(r));
  r.end("session");
  return session;
}

function readHead(r: Reader): DealingSession {
  const networkId = r.hex(32, "session.networkId");
  const epoch = r.count("session.epoch");
  const attempt = r.u16("session.attempt");
  const windowTicks = r.u32("session.windowTicks");
  const ticks = r.u32("session.ticks");
  const offset = r.offset;
  const validators = r.list(VALIDATORS_MAX, "session.validators", () => ({
    operator: r.hex(20, "session.operator"),
    seats: r.u16("session.seats"),
    encKey: r.fixed(48, "session.encKey"),
  }));
  expectOrdered(validators, "session.validators", offset);
  const old = r.flag("session.old") ? readOld(r) : null;
  const at = r.offset;
  const replaces = r.flag("session.replaces")
    ? {transcript: r.hex(32, "replaces.transcript"), groupKey: r.fixed(48, "replaces.groupKey")}
    : null;
  if (old !== null && replaces !== null) throw new DecodeError("NOT_CANONICAL", {field: "session.replaces", offset: at});
  const misbehaving = r.list(2 * VALIDATORS_MAX, "session.misbehaving", () => ({
    validator: r.u16("session.misbehaving"),
    fault: r.tag(FAULTS, "session.fault"),
  }));
  return {...openSession({networkId, epoch, attempt, ...modeOf({old, replaces}), seats: {validators}, windowTicks}), ticks, misbehaving};
}

function readOld(r: Reader): OldKey {
  const offset = r.offset;
  const validators = r.list(VALIDATORS_MAX, "old.validators", () => ({operator: r.hex(20, "old.operator"), seats: r.u16("old.seats")}));
  expectOrdered(validators, "old.validators", offset);
  const groupKey = r.fixed(48, "old.groupKey");
  const transcript = r.hex(32, "old.transcript");
  const publicShares = Array.from({length: totalSeats(validators)}, () => r.fixed(48, "old.publicShares"));
  return {validators, groupKey, transcript, publicShares};
}

function expectOrdered(validators: OldKey["validators"], field: string, offset: number): void {
  if (validators.length > 0 && validators.every((v, i) => v.seats > 0 && v.operator > (validators[i - 1]?.operator ?? ""))) return;
  throw new DecodeError("NOT_CANONICAL", {field, offset});
}

function readPhase(r: Reader, phase: Session["phase"], head: DealingSession): Session {
  if (phase === "deal" || phase === "complain") return {...head, phase, dealings: readDealings(r)};
  const {dealings: _, phase: __, ...base} = head;
  const {seats} = sizesOf(head);
  const key = {
    groupKey: r.fixed(48, "session.groupKey"),
    transcript: r.hex(32, "session.transcript"),
    publicShares: Array.from({length: seats}, () => r.fixed(48, "session.publicShares")),
    qualified: readSeats(r, DEALINGS_MAX, "session.qualified"),
    shareless: readSeats(r, seats, "session.shareless"),
  };
  if (phase === "ack") {
    const acks = r.list(seats, "session.acks", () => ({seat: r.u16("ack.seat"), signature: r.fixed(96, "ack.signature")}));
    return {...base, ...key, phase, acks, dealings: readDealings(r)};
  }
  const ackedSeats = readSeats(r, seats, "session.ackedSeats");
  return {...base, ...key, phase, ackedSeats, pop: r.fixed(96, "session.pop"), dealings: readDealings(r)};
}

function readSeats(r: Reader, max: number, field: string): number[] {
  return r.list(max, field, () => r.u16(field));
}

function readDealings(r: Reader): Dealing[] {
  return r.list(DEALINGS_MAX, "session.dealings", () => readDealing(r));
}

function readDealing(r: Reader): Dealing {
  const offset = r.offset;
  const body = decodeDkgBody(r.sized32(DEALING_MAX, "session.dealing"));
  if (body.kind !== "dealing") throw new DecodeError("UNKNOWN_TAG", {field: "session.dealing", offset, got: body.kind});
  return body;
}
