import type {Input} from "../../src/consensus/main.ts";
import {quorum} from "../../src/consensus/tally.ts";

export type Vote = Extract<Input, {kind: "vote"}>;
export type Proposal = Extract<Input, {kind: "proposal"}>;
export type Certificate = Extract<Input, {kind: "polka" | "commit"}>;
export type Part = Vote | Proposal | Certificate;

/** What travels at once: a re-proposal with its polka, a bundle that is sent again, or one vote. */
export type Packet = readonly Part[];

/** Values that no honest validator confirms. */
export const BAD = "bad";

/** Everything ever signed: what a signature check would answer. A certificate holds if each of its votes was really signed. */
export class Signatures {
  readonly #seats: readonly number[];
  readonly #signed = new Set<string>();

  constructor(seats: readonly number[]) {
    this.#seats = seats;
  }

  sign(part: Vote | Proposal): void {
    this.#signed.add(keyOf(part, part.from));
  }

  verify(part: Part): boolean {
    if (part.kind === "vote" || part.kind === "proposal") return this.#signed.has(keyOf(part, part.from));
    const total = this.#seats.reduce((sum, seats) => sum + seats, 0);
    const behind = [...new Set(part.from)].reduce((sum, from) => sum + (this.#seats[from] ?? 0), 0);
    const type = part.kind === "polka" ? "prevote" : "precommit";
    return behind >= quorum(total) && part.from.every((from) => this.#signed.has(keyOf({...part, kind: "vote", type}, from)));
  }
}

type Signable = Pick<Vote, "kind" | "type" | "height" | "round" | "value"> | Proposal;

function keyOf(part: Signable, from: number): string {
  const kind = part.kind === "vote" ? part.type : `proposal ${part.polRound}`;
  return `${kind} ${part.height}/${part.round} ${part.value ?? "nil"} by ${from}`;
}

/** One line of a trace. */
export function describe(part: Input): string {
  switch (part.kind) {
    case "start":
      return `start ${part.height}`;
    case "value":
      return `value ${part.value ?? "none"} for round ${part.round}`;
    case "verdict":
      return `verdict ${part.value} ${part.verdict}`;
    case "timeout":
      return `timeout ${part.step} ${part.height}/${part.round}`;
    case "polka":
    case "commit":
      return `${part.kind} ${part.height}/${part.round} ${part.value} by ${part.from.join(",")}`;
    case "proposal":
    case "vote":
      return keyOf(part, part.from);
  }
}
