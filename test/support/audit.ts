import {expect} from "vitest";
import {toHex} from "../../src/base/bytes.ts";
import {decodeRecord, type Table} from "../../src/mvm/draft.ts";
import type {LedgerState} from "../../src/mvm/ledger.ts";
import {CREDITS, PAYOUTS} from "../../src/mvm/money-tables.ts";
import type {AssetRecord} from "../../src/mvm/records.ts";
import {ASSETS, BALANCES, LINKS, MESSAGES, OUTPUTS, PROCESSES} from "../../src/mvm/tables.ts";
import {treeEntries} from "../../src/mvm/tree.ts";
import {decodeFact, type MixinOutput} from "../../src/types/facts.ts";
import {type Uuid, uuidFromHex} from "../../src/types/ids.ts";

const uuidAt = (name: Uint8Array, at: number): Uuid => uuidFromHex(toHex(name.subarray(at, at + 16)));

type Books = Record<Exclude<keyof AssetRecord, "classes" | "merges" | "merge">, bigint>;

function all<K, V>(state: LedgerState, table: Table<K, V>): {name: Uint8Array; value: V}[] {
  const found: {name: Uint8Array; value: V}[] = [];
  for (const {name, value} of treeEntries(state.tree)) if (name[0] === table.id) found.push({name, value: decodeRecord(table, value)});
  return found;
}

/** Recomputes the books of every asset from the records alone, and that every output has one fate that its records bear out. */
export function audit(state: LedgerState): void {
  const outputs = all(state, OUTPUTS).map(({name, value}) => ({
    ...value,
    id: uuidAt(name, 1),
    output: decodeFact(value.fact) as MixinOutput,
  }));
  const payouts = new Map(all(state, PAYOUTS).map(({name, value}) => [uuidAt(name, 1), value]));
  const messages = all(state, MESSAGES);
  const messageIds = new Set(messages.map(({value}) => value.outputId));
  const free = new Map(
    all(state, LINKS)
      .filter(({name}) => new TextDecoder().decode(name.subarray(17)).startsWith("free/"))
      .map(({name, value}) => [uuidAt(name, 1), value.weight]),
  );
  const spent = [...payouts.values()].flatMap((p) => p.inputs.map((input) => input.outputId));
  expect(new Set(spent).size, "an output is the input of one transaction").toBe(spent.length);

  const books = new Map<Uuid, Books>();
  const of = (asset: Uuid): Books => {
    const zero: Books = {
      received: 0n,
      custody: 0n,
      paid: 0n,
      refunded: 0n,
      rewarded: 0n,
      free: 0n,
      reserved: 0n,
      transit: 0n,
      balances: 0n,
      owed: 0n,
      held: 0n,
      credits: 0n,
      fees: 0n,
      waiting: 0n,
    };
    const known = books.get(asset) ?? zero;
    books.set(asset, known);
    return known;
  };
  const {rules, genesis} = state.network;
  for (const {id, fate, output} of outputs) {
    const book = of(output.asset);
    const fees = of(genesis.feeAsset);
    if (fate.kind === "message") fees.fees += rules.messageFee;
    if (fate.kind === "message" && output.asset !== genesis.feeAsset) fees.credits -= rules.messageFee;
    if (fate.kind === "registered") fees.fees += rules.registrationFee;
    if (fate.kind === "credited") fees.credits += output.amount;
    if (fate.kind !== "change") book.received += output.amount;
    if (fate.kind === "held") book.held += output.amount;
    if (fate.kind === "waiting") book.waiting += output.amount;
    if (free.has(id)) book.free += output.amount;
    expect(messageIds.has(id), "a message has its output's fate").toBe(fate.kind === "message");
    const payout = "traceId" in fate ? payouts.get(fate.traceId) : undefined;
    const kept = fate.kind === "registered" ? rules.registrationFee : 0n;
    if (fate.kind === "refund" || (fate.kind === "registered" && output.amount > kept))
      expect(payout).toMatchObject({amount: output.amount - kept, asset: output.asset, cause: {kind: "refund", outputId: id}});
    if (fate.kind === "change") expect(payout?.returned).toContain(id);
    const isInput = spent.includes(id);
    expect(Number(free.has(id)) + Number(isInput), `${fate.kind} is free or spent`).toBe(output.amount === 0n ? 0 : 1);
  }
  for (const payout of payouts.values()) {
    const book = of(payout.asset);
    const sum = payout.inputs.reduce((total, input) => total + input.amount, 0n);
    const merge = payout.cause.kind === "merge";
    const back = merge ? sum : sum - payout.amount;
    const arrived = outputs.reduce((total, {id, output}) => total + (payout.returned.includes(id) ? output.amount : 0n), 0n);
    if (payout.state === "open") book.reserved += sum - arrived;
    if (payout.state === "paid") book.transit += back - arrived;
    if (payout.state === "voided") book.transit += sum - arrived;
    if ((payout.state === "open" || payout.state === "waiting") && !merge) book.owed += payout.amount;
    if (payout.cause.kind === "payout" && payout.state === "paid") book.paid += payout.amount;
    if (payout.cause.kind === "refund" && payout.state === "paid") book.refunded += payout.amount;
    if (payout.cause.kind === "reward") book.fees -= payout.amount;
    if (payout.cause.kind === "reward" && payout.state === "paid") book.rewarded += payout.amount;
    if (payout.held !== null && !["UNKNOWN_PROCESS", "ZERO_AMOUNT", "INSUFFICIENT_BALANCE"].includes(payout.held))
      book.held += payout.amount;
  }
  for (const {name, value} of all(state, BALANCES)) of(uuidAt(name, 17)).balances += value;
  const credits = all(state, CREDITS).reduce((total, {value}) => total + value, 0n);
  expect(credits, "what processes have paid in").toBe(books.get(genesis.feeAsset)?.credits ?? 0n);
  for (const book of books.values()) book.custody = book.free + book.reserved + book.transit;
  for (const [asset, book] of books) if (book.received > 0n) expect(stored(state, asset)).toEqual(book);
  for (const {name, value} of all(state, ASSETS)) {
    const sizes = outputs.filter(({id, output}) => free.has(id) && output.asset === uuidAt(name, 1)).map(({output}) => output.amount);
    const classes = sizes.reduce((bits, amount) => bits | (1n << BigInt(amount.toString(2).length)), 0n);
    expect(value.classes, "the classes that have free outputs").toBe(classes);
  }
  for (const book of books.values()) {
    expect(book.received).toBe(book.custody + book.paid + book.refunded + book.rewarded);
    expect(book.custody).toBe(book.balances + book.owed + book.held + book.credits + book.fees + book.waiting);
  }
  const nonces = all(state, PROCESSES).reduce((sum, {value}) => sum + value.nextNonce, 0n);
  expect(BigInt(messages.length), "nonces have no gaps").toBe(nonces);
}

function stored(state: LedgerState, asset: Uuid): object {
  const found = all(state, ASSETS).find(({name}) => uuidAt(name, 1) === asset);
  return Object.fromEntries(Object.entries(found?.value ?? {}).filter(([field]) => !["classes", "merges", "merge"].includes(field)));
}
