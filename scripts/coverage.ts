import {spawnSync} from "node:child_process";
import {mkdtempSync, readdirSync, readFileSync, rmSync} from "node:fs";
import {tmpdir} from "node:os";
import {join} from "node:path";
import type {Ran} from "../test/contracts/support/coverage.ts";
import {askCompiler} from "./compile.ts";
import {type Branch, coverableOf, type Place} from "./coverage-ast.ts";

/**
 * Line and branch coverage of the contracts by the tests in test/contracts: `npm run coverage:contracts [vitest arguments]`.
 * The tests' EVM node traces every transaction and call; the compiler's source maps of the very code that is deployed say
 * which statement an instruction belongs to. What the optimiser leaves no instruction of is not counted.
 */
const WANTED = 95;

interface Bytecode {
  object: string;
  sourceMap: string;
  immutableReferences?: Record<string, {start: number; length: number}[]>;
}
interface Details {
  evm: {bytecode: Bytecode; deployedBytecode: Bytecode};
}

/** One instruction: where in the code, where in the sources. */
interface Instruction extends Place {
  readonly pc: number;
  readonly jumpi: boolean;
}

const started = performance.now();
const outputs = ["evm.bytecode.object", "evm.bytecode.sourceMap", "evm.deployedBytecode"];
const {contracts = {}, sources = {}} = askCompiler<Details>({"*": {"*": outputs, "": ["ast"]}});
const ran = runTests(process.argv.slice(2));

/** Places that have instructions, those that ran, and the outcomes of conditional jumps. */
const present: Place[] = [];
const reached: Place[] = [];
const jumps: (Place & {outcome: number})[] = [];
for (const [file, ofFile] of Object.entries(contracts))
  for (const {evm} of file.startsWith("contracts/") ? Object.values(ofFile) : []) {
    if (evm.deployedBytecode.object === "") continue;
    for (const creation of [false, true]) {
      const pcs = merged(ran.filter((r) => r.creation === creation && isOf(r.code, evm.deployedBytecode)));
      for (const at of instructionsOf(creation ? evm.bytecode : evm.deployedBytecode)) {
        const how = pcs.get(at.pc) ?? 0;
        present.push(at);
        if (how !== 0) reached.push(at);
        if (at.jumpi) jumps.push({...at, outcome: how});
      }
    }
  }
report();

function runTests(args: readonly string[]): Ran[] {
  const folder = mkdtempSync(join(tmpdir(), "mvm-coverage-"));
  try {
    const tests = args.length > 0 ? args : ["test/contracts"];
    const env = {...process.env, MVM_COVERAGE: folder};
    const run = spawnSync("npx", ["vitest", "run", "--no-file-parallelism", "--testTimeout=300000", "--hookTimeout=300000", ...tests], {
      env,
      stdio: ["ignore", "ignore", "inherit"],
    });
    if (run.status !== 0) console.error("some tests failed: what they would have reached may be missing");
    return readdirSync(folder).flatMap((file) => JSON.parse(readFileSync(join(folder, file), "utf8")) as Ran[]);
  } finally {
    rmSync(folder, {recursive: true, force: true});
  }
}

function merged(list: readonly Ran[]): Map<number, number> {
  const pcs = new Map<number, number>();
  for (const {pcs: of} of list) for (const [pc, how] of Object.entries(of)) pcs.set(Number(pc), (pcs.get(Number(pc)) ?? 0) | how);
  return pcs;
}

/** Whether `code` is this one but for its immutables. */
function isOf(code: string, {object, immutableReferences = {}}: Bytecode): boolean {
  if (code.length !== object.length + 2) return false;
  let own = code.slice(2);
  for (const {start, length} of Object.values(immutableReferences).flat())
    own = own.slice(0, 2 * start) + "0".repeat(2 * length) + own.slice(2 * (start + length));
  return own === object;
}

/** The compressed source map, instruction by instruction. [Solidity documentation, "Source mappings"] */
function instructionsOf({object, sourceMap}: Bytecode): Instruction[] {
  const code = Buffer.from(object, "hex");
  const list: Instruction[] = [];
  let [start, length, file] = [0, 0, -1];
  let pc = 0;
  for (const entry of sourceMap.split(";")) {
    const [s, l, f] = entry.split(":");
    if (s) start = Number(s);
    if (l) length = Number(l);
    if (f) file = Number(f);
    const op = code[pc] ?? 0;
    list.push({pc, start, length, file, jumpi: op === 0x57});
    pc += op >= 0x60 && op <= 0x7f ? op - 0x5e : 1;
  }
  return list;
}

