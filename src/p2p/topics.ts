import type {Hex} from "../base/bytes.ts";
import {MESSAGE_KINDS, type MessageKind} from "../types/messages.ts";

/** Families of messages that gossip carries, one topic each. */
export const FAMILIES = ["proposal", "vote", "partials", "certificate", "dkg", "evidence"] as const;
export type Family = (typeof FAMILIES)[number];

const FAMILY_OF: Readonly<Record<MessageKind, Family | null>> = {
  proposal: "proposal",
  vote: "vote",
  partials: "partials",
  certificate: "certificate",
  dkg: "dkg",
  activation: "dkg",
  status: null,
  maskPartials: null,
  evidence: "evidence",
};
/** What overload drops first has the lowest number. */
const WORTH_OF: Readonly<Record<MessageKind, number>> = {
  status: 0,
  dkg: 1,
  activation: 1,
  evidence: 1,
  partials: 2,
  maskPartials: 2,
  certificate: 3,
  vote: 4,
  proposal: 5,
};

/** The family that gossip carries a kind in; null: only direct streams do. */
export function familyOf(kind: MessageKind): Family | null {
  return FAMILY_OF[kind];
}
export function worthOf(kind: MessageKind): number {
  return WORTH_OF[kind];
}
/** The kind that encoded bytes claim by their first one, or null. */
export function kindOf(bytes: Uint8Array): MessageKind | null {
  return MESSAGE_KINDS[bytes[0] ?? -1] ?? null;
}

/** Observers hear decisions and nothing that names users. */
export const OBSERVER_FAMILIES: readonly Family[] = ["certificate"];

/** Names on the wire; the first 16 hex digits of the network id keep networks apart. */
export interface ProtocolNames {
  /** Equal on all networks, so that a peer of another one is told apart and named in the log. */
  readonly hello: string;
  readonly direct: string;
  readonly blocks: string;
  readonly snapshots: string;
  topic(family: Family): string;
}
export function protocolNames(networkId: Hex): ProtocolNames {
  const base = `/mvm/${networkId.slice(2, 18)}`;
  return {
    hello: "/mvm/hello/1",
    direct: `${base}/direct/1`,
    blocks: `${base}/blocks/1`,
    snapshots: `${base}/snapshots/1`,
    topic: (family) => `${base}/${family}/1`,
  };
}
