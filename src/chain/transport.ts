import {type ClientRequest, Agent as HttpAgent, request as httpRequest, type IncomingMessage} from "node:http";
import {Agent as HttpsAgent, request as httpsRequest} from "node:https";
import {ChainError} from "./errors.ts";

/** Bytes of one answer. Longer ones are cut off: a range of logs is then asked for in halves. */
const REPLY_BYTES_MAX = 16_000_000;
const SOCKETS_MAX = 16;

/** JSON over HTTP POST to one URL, over connections that are kept open. */
export interface Transport {
  /** The parsed answer. Rejects with ChainError RPC_DOWN, TIMEOUT, TOO_LARGE, BAD_REPLY, STOPPED; never with the URL in it. */
  post(body: string): Promise<unknown>;
  /** Ends what is under way with STOPPED, and refuses more. */
  destroy(): void;
}

/** @param timeoutMs for a whole exchange, connecting included */
export function createTransport(options: {url: string; timeoutMs: number}): Transport {
  const url = new URL(options.url);
  const secure = url.protocol === "https:";
  const agent = new (secure ? HttpsAgent : HttpAgent)({keepAlive: true, maxSockets: SOCKETS_MAX});
  const open = secure ? httpsRequest : httpRequest;
  const {host} = url;
  const running = new Set<(error: ChainError) => void>();
  let destroyed = false;

  function exchange(body: string): Promise<{text: string} | "stale"> {
    return new Promise((resolve, reject) => {
      const headers = {"content-type": "application/json", "content-length": Buffer.byteLength(body)};
      const request = open(url, {method: "POST", agent, headers});
      const timer = setTimeout(() => end(new ChainError("TIMEOUT", {host, timeoutMs: options.timeoutMs})), options.timeoutMs);
      function end(result: ChainError | {text: string} | "stale"): void {
        clearTimeout(timer);
        running.delete(end);
        if (result instanceof ChainError) {
          reject(result);
          request.destroy();
        } else resolve(result);
      }
      running.add(end);
      request.on("error", (error: NodeJS.ErrnoException) => {
        // the server had closed a kept connection before it got this request
        if (request.reusedSocket && error.code === "ECONNRESET") return end("stale");
        end(new ChainError("RPC_DOWN", {host, why: error.code ?? error.message}));
      });
      request.on("response", (response) => readReply({request, response, host}).then((text) => end({text}), end));
      request.end(body);
    });
  }

  return {
    async post(body) {
      if (destroyed) throw new ChainError("STOPPED", {host});
      let reply = await exchange(body);
      for (let again = 0; reply === "stale" && again < SOCKETS_MAX && !destroyed; again++) reply = await exchange(body);
      if (reply === "stale") throw new ChainError("RPC_DOWN", {host, why: "ECONNRESET"});
      try {
        return JSON.parse(reply.text);
      } catch {
        throw new ChainError("BAD_REPLY", {host, want: "JSON", got: reply.text.slice(0, 80)});
      }
    },
    destroy() {
      destroyed = true;
      for (const end of [...running]) end(new ChainError("STOPPED", {host}));
      agent.destroy();
    },
  };
}

/** Rejects with ChainError only. */
function readReply({request, response, host}: {request: ClientRequest; response: IncomingMessage; host: string}): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    response.on("data", (chunk: Buffer) => {
      size += chunk.length;
      if (size > REPLY_BYTES_MAX) {
        reject(new ChainError("TOO_LARGE", {host, bytesMax: REPLY_BYTES_MAX}));
        request.destroy();
      } else chunks.push(chunk);
    });
    response.on("error", (error) => reject(new ChainError("RPC_DOWN", {host, why: error.message})));
    response.on("end", () => {
      const text = Buffer.concat(chunks).toString("utf8");
      // JSON-RPC errors may come with an HTTP status of their own: those are answers
      if (response.statusCode === 200 || text.startsWith("{")) resolve(text);
      else reject(new ChainError("RPC_DOWN", {host, status: response.statusCode ?? 0}));
    });
  });
}
