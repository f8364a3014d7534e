import {existsSync, readdirSync, readFileSync} from "node:fs";
import {createRequire} from "node:module";
import {dirname, join, sep} from "node:path";
import {fileURLToPath} from "node:url";

export interface ProjectArtifact {
  readonly abi: readonly object[];
  /** 0x hex, without constructor arguments. */
  readonly bytecode: string;
}

interface SolcOutput {
  errors?: {severity: string; formattedMessage: string}[];
  contracts?: Record<string, Record<string, {abi: object[]; evm: {bytecode: {object: string}}}>>;
}

const OUTPUT = {"*": {"*": ["abi", "evm.bytecode.object"]}};
const SETTINGS = {evmVersion: "osaka", optimizer: {enabled: true, runs: 200}, outputSelection: OUTPUT};

/** The folder of this package, whether this file runs from its source or from a bundle. */
export const PACKAGE = findPackage(dirname(fileURLToPath(import.meta.url)));

/**
 * Compiles `contracts/` of an app's folder, by contract name. Imports that begin with "mvm-node/" are this package's, others
 * are looked for in the folder's own node_modules and then in this package's. Throws with the compiler's text.
 */
export function compileProject(folder: string): Readonly<Record<string, ProjectArtifact>> {
  const sources: Record<string, {content: string}> = {};
  for (const file of readdirSync(join(folder, "contracts"), {recursive: true, encoding: "utf8"}).filter((name) => name.endsWith(".sol"))) {
    const name = ["contracts", ...file.split(sep)].join("/");
    sources[name] = {content: readFileSync(join(folder, name), "utf8")};
  }
  const own = createRequire(join(folder, "package.json"));
  const ours = createRequire(join(PACKAGE, "package.json"));
  const find = (path: string): {contents: string} | {error: string} => {
    try {
      if (path.startsWith("mvm-node/")) return {contents: readFileSync(join(PACKAGE, path.slice("mvm-node/".length)), "utf8")};
      return {contents: readFileSync(resolve(path, own, ours), "utf8")};
    } catch (error) {
      return {error: String(error)};
    }
  };
  const solc = ours("solc") as {compile(input: string, callbacks: {import: typeof find}): string};
  const input = JSON.stringify({language: "Solidity", sources, settings: SETTINGS});
  const out = JSON.parse(solc.compile(input, {import: find})) as SolcOutput;
  const errors = (out.errors ?? []).filter((e) => e.severity === "error");
  if (errors.length > 0) throw new Error(errors.map((e) => e.formattedMessage).join("\n"));
  const all = Object.entries(out.contracts ?? {}).filter(([file]) => file.startsWith("contracts/"));
  const deployable = all.flatMap(([, contracts]) => Object.entries(contracts)).filter(([, {evm}]) => evm.bytecode.object !== "");
  return Object.fromEntries(deployable.map(([name, {abi, evm}]) => [name, {abi, bytecode: `0x${evm.bytecode.object}`}]));
}

function resolve(path: string, own: NodeJS.Require, ours: NodeJS.Require): string {
  try {
    return own.resolve(path);
  } catch {
    return ours.resolve(path);
  }
}

function findPackage(from: string): string {
  for (let folder = from; ; folder = dirname(folder)) {
    const file = join(folder, "package.json");
    if (existsSync(file) && (JSON.parse(readFileSync(file, "utf8")) as {name?: string}).name === "mvm-node") return folder;
    if (folder === dirname(folder)) throw new Error(`no package mvm-node around ${from}`);
  }
}
