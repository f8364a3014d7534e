import {createServer, type IncomingMessage, type Server, type ServerResponse} from "node:http";
import type {AddressInfo} from "node:net";
import {setTimeout as sleep} from "node:timers/promises";
import {ADMIN_PREFIX, admin} from "./admin.ts";
import {answer} from "./api.ts";
import {Auth, claimedUser} from "./auth.ts";
import type {Devnet} from "./devnet.ts";
import {Failure, notFound} from "./failure.ts";
import {Faults} from "./faults.ts";
import {Gone, parseJson, parseTarget, readBody, sendJson} from "./http.ts";

/** The devnet over HTTP, on loopback. Nothing that arrives makes it fail: every problem is an answer. */
export class DevnetServer {
  readonly #devnet: Devnet;
  readonly #faults = new Faults();
  readonly #server: Server;
  readonly #stopped = new AbortController();
  #auth: Auth;

  constructor(devnet: Devnet) {
    this.#devnet = devnet;
    this.#auth = new Auth(devnet.state.users, {sinceS: 0});
    // kept connections outlive the pauses between polls: a server that closes first makes clients fail in the race
    const limits = {requestTimeout: 30_000, headersTimeout: 10_000, keepAliveTimeout: 60_000, maxHeaderSize: 16_384};
    this.#server = createServer(limits, (request, response) => void this.#serve(request, response));
    this.#server.maxConnections = 4_096;
  }

  /** Takes up the journal and listens on 127.0.0.1; port 0 takes a free one. Returns the URL. */
  async start(port: number): Promise<string> {
    await this.#devnet.start();
    if (this.#devnet.resumed) this.#auth = new Auth(this.#devnet.state.users, {sinceS: Date.now() / 1_000});
    try {
      await new Promise<void>((resolve, reject) => {
        this.#server.once("error", reject);
        this.#server.listen(port, "127.0.0.1", () => {
          this.#server.off("error", reject);
          resolve();
        });
      });
    } catch (error) {
      await this.#devnet.stop();
      throw error;
    }
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.#stopped.abort();
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeAllConnections();
    await closed;
    await this.#devnet.stop();
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const requestId = String(request.headers["x-request-id"] ?? "");
    try {
      const data = await this.#handle(request, response, requestId);
      if (data === null) return;
      await this.#devnet.settled(); // also for reads: what they tell must be on disk
      sendJson(response, 200, requestId, {data});
    } catch (error) {
      if (error instanceof Gone) return;
      if (!(error instanceof Failure)) process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
      const {code, message} = error instanceof Failure ? error : new Failure(500, "Internal server error");
      sendJson(response, 202, requestId, {error: {status: 202, code, description: message}});
    }
  }

  /** The `data` to answer; null where a fault has ended the call. */
  async #handle(request: IncomingMessage, response: ServerResponse, requestId: string): Promise<object | null> {
    const body = await readBody(request);
    const {method = "GET", url = ""} = request;
    const target = parseTarget(url);
    if (target === null) throw notFound();
    const {path, query} = target;
    if (path.startsWith(ADMIN_PREFIX)) return admin(this.#devnet, this.#faults, {method, path, body: parseJson(body)});
    const authorization = request.headers.authorization ?? "";
    const fault = this.#faults.take({method, path, user: claimedUser(authorization)});
    if (fault !== null && fault.delayMs > 0) await this.#pause(fault.delayMs);
    switch (fault?.outcome.kind) {
      case "status":
        sendJson(response, fault.outcome.status, requestId, {
          error: {status: fault.outcome.status, code: fault.outcome.status, description: "planted"},
        });
        return null;
      case "code":
        throw new Failure(fault.outcome.code, "planted");
      case "garbage":
        response.end("<html>planted</html>");
        return null;
      case "hang_up":
        response.destroy();
        return null;
    }
    const user = this.#auth.caller({method, url, body, authorization, requestId}, Date.now() / 1_000);
    const data = answer({devnet: this.#devnet, method, path, query, body: parseJson(body), user});
    if (fault?.outcome.kind !== "lost") return data;
    await this.#devnet.settled();
    response.destroy();
    return null;
  }
  /** Throws Gone where the server stops meanwhile. */
  async #pause(ms: number): Promise<void> {
    await sleep(ms, undefined, {signal: this.#stopped.signal}).catch(() => {
      throw new Gone();
    });
  }
}
