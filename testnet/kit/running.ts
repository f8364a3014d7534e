import {existsSync, mkdirSync, readFileSync, rmSync, writeFileSync} from "node:fs";
import {dirname, join} from "node:path";
import type {DevnetUser} from "../mixin/client.ts";
import {PACKAGE} from "./compile.ts";

/** What the ready line of the testnet says, as far as an app needs it. */
export interface RunningTestnet {
  readonly chain: {
    readonly rpc: string;
    readonly group: string;
    readonly accounts: readonly {readonly address: string; readonly privateKey: string}[];
  };
  readonly mixin: {
    readonly api: string;
    readonly group: {readonly members: readonly string[]; readonly threshold: number};
    readonly user: DevnetUser;
    readonly asset: {readonly asset_id: string; readonly symbol: string};
  };
  readonly nodes: readonly {readonly api: string}[];
  readonly explorer: string | null;
}

/** Where the testnet that was started last in this package writes its ready line; MVM_TESTNET names another file. */
export function runningFile(): string {
  return process.env["MVM_TESTNET"] ?? join(PACKAGE, "build", "testnet.json");
}

/** Remembers a ready line for the scripts of apps; the answer forgets it, unless another testnet has written its own. */
export function announce(ready: object): () => void {
  const file = runningFile();
  const text = `${JSON.stringify(ready, null, 2)}\n`;
  mkdirSync(dirname(file), {recursive: true});
  writeFileSync(file, text, {mode: 0o600});
  return () => {
    if (existsSync(file) && readFileSync(file, "utf8") === text) rmSync(file);
  };
}

/** The testnet that runs on this machine. Throws with what to do where none does. */
export function findRunning(): RunningTestnet {
  const file = runningFile();
  if (!existsSync(file))
    throw new Error("no testnet runs here: start one with `npm run testnet` in the folder of mvm-node, and leave it open");
  return JSON.parse(readFileSync(file, "utf8")) as RunningTestnet;
}
