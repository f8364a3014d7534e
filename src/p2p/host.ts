import "./polyfill.ts";
import type {Socket} from "node:net";
import type {GossipSub} from "@chainsafe/libp2p-gossipsub";
import {noise} from "@chainsafe/libp2p-noise";
import {type Identify, identify} from "@libp2p/identify";
import type {ConnectionGater, Libp2p, MultiaddrConnection, PrivateKey} from "@libp2p/interface";
import {tcp} from "@libp2p/tcp";
import {createLibp2p} from "libp2p";
import type {Gate} from "./gate.ts";
import {type GossipOptions, gossip} from "./gossip.ts";
import {guardedYamux, UNSENT_BYTES_MAX} from "./muxer.ts";

type Services = {identify: Identify; pubsub: GossipSub};
export type Host = Libp2p<Services>;

/** One address may open so many connections a second, and each has so long to prove its key: below what may be pending. */
const INBOUND_PER_SECOND = 64;
const UPGRADE_MS = 5_000;
const PENDING_MAX = 512;
const NEGOTIATE_MS = 2_000;
const ADDRESS_DIAL_MS = 4_000;
/** More at once would only make each of them late: a handshake costs some 15 ms of CPU time. */
const DIALS_MAX = 8;

export interface HostOptions {
  readonly privateKey: PrivateKey;
  readonly listen: readonly string[];
  readonly connectionsMax: number;
  readonly gate: Gate;
  readonly gossip: GossipOptions;
  now(): number;
}

/** A libp2p node: TCP, noise, yamux, identify, gossipsub; not yet started. */
export function createHost(options: HostOptions): Promise<Host> {
  return createLibp2p<Services>({
    start: false,
    privateKey: options.privateKey,
    addresses: {listen: [...options.listen]},
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [guardedYamux(options.now)],
    connectionGater: gater(options.gate),
    connectionManager: {
      maxConnections: options.connectionsMax,
      inboundConnectionThreshold: INBOUND_PER_SECOND,
      maxIncomingPendingConnections: PENDING_MAX,
      inboundUpgradeTimeout: UPGRADE_MS,
      inboundStreamProtocolNegotiationTimeout: NEGOTIATE_MS,
      // gossipsub opens its streams one after the other: a peer that does not answer would hold up all
      outboundStreamProtocolNegotiationTimeout: NEGOTIATE_MS,
      addressDialTimeout: ADDRESS_DIAL_MS,
      maxParallelDials: DIALS_MAX,
      reconnectRetries: 0,
    },
    services: {identify: identify({maxInboundStreams: 2, maxOutboundStreams: 2}), pubsub: gossip(options.gossip)},
  });
}

/** Bounds what waits for the socket, and lets what is written within one turn leave in one system call: noise alone writes twice a packet. */
function prepare(raw: MultiaddrConnection): void {
  raw.maxWriteBufferLength = UNSENT_BYTES_MAX;
  const {socket} = raw as MultiaddrConnection & {socket?: Partial<Pick<Socket, "cork" | "uncork">>};
  const send = raw.send.bind(raw);
  let corked = false;
  raw.send = (data) => {
    if (!corked && socket?.cork !== undefined) {
      corked = true;
      socket.cork();
      process.nextTick(() => {
        corked = false;
        socket.uncork?.();
      });
    }
    return send(data);
  };
}

function gater(gate: Gate): ConnectionGater {
  return {
    denyDialPeer: (peer) => !gate.mayDial(peer.toString()),
    denyOutboundEncryptedConnection: (peer, raw) => {
      prepare(raw);
      return !gate.mayDial(peer.toString());
    },
    denyInboundEncryptedConnection: (peer, raw) => {
      prepare(raw);
      return !gate.admits(peer.toString(), raw.remoteAddr.toString());
    },
  };
}
