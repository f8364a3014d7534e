import {join} from "node:path";
import {CONFIG_FIELDS, readConfigSources} from "../node/config.ts";
import {valueAt, withoutSecrets} from "../node/config-fields.ts";
import type {DirOption} from "./program.ts";

const print = (text: string) => process.stdout.write(`${text}\n`);
const textOf = (value: unknown) => (value === undefined ? "(none)" : typeof value === "string" ? value : JSON.stringify(value));

/** Prints the configuration that `mvm run` would use, and where each value comes from. Throws ConfigError. */
export async function configShow({dir, json}: DirOption & {json: boolean}): Promise<void> {
  const {config, sources} = readConfigSources(join(dir, "config.json"), process.env);
  const rows = CONFIG_FIELDS.map(({path}) => {
    const value = valueAt(config, path);
    return {path, value: typeof value === "string" ? withoutSecrets(value) : value, from: sources.get(path) ?? "default"};
  });
  if (json) {
    print(JSON.stringify(Object.fromEntries(rows.map(({path, value, from}) => [path, {value, from}]))));
    return;
  }
  for (const {path, value, from} of rows) print(`${path.padEnd(12)} ${textOf(value)}  (${from})`);
}

/** Prints every field that config.json may have. */
export async function configFields({json}: {json: boolean}): Promise<void> {
  if (json) {
    print(JSON.stringify(CONFIG_FIELDS));
    return;
  }
  for (const {path, env, want, fallback, required, description} of CONFIG_FIELDS) {
    print(`${path}  ${env}`);
    print(`    ${description}`);
    print(`    wants ${want}; ${required ? "must be given" : fallback === undefined ? "may be left out" : `default ${textOf(fallback)}`}`);
  }
}
