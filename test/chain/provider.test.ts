import {once} from "node:events";
import {createServer, type IncomingMessage, type Server} from "node:http";
import type {Socket} from "node:net";
import {afterEach, describe, expect, test} from "vitest";
import {ChainError} from "../../src/chain/errors.ts";
import {type ChainProvider, openProvider} from "../../src/chain/provider.ts";

type Answer = (method: string, id: number) => {status?: number; body: string} | null;

const stops: (() => void)[] = [];
afterEach(() => {
  for (const stop of stops.splice(0)) stop();
});

/** An RPC node that answers as it is told; null: never. */
async function nodeThat(
  answer: Answer,
  timeoutMs = 300,
): Promise<{provider: ChainProvider; methods: string[]; server: Server; url: string}> {
  const methods: string[] = [];
  const server = createServer((request, response) => {
    let text = "";
    request.on("data", (chunk) => {
      text += chunk;
    });
    request.on("end", () => {
      const {method, id} = JSON.parse(text) as {method: string; id: number};
      methods.push(method);
      const reply = answer(method, id);
      if (reply === null) return;
      response.writeHead(reply.status ?? 200, {"content-type": "application/json"});
      response.end(reply.body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const url = `http://user:password@127.0.0.1:${typeof address === "object" ? address?.port : 0}/key-of-the-operator`;
  const provider = openProvider({url, chainId: 1, timeoutMs});
  stops.push(() => {
    provider.destroy();
    server.close();
    server.closeAllConnections();
  });
  return {provider, methods, server, url};
}

const result = (id: number, value: unknown) => ({body: JSON.stringify({jsonrpc: "2.0", id, result: value})});
const chainOne =
  (then: Answer): Answer =>
  (method, id) =>
    method === "eth_chainId" ? result(id, "0x1") : then(method, id);

async function failureOf(asked: Promise<unknown>): Promise<ChainError> {
  const error = await asked.then(
    () => null,
    (e: unknown) => e,
  );
  if (!(error instanceof ChainError)) throw new Error(`want a ChainError, got ${String(error)}`);
  return error;
}

describe("a provider", () => {
  test("checks the chain once, then answers with raw results", async () => {
    const {provider, methods} = await nodeThat(chainOne((method, id) => result(id, [method])));
    expect(await Promise.all([provider.request("a", []), provider.request("b", [1])])).toEqual([["a"], ["b"]]);
    expect(methods.filter((m) => m === "eth_chainId").length).toBe(1);
  });

  test("refuses another chain at every request, until it is the right one", async () => {
    let chain = "0x2";
    const {provider} = await nodeThat((method, id) => result(id, method === "eth_chainId" ? chain : "ok"));
    for (const asked of [provider.verify(), provider.request("a", [])])
      expect(await failureOf(asked)).toMatchObject({code: "WRONG_CHAIN", data: {want: 1, got: 2}});
    chain = "0x1";
    expect(await provider.request("a", [])).toBe("ok");
  });

  test.for<[string, Answer, object]>([
    ["no answer", () => null, {code: "TIMEOUT"}],
    ["no JSON", () => ({body: "<html>"}), {code: "BAD_REPLY"}],
    ["an HTTP error", () => ({status: 503, body: "overloaded"}), {code: "RPC_DOWN", data: {status: 503}}],
    ["too many requests", () => ({status: 429, body: "slow down"}), {code: "RPC_DOWN", data: {status: 429}}],
    ["an answer to another request", (_, id) => result(id + 1, "0x"), {code: "BAD_REPLY"}],
    ["an endless answer", (_, id) => result(id, "x".repeat(17_000_000)), {code: "TOO_LARGE"}],
    [
      "an error of the node",
      (_, id) => ({body: JSON.stringify({jsonrpc: "2.0", id, error: {code: -32_000, message: "too many blocks"}})}),
      {code: "REFUSED", data: {method: "a", message: "too many blocks", code: -32_000}},
    ],
    [
      "an error with an HTTP status of its own",
      (_, id) => ({status: 400, body: JSON.stringify({jsonrpc: "2.0", id, error: {code: 3, message: "reverted", data: "0xAB"}})}),
      {code: "REFUSED", data: {revert: "0xab"}},
    ],
    ["an error that is none", (_, id) => ({body: JSON.stringify({jsonrpc: "2.0", id, error: 7})}), {code: "REFUSED"}],
  ])("%s is a typed error, asked once", async ([, answer, want]) => {
    const {provider, methods} = await nodeThat(chainOne(answer), 1_000);
    const error = await failureOf(provider.request("a", []));
    expect(error).toMatchObject(want);
    expect(methods).toEqual(["eth_chainId", "a"]);
    expect(`${error.message}${String(error.cause)}`).not.toMatch(/key-of-the-operator|password/);
  });

  test("asks for the chain again after the node was away", async () => {
    let away = false;
    const {provider, methods} = await nodeThat(chainOne((_, id) => (away ? {status: 502, body: ""} : result(id, "ok"))));
    await provider.request("a", []);
    away = true;
    expect(await failureOf(provider.request("a", []))).toMatchObject({code: "RPC_DOWN"});
    away = false;
    await provider.request("a", []);
    expect(methods).toEqual(["eth_chainId", "a", "a", "eth_chainId", "a"]);
  });

  test("a connection that the server has closed meanwhile is opened again", async () => {
    const {provider, server} = await nodeThat(chainOne((_, id) => result(id, "ok")));
    await provider.request("a", []);
    server.closeAllConnections();
    expect(await provider.request("a", [])).toBe("ok");
  });

  test("a connection that is closed as the request arrives is no failure, once", async () => {
    const {provider, server, methods} = await nodeThat(chainOne((_, id) => result(id, "ok")));
    const answered = new Set<Socket>();
    server.prependListener("request", (request: IncomingMessage) => {
      if (answered.has(request.socket)) request.socket.destroy();
      answered.add(request.socket);
    });
    await provider.verify();
    expect(await provider.request("a", [])).toBe("ok");
    expect(methods).toEqual(["eth_chainId", "a", "a"]);
    expect(answered.size).toBe(2);
  });

  test("nothing there is RPC_DOWN, with the host only", async () => {
    const {provider, server, url} = await nodeThat(chainOne(() => null));
    server.close();
    const error = await failureOf(provider.request("a", []));
    expect(error).toMatchObject({code: "RPC_DOWN", data: {host: new URL(url).host, why: "ECONNREFUSED"}});
  });

  test("an end ends what is under way, and refuses more", async () => {
    const {provider, server} = await nodeThat(
      chainOne(() => null),
      60_000,
    );
    await provider.verify();
    const arrived = once(server, "request");
    const asked = failureOf(provider.request("a", []));
    await arrived;
    provider.destroy();
    expect(await asked).toMatchObject({code: "STOPPED"});
    expect(await failureOf(provider.request("a", []))).toMatchObject({code: "STOPPED"});
  });
});
