import {sha256} from "../src/base/hash.ts";
import {messageMemo, outputFact, registrationFact, TestLedger} from "../test/support/ledger.ts";
import {type Benchmark, resultOf} from "./harness.ts";

const PER_BLOCK = 500;
/** Hashes of the state tree per message: its records' leaves and the branches above them, in a tree of some thousand records. */
const HASHES_PER_MESSAGE = 60;

export const ledgerBench: Benchmark = {
  name: "ledger",
  about: `messages applied per second, state root included, in blocks of ${PER_BLOCK}; bound: ${HASHES_PER_MESSAGE} SHA-256 of 64 bytes per message`,
  async run({n}) {
    const ledger = new TestLedger();
    ledger.runDkg();
    ledger.decide(registrationFact(1));
    let sequence = 2;
    const rates: number[] = [];
    for (let block = 0; block < (n ?? 20); block++) {
      const facts = Array.from({length: PER_BLOCK}, () => outputFact(sequence++, {extra: messageMemo(undefined, new Uint8Array(64))}));
      const start = performance.now();
      ledger.decide(...facts);
      rates.push((PER_BLOCK * 1_000) / (performance.now() - start));
    }
    const input = new Uint8Array(64);
    const hashing = performance.now();
    for (let i = 0; i < 20_000; i++) sha256(input);
    const bound = 20_000_000 / (performance.now() - hashing) / HASHES_PER_MESSAGE;
    return [resultOf("messages applied", "1/s", rates, {bound})];
  },
};
