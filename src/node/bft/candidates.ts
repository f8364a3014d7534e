import type {Hex} from "../../base/bytes.ts";
import {describeError, MvmError} from "../../base/errors.ts";
import type {Applied} from "../../mvm/ledger.ts";
import type {Logger} from "../../ports/system.ts";
import type {Block} from "../../types/block.ts";
import type {DecidedChain} from "./decided-chain.ts";
import type {Sources} from "./sources.ts";

/** Values of one height that are kept: two a round is what the round machine takes, and a few rounds. */
const CANDIDATES_MAX = 24;

/** A block that somebody proposed for the height in progress. */
export interface Candidate {
  readonly hash: Hex;
  readonly block: Block;
  readonly bytes: Uint8Array;
  /** null until the ledger has run it, or where the ledger refuses it. */
  readonly applied: Applied | null;
  /** Final once it is not "unknown". */
  verdict: "valid" | "invalid" | "unknown";
  /** A polka or commit for it is known: what it leaves out matters no more. */
  excused: boolean;
  asked: boolean;
}

/** The candidate blocks of one height and what this validator thinks of them. */
export class Candidates {
  readonly #chain: DecidedChain;
  readonly #sources: Sources;
  readonly #log: Logger;
  readonly #byHash = new Map<Hex, Candidate>();
  /** Run when an answer of a source may have changed a verdict. */
  readonly #changed: () => void;

  constructor(ports: {chain: DecidedChain; sources: Sources; log: Logger; changed: () => void}) {
    this.#chain = ports.chain;
    this.#sources = ports.sources;
    this.#log = ports.log;
    this.#changed = ports.changed;
  }

  get(hash: string): Candidate | undefined {
    return this.#byHash.get(hash as Hex);
  }

  clear(): void {
    this.#byHash.clear();
  }

  /** Takes in a block; the ledger runs it at once. The same block again changes nothing. */
  add(input: {hash: Hex; block: Block; bytes: Uint8Array; own?: Applied}): Candidate {
    const known = this.#byHash.get(input.hash);
    if (known !== undefined) return known;
    const applied = input.own ?? this.#run(input);
    const candidate: Candidate = {
      hash: input.hash,
      block: input.block,
      bytes: input.bytes,
      applied,
      verdict: applied === null ? "invalid" : input.own === undefined ? "unknown" : "valid",
      excused: false,
      asked: false,
    };
    if (this.#byHash.size >= CANDIDATES_MAX) this.#makeRoom();
    this.#byHash.set(input.hash, candidate);
    return candidate;
  }

  /** A verdict that is known from elsewhere: from the log of an earlier run, or for a block that is decided. */
  settle(hash: string, verdict: "valid" | "invalid"): void {
    const candidate = this.get(hash);
    if (candidate !== undefined && candidate.verdict === "unknown") candidate.verdict = verdict;
  }

  excuse(hash: string): void {
    const candidate = this.get(hash);
    if (candidate !== undefined) candidate.excused = true;
  }

  hasUnknown(): boolean {
    return [...this.#byHash.values()].some((c) => c.verdict === "unknown");
  }

  /** Verdicts that have become known since the last call. */
  review(): {hash: Hex; verdict: "valid" | "invalid"}[] {
    const found: {hash: Hex; verdict: "valid" | "invalid"}[] = [];
    for (const candidate of this.#byHash.values()) {
      if (candidate.verdict !== "unknown") continue;
      const {judgement, ask} = this.#sources.review(candidate.block);
      if (judgement === "unknown") {
        this.#askOnce(candidate, ask);
        continue;
      }
      if (judgement === "valid" && !candidate.excused && !this.#sources.isAdmitted(candidate.block)) continue;
      if (judgement === "invalid")
        this.#log.warn("proposal contradicts own sources", {height: candidate.block.height, block: candidate.hash});
      candidate.verdict = judgement;
      found.push({hash: candidate.hash, verdict: judgement});
    }
    return found;
  }

  /** What can be decided stays: the oldest invalid one goes first, then the oldest of those that are not judged, then the oldest. */
  #makeRoom(): void {
    const loose = [...this.#byHash.values()].filter(({excused}) => !excused);
    const first = (verdict: Candidate["verdict"]) => loose.find((candidate) => candidate.verdict === verdict);
    const worst = first("invalid") ?? first("unknown") ?? loose[0];
    if (worst !== undefined) this.#byHash.delete(worst.hash);
  }

  #askOnce(candidate: Candidate, ask: Parameters<Sources["ask"]>[0]): void {
    if (candidate.asked) return;
    candidate.asked = true;
    this.#sources.ask(ask).then(this.#changed, (error: unknown) => this.#log.warn("source failed", describeError(error)));
  }

  #run(input: {hash: Hex; block: Block}): Applied | null {
    try {
      return this.#chain.check(input.block);
    } catch (error) {
      const fields = {height: input.block.height, block: input.hash, ...describeError(error)};
      if (error instanceof MvmError) this.#log.warn("proposal is not a valid block", fields);
      else this.#log.error("the ledger failed on a proposal: this is a bug", fields);
      return null;
    }
  }
}
