import "./polyfill.ts";
import {type GossipSub, gossipsub, StrictNoSign, type TopicValidatorFn, TopicValidatorResult} from "@chainsafe/libp2p-gossipsub";
import type {PeerId} from "@libp2p/interface";
import {InvariantError} from "../base/errors.ts";
import type {Verdict} from "../ports/network.ts";
import {FORWARD_MS, messageId} from "./intake.ts";
import {FAMILIES, type Family, type ProtocolNames} from "./topics.ts";

/** Bytes of one gossip frame: a proposal, and control messages beside it. */
const FRAME_MAX = 3 << 20;
/** Unsent bytes of one peer's gossip stream beyond which the stream is reset. */
const UNSENT_MAX = 8 << 20;

const NOTHING = new Uint8Array(0);
const RESULTS: Readonly<Record<Verdict, TopicValidatorResult>> = {
  accept: TopicValidatorResult.Accept,
  ignore: TopicValidatorResult.Ignore,
  reject: TopicValidatorResult.Reject,
};

export interface GossipOptions {
  readonly names: ProtocolNames;
  /** Families to hear. */
  readonly families: readonly Family[];
  /** Families that a peer may hear; it says so once, perhaps before its hello. */
  hears(peerId: string): readonly Family[];
  /** Whether the peer may send these bytes now: it has said hello, is within its rate, and nothing is known against them. */
  maySend(peerId: string, bytes: Uint8Array, family: Family): boolean;
  judge(bytes: Uint8Array, peerId: string, family: Family): Verdict;
  /** A message carries fields that ours never have. */
  onMalformed(peerId: string): void;
}

/** The part of a gossip frame that is looked at before gossipsub sees it. */
interface Rpc {
  subscriptions: {subscribe?: boolean; topic?: string}[];
  messages: {data?: Uint8Array; topic: string; from?: unknown; seqno?: unknown; signature?: unknown; key?: unknown}[];
  control?: {graft?: {topicID?: string}[]};
}
interface Internals {
  handleReceivedRpc(from: PeerId, rpc: Rpc): Promise<void>;
  readonly streamsOutbound: ReadonlyMap<string, unknown>;
  readonly score: Record<"validateMessage" | "deliverMessage" | "rejectMessage" | "duplicateMessage", () => void>;
  readonly seenCache?: {readonly size: number};
}

/** Gossipsub set up for this network, with a filter before it. */
export function gossip(options: GossipOptions): (components: Parameters<ReturnType<typeof gossipsub>>[0]) => GossipSub {
  const topics = new Map(FAMILIES.map((family) => [options.names.topic(family), family]));
  const create = gossipsub({
    globalSignaturePolicy: StrictNoSign, // our messages carry their own signature
    msgIdFn: (message) => messageId(message.data),
    allowedTopics: new Set(topics.keys()),
    allowPublishToZeroTopicPeers: true, // else publish throws while alone
    ignoreDuplicatePublishError: true,
    fallbackToFloodsub: false,
    floodPublish: true,
    emitSelf: false,
    D: 8, // up to nine validators are one full mesh
    Dlo: 6,
    Dhi: 12,
    seenTTL: FORWARD_MS,
    maxInboundDataLength: FRAME_MAX,
    maxOutboundBufferSize: UNSENT_MAX,
    maxInboundStreams: 4,
    maxOutboundStreams: 4,
    decodeRpcLimits: {
      maxSubscriptions: 64,
      maxMessages: 5_000,
      maxControlMessages: 64,
      maxIhaveMessageIDs: 5_000,
      maxIwantMessageIDs: 5_000,
      maxIdontwantMessageIDs: 512,
      maxPeerInfos: 0,
    },
    tagMeshPeers: false,
    scoreParams: {IPColocationFactorWeight: 0, retainScore: 1_000}, // many nodes on one address
  });
  return (components) => {
    const pubsub = create(components);
    for (const [topic, family] of topics) pubsub.topicValidators.set(topic, validator(options, family));
    filter(pubsub as unknown as Internals, options, topics);
    return pubsub;
  };
}

/** Whether gossip can send to the peer. */
export function hasGossipStream(pubsub: GossipSub, peerId: string): boolean {
  return (pubsub as unknown as Internals).streamsOutbound.has(peerId);
}
/** How many message ids gossip remembers. */
export function gossipSeen(pubsub: GossipSub): number {
  return (pubsub as unknown as Internals).seenCache?.size ?? 0;
}

function validator({judge}: GossipOptions, family: Family): TopicValidatorFn {
  return (from, {data}) => RESULTS[judge(data, from.toString(), family)];
}

/**
 * Gossipsub remembers every message id before it asks a validator, so that rates must be kept earlier. Its own delivery records,
 * held for two minutes each, only feed topic scores, which are not used here: peers are judged by Reputation.
 */
function filter(pubsub: Internals, options: GossipOptions, topics: ReadonlyMap<string, Family>): void {
  const handle = pubsub.handleReceivedRpc?.bind(pubsub);
  if (handle === undefined || pubsub.score === undefined || pubsub.streamsOutbound === undefined)
    throw new InvariantError("INVARIANT", {what: "this gossipsub cannot be filtered"});
  for (const method of ["validateMessage", "deliverMessage", "rejectMessage", "duplicateMessage"] as const) pubsub.score[method] = () => {};
  pubsub.handleReceivedRpc = (from, rpc) => {
    const peerId = from.toString();
    const hears = options.hears(peerId);
    const mayHear = (topic: string | undefined) => {
      const family = topics.get(topic ?? "");
      return family !== undefined && hears.includes(family);
    };
    rpc.subscriptions = rpc.subscriptions.filter(({topic}) => mayHear(topic));
    if (rpc.control?.graft !== undefined) rpc.control.graft = rpc.control.graft.filter(({topicID}) => mayHear(topicID));
    rpc.messages = rpc.messages.filter((message) => isWelcome(message, topics.get(message.topic), peerId, options));
    return handle(from, rpc);
  };
}

function isWelcome(message: Rpc["messages"][number], family: Family | undefined, peerId: string, options: GossipOptions): boolean {
  if (family === undefined || !options.maySend(peerId, message.data ?? NOTHING, family)) return false;
  if ([message.from, message.seqno, message.signature, message.key].every((field) => field === undefined)) return true;
  options.onMalformed(peerId);
  return false;
}
