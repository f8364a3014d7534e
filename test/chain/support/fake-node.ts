import {createServer} from "node:http";
import type {Hex} from "../../../src/base/bytes.ts";
import {CHAIN_ID} from "./network.ts";

type Params = readonly Record<string, string>[];
export interface FakeLog {
  readonly address: Hex;
  readonly blockNumber: Hex;
  readonly blockHash: Hex;
  readonly logIndex: Hex;
  readonly topics: readonly Hex[];
  readonly data: Hex;
  readonly removed?: boolean;
}
export interface FakeBlock {
  readonly number: Hex;
  readonly hash: Hex;
  readonly parentHash: Hex;
  readonly timestamp: Hex;
  readonly baseFeePerGas: Hex;
}

/** An RPC node of a made-up chain that can be made to answer wrongly. */
export interface FakeNode {
  readonly url: string;
  /** Newest block. */
  head: number;
  /** More blocks than this in one eth_getLogs are refused. */
  spanMax: number;
  /** Changes what is answered. */
  logs: (logs: FakeLog[]) => unknown;
  block: (block: FakeBlock) => unknown;
  readonly asked: {method: string; params: Params}[];
  stop(): Promise<void>;
}

const hex = (value: number): Hex => `0x${value.toString(16)}`;
export const fakeHash = (number: number): Hex => `0x${(number + 1).toString(16).padStart(64, "b")}`;

/** @param logsIn how many logs block `number` has of the contract at `address` */
export async function startFakeNode(of: {address: Hex; head: number; logsIn: (number: number) => number}): Promise<FakeNode> {
  const server = createServer((request, response) => {
    let text = "";
    request.on("data", (chunk) => {
      text += chunk;
    });
    request.on("end", () => {
      const {method, id, params} = JSON.parse(text) as {method: string; id: number; params: Params};
      node.asked.push({method, params});
      const result = answer(method, params);
      const reply = result === undefined ? {error: {code: -32_005, message: "query exceeds limit"}} : {result};
      response.end(JSON.stringify({jsonrpc: "2.0", id, ...reply}));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const node: FakeNode = {
    url: `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}`,
    head: of.head,
    spanMax: Number.POSITIVE_INFINITY,
    logs: (logs) => logs,
    block: (block) => block,
    asked: [],
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };

  /** undefined: refused. */
  function answer(method: string, params: Params): unknown {
    if (method === "eth_chainId") return hex(CHAIN_ID);
    if (method === "eth_blockNumber") return hex(node.head);
    if (method === "eth_getBlockByNumber") {
      const tag = String(params[0]);
      const number = tag.startsWith("0x") ? Number(tag) : node.head;
      if (number > node.head) return null;
      return node.block({
        number: hex(number),
        hash: fakeHash(number),
        parentHash: fakeHash(number - 1),
        timestamp: hex(1_700_000_000 + number),
        baseFeePerGas: "0x7",
      });
    }
    if (method !== "eth_getLogs") return undefined;
    const {fromBlock = "0x0", toBlock = "0x0", blockHash} = params[0] ?? {};
    const byHash = Array.from({length: node.head + 1}, (_, n) => n).find((n) => fakeHash(n) === blockHash);
    if (blockHash !== undefined && byHash === undefined) return undefined;
    const from = byHash ?? Number(fromBlock);
    const to = byHash ?? Math.min(node.head, Number(toBlock));
    return to - from >= node.spanMax ? undefined : node.logs(logsOf(from, to));
  }
  function logsOf(from: number, to: number): FakeLog[] {
    const logs: FakeLog[] = [];
    for (let number = from; number <= to; number++)
      for (let i = 0; i < of.logsIn(number); i++)
        logs.push({
          address: of.address,
          blockNumber: hex(number),
          blockHash: fakeHash(number),
          logIndex: hex(2 * i),
          topics: [fakeHash(i)],
          data: hex(0x100 + (i % 200)).replace("0x", "0x0") as Hex,
        });
    return logs;
  }
  return node;
}
