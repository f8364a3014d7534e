import {MvmError} from "../base/errors.ts";

/** A command cannot do what was asked; `advice` says what to do instead. */
export class CommandError extends MvmError<"FILE_EXISTS" | "NO_FILE" | "WRONG_PASSWORD" | "NOT_REPAIRED", {file: string; advice: string}> {}
