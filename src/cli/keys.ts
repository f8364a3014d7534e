import {readdirSync} from "node:fs";
import {join} from "node:path";
import {readPassword} from "../node/keyring.ts";
import {readKeystore, readKeystoreFile} from "../store/keystore.ts";
import {CommandError} from "./errors.ts";
import type {DirOption} from "./program.ts";

/** Lists the key files of a node: what each is for, never what it holds. With `check`, whether the password opens it. */
export async function keysList({dir, json, check}: DirOption & {json: boolean; check: boolean}): Promise<void> {
  const at = join(dir, "keys");
  let names: string[];
  try {
    names = readdirSync(at).filter((name) => name.endsWith(".json"));
  } catch {
    throw new CommandError("NO_FILE", {file: at, advice: "make keys with: mvm init"});
  }
  const password = check ? readPassword() : null;
  const rows: {file: string; description: string; publicKey: string; opens: boolean | null}[] = [];
  for (const name of names.sort()) {
    const file = join(at, name);
    const {description, pubkey} = readKeystoreFile(file);
    rows.push({file: name, description, publicKey: pubkey, opens: password === null ? null : await opens(file, password)});
  }
  if (json) process.stdout.write(`${JSON.stringify(rows)}\n`);
  else for (const row of rows) process.stdout.write(`${row.opens === false ? "✖" : " "} ${row.file.padEnd(28)} ${row.description}\n`);
  const closed = rows.filter((row) => row.opens === false);
  if (closed.length > 0)
    throw new CommandError("WRONG_PASSWORD", {
      file: closed.map((row) => row.file).join(", "),
      advice: "the password in MVM_PASSWORD_FILE does not open these",
    });
}

async function opens(file: string, password: string): Promise<boolean> {
  try {
    (await readKeystore(file, password)).secret.fill(0);
    return true;
  } catch {
    return false;
  }
}
