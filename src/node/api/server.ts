import {createServer, type IncomingMessage, type Server, type ServerResponse} from "node:http";
import type {AddressInfo} from "node:net";
import {MvmError} from "../../base/errors.ts";
import type {Logger, Service} from "../../ports/system.ts";

/** An answer that is an error: HTTP status, stable code, text for a person. */
export class ApiError extends MvmError<
  "NOT_FOUND" | "BAD_REQUEST" | "NOT_READY" | "TOO_MANY" | "PRUNED",
  {status: number; message: string}
> {}

/** Throws ApiError PRUNED for a height whose block was decided and is not kept here any more. */
export function refusePruned(height: number, gap: {readonly from: number; readonly to: number} | null): void {
  if (gap === null || height < gap.from || height > gap.to) return;
  throw new ApiError("PRUNED", {status: 410, message: `blocks ${gap.from} to ${gap.to} are not kept here: ask a node that keeps them`});
}

/** What a route answers: JSON unless it says another type. */
export interface Answer {
  readonly status?: number;
  readonly type?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: unknown;
}

/** A route: path segments, of which those that start with ":" are parameters, in order. */
export interface Route {
  readonly path: string;
  /** `params` are decoded; `query` is that of the URL. Throws ApiError. */
  answer(params: readonly string[], query: URLSearchParams): Answer | Promise<Answer>;
}

/** A route that keeps its response open, such as a stream of events. */
export interface StreamRoute {
  readonly path: string;
  open(response: ServerResponse): void;
}

const HEADERS_MS = 5_000;
const CONNECTIONS_MAX = 512;

/** The HTTP API of the node: GET only, JSON, errors as `{error: {code, message}}`. */
export class ApiServer implements Service {
  readonly name = "api";
  readonly #routes: readonly Route[];
  readonly #streams: readonly StreamRoute[];
  readonly #bind: {host: string; port: number};
  readonly #log: Logger;
  #server: Server | null = null;

  constructor(options: {routes: readonly Route[]; streams: readonly StreamRoute[]; host: string; port: number; log: Logger}) {
    this.#routes = options.routes;
    this.#streams = options.streams;
    this.#bind = {host: options.host, port: options.port};
    this.#log = options.log;
  }

  /** http://host:port once started. */
  get url(): string {
    const address = this.#server?.address() as AddressInfo | null | undefined;
    return address === null || address === undefined ? "" : `http://${this.#bind.host}:${address.port}`;
  }

  async start(): Promise<void> {
    const server = createServer(
      {headersTimeout: HEADERS_MS, requestTimeout: HEADERS_MS},
      (request, response) => void this.#serve(request, response),
    );
    server.maxConnections = CONNECTIONS_MAX;
    this.#server = server;
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(this.#bind.port, this.#bind.host, () => {
        server.off("error", reject);
        server.on("error", (error) => this.#log.warn("api server", {message: error.message}));
        resolve();
      });
    });
  }

  async stop(): Promise<void> {
    const server = this.#server;
    if (server === null) return;
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    server.closeAllConnections();
    await closed;
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      request.resume(); // a body is never read
      if (request.method !== "GET" && request.method !== "HEAD") throw new ApiError("BAD_REQUEST", {status: 405, message: "only GET"});
      const url = new URL(request.url ?? "/", "http://node");
      const stream = this.#streams.find((s) => s.path === url.pathname);
      if (stream !== undefined) {
        stream.open(response);
        return;
      }
      for (const route of this.#routes) {
        const params = match(route.path, url.pathname);
        if (params === null) continue;
        const {status = 200, type = "application/json", headers = {}, body} = await route.answer(params, url.searchParams);
        send(response, {status, type, headers, text: type === "application/json" ? toJson(body) : String(body)});
        return;
      }
      throw new ApiError("NOT_FOUND", {status: 404, message: `no such path: ${url.pathname.slice(0, 200)}`});
    } catch (error) {
      const known = error instanceof ApiError ? error : null;
      if (known === null) this.#log.error("api request failed", {message: error instanceof Error ? error.message : String(error)});
      const body = {
        error: {code: known?.code ?? "INTERNAL", message: known?.data.message ?? "the node failed to answer; its log says why"},
      };
      send(response, {status: known?.data.status ?? 500, type: "application/json", headers: {}, text: toJson(body)});
    }
  }
}

function send(
  response: ServerResponse,
  {status, type, headers, text}: {status: number; type: string; headers: Readonly<Record<string, string>>; text: string},
): void {
  if (response.headersSent) return;
  const always = {"content-type": `${type}; charset=utf-8`, "cache-control": "no-store", "x-content-type-options": "nosniff"};
  response.writeHead(status, {...always, ...headers});
  response.end(text);
}

/** Parameters of a path that fits, else null. */
function match(pattern: string, path: string): string[] | null {
  const want = pattern.split("/");
  const got = path.split("/");
  if (want.length !== got.length) return null;
  const params: string[] = [];
  for (const [i, part] of want.entries()) {
    const value = got[i] as string;
    if (part.startsWith(":")) {
      const text = decode(value);
      if (text === null || text === "") return null;
      params.push(text);
    } else if (part !== value) return null;
  }
  return params;
}

function decode(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}

/** Amounts and nonces as decimal text, bytes as 0x hex. */
export function toJson(value: unknown): string {
  return JSON.stringify(value, (_, v: unknown) => {
    if (typeof v === "bigint") return v.toString();
    if (v instanceof Uint8Array) return `0x${Buffer.from(v).toString("hex")}`;
    return v;
  });
}
