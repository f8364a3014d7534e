import {type AbiDecoded, type AbiType, type AbiWord, abiDecode, abiDecodeWord} from "../base/abi-decode.ts";
import {type Hex, utf8} from "../base/bytes.ts";
import {DecodeError} from "../base/errors.ts";
import {keccakHex} from "../base/hash.ts";
import type {ChainLog} from "../types/facts.ts";

/** First topic of an event, and how its logs are read. */
export type EventForm<E> = readonly [topic: Hex, read: (log: ChainLog) => E];

/** Makes forms of events: their Solidity types, indexed ones first as they are declared. */
export function formsOf<E>() {
  return <const I extends readonly AbiWord[], const D extends readonly AbiType[]>(
    signature: string,
    indexed: I,
    data: D,
    make: (topics: {[K in keyof I]: AbiDecoded<I[K]>}, values: {[K in keyof D]: AbiDecoded<D[K]>}) => E,
  ): EventForm<E> => {
    const read = (log: ChainLog): E => {
      if (log.topics.length !== indexed.length + 1)
        throw new DecodeError("BAD_TEXT", {field: "log.topics", want: indexed.length + 1, got: log.topics.length});
      const topics = indexed.map((type, i) => abiDecodeWord(type, log.topics[i + 1] as Hex, "log.topics"));
      return make(topics as {[K in keyof I]: AbiDecoded<I[K]>}, abiDecode(data, log.data, "log.data"));
    };
    return [keccakHex(utf8(signature)), read];
  };
}

/** Reads a log that has one of these forms. Throws DecodeError for any other. */
export function eventReader<E>(forms: readonly EventForm<E>[]): (log: ChainLog) => E {
  const readers = new Map(forms);
  return (log) => {
    const read = readers.get(log.topics[0] ?? "0x");
    if (read === undefined) throw new DecodeError("UNKNOWN_TAG", {field: "log.topics", got: log.topics[0] ?? "none"});
    return read(log);
  };
}
