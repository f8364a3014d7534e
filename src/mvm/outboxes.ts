import {abiHash, array, bytes} from "../base/abi.ts";
import {type Hex, toHex} from "../base/bytes.ts";
import {eventLeaf, merkleRoot} from "../crypto/merkle.ts";
import type {Outbox} from "../types/block.ts";
import {encodeEvent, type MvmEvent} from "../types/event.ts";
import {type Uuid, ZERO_HASH} from "../types/ids.ts";
import {encodeSystemEvent, type SystemEvent} from "../types/system-events.ts";
import type {Draft} from "./draft.ts";
import type {MessageRecord, PlatformRecord} from "./records.ts";
import {MESSAGES, OUTBOXES, PLATFORMS} from "./tables.ts";

/** An outbox with what it commits to. */
export interface OutboxBody {
  readonly outbox: Outbox;
  readonly system: readonly Uint8Array[];
  readonly events: readonly Uint8Array[];
}

/** Bounds of one outbox: it must fit a transaction (protocol, "On chain"). */
const GAS_MAX = 12_000_000;
const EVENTS_MAX = 128;
const BYTES_MAX = 100_000;
const SYSTEM_GAS = 250_000;
/** What the contract spends on a message besides the app. */
const EVENT_GAS = 45_000;

/** What made a message. */
export type MessageOrigin = Pick<MessageRecord, "outputId" | "isBounce">;

interface Message {
  readonly event: MvmEvent;
  readonly origin: MessageOrigin;
  readonly gas: number;
}

interface Lane {
  readonly system: Uint8Array[];
  readonly messages: Message[];
}

interface Box {
  readonly system: Uint8Array[];
  readonly events: Uint8Array[];
  readonly messages: (readonly [Uuid, bigint])[];
  gas: number;
  bytes: number;
}

/** Collects what a block tells each platform, and packs it into outboxes at the end: system events first. */
export class OutboxPacker {
  readonly #lanes = new Map<Hex, Lane>();

  /** Takes effect on the contract before the block's first message. */
  system(platform: Hex, event: SystemEvent): void {
    this.#lane(platform).system.push(encodeSystemEvent(event));
  }

  /** One message, in the order of delivery; `gasLimit` is its process's. */
  message(platform: Hex, event: MvmEvent, origin: MessageOrigin, gasLimit: number): void {
    this.#lane(platform).messages.push({event, origin, gas: Math.ceil((gasLimit * 64) / 63) + EVENT_GAS});
  }

  /** The outboxes of the block at `height`, by platform in the order given, then by seq; writes their records and those of the messages. */
  pack(draft: Draft, height: number, platforms: readonly Hex[]): OutboxBody[] {
    return platforms.flatMap((platform) => {
      const lane = this.#lanes.get(platform);
      return lane === undefined ? [] : packLane(draft, height, platform, lane);
    });
  }

  #lane(platform: Hex): Lane {
    const known = this.#lanes.get(platform);
    if (known !== undefined) return known;
    const lane = {system: [], messages: []};
    this.#lanes.set(platform, lane);
    return lane;
  }
}

function packLane(draft: Draft, height: number, platform: Hex, lane: Lane): OutboxBody[] {
  const record = draft.get(PLATFORMS, platform) as PlatformRecord;
  const boxes: Box[] = [];
  const room = (gas: number, size: number, events: number): Box => {
    const last = boxes.at(-1);
    const fits =
      last !== undefined && last.gas + gas <= GAS_MAX && last.bytes + size <= BYTES_MAX && last.events.length + events <= EVENTS_MAX;
    const box = fits ? last : {system: [], events: [], messages: [], gas: 0, bytes: 0};
    if (!fits) boxes.push(box);
    box.gas += gas;
    box.bytes += size;
    return box;
  };
  for (const event of lane.system) room(SYSTEM_GAS, event.length, 0).system.push(event);
  for (const {event, origin, gas} of lane.messages) {
    const encoded = encodeEvent(event);
    const box = room(gas, encoded.length, 1);
    const seq = record.nextSeq + BigInt(boxes.length - 1);
    draft.put(MESSAGES, [event.process, event.nonce], {...origin, seq, place: box.events.length, state: "decided"});
    box.events.push(encoded);
    box.messages.push([event.process, event.nonce]);
  }
  boxes.forEach(({system, messages}, i) => {
    draft.put(OUTBOXES, [platform, record.nextSeq + BigInt(i)], {height, system, messages, submitter: null});
  });
  draft.put(PLATFORMS, platform, {...record, nextSeq: record.nextSeq + BigInt(boxes.length)});
  return boxes.map(({system, events}, i) => ({outbox: outboxOf(platform, record.nextSeq + BigInt(i), system, events), system, events}));
}

/** What the contract gets of an outbox. */
export function outboxOf(platform: Hex, seq: bigint, system: readonly Uint8Array[], events: readonly Uint8Array[]): Outbox {
  return {
    platform,
    seq,
    systemHash: system.length === 0 ? ZERO_HASH : toHex(abiHash(array(system.map(bytes)))),
    root: toHex(merkleRoot(events.map(eventLeaf))),
    count: events.length,
  };
}