function report(): void {
  const rows: string[][] = [];
  const missed: string[] = [];
  const sum = {lines: 0, linesRun: 0, branches: 0, branchesRun: 0};
  for (const [name, {id, ast}] of Object.entries(sources)) {
    if (!name.startsWith("contracts/") || name.startsWith("contracts/test/") || ast === undefined) continue;
    const text = readFileSync(new URL(`../${name}`, import.meta.url));
    const lineOf = (offset: number) => text.subarray(0, offset).filter((byte) => byte === 10).length + 1;
    const here = {present: present.filter((p) => p.file === id), reached: reached.filter((p) => p.file === id)};
    const {statements, branches} = coverableOf(ast);
    const lines = new Map<number, boolean>();
    for (const place of statements) {
      if (!here.present.some((p) => isWithin(p, place))) continue;
      const line = lineOf(place.start);
      lines.set(line, (lines.get(line) ?? true) && here.reached.some((p) => isWithin(p, place)));
    }
    const outcomes = branches.flatMap((branch) => outcomesOf(branch, here));
    if (lines.size === 0) continue;
    const run = [...lines.values()].filter(Boolean).length;
    const taken = outcomes.filter((o) => o.taken).length;
    rows.push([name, share(run, lines.size), share(taken, outcomes.length)]);
    sum.lines += lines.size;
    sum.linesRun += run;
    sum.branches += outcomes.length;
    sum.branchesRun += taken;
    for (const [line, covered] of lines) if (!covered) missed.push(`${name}:${line}`);
    for (const o of outcomes) if (!o.taken) missed.push(`${name}:${lineOf(o.start)} (${o.what})`);
  }
  const total = ["all", share(sum.linesRun, sum.lines), share(sum.branchesRun, sum.branches)];
  for (const row of [["", "lines", "branches"], ...rows.sort(), total])
    console.log(row.map((cell, i) => (i === 0 ? cell.padEnd(42) : cell.padStart(18))).join(""));
  if (missed.length > 0) console.log(`\nnot reached:\n${missed.join("\n")}`);
  console.log(`\n${Math.round((performance.now() - started) / 1_000)} s`);
  const enough = 100 * sum.linesRun >= WANTED * sum.lines && 100 * sum.branchesRun >= WANTED * sum.branches;
  process.exit(enough ? 0 : 1);
}

/** Both ways out of a condition: by its conditional jumps where it has any, else by what ran in its body. */
function outcomesOf(branch: Branch, here: {present: Place[]; reached: Place[]}): {start: number; what: string; taken: boolean}[] {
  const {condition, whole} = branch;
  const isReached = (place: Place) => here.reached.some((p) => isWithin(p, place));
  if (!here.present.some((p) => isWithin(p, condition))) return [];
  const own = jumps.filter((j) => j.file === condition.file && (isSame(j, condition) || isSame(j, whole)));
  const ran = isReached(condition);
  const [yes, no] = branch.bodies;
  const both = own.reduce((sum, j) => sum | j.outcome, 0) === 3;
  const inYes = yes === null ? both : isReached(yes);
  const inNo = no === null ? both || (ran && yes !== null && !inYes) : isReached(no);
  const measurable = (body: Place | null) => body === null || here.present.some((p) => isWithin(p, body));
  return [
    ...(measurable(yes) ? [{start: whole.start, what: "never true", taken: inYes}] : []),
    ...(measurable(no) && (own.length > 0 || no !== null) ? [{start: whole.start, what: "never false", taken: inNo}] : []),
  ];
}

function isWithin(inner: Place, outer: Place): boolean {
  return inner.file === outer.file && inner.start >= outer.start && inner.start + inner.length <= outer.start + outer.length;
}
function isSame(a: Place, b: Place): boolean {
  return a.start === b.start && a.length === b.length;
}
function share(part: number, whole: number): string {
  return whole === 0 ? "-" : `${((100 * part) / whole).toFixed(1)} % of ${whole}`;
}
