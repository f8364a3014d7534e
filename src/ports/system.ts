/** Milliseconds since 1970, and timers. The only way in which time reaches the node. */
export interface Clock {
  now(): number;
  /** Runs `run` once after `ms`; the answer cancels it. */
  after(ms: number, run: () => void): () => void;
}

/** Constant text plus fields; never a secret. */
export interface Logger {
  debug(text: string, fields?: object): void;
  info(text: string, fields?: object): void;
  warn(text: string, fields?: object): void;
  error(text: string, fields?: object): void;
  child(fields: object): Logger;
}

/** Something that is started once, and stopped once. `start` resolves when it works; the signal aborts a start and all waits. */
export interface Service {
  readonly name: string;
  start(signal: AbortSignal): Promise<void>;
  stop(): Promise<void>;
}
