#!/usr/bin/env node
import {inspect} from "node:util";
import {describeError} from "../base/errors.ts";
import {handlers} from "./handlers.ts";
import {program} from "./program.ts";

/** Exit codes: 0 done, 1 refused or failed with a reason, 2 wrong usage. */
try {
  await program(handlers).parseAsync();
} catch (error) {
  const code = (error as {exitCode?: unknown}).exitCode;
  if (typeof code === "number") {
    process.exitCode = code === 0 ? 0 : 2;
  } else {
    const {error: name, ...fields} = describeError(error);
    process.stderr.write(`mvm: ${name} ${JSON.stringify(fields)}\n`);
    if (process.env["MVM_DEBUG"] !== undefined) process.stderr.write(`${inspect(error)}\n`);
    process.exitCode = 1;
  }
}
