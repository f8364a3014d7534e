import {main as core} from "./core.ts";
import {main as nodes} from "./node/main.ts";
import {main as twins} from "./twins/main.ts";

/**
 * `npm run sim -- --seeds A..B` runs round machines alone, four of them at one height; with `--nodes` whole validators, with
 * `--twins` every scenario of two instances with one key. Each says with `--help` what else it takes.
 */
const KINDS: Readonly<Record<string, (args: readonly string[]) => number | Promise<number>>> = {"--nodes": nodes, "--twins": twins};

const args = process.argv.slice(2);
const kind = args.find((arg) => KINDS[arg] !== undefined);
const run = (kind === undefined ? undefined : KINDS[kind]) ?? core;
process.exitCode = await run(args.filter((arg) => arg !== kind));
