import "../../src/p2p/polyfill.ts";
import {randomBytes} from "node:crypto";
import {type GossipSub, gossipsub, type SignaturePolicy, StrictNoSign} from "@chainsafe/libp2p-gossipsub";
import {noise} from "@chainsafe/libp2p-noise";
import {yamux} from "@chainsafe/libp2p-yamux";
import {type Identify, identify} from "@libp2p/identify";
import type {Connection, Libp2p, Stream} from "@libp2p/interface";
import {tcp} from "@libp2p/tcp";
import {multiaddr} from "@multiformats/multiaddr";
import {createLibp2p} from "libp2p";
import {onTestFinished} from "vitest";
import type {Hex} from "../../src/base/bytes.ts";
import {encodeFrame, FrameChannel} from "../../src/p2p/frames.ts";
import {encodeHello, HELLO_BYTES_MAX, type Hello} from "../../src/p2p/hello.ts";
import {networkKey} from "../../src/p2p/keys.ts";
import {protocolNames} from "../../src/p2p/topics.ts";
import {GENESIS, LISTEN, NETWORK_ID} from "./support.ts";

export const NAMES = protocolNames(NETWORK_ID);

/** A libp2p host that keeps to no rule of ours but those it is told to keep. */
export interface Attacker {
  readonly host: Libp2p<{identify: Identify; pubsub: GossipSub}>;
  /** Connects; without a hello. */
  connect(address: string): Promise<Connection>;
  /** Connects and says a fitting hello, changed by `change`. */
  join(address: string, change?: Partial<Hello>): Promise<Connection>;
  open(connection: Connection, protocol: string): Promise<Stream>;
}

export async function startAttacker(seed: Uint8Array = randomBytes(32), signatures: SignaturePolicy = StrictNoSign): Promise<Attacker> {
  const host = await createLibp2p<{identify: Identify; pubsub: GossipSub}>({
    privateKey: await networkKey(new Uint8Array(seed)),
    addresses: {listen: [LISTEN]},
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux({maxOutboundStreams: 100_000, enableKeepAlive: false})],
    connectionMonitor: {enabled: false},
    services: {
      identify: identify(),
      pubsub: gossipsub({
        globalSignaturePolicy: signatures,
        msgIdFn: () => new Uint8Array(randomBytes(16)), // nothing is a duplicate to it
        allowPublishToZeroTopicPeers: true,
        ignoreDuplicatePublishError: true,
        floodPublish: true,
        scoreParams: {IPColocationFactorWeight: 0},
      }),
    },
  });
  onTestFinished(async () => {
    for (const connection of host.getConnections()) connection.abort(new Error("over"));
    await host.stop();
  });
  const attacker: Attacker = {
    host,
    connect: (address) => host.dial(multiaddr(address)),
    async join(address, change = {}) {
      const connection = await attacker.connect(address);
      await sayHello(connection, change);
      return connection;
    },
    open: (connection, protocol) => connection.newStream(protocol, {maxOutboundStreams: 100_000}),
  };
  return attacker;
}

export async function sayHello(connection: Connection, change: Partial<Hello> = {}): Promise<Uint8Array | null> {
  const instance: Hex = `0x${randomBytes(8).toString("hex")}`;
  const hello = encodeHello({networkId: NETWORK_ID, genesisHash: GENESIS, instance, listen: [], known: [], ...change});
  const channel = new FrameChannel(await connection.newStream(NAMES.hello), HELLO_BYTES_MAX);
  const signal = AbortSignal.timeout(5_000);
  await channel.send(hello, signal);
  return channel.next(signal);
}

/** Sends without heed of back pressure; false once the stream is gone. */
export function push(stream: Stream, bytes: Uint8Array): boolean {
  try {
    stream.send(bytes);
    return stream.status === "open";
  } catch {
    return false;
  }
}
export function pushFrame(stream: Stream, frame: Uint8Array): boolean {
  return push(stream, encodeFrame(frame));
}
