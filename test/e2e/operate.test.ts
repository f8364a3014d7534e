import {readFileSync} from "node:fs";
import {join} from "node:path";
import {afterAll, beforeAll, describe, expect, test} from "vitest";
import {runDemo} from "../../testnet/demo.ts";
import {hasBalance, startNetwork, type TestNetwork} from "./network.ts";
import {mvm} from "./operator.ts";

let network: TestNetwork;
beforeAll(async () => {
  network = await startNetwork();
  await runDemo(network.net, network.tell, AbortSignal.timeout(90_000));
}, 180_000);
afterAll(() => network?.stop(), 30_000);

const dirOf = (i: number) => join(network.net.dir, `validator-${i}`);
const env = () => ({MVM_PASSWORD_FILE: join(network.net.dir, "password")});
const apiOf = (i: number) => (JSON.parse(readFileSync(join(dirOf(i), "addresses.json"), "utf8")) as {api: string}).api;
const metricsOf = async (i: number): Promise<string> => (await fetch(`${apiOf(i)}/metrics`)).text();
const doc = (name: string) => readFileSync(new URL(`../../docs/ops/${name}`, import.meta.url), "utf8");

interface Finding {
  check: string;
  result: string;
  text: string;
  advice?: string;
}

describe("doctor", () => {
  test("finds nothing wrong with a validator of a network that runs", async () => {
    const {code, out} = await mvm(env(), "doctor", "--dir", dirOf(1), "--json");
    const findings = JSON.parse(out) as Finding[];
    expect(findings.filter((f) => f.result === "failed")).toEqual([]);
    expect(findings.map((f) => f.check)).toEqual([
      "runtime",
      "config",
      "genesis",
      "keys",
      "disk",
      "chain",
      "submitter",
      "mixin",
      "clock",
      "peers",
    ]);
    expect(findings.find((f) => f.check === "peers")).toMatchObject({result: "ok", text: expect.stringMatching(/of/)});
    expect(code).toBe(0);
  }, 30_000);

  test("says what is wrong and what to do, all at once", async () => {
    const wrong = {...env(), MVM_RPC: "http://127.0.0.1:1", MVM_MIXIN: "http://127.0.0.1:1", MVM_PEERS: "/ip4/127.0.0.1/tcp/1"};
    const {code, out, err} = await mvm(wrong, "doctor", "--dir", dirOf(1), "--json");
    const failed = (JSON.parse(out) as Finding[]).filter((f) => f.result === "failed");
    expect(failed.map((f) => f.check)).toEqual(["chain", "submitter", "mixin", "clock", "peers"]);
    for (const {advice, check} of failed) expect(advice, check).toMatch(/\w/);
    expect(code).toBe(1);
    expect(err).toContain("NOT_WELL");
  }, 30_000);

  test("needs the password, and says so without showing anything", async () => {
    const {code, out} = await mvm({}, "doctor", "--dir", dirOf(1));
    expect(out).toMatch(/✖ keys +NO_PASSWORD.*\n +→ set MVM_PASSWORD_FILE/);
    expect(code).toBe(1);
  }, 30_000);
});

test("keys are listed by what they are for; --check tries the password", async () => {
  const listed = await mvm(env(), "keys", "list", "--check", "--json", "--dir", dirOf(0));
  const rows = JSON.parse(listed.out) as {file: string; description: string; opens: boolean}[];
  expect(rows.map((r) => r.file)).toEqual(
    expect.arrayContaining(["consensus.json", "mixin.json", "network.json", "operator.json", "submitter.json"]),
  );
  expect(rows.every((r) => r.opens)).toBe(true);
  const none = await mvm({MVM_PASSWORD_FILE: join(network.net.dir, "genesis.json")}, "keys", "list", "--check", "--dir", dirOf(0));
  expect(none.code).toBe(1);
  expect(none.err).toContain("WRONG_PASSWORD");
}, 60_000);

describe("metrics", () => {
  test("count what has happened, with help and type for each", async () => {
    await hasBalance(network.net, network.net.user, 100n * 10n ** 8n, 30_000);
    const text = await metricsOf(0);
    const value = (line: string) => Number(text.match(new RegExp(`^${line.replace(/[{}"]/g, "\\$&")} (.*)$`, "m"))?.[1]);
    expect(value("mvm_height")).toBeGreaterThan(30);
    expect(value("mvm_active")).toBe(1);
    expect(value("mvm_seats_total")).toBe(4);
    expect(value('mvm_peers{kind="validator"}')).toBe(3);
    expect(value("mvm_blocks_total")).toBeGreaterThan(30);
    expect(value("mvm_wal_sync_seconds_count")).toBeGreaterThan(30);
    expect(value("mvm_decision_seconds_count")).toBeGreaterThan(20);
    expect(value("mvm_certificate_seconds_count")).toBeGreaterThan(0);
    expect(value("mvm_votes_missed_total")).toBeLessThan(value("mvm_blocks_total") / 2);
    const names = text.split("\n").flatMap((line) => line.match(/^# HELP (mvm_\w+) (.+)/)?.slice(1, 2) ?? []);
    expect(names.length).toBeGreaterThan(20);
    for (const name of names) expect(text, name).toMatch(new RegExp(`^# TYPE ${name} (gauge|counter|histogram)$`, "m"));
  });

  test("the dashboard and the alert rules ask for nothing that a node does not tell", async () => {
    const texts = await Promise.all([0, 1, 2, 3].map(metricsOf));
    const told = new Set(texts.join("\n").match(/^(mvm|nodejs|process)_\w+/gm));
    // says nothing as long as there is no alarm
    for (const name of texts.join("\n").match(/(?<=^# TYPE )\w+/gm) ?? []) told.add(name);
    const {panels} = JSON.parse(doc("dashboard.json")) as {panels: {targets: {expr: string}[]}[]};
    const asked = [...panels.flatMap((p) => p.targets.map((t) => t.expr)), ...(doc("alerts.yml").match(/^ +expr: .+$/gm) ?? [])];
    expect(asked.length).toBeGreaterThan(30);
    const names = asked.flatMap((expr) => expr.match(/\b(mvm|nodejs|process)_\w+/g) ?? []);
    expect(names.filter((name) => !told.has(name) && !told.has(name.replace(/_(bucket|count|sum)$/, "")))).toEqual([]);
  });
});

test("config show names where each value comes from", async () => {
  const {out} = await mvm(
    {MVM_POLL_MS: "300", MVM_RPC: "https://key:secret@rpc.example/v3/abc"},
    "config",
    "show",
    "--dir",
    dirOf(0),
    "--json",
  );
  const shown = JSON.parse(out) as Record<string, {value: unknown; from: string}>;
  expect(shown["pollMs"]).toEqual({value: 300, from: "MVM_POLL_MS"});
  expect(shown["rpc"]).toEqual({value: "https://rpc.example/…", from: "MVM_RPC"});
  expect(shown["mixin"]?.from).toBe("file");
  expect(shown["api.host"]).toEqual({value: "127.0.0.1", from: "default"});
});
