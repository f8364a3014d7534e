import type {Hex} from "../base/bytes.ts";
import {Reader, Writer} from "../base/codec.ts";
import {DecodeError} from "../base/errors.ts";

/** Version of everything that peers say to each other; peers of different versions do not talk. */
export const PROTOCOL_VERSION = 1;
/** Bytes of an encoded hello: 64 validators with four addresses each, and some room. */
export const HELLO_BYTES_MAX = 64 << 10;
/** Addresses of one validator that are told and kept from one source. */
export const ADDRESSES_PER_VALIDATOR = 4;
const ADDRESS_BYTES_MAX = 160;
const KNOWN_MAX = 64 * ADDRESSES_PER_VALIDATOR;

/** An address that the sender has for another validator. */
export interface KnownAddress {
  readonly validator: number;
  readonly address: string;
}

/** What both sides of a connection say first, and again when they want to hear of new addresses. */
export interface Hello {
  readonly networkId: Hex;
  readonly genesisHash: Hex;
  /** 8 random bytes, new with every start: a peer that comes back under another has restarted. */
  readonly instance: Hex;
  /** Multiaddrs that the sender listens on. */
  readonly listen: readonly string[];
  readonly known: readonly KnownAddress[];
}

const decoder = new TextDecoder("utf-8", {fatal: true});
const encoder = new TextEncoder();

/** Cuts the lists to what is allowed. */
export function encodeHello(hello: Hello): Uint8Array {
  const text = (w: Writer, value: string) => w.sized(encoder.encode(value));
  const fits = (value: string) => encoder.encode(value).length <= ADDRESS_BYTES_MAX;
  return new Writer()
    .u16(PROTOCOL_VERSION)
    .hex(hello.networkId, 32)
    .hex(hello.genesisHash, 32)
    .hex(hello.instance, 8)
    .list(hello.listen.filter(fits).slice(0, ADDRESSES_PER_VALIDATOR), text)
    .list(hello.known.filter(({address}) => fits(address)).slice(0, KNOWN_MAX), (w, {validator, address}) =>
      text(w.u16(validator), address),
    )
    .bytes();
}

/** A hello of our version, or the number of the other version alone: its layout is not known. Throws DecodeError. */
export function decodeHello(bytes: Uint8Array): Hello | {readonly version: number} {
  const r = new Reader(bytes);
  const version = r.u16("hello.version");
  if (version !== PROTOCOL_VERSION) return {version};
  const hello = {
    networkId: r.hex(32, "hello.networkId"),
    genesisHash: r.hex(32, "hello.genesisHash"),
    instance: r.hex(8, "hello.instance"),
    listen: r.list(ADDRESSES_PER_VALIDATOR, "hello.listen", () => readText(r)),
    known: r.list(KNOWN_MAX, "hello.known", () => ({validator: r.u16("hello.validator"), address: readText(r)})),
  };
  r.end("hello");
  return hello;
}

function readText(r: Reader): string {
  const offset = r.offset;
  try {
    return decoder.decode(r.sized(ADDRESS_BYTES_MAX, "hello.address"));
  } catch (error) {
    if (error instanceof DecodeError) throw error;
    throw new DecodeError("BAD_TEXT", {field: "hello.address", offset, want: "UTF-8"});
  }
}
