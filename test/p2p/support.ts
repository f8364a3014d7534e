import {randomBytes} from "node:crypto";
import {onTestFinished} from "vitest";
import type {Hex} from "../../src/base/bytes.ts";
import {peerIdOf} from "../../src/p2p/keys.ts";
import {createNetwork, type Libp2pNetwork} from "../../src/p2p/network.ts";
import type {NetworkOptions} from "../../src/p2p/options.ts";
import type {NetworkHandler, Peer, Verdict} from "../../src/ports/network.ts";
import type {Clock, Logger} from "../../src/ports/system.ts";
import type {Message, VoteMessage} from "../../src/types/messages.ts";

export const LISTEN = "/ip4/127.0.0.1/tcp/0";
export const NETWORK_ID: Hex = `0x${"a1".repeat(32)}`;
export const GENESIS: Hex = `0x${"b2".repeat(32)}`;

export const systemClock: Clock = {
  now: () => Date.now(),
  after(ms, run) {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
};

/** Time that goes five times as fast, for tests of deadlines. */
export const fastClock: Clock = {now: () => 5 * Date.now(), after: (ms, run) => systemClock.after(ms / 5, run)};

export interface LogLine {
  readonly level: string;
  readonly text: string;
  readonly fields: Record<string, unknown>;
}
/** A logger that keeps its lines. */
export function memoryLogger(): Logger & {readonly lines: LogLine[]} {
  const lines: LogLine[] = [];
  const at = (level: string) => (text: string, fields?: object) => {
    lines.push({level, text, fields: {...fields}});
  };
  const logger = {lines, debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error"), child: () => logger};
  return logger;
}

/** Resolves as soon as `ask` holds; asked every few ms. */
export async function until(ask: () => boolean, what: string, ms = 10_000): Promise<void> {
  const end = Date.now() + ms;
  while (!ask()) {
    if (Date.now() > end) throw new Error(`waited ${ms} ms in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

export interface TestNode {
  readonly network: Libp2pNetwork;
  readonly log: ReturnType<typeof memoryLogger>;
  readonly received: {readonly message: Message; readonly from: Peer}[];
  readonly connected: Peer[];
  /** The handler that the network calls; tests replace its methods. */
  readonly handler: {-readonly [K in keyof NetworkHandler]: NetworkHandler[K]};
  address(): string;
}

export interface Validators {
  readonly seeds: readonly Uint8Array[];
  readonly list: readonly {readonly peerId: string}[];
}
export async function makeValidators(count: number): Promise<Validators> {
  const seeds = Array.from({length: count}, () => new Uint8Array(randomBytes(32)));
  const list = await Promise.all(seeds.map(async (seed) => ({peerId: await peerIdOf(seed)})));
  return {seeds, list};
}

export function makeNode(validators: Validators, own: number | null, options: Partial<NetworkOptions> = {}): TestNode {
  const received: TestNode["received"] = [];
  const connected: Peer[] = [];
  const handler: TestNode["handler"] = {
    receive(message: Message, from: Peer): Verdict {
      received.push({message, from});
      return "accept";
    },
    serveBlocks: async () => [],
    serveSnapshot: async () => null,
    connected: (peer) => void connected.push(peer),
  };
  const log = memoryLogger();
  const network = createNetwork({
    privateKey: own === null ? new Uint8Array(randomBytes(32)) : (validators.seeds[own] as Uint8Array),
    networkId: NETWORK_ID,
    genesisHash: GENESIS,
    listen: [LISTEN],
    peers: [],
    validators: validators.list,
    own,
    handler: {
      receive: (message, from) => handler.receive(message, from),
      serveBlocks: (from, count) => handler.serveBlocks(from, count),
      serveSnapshot: (ask) => handler.serveSnapshot(ask),
      connected: (peer) => handler.connected(peer),
    },
    logger: log,
    clock: systemClock,
    ...options,
  });
  onTestFinished(() => network.stop());
  return {network, log, received, connected, handler, address: () => network.addresses()[0] ?? ""};
}

export async function startNode(...args: Parameters<typeof makeNode>): Promise<TestNode> {
  const node = makeNode(...args);
  await node.network.start(new AbortController().signal);
  return node;
}

/** `count` validators, each of which knows the first one's address, connected all to all. */
export async function startAll(validators: Validators, options: Partial<NetworkOptions> = {}): Promise<TestNode[]> {
  const nodes: TestNode[] = [];
  for (let i = 0; i < validators.list.length; i++)
    nodes.push(await startNode(validators, i, {peers: nodes.slice(0, 1).map((n) => n.address()), ...options}));
  await connectedAll(nodes);
  return nodes;
}
export async function connectedAll(nodes: readonly TestNode[]): Promise<void> {
  await until(() => nodes.every((n) => n.network.peers().length === nodes.length - 1), "all connected to all", 15_000);
}

let serial = 0;
/** A vote that differs from all others; its signature is of the right size only. */
export function vote(from = 0, height = ++serial): VoteMessage {
  return {
    kind: "vote",
    vote: {
      epoch: 0,
      height,
      round: 0,
      type: "prevote",
      blockHash: `0x${"c3".repeat(32)}`,
      from,
      signature: new Uint8Array(randomBytes(65)),
    },
    partials: [],
  };
}
