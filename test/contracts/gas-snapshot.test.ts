import {existsSync, readFileSync} from "node:fs";
import {fileURLToPath} from "node:url";
import {afterAll, beforeAll, expect, test} from "vitest";
import {type Chain, startChain} from "./support/chain.ts";
import {type Gas, measureGas} from "./support/gas.ts";

const FILE = fileURLToPath(new URL("gas.json", import.meta.url));

let chain: Chain;
let list: readonly Gas[];
beforeAll(async () => {
  chain = await startChain();
  list = await measureGas(chain);
}, 60_000);
afterAll(() => chain.stop());

/** A random byte that is zero makes a transaction 12 gas cheaper. */
const CHANCE = 150;

test("what transactions take is what gas.json says; `npx vitest run` on this file with `-u` behind it writes it anew", async () => {
  const known = existsSync(FILE) ? (JSON.parse(readFileSync(FILE, "utf8")) as Record<string, number>) : {};
  const figures = list.map(({name, gas}) => [name, Math.abs(gas - (known[name] ?? 0)) > CHANCE ? gas : known[name]] as const);
  await expect(`${JSON.stringify(Object.fromEntries(figures), null, 2)}\n`).toMatchFileSnapshot(FILE);
});

test("no more than the goals", () => {
  for (const {name, gas, goal} of list) if (goal !== null) expect(gas, name).toBeLessThanOrEqual(goal);
});
