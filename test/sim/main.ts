import {main as core} from "./core.ts";
import {main as nodes} from "./node/main.ts";

/**
 * `npm run sim -- --seeds A..B` runs round machines alone, four of them at one height; with `--nodes` whole validators. Both say
 * with `--help` what else they take.
 */
const KINDS: Readonly<Record<string, (args: readonly string[]) => number | Promise<number>>> = {"--nodes": nodes};

const args = process.argv.slice(2);
const kind = args.find((arg) => KINDS[arg] !== undefined);
const run = (kind === undefined ? undefined : KINDS[kind]) ?? core;
process.exitCode = await run(args.filter((arg) => arg !== kind));
