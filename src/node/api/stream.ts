import type {ServerResponse} from "node:http";
import type {StreamRoute} from "./server.ts";
import {toJson} from "./server.ts";
import type {Timeline} from "./timeline.ts";

const LISTENERS_MAX = 64;
/** Bytes that may wait for a slow reader before it is cut off. */
const BACKLOG_MAX = 1 << 20;

/** Server-sent events of stage changes. A reader that cannot keep up is cut off, and may come again. */
export function streamRoute(timeline: Timeline): StreamRoute & {closeAll(): void} {
  const open = new Set<ServerResponse>();
  return {
    path: "/v1/stream",
    open(response) {
      if (open.size >= LISTENERS_MAX) {
        response.writeHead(503, {"content-type": "application/json"});
        response.end(toJson({error: {code: "TOO_MANY", message: "too many listeners"}}));
        return;
      }
      open.add(response);
      response.writeHead(200, {"content-type": "text/event-stream", "cache-control": "no-store"});
      response.write(": stage changes\n\n");
      const cancel = timeline.listen((change) => {
        if (response.writableLength > BACKLOG_MAX) response.destroy();
        else response.write(`event: ${change.type}\ndata: ${toJson(change)}\n\n`);
      });
      response.once("close", () => {
        cancel();
        open.delete(response);
      });
    },
    closeAll() {
      for (const response of open) response.destroy();
    },
  };
}
