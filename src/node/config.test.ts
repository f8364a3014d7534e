import {mkdtempSync, rmSync, writeFileSync} from "node:fs";
import {tmpdir} from "node:os";
import {join} from "node:path";
import {afterAll, describe, expect, test} from "vitest";
import {CONFIG_FIELDS, ConfigError, parseConfig, readConfig, readConfigSources} from "./config.ts";
import {nearest, valueAt, withoutSecrets} from "./config-fields.ts";

const dir = mkdtempSync(join(tmpdir(), "mvm-config-"));
afterAll(() => rmSync(dir, {recursive: true, force: true}));
const file = join(dir, "config.json");
const write = (value: unknown) => writeFileSync(file, typeof value === "string" ? value : JSON.stringify(value));
const problemsOf = (run: () => unknown): string[] => {
  try {
    run();
  } catch (error) {
    if (error instanceof ConfigError) return error.data.problems ?? [];
    throw error;
  }
  throw new Error("accepted");
};
const rpc = "http://127.0.0.1:8545";

test("every field has a description, and a default unless it must be given", () => {
  for (const field of CONFIG_FIELDS) {
    expect(field.description, field.path).not.toBe("");
    expect(field.required ? field.fallback === undefined : true, field.path).toBe(true);
  }
  expect(CONFIG_FIELDS.filter((f) => f.required).map((f) => f.path)).toEqual(["rpc"]);
  const config = parseConfig({rpc});
  for (const {path, fallback} of CONFIG_FIELDS) if (fallback !== undefined) expect(valueAt(config, path), path).toEqual(fallback);
});

describe("unknown keys", () => {
  test("name the nearest field, at any depth", () => {
    const problems = problemsOf(() => parseConfig({rpc, pol: 1, pollms: 3, api: {prt: 1}}));
    expect(problems.toSorted()).toEqual([
      "api.prt: unknown, did you mean api.port?",
      expect.stringMatching(/^pol: unknown, did you mean /),
      "pollms: unknown, did you mean pollMs?",
    ]);
  });
  test("all problems are said at once", () => {
    expect(problemsOf(() => parseConfig({rpc: "ftp://x", api: {port: 70_000}, log: {level: "loud"}}))).toHaveLength(3);
  });
});

describe("the environment", () => {
  test("goes before the file, of which it needs nothing", () => {
    write({rpc, api: {port: 1}, pollMs: 100});
    const env = {
      MVM_API_PORT: "99",
      MVM_PEERS: "/ip4/1.1.1.1/tcp/1, /ip4/2.2.2.2/tcp/2",
      MVM_LOG_LEVEL: "warn",
      MVM_LOG_LEVELS: '{"p2p":"debug"}',
    };
    const {config, sources} = readConfigSources(file, env);
    expect(config.api).toEqual({host: "127.0.0.1", port: 99});
    expect(config.peers).toEqual(["/ip4/1.1.1.1/tcp/1", "/ip4/2.2.2.2/tcp/2"]);
    expect(config.log).toMatchObject({level: "warn", levels: {p2p: "debug"}});
    expect(Object.fromEntries(sources)).toEqual({
      rpc: "file",
      pollMs: "file",
      "api.port": "MVM_API_PORT",
      peers: "MVM_PEERS",
      "log.level": "MVM_LOG_LEVEL",
      "log.levels": "MVM_LOG_LEVELS",
    });
    write({});
    expect(readConfig(file, {MVM_RPC: rpc}).rpc).toBe(rpc);
  });
  test("is refused like the file, by the name of the variable", () => {
    write({rpc});
    expect(problemsOf(() => readConfig(file, {MVM_API_PORT: "x"}))).toEqual(["api.port: MVM_API_PORT wants 0 to 65535"]);
    expect(problemsOf(() => readConfig(file, {MVM_API_PORT: "70000"}))).toHaveLength(1);
    expect(problemsOf(() => readConfig(file, {MVM_LOG_LEVELS: "[]"}))).toHaveLength(1);
  });
});

test("a file that is missing or is no JSON says what to do", () => {
  expect(() => readConfig(join(dir, "none.json"), {})).toThrow(/NOT_FOUND.*mvm init/);
  write("{");
  expect(() => readConfig(file, {})).toThrow(/NOT_JSON/);
  write("[]");
  expect(() => readConfig(file, {MVM_RPC: rpc})).toThrow(/BAD_FIELD/);
});

test("the nearest name counts inserted, lost and replaced letters", () => {
  expect(nearest("mixn", ["rpc", "mixin", "listen"])).toBe("mixin");
  expect(nearest("lissten", ["rpc", "mixin", "listen"])).toBe("listen");
});

test("keys in URLs are not shown", () => {
  expect(withoutSecrets("https://user:pass@rpc.example/v3/abcdef?key=1")).toBe("https://rpc.example/…");
  expect(withoutSecrets("http://127.0.0.1:8545")).toBe("http://127.0.0.1:8545");
  expect(withoutSecrets("/ip4/1.1.1.1/tcp/1")).toBe("/ip4/1.1.1.1/tcp/1");
});
