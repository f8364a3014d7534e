import {connect, createServer, type Server, type Socket} from "node:net";

/** A TCP relay in front of a server, which can be cut and mended: an RPC node that dies and comes back. */
export interface Proxy {
  readonly url: string;
  /** Ends all connections and refuses new ones. */
  cut(): Promise<void>;
  mend(): Promise<void>;
  /** Takes connections, and lets nothing through in either direction. */
  hang(): void;
  /** How many pieces of data with this text went to the server. */
  passed(text: string): number;
  stop(): Promise<void>;
}

export async function startProxy(target: string): Promise<Proxy> {
  const {hostname, port} = new URL(target);
  const sockets = new Set<Socket>();
  const pieces: string[] = [];
  let hanging = false;
  let server: Server | null = null;
  let ownPort = 0;

  function accept(client: Socket): void {
    const upstream = connect(Number(port), hostname);
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on("error", () => {});
      socket.on("close", () => {
        sockets.delete(socket);
        client.destroy();
        upstream.destroy();
      });
    }
    client.on("data", (chunk: Buffer) => {
      if (hanging) return;
      pieces.push(chunk.toString("latin1"));
      upstream.write(chunk);
    });
    upstream.on("data", (chunk) => hanging || client.write(chunk));
  }
  async function cut(): Promise<void> {
    for (const socket of sockets) socket.destroy();
    const closing = server;
    server = null;
    if (closing !== null) await new Promise((resolve) => closing.close(resolve));
  }
  async function mend(): Promise<void> {
    hanging = false;
    const listening = createServer(accept);
    await new Promise<void>((resolve) => listening.listen(ownPort, "127.0.0.1", resolve));
    server = listening;
    const address = listening.address();
    if (typeof address === "object" && address !== null) ownPort = address.port;
  }

  await mend();
  return {
    url: `http://127.0.0.1:${ownPort}`,
    cut,
    mend,
    hang() {
      hanging = true;
    },
    passed: (text) => pieces.filter((piece) => piece.includes(text)).length,
    stop: cut,
  };
}
