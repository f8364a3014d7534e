import {expect, test} from "vitest";
import {askCompiler} from "../../scripts/compile.ts";

interface Layout {
  storageLayout?: {
    storage: {label: string; offset: number; slot: string; type: string}[];
    types: Record<string, {label: string; members?: {label: string; offset: number; slot: string; type: string}[]}> | null;
  };
}

/** Slot, offset and type of each variable, structs opened once. */
function linesOf({storageLayout}: Layout): string[] {
  const types = storageLayout?.types ?? {};
  const line = (v: {label: string; offset: number; slot: string; type: string}) =>
    `${v.slot}+${v.offset} ${v.label}: ${types[v.type]?.label ?? v.type}`;
  const variables = (storageLayout?.storage ?? []).map(line);
  const structs = Object.values(types).flatMap((t) => (t.members ?? []).map((m) => `${t.label} ${line(m)}`));
  return [...variables, ...structs.sort()];
}

test("storage lies where layout.json says; `npx vitest run -u` on this file writes it anew", async () => {
  const {contracts = {}} = askCompiler<Layout>({"*": {"*": ["storageLayout"]}});
  const all = Object.entries(contracts).flatMap(
    ([file, of]) => (/^contracts\/(?!test\/|group\/|staking\/)/.test(file) ? Object.entries(of) : []), // parts show in what they are parts of
  );
  const layouts = all.map(([name, of]) => [name, linesOf(of)] as const).filter(([, lines]) => lines.length > 0);
  expect(layouts.map(([name]) => name)).toEqual(expect.arrayContaining(["MixinGroup", "Staking", "MixinApp"]));
  const sorted = Object.fromEntries(layouts.sort(([a], [b]) => (a < b ? -1 : 1)));
  await expect(`${JSON.stringify(sorted, null, 2)}\n`).toMatchFileSnapshot("layout.json");
}, 60_000);
