import {describe, expect, test} from "vitest";
import {BTC} from "../../test/support/ledger.ts";
import {book, booksOf, checkBooks, type Entries} from "./custody.ts";
import {Draft} from "./draft.ts";

describe("the books are checked:", () => {
  const fine: Entries = {
    received: 10n,
    custody: 7n,
    paid: 2n,
    refunded: 1n,
    free: 4n,
    reserved: 2n,
    transit: 1n,
    balances: 3n,
    owed: 3n,
    held: 1n,
  };
  const checked = (entries: Entries) => () => {
    const draft = new Draft(null);
    book(draft, BTC, fine);
    book(draft, BTC, entries);
    checkBooks(draft);
  };
  const wrong: {name: string; entries: Entries}[] = [
    {name: "received from nowhere", entries: {received: 1n}},
    {name: "paid twice", entries: {paid: 1n}},
    {name: "in custody in no place", entries: {free: -1n}},
    {name: "in custody of nobody", entries: {owed: -1n}},
    {name: "less than nothing", entries: {free: -5n, reserved: 5n}},
  ];
  test.for(wrong)("$name", ({entries}) => {
    expect(checked(entries)).toThrow(expect.objectContaining({code: "INVARIANT"}));
  });
  test("what agrees passes", () => {
    expect(checked({received: 5n, custody: 5n, free: 5n, held: 5n})).not.toThrow();
    expect(booksOf(new Draft(null), BTC).received).toBe(0n);
  });
});
