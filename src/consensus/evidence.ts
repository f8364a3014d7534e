import type {Effect, Input} from "./types.ts";

type Signed = Extract<Input, {kind: "proposal" | "vote"}>;

/**
 * Two signed messages of one validator for one (height, round, type) and different values: proof of a lie, whoever holds the bytes.
 * `first` and `second` are the ids of the two in order of arrival. The caller has seen that the values differ: the same value signed
 * twice (another signature, other partials beside it) proves nothing.
 */
export function evidenceOf(second: Signed, first: string): Effect {
  const {height, round, from, id} = second;
  return {kind: "evidence", type: second.kind === "vote" ? second.type : "proposal", height, round, from, first, second: id};
}
