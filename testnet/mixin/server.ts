import {createServer, type IncomingMessage, type Server, type ServerResponse} from "node:http";
import type {AddressInfo} from "node:net";
import {setTimeout as sleep} from "node:timers/promises";
import {admin} from "./admin.ts";
import {answer} from "./api.ts";
import {Auth} from "./auth.ts";
import type {Devnet} from "./devnet.ts";
import {badField, Failure} from "./failure.ts";
import {Faults} from "./faults.ts";

const BODY_MAX = 4 << 20;

/** The devnet over HTTP, on loopback. Nothing that arrives makes it fail: every problem is an answer. */
export class DevnetServer {
  readonly #devnet: Devnet;
  readonly #auth: Auth;
  readonly #faults = new Faults();
  readonly #server: Server;

  constructor(devnet: Devnet) {
    this.#devnet = devnet;
    this.#auth = new Auth(devnet.state.users);
    this.#server = createServer({requestTimeout: 30_000}, (request, response) => void this.#serve(request, response));
  }

  /** Listens on 127.0.0.1; port 0 takes a free one. Returns the URL. */
  async start(port: number): Promise<string> {
    await this.#devnet.start();
    await new Promise<void>((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen(port, "127.0.0.1", resolve);
    });
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeAllConnections();
    await closed;
    await this.#devnet.stop();
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const requestId = String(request.headers["x-request-id"] ?? "");
    try {
      const body = await readBody(request);
      const {method = "GET", url = "/"} = request;
      const {pathname, searchParams} = new URL(url, "http://devnet");
      if (pathname.startsWith("/admin/")) {
        send(response, 200, requestId, {data: await admin(this.#devnet, this.#faults, {method, path: pathname, body: parse(body)})});
        return;
      }
      const fault = this.#faults.take(pathname);
      if (fault?.delayMs !== undefined) await sleep(fault.delayMs);
      if (fault?.status !== undefined) {
        send(response, fault.status, requestId, {error: {status: fault.status, code: fault.status, description: "planted"}});
        return;
      }
      if (fault?.garbage === true) {
        response.end("<html>planted</html>");
        return;
      }
      if (fault?.code !== undefined) throw new Failure(fault.code, "planted");
      const user = this.#auth.caller(
        {method, url, body, authorization: request.headers.authorization ?? "", requestId},
        Date.now() / 1_000,
      );
      send(response, 200, requestId, {
        data: await answer(this.#devnet, {method, path: pathname, query: searchParams, body: parse(body), user}),
      });
    } catch (error) {
      const {code, message} = error instanceof Failure ? error : new Failure(500, "Internal server error");
      if (!(error instanceof Failure)) process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
      send(response, 202, requestId, {error: {status: 202, code, description: message}});
    }
  }
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > BODY_MAX) throw badField(`body above ${BODY_MAX} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

function parse(body: string): unknown {
  if (body === "") return null;
  try {
    return JSON.parse(body);
  } catch {
    throw badField("body is no JSON");
  }
}

function send(response: ServerResponse, status: number, requestId: string, body: object): void {
  if (response.headersSent || response.destroyed) return;
  response.writeHead(status, {"content-type": "application/json", "x-request-id": requestId.replace(/[^\x20-\x7e]/g, "")});
  response.end(JSON.stringify(body));
}
