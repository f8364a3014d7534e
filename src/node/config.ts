import {readFileSync} from "node:fs";
import {z} from "zod";
import {MvmError} from "../base/errors.ts";
import {LOG_LEVELS} from "./system.ts";

/** config.json does not say what the node needs; `data` names the field and what it wants. */
export class ConfigError extends MvmError<"NOT_FOUND" | "NOT_JSON" | "BAD_FIELD", {file: string; problems?: string[]}> {}

const url = z.string().regex(/^https?:\/\/[^\s/]+$/, "want http(s)://host:port without a path");
const multiaddr = z.string().startsWith("/");

/** Every field of config.json; unknown keys are errors. */
const schema = z.strictObject({
  /** libp2p addresses to listen on; port 0 takes a free one. */
  listen: z.array(multiaddr).min(1).default(["/ip4/127.0.0.1/tcp/0"]),
  /** Validators to dial: …/p2p/<peer id>. One that is reachable is enough. */
  peers: z.array(multiaddr).default([]),
  /** JSON-RPC of the chain: one node of your own is best. */
  rpc: url,
  /** The Mixin API. */
  mixin: url.default("https://api.mixin.one"),
  /** HTTP API of the node; port 0 takes a free one. */
  api: z.strictObject({host: z.string().default("127.0.0.1"), port: z.int().min(0).max(65_535).default(0)}).prefault({}),
  /** Between two polls of the chain and of the Mixin API, ms. */
  pollMs: z.int().min(20).max(60_000).default(250),
  log: z.strictObject({level: z.enum(LOG_LEVELS).default("info"), file: z.string().optional()}).prefault({}),
});

export type Config = z.infer<typeof schema>;
/** config.json as it is written: what has a default may be left out. */
export type ConfigInput = z.input<typeof schema>;

/** Checks a configuration and fills in defaults. Throws ConfigError BAD_FIELD that lists every problem. */
export function parseConfig(raw: unknown, file = "config.json"): Config {
  const parsed = schema.safeParse(raw);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map((issue) => `${issue.path.join(".") || "(top)"}: ${issue.message}`);
  throw new ConfigError("BAD_FIELD", {file, problems});
}

/** Reads and checks config.json. Throws ConfigError. */
export function readConfig(file: string): Config {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (cause) {
    throw new ConfigError("NOT_FOUND", {file, problems: ["create it with: mvm init"]}, {cause});
  }
  let raw: unknown;
  try {
    raw = JSON.parse(text);
  } catch (cause) {
    throw new ConfigError("NOT_JSON", {file, problems: [String(cause)]}, {cause});
  }
  return parseConfig(raw, file);
}
