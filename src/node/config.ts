import {readFileSync} from "node:fs";
import {z} from "zod";
import {MvmError} from "../base/errors.ts";
import {fieldsOf, nearest, overrides} from "./config-fields.ts";
import {LOG_LEVELS} from "./system.ts";

/** The configuration is not what the node needs; `problems` name each field, where it was set, and what it wants. */
export class ConfigError extends MvmError<"NOT_FOUND" | "NOT_JSON" | "BAD_FIELD", {file: string; problems?: string[]}> {}

const origin = z.string().regex(/^https?:\/\/[^\s/]+$/, "want http(s)://host:port without a path");
// hosted RPC nodes carry their key in the path
const endpoint = z.string().regex(/^https?:\/\/[^\s/]+(\/\S*)?$/, "want http(s)://host:port, with a path where the host wants one");
const multiaddr = z.string().startsWith("/");

/** Every field of config.json; unknown keys are errors. */
const schema = z.strictObject({
  listen: z.array(multiaddr).min(1).default(["/ip4/127.0.0.1/tcp/0"]).describe("libp2p addresses to listen on; port 0 takes a free one"),
  announce: z
    .array(multiaddr)
    .default([])
    .describe("addresses that others are told to dial, for a validator behind NAT or a proxy; those it listens on if left out"),
  peers: z.array(multiaddr).default([]).describe("validators to dial: …/p2p/<peer id>; one that is reachable is enough"),
  rpc: endpoint.describe("JSON-RPC of the chain; one node of your own is best"),
  mixin: origin.default("https://api.mixin.one").describe("the Mixin API"),
  api: z
    .strictObject({
      host: z.string().default("127.0.0.1").describe("address that the HTTP API listens on"),
      port: z.int().min(0).max(65_535).default(0).describe("port of the HTTP API; 0 takes a free one"),
    })
    .prefault({}),
  pollMs: z.int().min(20).max(60_000).default(250).describe("between two polls of the chain and of the Mixin API, ms"),
  voidAfterMs: z
    .int()
    .min(100)
    .default(600_000)
    .describe("how long the Mixin API has to call a payout impossible before this validator proposes to give it up, ms"),
  sync: z
    .enum(["snapshot", "genesis"])
    .default("snapshot")
    .describe("where the state comes from at the start, and on an empty disk: from a proven snapshot, or from every block since genesis"),
  snapshotEvery: z.int().min(0).default(1_000).describe("heights from one snapshot of the state to the next; 0 writes none"),
  retention: z.int().min(0).default(0).describe("blocks that are kept behind the head, besides those that are still needed; 0 keeps all"),
  log: z
    .strictObject({
      level: z.enum(LOG_LEVELS).default("info").describe("least level that is logged"),
      levels: z
        .record(z.string(), z.enum(LOG_LEVELS))
        .default({})
        .describe('levels of single parts, as {"p2p": "debug"}; a part is what a line has in `part`'),
      file: z.string().optional().describe("where to write the log; standard error if left out"),
    })
    .prefault({}),
});

export type Config = z.infer<typeof schema>;
/** config.json as it is written: what has a default may be left out. */
export type ConfigInput = z.input<typeof schema>;

/** What can be configured, in the order of the file. */
export const CONFIG_FIELDS = fieldsOf(z.toJSONSchema(schema, {io: "input"}));

/** Checks a configuration and fills in defaults. Throws ConfigError BAD_FIELD that lists every problem. */
export function parseConfig(raw: unknown, file = "config.json"): Config {
  const parsed = schema.safeParse(raw);
  if (parsed.success) return parsed.data;
  throw new ConfigError("BAD_FIELD", {file, problems: parsed.error.issues.flatMap(explain)});
}

/**
 * Reads and checks config.json; a variable `MVM_…` of the environment goes before the file (`MVM_API_PORT` is `api.port`).
 * @throws ConfigError
 */
export function readConfig(file: string, env: Readonly<Record<string, string | undefined>> = process.env): Config {
  return readConfigSources(file, env).config;
}

/** As readConfig, and where each field that has no default value comes from: path → "file" or the name of a variable. */
export function readConfigSources(
  file: string,
  env: Readonly<Record<string, string | undefined>>,
): {config: Config; sources: ReadonlyMap<string, string>} {
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
  const {merged, sources, problems} = overrides(CONFIG_FIELDS, raw, env);
  if (problems.length > 0) throw new ConfigError("BAD_FIELD", {file, problems: [...problems]});
  return {config: parseConfig(merged, file), sources};
}

function explain(issue: z.core.$ZodIssue): string[] {
  const path = issue.path.join(".");
  if (issue.code !== "unrecognized_keys") return [`${path || "(top)"}: ${issue.message}`];
  const all = CONFIG_FIELDS.map((field) => field.path);
  return issue.keys.map((key) => {
    const name = path === "" ? key : `${path}.${key}`;
    return `${name}: unknown, did you mean ${nearest(name, all)}?`;
  });
}
