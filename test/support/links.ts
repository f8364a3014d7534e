import {type LinkState, TcpProxy} from "./tcp-proxy.ts";

/** Told to others instead of the own address: nobody answers there, so that all connections go through the links. */
export const NOWHERE = "/ip4/127.0.0.1/tcp/1";

/** Every pair of validators has two links of its own, one for each that may dial; all that they say to each other goes through them. */
export class Links {
  /** `dialler>dialled`. */
  readonly #links: ReadonlyMap<string, TcpProxy>;
  readonly #all: readonly number[];

  private constructor(links: ReadonlyMap<string, TcpProxy>, all: readonly number[]) {
    this.#links = links;
    this.#all = all;
  }

  static async among(validators: number): Promise<Links> {
    const all = Array.from({length: validators}, (_, i) => i);
    const links = new Map<string, TcpProxy>();
    for (const from of all) for (const to of all) if (from !== to) links.set(`${from}>${to}`, await TcpProxy.listen());
    return new Links(links, all);
  }

  /** What validator `me` is to be given as addresses of the others. */
  peersOf(me: number, peerIds: readonly string[]): string[] {
    return this.#all.filter((i) => i !== me).map((i) => `/ip4/127.0.0.1/tcp/${this.#link(me, i).port}/p2p/${peerIds[i]}`);
  }

  /** The validator listens at this multiaddr now. */
  lead(validator: number, address: string): void {
    const port = Number(address.split("/")[4]);
    for (const from of this.#all) if (from !== validator) this.#link(from, validator).target(port);
  }

  /** Sets every link between the two groups. */
  set(state: LinkState, group: readonly number[], others: readonly number[]): void {
    for (const link of this.#across(group, others)) link.set(state);
  }

  delay(ms: number, group: readonly number[], others: readonly number[]): void {
    for (const link of this.#across(group, others)) link.delay(ms);
  }

  /** Connections that all links have taken. */
  get connections(): number {
    return [...this.#links.values()].reduce((sum, {connections}) => sum + connections, 0);
  }

  async close(): Promise<void> {
    await Promise.all([...this.#links.values()].map((link) => link.close()));
  }

  #across(group: readonly number[], others: readonly number[]): TcpProxy[] {
    return group.flatMap((a) => others.filter((b) => a !== b).flatMap((b) => [this.#link(a, b), this.#link(b, a)]));
  }

  #link(from: number, to: number): TcpProxy {
    const link = this.#links.get(`${from}>${to}`);
    if (link === undefined) throw new Error(`no link from ${from} to ${to}`);
    return link;
  }
}
