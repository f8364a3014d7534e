import type {IncomingMessage, ServerResponse} from "node:http";
import {badField} from "./failure.ts";

/** Bytes of one request's body. */
const BODY_MAX = 4 << 20;

/** The client is gone: there is nobody to answer. */
export class Gone extends Error {}

/**
 * The whole body. What a client sends beyond the limit is read and dropped, so that it gets to read the answer.
 * @throws Failure 10002 above 4 MiB, Gone where the client hangs up
 */
export function readBody(request: IncomingMessage): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    request.on("data", (chunk: Buffer) => {
      size += chunk.length;
      if (size <= BODY_MAX) chunks.push(chunk);
      else chunks.length = 0;
    });
    request.once("end", () => (size <= BODY_MAX ? resolve(Buffer.concat(chunks)) : reject(badField(`body above ${BODY_MAX} bytes`))));
    request.once("error", () => reject(new Gone()));
    request.once("close", () => reject(new Gone()));
  });
}

/** Parsed JSON, null for none. Throws Failure 10002. */
export function parseJson(body: Buffer): unknown {
  if (body.length === 0) return null;
  try {
    return JSON.parse(body.toString());
  } catch {
    throw badField("body is no JSON");
  }
}

/** Path and query of a request line; null where it has none. */
export function parseTarget(url: string): {path: string; query: URLSearchParams} | null {
  const [path = "", ...rest] = url.split("?");
  return path.startsWith("/") ? {path, query: new URLSearchParams(rest.join("?"))} : null;
}

/** Answers with JSON, and the request's id as Mixin does. Does nothing where the client is gone. */
export function sendJson(response: ServerResponse, status: number, requestId: string, body: object): void {
  if (response.headersSent || response.destroyed) return;
  response.writeHead(status, {
    "content-type": "application/json",
    ...(/^[\x21-\x7e]{1,100}$/.test(requestId) && {"x-request-id": requestId}),
  });
  response.end(JSON.stringify(body));
}
