import pino from "pino";
import type {Clock, Logger} from "../ports/system.ts";

/** The machine's clock and timers. */
export const systemClock: Clock = {
  now: () => Date.now(),
  after(ms, run) {
    if (ms <= 0) {
      const turn = setImmediate(run);
      return () => clearImmediate(turn);
    }
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
};

export const LOG_LEVELS = ["debug", "info", "warn", "error", "silent"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** What is logged, and where. */
export interface LogOptions {
  readonly level: LogLevel;
  /** Levels of single parts: those whose lines carry `part`. */
  readonly levels?: Readonly<Record<string, LogLevel>>;
  /** Standard error where there is none. */
  readonly file?: string | undefined;
}

/** JSON lines: one object per line, constant text in `msg`, ISO time in `time`. */
export function createLogger({level, levels = {}, file}: LogOptions): Logger {
  const target = pino.destination(file === undefined ? {dest: 2, sync: true} : {dest: file, sync: false, mkdir: true});
  return wrap(pino({level, base: {}, timestamp: pino.stdTimeFunctions.isoTime}, target), levels);
}

function wrap(log: pino.Logger, levels: Readonly<Record<string, LogLevel>>): Logger {
  const at = (level: "debug" | "info" | "warn" | "error") => (text: string, fields?: object) => log[level](plain(fields ?? {}), text);
  const child = (fields: object) => {
    const level = "part" in fields && typeof fields.part === "string" ? levels[fields.part] : undefined;
    return wrap(log.child(fields, level === undefined ? {} : {level}), levels);
  };
  return {debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error"), child};
}

/** JSON knows no bigint. */
function plain(fields: object): object {
  return Object.fromEntries(Object.entries(fields).map(([key, value]) => [key, typeof value === "bigint" ? `${value}` : value]));
}
