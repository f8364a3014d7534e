import {createServer, type Server, type ServerResponse} from "node:http";
import type {AddressInfo} from "node:net";
import {afterEach, expect, test} from "vitest";
import {MvmClient} from "./client.ts";

let server: Server | null = null;
afterEach(async () => {
  server?.closeAllConnections();
  await new Promise<void>((done) => (server === null ? done() : server.close(() => done())));
  server = null;
});

/** A node that answers as told. */
async function node(answer: (path: string, response: ServerResponse) => void): Promise<MvmClient> {
  server = createServer((request, response) => answer(request.url ?? "", response));
  await new Promise<void>((done) => server?.listen(0, "127.0.0.1", done));
  return new MvmClient(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`, {timeoutMs: 500});
}
const json = (response: ServerResponse, status: number, body: unknown) => response.writeHead(status).end(JSON.stringify(body));

test("a payment that the node has not seen is null; a refusal carries the node's code", async () => {
  const client = await node((path, response) =>
    json(response, path.endsWith("unseen") ? 404 : 400, {
      error: {code: path.endsWith("unseen") ? "NOT_FOUND" : "BAD_REQUEST", message: "want a UUID"},
    }),
  );
  expect(await client.payment("unseen")).toBeNull();
  await expect(client.payment("x")).rejects.toMatchObject({code: "REFUSED", data: {status: 400, code: "BAD_REQUEST"}});
});

test("waits through the stages, and tells each once", async () => {
  const stages = ["observed", "observed", "decided", "certified", "certified", "delivered"];
  const client = await node((_, response) => json(response, 200, {stage: stages.shift()}));
  const told: string[] = [];
  await client.settled("id", {timeoutMs: 5_000, everyMs: 1, onStage: ({stage}) => told.push(stage)});
  expect(told).toEqual(["observed", "decided", "certified", "delivered"]);
});

test("says the last stage where the time is over", async () => {
  const client = await node((_, response) => json(response, 200, {stage: "decided"}));
  await expect(client.settled("id", {timeoutMs: 20, everyMs: 5})).rejects.toMatchObject({
    code: "TIMEOUT",
    data: {message: "last stage: decided"},
  });
});

test.for(["<html>", "null", '"text"'])("an answer of %s is a typed error", async (body) => {
  const client = await node((_, response) => response.end(body));
  await expect(client.status()).rejects.toMatchObject({code: "BAD_ANSWER"});
});

test("a node that is not there, and one that is silent, are unreachable", async () => {
  await expect(new MvmClient("http://127.0.0.1:1", {timeoutMs: 500}).status()).rejects.toMatchObject({code: "UNREACHABLE"});
  const silent = await node(() => {});
  await expect(silent.status()).rejects.toMatchObject({code: "UNREACHABLE"});
});

test("reads events in pieces as they come", async () => {
  const client = await node((_, response) => {
    response.write(": hello\n\nevent: decided\nda");
    response.write('ta: {"height":1}\n\nevent: certified\ndata: {"height":1,"x":2}\n\n');
  });
  const stop = new AbortController();
  const seen: unknown[] = [];
  for await (const event of client.stream(stop.signal)) {
    seen.push(event);
    if (seen.length === 2) break;
  }
  stop.abort();
  expect(seen).toEqual([{height: 1}, {height: 1, x: 2}]);
});
