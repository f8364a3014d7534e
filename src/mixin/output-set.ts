import {createHash} from "node:crypto";
import {BoundedMap} from "../base/bounded.ts";
import {equalBytes, type Hex, toHex} from "../base/bytes.ts";
import type {Judgement} from "../ports/chain.ts";
import {encodeFact, type MixinOutput} from "../types/facts.ts";
import type {Uuid} from "../types/ids.ts";

export interface SeenOutput {
  readonly output: MixinOutput;
  readonly seenAtMs: number;
}

/** What is remembered of a decided output: whether the API shows the same, or, until it has shown it, a digest to compare. */
type Remembered = "same" | "other" | Hex;

/**
 * Outputs that are seen and not decided, in order, and the ids of the decided ones for as long as the API may show them again.
 * Holds at most `undecidedMax` bodies and `decidedMax` ids.
 */
export class OutputSet {
  readonly #undecidedMax: number;
  readonly #isDecided: (id: Uuid) => boolean;
  readonly #open = new Map<Uuid, SeenOutput>();
  readonly #decided: BoundedMap<Uuid, Remembered>;
  #sorted: SeenOutput[] = [];
  #isSorted = true;

  constructor(options: {undecidedMax: number; decidedMax: number; isDecided: (id: Uuid) => boolean}) {
    this.#undecidedMax = options.undecidedMax;
    this.#isDecided = options.isDecided;
    this.#decided = new BoundedMap(options.decidedMax);
  }

  get size(): number {
    return this.#open.size;
  }
  get isFull(): boolean {
    return this.#open.size >= this.#undecidedMax;
  }

  /** contradiction: decided with other fields; changed: shown with other fields before, and the first stays. */
  add(output: MixinOutput, seenAtMs: number): "new" | "known" | "full" | "changed" | "contradiction" {
    const {outputId} = output;
    const known = this.#open.get(outputId);
    if (known !== undefined) return sameOutput(known.output, output) ? "known" : "changed";
    const remembered = this.#decided.get(outputId);
    if (remembered === "same" || remembered === "other") return "known";
    if (remembered !== undefined) {
      const isSame = remembered === digestOf(output);
      this.#decided.set(outputId, isSame ? "same" : "other"); // reported once
      return isSame ? "known" : "contradiction";
    }
    if (this.#isDecided(outputId)) return "known";
    if (this.isFull) return "full";
    const seen = {output, seenAtMs};
    this.#open.set(outputId, seen);
    const last = this.#sorted.at(-1);
    if (last !== undefined && last.output.sequence > output.sequence) this.#isSorted = false;
    this.#sorted.push(seen);
    return "new";
  }

  undecided(count: number): readonly SeenOutput[] {
    if (!this.#isSorted) {
      this.#sorted.sort((a, b) => (a.output.sequence < b.output.sequence ? -1 : a.output.sequence > b.output.sequence ? 1 : 0));
      this.#isSorted = true;
    }
    return this.#sorted.slice(0, count);
  }

  knows(id: Uuid): boolean {
    return this.#open.has(id) || this.#decided.has(id) || this.#isDecided(id);
  }

  /** Of a decided output too, as the ledger has it: after a restart that is unknown until the API has shown it again. */
  judge(output: MixinOutput): Judgement {
    const {outputId} = output;
    const known = this.#open.get(outputId);
    if (known !== undefined) return sameOutput(known.output, output) ? "valid" : "invalid";
    const remembered = this.#decided.get(outputId);
    if (remembered === "same") return "valid";
    if (remembered === "other") return "invalid";
    if (remembered === undefined && this.#isDecided(outputId)) this.#decided.set(outputId, digestOf(output));
    return "unknown";
  }

  /** Forgets bodies. Returns those that were decided with other fields than the API had shown. */
  decide(outputs: readonly MixinOutput[]): MixinOutput[] {
    const contradicted: MixinOutput[] = [];
    let found = false;
    for (const output of outputs) {
      const known = this.#open.get(output.outputId);
      const isSame = known !== undefined && sameOutput(known.output, output);
      if (known !== undefined && !isSame) contradicted.push(output);
      found = this.#open.delete(output.outputId) || found;
      this.#decided.set(output.outputId, known === undefined ? digestOf(output) : isSame ? "same" : "other");
    }
    if (found) this.#sorted = this.#sorted.filter((seen) => this.#open.has(seen.output.outputId));
    return contradicted;
  }
}

function digestOf(output: MixinOutput): Hex {
  return toHex(createHash("sha256").update(encodeFact(output)).digest());
}

/** Whether all fields are equal. */
export function sameOutput(a: MixinOutput, b: MixinOutput): boolean {
  return (
    a.outputId === b.outputId &&
    a.sequence === b.sequence &&
    a.txHash === b.txHash &&
    a.index === b.index &&
    a.requestId === b.requestId &&
    a.asset === b.asset &&
    a.amount === b.amount &&
    a.receiversHash === b.receiversHash &&
    a.sendersThreshold === b.sendersThreshold &&
    a.createdAt === b.createdAt &&
    equalLists(a.senders, b.senders) &&
    equalLists(a.references, b.references) &&
    equalBytes(a.extra, b.extra)
  );
}
function equalLists(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((item, i) => item === b[i]);
}
