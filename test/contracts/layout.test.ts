import {expect, test} from "vitest";
import {askCompiler} from "../../scripts/compile.ts";

interface Layout {
  storageLayout?: {
    storage: {label: string; offset: number; slot: string; type: string}[];
    types: Record<string, {label: string; members?: {label: string; offset: number; slot: string; type: string}[]}> | null;
  };
}

/** Types of the variables by slot, offset and name; those of structs after them. */
function layoutOf({storageLayout}: Layout): Record<string, string> {
  const types = storageLayout?.types ?? {};
  const entry = (v: {label: string; offset: number; slot: string; type: string}, of = "") =>
    [`${of}${v.slot}+${v.offset} ${v.label}`, types[v.type]?.label ?? v.type] as const;
  const variables = (storageLayout?.storage ?? []).map((v) => entry(v));
  const members = Object.values(types).flatMap((t) => (t.members ?? []).map((m) => entry(m, `${t.label} `)));
  return Object.fromEntries([...variables, ...members.sort()]);
}

test("storage lies where layout.json says; `npx vitest run` on this file with `-u` behind it writes it anew", async () => {
  const {contracts = {}} = askCompiler<Layout>({"*": {"*": ["storageLayout"]}});
  const all = Object.entries(contracts).flatMap(
    ([file, of]) => (/^contracts\/(?!test\/|group\/|staking\/)/.test(file) ? Object.entries(of) : []), // parts show in what they are parts of
  );
  const layouts = all.map(([name, of]) => [name, layoutOf(of)] as const).filter(([, layout]) => Object.keys(layout).length > 0);
  expect(layouts.map(([name]) => name)).toEqual(expect.arrayContaining(["MixinGroup", "Staking", "MixinApp"]));
  const sorted = Object.fromEntries(layouts.sort(([a], [b]) => (a < b ? -1 : 1)));
  await expect(`${JSON.stringify(sorted, null, 2)}\n`).toMatchFileSnapshot("layout.json");
}, 60_000);
