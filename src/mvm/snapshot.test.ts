import {expect, test} from "vitest";
import {outputFact, registrationFact, TestLedger} from "../../test/support/ledger.ts";
import {toHex} from "../base/bytes.ts";
import type {LedgerState} from "./ledger.ts";
import {stateOfTree} from "./snapshot.ts";
import {treeRoot} from "./tree.ts";
import {cutTree, TreeJoiner} from "./tree-parts.ts";

/** The state after its records have been cut, sent and joined. */
function sent(state: LedgerState, height: number): LedgerState {
  const parts: Uint8Array[] = [];
  const cutting = cutTree(state.tree, 700);
  for (let next = cutting.next(); ; next = cutting.next()) {
    if (next.done) {
      const joiner = new TreeJoiner(next.value);
      for (const [i, part] of parts.entries()) joiner.add(i, part);
      return stateOfTree(state.network.genesis, joiner.tree(), height);
    }
    parts.push(next.value.bytes);
  }
}

test("a state that was sent goes on as the one that was not, in every phase of the DKG and after it", () => {
  const ledger = new TestLedger();
  const check = () => {
    const copy = ledger.fork();
    copy.state = sent(ledger.state, ledger.parent.height);
    expect(toHex(treeRoot(copy.state.tree))).toBe(toHex(treeRoot(ledger.state.tree)));
    expect(copy.state).toEqual(ledger.state);
    return copy;
  };
  const next = [0, 1, 2, 3].map((from) => ledger.dealingFact(from));
  for (const fact of next) {
    const copy = check();
    expect(copy.decide(fact).stateRoot).toBe(ledger.decide(fact).stateRoot);
  }
  while (ledger.state.session.phase === "complain") {
    const copy = check();
    expect(copy.decide({kind: "tick"}).stateRoot).toBe(ledger.decide({kind: "tick"}).stateRoot);
  }
  for (const fact of [0, 1, 2, 3].flatMap((from) => ledger.ackFacts(from))) {
    const copy = check();
    expect(copy.decide(fact).stateRoot).toBe(ledger.decide(fact).stateRoot);
    if (ledger.state.session.phase === "active") break;
  }
  for (const fact of [registrationFact(1), outputFact(2), outputFact(3)]) {
    const copy = check();
    expect(copy.decide(fact).stateRoot).toBe(ledger.decide(fact).stateRoot);
  }
});

test("a tree of another height, and one that is no state, are refused", () => {
  const ledger = new TestLedger();
  ledger.decide(ledger.dealingFact(0));
  expect(() => stateOfTree(ledger.network.genesis, ledger.state.tree, 2)).toThrow(expect.objectContaining({code: "WRONG_HEIGHT"}));
  expect(() => stateOfTree(ledger.network.genesis, null, 1)).toThrow(expect.objectContaining({code: "WRONG_HEIGHT"}));
});
