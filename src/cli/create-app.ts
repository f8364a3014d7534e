import {cpSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, symlinkSync, writeFileSync} from "node:fs";
import {basename, dirname, join, relative, resolve} from "node:path";
import {fileURLToPath} from "node:url";
import {MvmError} from "../base/errors.ts";

/** The folder of a new app cannot be made; `advice` says what to do instead. */
export class CreateAppError extends MvmError<"NOT_EMPTY" | "BAD_NAME" | "NO_TEMPLATE", {folder: string; advice: string}> {}

const TEMPLATE = join("examples", "starter");

/**
 * Makes the folder of a new app: a contract, its tests, and scripts that publish and pay it on the testnet. The package is linked
 * into its node_modules, so that nothing has to be installed. Throws CreateAppError.
 */
export function createApp(folder: string): {folder: string; files: string[]} {
  const target = resolve(folder);
  const name = basename(target);
  if (!/^[a-z0-9][a-z0-9._-]{0,100}$/.test(name))
    throw new CreateAppError("BAD_NAME", {folder: target, advice: "a package name: lower-case letters, digits, dots and dashes"});
  if (existsSync(target) && readdirSync(target).length > 0)
    throw new CreateAppError("NOT_EMPTY", {folder: target, advice: "choose a folder that is not there yet"});
  const home = findHome(dirname(fileURLToPath(import.meta.url)));
  cpSync(join(home, TEMPLATE), target, {
    recursive: true,
    filter: (file) => !/(^|\/)(node_modules$|\.[^/]*testnet\.json$)/.test(relative(home, file)),
  });
  renameSync(join(target, "gitignore"), join(target, ".gitignore")); // under its own name npm would leave it out of a package
  const manifest = JSON.parse(readFileSync(join(target, "package.json"), "utf8")) as object;
  const dependencies = {"mvm-node": `file:${relative(target, home)}`};
  writeFileSync(join(target, "package.json"), `${JSON.stringify({...manifest, name, dependencies}, null, 2)}\n`);
  mkdirSync(join(target, "node_modules"), {recursive: true});
  symlinkSync(home, join(target, "node_modules", "mvm-node"), "dir");
  const files = readdirSync(target, {recursive: true, encoding: "utf8"}).filter(
    (file) => !file.startsWith("node_modules") && file.includes("."),
  );
  return {folder: target, files: files.sort()};
}

/** The folder of this package, from its source or its bundle. */
function findHome(from: string): string {
  for (let folder = from; folder !== dirname(folder); folder = dirname(folder)) if (existsSync(join(folder, TEMPLATE))) return folder;
  throw new CreateAppError("NO_TEMPLATE", {folder: from, advice: "this copy of mvm-node has no examples/: take a whole one"});
}

/** What was made, and what to type next. */
export function printApp({folder, files}: {folder: string; files: readonly string[]}): void {
  const steps = [
    `cd ${relative(process.cwd(), folder) || "."}`,
    "npm test",
    "npm run publish-app",
    'npm run pay -- "hello from Mixin" 1.5',
  ];
  const notes = ["", "its tests, without any network", "onto the testnet that runs here: npm run testnet", "a Mixin user pays it"];
  const lines = steps.map((step, i) => `  ${step.padEnd(42)}${notes[i]}`.trimEnd());
  process.stdout.write(`Made ${folder}\n${files.map((file) => `  ${file}`).join("\n")}\n\nNext:\n${lines.join("\n")}\n`);
}
