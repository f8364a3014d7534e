import {readFileSync} from "node:fs";
import {expect, test} from "vitest";
import {SDK_PAGE, sdkReference} from "../scripts/docs.ts";
import {HELD_REASONS, REFUND_REASONS} from "../src/mvm/records.ts";
import {REASONS} from "../src/types/reasons.ts";

test("the reference of the library is what its docstrings say: npm run docs", () => {
  const page = sdkReference();
  expect(readFileSync(SDK_PAGE, "utf8")).toBe(page);
  const silent = [...page.matchAll(/### `(\w+)`\n\n```/g)].map(([, name]) => name);
  expect(silent, "exports without a docstring").toEqual([]);
});

test("every reason code of the ledger is explained", () => {
  expect([...REFUND_REASONS, ...HELD_REASONS].filter((code) => REASONS[code] === undefined)).toEqual([]);
  for (const [code, {means, cure}] of Object.entries(REASONS)) expect(means.endsWith(".") && cure.endsWith("."), code).toBe(true);
});
