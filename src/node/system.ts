import pino from "pino";
import type {Clock, Logger} from "../ports/system.ts";

/** The machine's clock and timers. */
export const systemClock: Clock = {
  now: () => Date.now(),
  after(ms, run) {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
};

export const LOG_LEVELS = ["debug", "info", "warn", "error", "silent"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** JSON lines on standard error, or in `file`: one object per line, constant text in `msg`. */
export function createLogger(level: LogLevel, fields: object, file?: string): Logger {
  const target = pino.destination(file === undefined ? {dest: 2, sync: true} : {dest: file, sync: false, mkdir: true});
  return wrap(pino({level, base: fields, timestamp: pino.stdTimeFunctions.isoTime}, target));
}

function wrap(log: pino.Logger): Logger {
  const at = (level: "debug" | "info" | "warn" | "error") => (text: string, fields?: object) => log[level](plain(fields ?? {}), text);
  return {debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error"), child: (fields) => wrap(log.child(fields))};
}

/** JSON knows no bigint. */
function plain(fields: object): object {
  return Object.fromEntries(Object.entries(fields).map(([key, value]) => [key, typeof value === "bigint" ? `${value}` : value]));
}
