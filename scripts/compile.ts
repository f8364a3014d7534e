import {createHash} from "node:crypto";
import {closeSync, existsSync, mkdirSync, openSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync} from "node:fs";
import {createRequire} from "node:module";
import {join, relative, sep} from "node:path";
import {fileURLToPath} from "node:url";

const require = createRequire(import.meta.url);
const ROOT = fileURLToPath(new URL("..", import.meta.url));
const CACHE = join(ROOT, "build", "contracts");
/** A compilation takes some 10 s; a lock older than this belongs to a process that died. */
const LOCK_MAX_MS = 180_000;

export interface Artifact {
  abi: readonly object[];
  /** 0x hex, without constructor arguments. */
  bytecode: string;
  deployedBytecode: string;
}
/** By source and name: "contracts/Staking.sol:Staking". */
export type Artifacts = Record<string, Artifact>;

interface SolcOutput<C> {
  errors?: {severity: "error" | "warning" | "info"; errorCode: string; sourceLocation?: {file: string}; formattedMessage: string}[];
  contracts?: Record<string, Record<string, C>>;
  sources?: Record<string, {id: number; ast?: object}>;
}
interface Compiled {
  abi: object[];
  /** Not there for contracts that are not asked for. */
  evm?: {bytecode: {object: string}; deployedBytecode: {object: string}};
}

const SETTINGS = {
  evmVersion: "osaka",
  optimizer: {enabled: true, runs: 10_000},
  viaIR: true,
  metadata: {bytecodeHash: "none", appendCBOR: false}, // equal sources, equal bytes
  outputSelection: {"*": {"*": ["abi", "evm.bytecode.object", "evm.deployedBytecode.object"]}},
};

type Sources = Record<string, {content: string}>;

/**
 * Compiles every contract of the project; the result is kept under the hash of all inputs. Processes that ask at the
 * same time wait for the one that compiles. Throws with the compiler's text on an error, or a warning in our sources.
 */
export function compileContracts(): Artifacts {
  return compileOnce(readSources());
}

/** As compileContracts, for these contracts alone (by source and name): a fraction of the time, unless all are compiled already. */
export function compileSome(names: readonly string[]): Artifacts {
  return compileOnce(readSources(), names);
}

function compileOnce(sources: Sources, only: readonly string[] | null = null): Artifacts {
  const version = (require("solc/package.json") as {version: string}).version;
  const oz = (require("@openzeppelin/contracts/package.json") as {version: string}).version;
  const hash = createHash("sha256")
    .update(JSON.stringify([version, oz, SETTINGS, sources]))
    .digest("hex");
  const whole = join(CACHE, `${hash}.json`);
  const part = createHash("sha256")
    .update(JSON.stringify([hash, only]))
    .digest("hex");
  const cached = only === null || existsSync(whole) ? whole : join(CACHE, `${part}.json`);
  const lock = `${cached}.lock`;
  mkdirSync(CACHE, {recursive: true});
  while (!existsSync(cached)) {
    if (!tryLock(lock)) {
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 50);
      continue;
    }
    try {
      writeFileSync(`${lock}.out`, JSON.stringify(compile(sources, only)));
      renameSync(`${lock}.out`, cached); // never seen half written
    } finally {
      rmSync(lock, {force: true});
    }
  }
  return JSON.parse(readFileSync(cached, "utf8")) as Artifacts;
}

/** The artifact of the one contract called `name`. Throws when there is none, or more than one. */
export function artifactOf(artifacts: Artifacts, name: string): Artifact {
  const found = Object.entries(artifacts).filter(([key]) => key === name || key.endsWith(`:${name}`));
  const [first] = found;
  if (first === undefined) throw new Error(`no contract "${name}"; there are ${Object.keys(artifacts).join(", ")}`);
  if (found.length > 1) throw new Error(`"${name}" is ambiguous: ${found.map(([key]) => key).join(", ")}`);
  return first[1];
}

/**
 * What else the compiler can say of the same sources and settings: `outputs` by source and contract as in its JSON input.
 * Not kept. Throws as {@link compileContracts}.
 */
export function askCompiler<C>(outputs: Record<string, Record<string, string[]>>): Pick<SolcOutput<C>, "contracts" | "sources"> {
  return runSolc<C>(readSources(), {...SETTINGS, outputSelection: outputs});
}

function readSources(): Sources {
  const sources: Sources = {};
  for (const file of readdirSync(join(ROOT, "contracts"), {recursive: true, encoding: "utf8"})
    .filter((f) => f.endsWith(".sol"))
    .sort()) {
    const name = ["contracts", ...file.split(sep)].join("/");
    sources[name] = {content: readFileSync(join(ROOT, name), "utf8")};
  }
  return sources;
}

function runSolc<C>(sources: Sources, settings: object): SolcOutput<C> {
  const solc = require("solc") as {compile(input: string, callbacks: {import(path: string): {contents: string} | {error: string}}): string};
  const find = (path: string): {contents: string} | {error: string} => {
    try {
      return {contents: readFileSync(require.resolve(path), "utf8")};
    } catch (error) {
      return {error: String(error)};
    }
  };
  const out = JSON.parse(solc.compile(JSON.stringify({language: "Solidity", sources, settings}), {import: find})) as SolcOutput<C>;
  // a warning in our own sources fails the build; OpenZeppelin's transient guard always warns (2394)
  const bad = (out.errors ?? []).filter(
    (e) => e.severity === "error" || (e.severity === "warning" && !(e.sourceLocation?.file ?? "").startsWith("@")),
  );
  if (bad.length > 0) throw new Error(bad.map((e) => e.formattedMessage).join("\n"));
  return out;
}

function compile(sources: Sources, only: readonly string[] | null): Artifacts {
  const out = runSolc<Compiled>(sources, only === null ? SETTINGS : {...SETTINGS, outputSelection: selectionOf(only)});
  const artifacts: Artifacts = {};
  for (const [file, contracts] of Object.entries(out.contracts ?? {}))
    for (const [name, c] of Object.entries(contracts))
      if (file.startsWith("contracts/") && c.evm !== undefined && c.evm.bytecode.object !== "")
        artifacts[`${file}:${name}`] = {
          abi: c.abi,
          bytecode: `0x${c.evm.bytecode.object}`,
          deployedBytecode: `0x${c.evm.deployedBytecode.object}`,
        };
  return artifacts;
}

/** Code is made for these contracts only; the sources are the same, and so is the code. */
function selectionOf(names: readonly string[]): object {
  const outputs = SETTINGS.outputSelection["*"]["*"];
  return Object.fromEntries(
    names.map((name) => {
      const [file = "", contract = ""] = name.split(":");
      return [file, {[contract]: outputs}];
    }),
  );
}

/** False while another process holds it. */
function tryLock(lock: string): boolean {
  try {
    closeSync(openSync(lock, "wx"));
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
  const since = statSync(lock, {throwIfNoEntry: false})?.mtimeMs;
  if (since !== undefined && Date.now() - since > LOCK_MAX_MS) rmSync(lock, {force: true});
  return false;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const t = performance.now();
  const artifacts = compileContracts();
  for (const [name, a] of Object.entries(artifacts)) console.log(name, (a.deployedBytecode.length - 2) / 2, "bytes");
  console.log(relative(process.cwd(), CACHE), Math.round(performance.now() - t), "ms");
}
