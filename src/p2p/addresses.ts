import {type Multiaddr, multiaddr} from "@multiformats/multiaddr";
import {ADDRESSES_PER_VALIDATOR, type KnownAddress} from "./hello.ts";

const CONFIGURED_MAX = 8;
const CANDIDATES_MAX = 8;
/** Addresses in one hello; those of validators that came last first. */
const KNOWN_MAX = 256;

export interface ParsedAddress {
  /** /ip4/…/tcp/… without the peer id. */
  readonly transport: string;
  readonly peerId: string | null;
}

/** Parses an address that a TCP host can be dialled at; null for any other text. */
export function parseAddress(text: string): ParsedAddress | null {
  let parsed: Multiaddr;
  try {
    parsed = multiaddr(text);
  } catch {
    return null;
  }
  const [host, tcp, p2p, ...rest] = parsed.getComponents();
  if (host === undefined || tcp?.name !== "tcp" || rest.length > 0) return null;
  if (!["ip4", "ip6", "dns", "dns4", "dns6"].includes(host.name)) return null;
  if (p2p !== undefined && p2p.name !== "p2p") return null;
  return {transport: `/${host.name}/${host.value}/tcp/${tcp.value}`, peerId: p2p?.value ?? null};
}

interface Entry {
  configured: string[];
  /** Told by the validator itself over a connection that proves its key. */
  told: string[];
  /** Where a dial last met the validator. */
  worked: string | null;
  /** Told by other validators: each has its own places, so that none can push out what others say. */
  heard: Map<number, string[]>;
}

/**
 * Where validators may be reached, from the configuration, from themselves and from each other. Bounded by the number of
 * validators. What is heard is dialled but not passed on, so that a rumour goes one step only; noise proves who answers.
 */
export class AddressBook {
  readonly #peerIds: string[] = [];
  readonly #own: () => number | null;
  readonly #entries: Entry[] = [];
  readonly #attempts: number[] = [];

  /** @param own  this node's index, which may become known later */
  constructor(peerIds: readonly string[], own: () => number | null) {
    this.#own = own;
    for (const peerId of peerIds) this.extend(peerId);
  }

  /** One more validator, with the next index. */
  extend(peerId: string): void {
    this.#peerIds.push(peerId);
    this.#entries.push({configured: [], told: [], worked: null, heard: new Map()});
    this.#attempts.push(0);
  }

  /** Whether the text is an address of a validator other than this node. */
  configure(text: string): boolean {
    const parsed = parseAddress(text);
    const entry = this.#entries[parsed === null || parsed.peerId === null ? -1 : this.#peerIds.indexOf(parsed.peerId)];
    if (parsed === null || entry === undefined) return false;
    if (!entry.configured.includes(parsed.transport)) entry.configured = [...entry.configured, parsed.transport].slice(-CONFIGURED_MAX);
    return true;
  }
  /** What validator `index` says of itself: replaces what it said before. */
  tell(index: number, texts: readonly string[]): void {
    const entry = this.#entries[index];
    if (entry !== undefined) entry.told = this.#usable(index, texts);
  }
  /** What validator `teller` says of others: replaces what it said before. */
  hear(teller: number, known: readonly KnownAddress[]): void {
    const texts = new Map<number, string[]>();
    for (const {validator, address} of known) texts.set(validator, [...(texts.get(validator) ?? []), address]);
    this.#entries.forEach((entry, index) => {
      const usable = this.#usable(index, texts.get(index) ?? []);
      if (index === this.#own() || index === teller || usable.length === 0) entry.heard.delete(teller);
      else entry.heard.set(teller, usable);
    });
  }
  worked(index: number, text: string): void {
    const entry = this.#entries[index];
    if (entry !== undefined) entry.worked = parseAddress(text)?.transport ?? null;
  }

  /** Multiaddrs with the peer id to dial next, the most trusted first; where there are many, others with every call. */
  candidates(index: number): string[] {
    const entry = this.#entries[index];
    if (entry === undefined) return [];
    const sure = [...entry.told, ...(entry.worked === null ? [] : [entry.worked]), ...entry.configured];
    const all = [...new Set([...sure, ...[...entry.heard.values()].flat()])];
    const attempt = this.#attempts[index] ?? 0;
    this.#attempts[index] = attempt + 1;
    const from = all.length <= CANDIDATES_MAX ? 0 : (attempt * CANDIDATES_MAX) % all.length;
    const turned = [...all.slice(from), ...all.slice(0, from)].slice(0, CANDIDATES_MAX);
    return turned.map((transport) => `${transport}/p2p/${this.#peerIds[index]}`);
  }
  /** What is told to others: addresses that a validator gave itself, else where it was met, else the configured ones. */
  known(): KnownAddress[] {
    const known = this.#entries.flatMap((entry, validator) => {
      const worked = entry.worked === null ? entry.configured : [entry.worked];
      const addresses = entry.told.length > 0 ? entry.told : worked;
      return addresses.slice(0, ADDRESSES_PER_VALIDATOR).map((address) => ({validator, address}));
    });
    return known.slice(-KNOWN_MAX);
  }

  #usable(index: number, texts: readonly string[]): string[] {
    const parsed = texts.slice(0, ADDRESSES_PER_VALIDATOR).map(parseAddress);
    return parsed.flatMap((a) => (a !== null && (a.peerId === null || a.peerId === this.#peerIds[index]) ? [a.transport] : []));
  }
}
