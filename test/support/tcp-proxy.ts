import {createServer, type Server, Socket} from "node:net";

/** What a link does to the bytes on it: carries them, holds them back both ways as a dead wire does, or answers every packet with a reset. */
export type LinkState = "up" | "silent" | "reset";

/** One TCP link on this machine that a test can cut, delay and reset. Bytes held back are carried once it is up again, as TCP would. */
export class TcpProxy {
  readonly #server: Server;
  readonly #pairs = new Set<readonly [Socket, Socket]>();
  #targetPort: number | null = null;
  #state: LinkState = "up";
  #delayMs = 0;
  readonly #waiting: {readonly atMs: number; readonly run: () => void}[] = [];
  /** Connections taken so far. */
  connections = 0;

  private constructor() {
    this.#server = createServer((socket) => this.#take(socket));
  }

  static async listen(): Promise<TcpProxy> {
    const proxy = new TcpProxy();
    await new Promise<void>((resolve) => proxy.#server.listen(0, "127.0.0.1", resolve));
    return proxy;
  }

  get port(): number {
    const address = this.#server.address();
    if (address === null || typeof address === "string") throw new Error("the proxy does not listen");
    return address.port;
  }

  /** Where connections lead from now on; open ones stay where they are. */
  target(port: number): void {
    this.#targetPort = port;
  }

  set(state: LinkState): void {
    this.#state = state;
    for (const pair of this.#pairs)
      for (const socket of pair) {
        if (state === "reset") socket.resetAndDestroy();
        else if (state === "silent") socket.pause();
        else socket.resume();
      }
  }

  /** Each piece of data arrives so much later. */
  delay(ms: number): void {
    this.#delayMs = ms;
  }

  async close(): Promise<void> {
    for (const pair of this.#pairs) for (const socket of pair) socket.destroy();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #take(near: Socket): void {
    this.connections++;
    if (this.#state === "reset" || this.#targetPort === null) {
      near.resetAndDestroy();
      return;
    }
    const far = new Socket();
    const pair = [near, far] as const;
    this.#pairs.add(pair);
    this.#carry(near, far, pair);
    this.#carry(far, near, pair);
    far.connect(this.#targetPort, "127.0.0.1");
    if (this.#state === "silent") for (const socket of pair) socket.pause();
  }

  #carry(from: Socket, to: Socket, pair: readonly [Socket, Socket]): void {
    from.setNoDelay(true);
    from.on("data", (bytes) => this.#later(() => to.write(bytes)));
    from.on("error", () => {}); // its close says the same
    from.on("close", () => {
      this.#pairs.delete(pair);
      this.#later(() => to.destroy());
    });
  }

  /** In the order of arrival, whatever the delay is by then. */
  #later(run: () => void): void {
    if (this.#delayMs === 0 && this.#waiting.length === 0) {
      run();
      return;
    }
    this.#waiting.push({atMs: performance.now() + this.#delayMs, run});
    if (this.#waiting.length === 1) this.#wait();
  }

  #wait(): void {
    const [first] = this.#waiting;
    if (first === undefined) return;
    setTimeout(
      () => {
        this.#waiting.shift();
        first.run();
        this.#wait();
      },
      Math.max(0, first.atMs - performance.now()),
    );
  }
}
