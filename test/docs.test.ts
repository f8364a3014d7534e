import {readFileSync} from "node:fs";
import {expect, test} from "vitest";
import {REASONS_PAGE, reasonsPage, SDK_PAGE, sdkReference} from "../scripts/docs.ts";
import {HELD_REASONS, REFUND_REASONS} from "../src/mvm/records.ts";
import {REASONS} from "../src/types/reasons.ts";

test("the reference of the library is what its docstrings say: npm run docs", () => {
  const page = sdkReference();
  expect(readFileSync(SDK_PAGE, "utf8")).toBe(page);
  const silent = [...page.matchAll(/### `(\w+)`\n\n```/g)].map(([, name]) => name);
  expect(silent, "exports without a docstring").toEqual([]);
});

test("the page of stages and reasons is that of the code: npm run docs", () => {
  expect(readFileSync(REASONS_PAGE, "utf8")).toBe(reasonsPage());
});

test("what the walk through the first app shows is what it makes", () => {
  const page = readFileSync("docs/first-app.md", "utf8");
  const files = ["contracts/Guestbook.sol", "test/guestbook.test.mjs"].map((file) => readFileSync(`examples/starter/${file}`, "utf8"));
  const shown = [...page.matchAll(/```(?:solidity|js)\n([\s\S]*?)\n```/g)].map(([, text = ""]) => text);
  expect(shown).toHaveLength(3);
  for (const text of shown)
    expect(
      files.some((file) => file.includes(text)),
      text,
    ).toBe(true);
});

test("every reason code of the ledger is explained", () => {
  expect([...REFUND_REASONS, ...HELD_REASONS].filter((code) => REASONS[code] === undefined)).toEqual([]);
  for (const [code, {means, cure}] of Object.entries(REASONS)) expect(means.endsWith(".") && cure.endsWith("."), code).toBe(true);
});
