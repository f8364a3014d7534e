import type {PrivateKey} from "@libp2p/interface";
import type {Hex} from "../base/bytes.ts";
import type {NetworkHandler} from "../ports/network.ts";
import type {Clock, Logger} from "../ports/system.ts";
import type {NetworkCount, Report} from "./report.ts";
import {type ProtocolNames, protocolNames} from "./topics.ts";

export interface NetworkOptions {
  /** ed25519 seed of 32 bytes, or an ed25519 private key in libp2p's protobuf. */
  readonly privateKey: Uint8Array;
  readonly networkId: Hex;
  readonly genesisHash: Hex;
  /** Multiaddrs to listen on; TCP port 0 for any free one. */
  readonly listen: readonly string[];
  /** Multiaddrs at which others are to dial this node; where absent or empty, those that it listens on. */
  readonly announce?: readonly string[];
  /** Multiaddrs with peer ids of validators: one that works is enough, they tell the rest. */
  readonly peers: readonly string[];
  /** Registered validators in the order of their indices. */
  readonly validators: readonly {readonly peerId: string}[];
  /** This node's index among them; null for an observer, "joining" for a validator that the others will register. */
  readonly own: number | null | "joining";
  /** Peers that are no validators; 0 where absent. They hear certificates only. */
  readonly observersMax?: number;
  /**
   * "always" (where absent): every message is gossiped besides. "needed": only one that direct streams do not bring to all who are
   * entitled to it; with 16 validators a broadcast then costs a quarter of the CPU time.
   */
  readonly gossip?: "always" | "needed";
  readonly handler: NetworkHandler;
  readonly logger: Logger;
  readonly clock: Clock;
  /** Told of everything that is counted. */
  readonly onCount?: (name: NetworkCount, by: number) => void;
}

/** The options with what follows from them. */
export interface Settings extends Omit<NetworkOptions, "validators" | "own"> {
  /** Whether this node takes part as a validator. */
  readonly member: boolean;
  /** Grows with `extend`, as `indices` does. */
  readonly validators: {readonly peerId: string}[];
  /** This node's index; null where it has none (yet). */
  own: number | null;
  readonly key: PrivateKey;
  readonly peerId: string;
  /** 8 random bytes, new with every start. */
  readonly instance: Hex;
  readonly names: ProtocolNames;
  readonly observersMax: number;
  readonly report: Report;
  /** Index by peer id. */
  readonly indices: Map<string, number>;
}

export function settings(options: NetworkOptions, rest: Pick<Settings, "key" | "peerId" | "instance" | "report">): Settings {
  return {
    ...options,
    ...rest,
    validators: [...options.validators],
    member: options.own !== null,
    own: options.own === "joining" ? null : options.own,
    observersMax: options.observersMax ?? 0,
    names: protocolNames(options.networkId),
    indices: new Map(options.validators.map(({peerId}, index) => [peerId, index])),
  };
}
